"""The demonstration as a person starts it, and what it leaves behind."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connect_worker.demonstration.postgres import remove_cluster
from tests.support.worker import Ended

LONGEST_SECONDS = 120
# The interpreter may lie where only root can read: the account may read everything, and write what is its own.
AS_NOBODY = (
    *("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
)


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """`python -m connect_worker.demonstration` in a folder; `become`: what starts it as somebody else."""

    folder: Path
    become: Sequence[str] = ()

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Within: it works; what the test has not ended by then is ended."""
        process = self._start(*arguments)
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=LONGEST_SECONDS)

    def __call__(self, *arguments: str) -> Ended:
        """Run it to its end."""
        process = self._start(*arguments)
        stdout, stderr = process.communicate(timeout=LONGEST_SECONDS)
        return Ended(exit_code=process.returncode, stdout=stdout, stderr=stderr)

    def shell(self, command: str) -> str:
        """What a command prints in a shell that has read the environment file, as a person is told to."""
        script = f". {self.folder}/environment; {command}"
        done = subprocess.run(
            ["/bin/sh", "-c", script], capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def processes(self) -> list[str]:
        """The command lines of all processes that work in the folder."""
        places = {str(self.folder), str((self.folder / "postgres").resolve())}
        return [line for line in _command_lines() if any(place in line for place in places)]

    @property
    def secrets(self) -> set[str]:
        """What nobody may see."""
        names = ("encryptionKey", "password")
        return {file.read_text() for name in names for file in (self.folder / "secrets").rglob(name)}

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [*self.become, sys.executable, "-m", "connect_worker.demonstration", "--folder", str(self.folder)]
        return subprocess.Popen(
            [*command, *arguments],
            cwd=self.folder.parent,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder.parent), "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@contextmanager
def demonstration(become: Sequence[str] = ()) -> Iterator[Demonstration]:
    """A demonstration in a new folder, which is removed at the end; the folder's parent belongs to its account."""
    home = Path(tempfile.mkdtemp(prefix="demonstration-"))
    if become:
        shutil.chown(home, "nobody", "nogroup")
    shown = Demonstration(folder=home / "run", become=become)
    try:
        yield shown
    finally:
        if shown.folder.exists():
            remove_cluster(shown.folder / "postgres")
        shutil.rmtree(home)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What a process prints up to the line with these words."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if words in line:
            return seen
    raise AssertionError(f"it ended before {words!r}:\n{seen}{process.stderr.read() if process.stderr else ''}")


def _command_lines() -> Iterator[str]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
