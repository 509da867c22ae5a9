"""Network namespaces that exist as long as somebody holds them: nothing is left behind by a run that was killed."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CLONE_NEWNET = 0x40000000
OWN = "/proc/thread-self/ns/net"
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class NetworkNamespace:
    """A network namespace, held by an open file. It ends with the last file, process and socket in it."""

    descriptor: int

    @property
    def path(self) -> str:
        """A path that `ip link set … netns PATH` and `nsenter --net=PATH` understand, as long as this process lives."""
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    @contextmanager
    def entered(self) -> Iterator[None]:
        """What this thread opens or starts meanwhile belongs to the namespace, and stays in it."""
        own = os.open(OWN, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(self.descriptor)
            try:
                yield
            finally:
                _enter(own)
        finally:
            os.close(own)

    def run(self, *command: str, stdin: str | None = None) -> str:
        """What a command prints that runs in the namespace. Raises RuntimeError with its words if it fails."""
        with self.entered():
            done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=30)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    def close(self) -> None:
        """Let go of it."""
        os.close(self.descriptor)


def held(path: Path) -> NetworkNamespace:
    """One that exists already, by its file (/proc/PID/ns/net)."""
    return NetworkNamespace(os.open(path, os.O_RDONLY | os.O_CLOEXEC))


def create() -> NetworkNamespace:
    """A new one with nothing in it but its own loopback, which is up."""
    with ThreadPoolExecutor(1) as thread:  # a thread of its own: the caller stays where it is
        namespace = NetworkNamespace(thread.submit(_unshared).result())
    namespace.run("ip", "link", "set", "lo", "up")
    return namespace


def _unshared() -> int:
    _check(_libc.unshare(CLONE_NEWNET))
    return os.open(OWN, os.O_RDONLY | os.O_CLOEXEC)


def _enter(descriptor: int) -> None:
    _check(_libc.setns(descriptor, CLONE_NEWNET))


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
