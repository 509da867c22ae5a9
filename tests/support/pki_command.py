"""`connect-relay pki`, called in this process."""

from pathlib import Path

from click.testing import CliRunner, Result

from connect_relay.pki.cli import pki


def call(*arguments: str) -> Result:
    """Call it."""
    return CliRunner().invoke(pki, arguments)


def done(*arguments: str) -> str:
    """What it says on stdout; it goes well."""
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str) -> str:
    """What is told on stderr; nothing comes on stdout, and no traceback."""
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert isinstance(result.exception, SystemExit)
    return result.stderr


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
