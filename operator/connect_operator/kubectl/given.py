"""What stands in a folder already of a new customer's keys: a file for each, as the worker's pod has them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.faults import CommandError
from connect_protocol.environment import SecretKey


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """Keys that need not be asked for. `keytab` is empty where there is none. Nothing of it is in the repr."""

    texts: Mapping[SecretKey, str] = field(default_factory=dict, repr=False)
    keytab: bytes = field(default=b"", repr=False)


def read_given(folder: Path) -> Given:
    """All that stands there. Raises CommandError for a file that is no key, and for one that is not a text."""
    texts: dict[SecretKey, str] = {}
    keytab = b""
    for path in _files(folder):
        key = _key(path, folder)
        if key is SecretKey.DIRECTORY_KEYTAB:
            keytab = path.read_bytes()
        else:
            texts[key] = _text(path)
    return Given(texts=texts, keytab=keytab)


def _files(folder: Path) -> Iterator[Path]:
    """Whatever is not hidden: a mounted Secret has hidden folders of Kubernetes' own."""
    for path in sorted(folder.glob("*/*")):
        if path.is_file() and not path.relative_to(folder).as_posix().startswith("."):
            yield path


def _key(path: Path, folder: Path) -> SecretKey:
    name = path.relative_to(folder).as_posix()
    try:
        return SecretKey(name)
    except ValueError:
        of_its_secret = [key.value for key in SecretKey if key.startswith(f"{path.parent.name}/")]
        raise CommandError(
            f"{path} is no key of a customer's Secrets",
            todo=f"Take it away, or name it as one of {', '.join(of_its_secret or SecretKey)}",
            code=Exit.USAGE,
        ) from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise CommandError(f"{path} is not a text in UTF-8", todo="Write it anew", code=Exit.USAGE) from None
