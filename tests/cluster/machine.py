"""The machine that a cluster runs on: namespaces for processes, mounts and network, and a folder.

Whoever kills its first process kills everything on it, and with the last process go the mounts and the network. The
folder and the control groups stay. But the first process holds a lock in the folder, so an unlocked folder is a dead
machine's, and whoever starts the next machine sweeps it away.
"""

import fcntl
import hashlib
import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import IO

from tests.cluster.control_groups import create_group, remove_group
from tests.cluster.errors import ClusterError
from tests.cluster.programs import Programs, cache

NODE_ADDRESS = "10.250.0.1"
HERE = Path(__file__).parent
FURNISHING_TIMEOUT_SECONDS = 20
END_TIMEOUT_SECONDS = 30
# Proxies and settings of the developer's are not the cluster's.
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/run"}


class Lifetime(Enum):
    """When a machine ends without being told."""

    OF_ITS_STARTER = ("setpriv", "--pdeathsig", "KILL")
    UNTIL_TOLD = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """A furnished machine: `folder` is /run/cluster there; `pid` is its first process, as the host counts.

    `started` holds the processes that were started there from here.
    """

    folder: Path
    pid: int
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def network(self) -> Path:
        """The network namespace's file."""
        return Path(f"/proc/{self.pid}/ns/net")

    @property
    def control_group(self) -> str:
        """The control group that all its containers are in."""
        return _control_group(self.folder)

    def command(self, *arguments: str) -> list[str]:
        """A command line that runs there, in all namespaces."""
        return ["nsenter", f"--target={self.pid}", "--mount", "--net", "--pid", *arguments]

    def start(self, name: str, command: Sequence[str], *, files: Sequence[int] = ()) -> None:
        """Start a command line as `command` makes them; what it says goes to its log."""
        with self.log(name).open("wb") as log:
            self.started[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=ENVIRONMENT,
                pass_fds=files,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """Kill a process that was started there by a command line of `command`, as when it crashes."""
        entrance = self.started.pop(name)
        # What was started on the host only waits for the end of the one that it has started there.
        (process,) = Path(f"/proc/{entrance.pid}/task/{entrance.pid}/children").read_text().split()
        os.kill(int(process), signal.SIGKILL)
        entrance.wait(END_TIMEOUT_SECONDS)

    def log(self, name: str) -> Path:
        """The log of a process that was started there."""
        return self.folder / "log" / name

    def end(self) -> None:
        """Kill everything on the machine and remove what it leaves. Raises ClusterError if it does not die."""
        process = os.pidfd_open(self.pid)
        try:
            signal.pidfd_send_signal(process, signal.SIGKILL)
            dead, _, _ = select.select([process], [], [], END_TIMEOUT_SECONDS)
        finally:
            os.close(process)
        if not dead:
            raise ClusterError(f"the machine in {self.folder} did not die within {END_TIMEOUT_SECONDS} s")
        for started in self.started.values():
            started.wait(END_TIMEOUT_SECONDS)
        with _all_machines():
            if self.folder.exists():  # whoever started a machine meanwhile has swept it away
                _remove(self.folder)


def start_machine(name: str, programs: Programs, lifetime: Lifetime) -> Machine:
    """Start and furnish a machine, after sweeping dead ones away.

    Raises ClusterError without root, if a machine of that name runs, or if it cannot be furnished.
    """
    if os.geteuid() != 0:
        raise ClusterError("a cluster's namespaces and containers need root: run this as root, or with sudo")
    folder = machine_folder(name)
    with _all_machines():
        _sweep()
        if folder.exists():
            raise ClusterError(f"a cluster runs in {folder} already")
        for part in ("log", "var/lib", "var/log", "var/tmp"):
            (folder / part).mkdir(parents=True)
        (folder / "var" / "run").symlink_to("/run")
        create_group(_control_group(folder))
        return _furnish(folder, programs, lifetime)


def running_machine(name: str) -> Machine | None:
    """The running machine of that name, if there is one."""
    folder = machine_folder(name)
    with _all_machines():
        if not _is_alive(folder):
            return None
        return Machine(folder=folder, pid=int((folder / "pid").read_text()))


def machine_folder(name: str) -> Path:
    """Where a machine of that name has its folder."""
    return cache() / "machines" / name


def _furnish(folder: Path, programs: Programs, lifetime: Lifetime) -> Machine:
    starter = _start_first_process(folder, programs, lifetime)
    assert starter.stdout
    with starter.stdout as told:
        furnished = select.select([told], [], [], FURNISHING_TIMEOUT_SECONDS)[0] and told.readline() == b"furnished\n"
    if not furnished:
        starter.kill()
        starter.wait(END_TIMEOUT_SECONDS)
        raise ClusterError(f"the machine cannot be furnished: {(folder / 'log' / 'machine').read_text()}")
    pid = int(Path(f"/proc/{starter.pid}/task/{starter.pid}/children").read_text())
    (folder / "pid").write_text(str(pid))
    return Machine(folder=folder, pid=pid, started={"machine": starter})


def _start_first_process(folder: Path, programs: Programs, lifetime: Lifetime) -> subprocess.Popen[bytes]:
    """Start what starts it and waits for its end; it inherits the lock."""
    unshare = ("unshare", "--fork", "--kill-child", "--pid", "--mount-proc", "--net", "--propagation", "private")
    furnish = ("sh", HERE / "machine.sh", folder, programs.folder, HERE / "configuration", NODE_ADDRESS)
    with (folder / "log" / "machine").open("wb") as log, (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return subprocess.Popen(
            [*lifetime.value, *unshare, *furnish],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=ENVIRONMENT,
            pass_fds=[lock.fileno()],
            start_new_session=True,
        )


@contextmanager
def _all_machines() -> Iterator[None]:
    """Nobody else starts a machine or sweeps meanwhile."""
    machines = cache() / "machines"
    machines.mkdir(parents=True, exist_ok=True)
    with (machines.parent / "machines.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sweep() -> None:
    for folder in (cache() / "machines").iterdir():
        if not _is_alive(folder):
            _remove(folder)


def _is_alive(folder: Path) -> bool:
    try:
        lock: IO[str] = (folder / "lock").open("r+")
    except FileNotFoundError:
        return False
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _remove(folder: Path) -> None:
    remove_group(_control_group(folder))
    shutil.rmtree(folder)


def _control_group(folder: Path) -> str:
    """A name that no other folder's machine has, also not one in another user's cache."""
    return f"connect-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
