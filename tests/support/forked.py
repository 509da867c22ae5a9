"""Commands that start at once: children of one process that has imported the worker (tests/support/fork_server.py)."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import pytest

_SERVER = Path(__file__).with_name("fork_server.py")
_ENVIRONMENT = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
"""What counts at the start of Python: how its streams are encoded."""


class Forked:
    """A command that was started. `process` is its process id, until `wait` has returned."""

    def __init__(self, server: "ForkServer", process: int, streams: Path) -> None:
        self.process = process
        self._server = server
        self._streams = streams

    def send_signal(self, number: signal.Signals) -> None:
        """Signal the process; one that has ended meanwhile does not hear it."""
        os.kill(self.process, number)

    def wait(self, timeout: float) -> subprocess.CompletedProcess[str]:
        """Its end; a negative return code is the signal that killed it.

        Raises TimeoutError, and kills it, after so many seconds.
        """
        watched = os.pidfd_open(self.process)
        try:
            ended, _, _ = select.select([watched], [], [], timeout)
        finally:
            os.close(watched)
        if not ended:
            self.send_signal(signal.SIGKILL)
        code = self._server.exit_code(self.process)
        stdout, stderr = (self._streams.with_suffix(suffix).read_text() for suffix in (".out", ".err"))
        if not ended:
            raise TimeoutError(f"no end after {timeout} s:\n{stdout}\n{stderr}")
        return subprocess.CompletedProcess([], code, stdout, stderr)


class ForkServer:
    """The process that has imported the worker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        # Isolated: its own folder holds modules named like those that it imports.
        command = [sys.executable, "-P", str(_SERVER)]
        self._process = subprocess.Popen(
            command, env=_ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Forked:
        """Start a command with exactly this environment."""
        streams = self._folder / f"command-{next(self._numbers)}"
        request = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "stdout": f"{streams}.out",
            "stderr": f"{streams}.err",
        }
        return Forked(self, self._ask(request), streams)

    def exit_code(self, process: int) -> int:
        """The exit code of a command that has ended."""
        return self._ask({"process": process})

    def stop(self) -> None:
        """End the process."""
        self._process.communicate(timeout=10)

    def _ask(self, request: Mapping[str, object]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """The process that has imported the worker, for the whole session."""
    with tempfile.TemporaryDirectory(prefix="commands-") as folder:
        server = ForkServer(Path(folder))
        yield server
        server.stop()
