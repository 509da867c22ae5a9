"""Prometheus' own judge of rules and metrics."""

from pathlib import Path

from tests.cluster.command import Result, try_command

SECONDS = 60.0


def promtool(*arguments: str | Path, source: str | None = None) -> Result:
    """What promtool answers."""
    return try_command(("promtool", *map(str, arguments)), source=source, timeout=SECONDS)


def complaints(exposition: str) -> str:
    """What promtool has against metrics as they are answered; nothing, it is to be hoped."""
    result = promtool("check", "metrics", source=exposition)
    return result.errors + result.output if result.exit_code else ""
