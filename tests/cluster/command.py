"""Commands that the cluster is made and worked with, and what they answered."""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from tests.cluster.errors import CommandError

TIMEOUT_SECONDS = 60.0
LAST_CHARACTERS = 4000


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a command answered."""

    command: str
    exit_code: int
    output: str
    errors: str

    def output_of_success(self) -> str:
        """The standard output. Raises CommandError with what the command complained of if it failed."""
        if self.exit_code:
            told = (self.errors.strip() or self.output.strip())[-LAST_CHARACTERS:]
            raise CommandError(f"`{self.command}` ended with {self.exit_code}: {told}")
        return self.output


def try_command(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    source: str | IO[bytes] | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Result:
    """Run a command to its end; `source` is its standard input. Raises CommandError only if it takes too long."""
    line = shlex.join(command)
    text = source.encode() if isinstance(source, str) else None
    stream = None if isinstance(source, str) else source or subprocess.DEVNULL
    try:
        ended = subprocess.run(
            command, env=environment, input=text, stdin=stream, capture_output=True, check=False, timeout=timeout
        )
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"`{line}` did not end within {timeout:g} s") from error
    return Result(
        command=line,
        exit_code=ended.returncode,
        output=ended.stdout.decode(errors="replace"),
        errors=ended.stderr.decode(errors="replace"),
    )


def run_command(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    source: str | IO[bytes] | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> str:
    """The standard output of a command that succeeds. Raises CommandError if it does not, or takes too long."""
    return try_command(command, environment=environment, source=source, timeout=timeout).output_of_success()
