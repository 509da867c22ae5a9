"""Programs that a benchmark starts and ends, and what they use: CPU and memory, their children included."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

STOP_SECONDS = 10
PORT_SECONDS = 20
_TICKS = os.sysconf("SC_CLK_TCK")
_PPID, _USER_TIME, _SYSTEM_TIME = 1, 11, 12
"""Places in /proc/PID/stat, counted from behind the program's name."""


@contextmanager
def running(command: Sequence[str | Path], log: Path, environment: Mapping[str, str] = os.environ) -> Iterator[int]:
    """Within: a program that runs, its output in a file; yields its process id."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process.pid
    finally:
        _end(process)


@contextmanager
def telling_ports(module: str, *arguments: str) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Within: a Python module that runs; yields its process id, and the ports that it has printed in its first line."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    watchdog = threading.Timer(PORT_SECONDS, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        watchdog.cancel()
        if not line:
            raise RuntimeError(f"{module} has not told its ports")
        yield process.pid, tuple(int(port) for port in line.split())
    finally:
        watchdog.cancel()
        _end(process)
        assert process.stdout is not None
        process.stdout.close()


def cpu_seconds(processes: Sequence[int]) -> float:
    """User and system time of processes and their living descendants so far."""
    fields = map(_fields, _with_descendants(processes))
    return sum(int(stat[_USER_TIME]) + int(stat[_SYSTEM_TIME]) for stat in fields) / _TICKS


def held_bytes(processes: Sequence[int]) -> int:
    """Memory that processes and their living descendants hold, without what belongs to files.

    What several share counts once (Pss_Anon in proc(5), smaps_rollup): sshd has a process for each who logs in.
    """
    return sum(_anonymous_bytes(process) for process in _with_descendants(processes))


def _with_descendants(processes: Sequence[int]) -> list[int]:
    parents = {int(folder.name): _parent(folder) for folder in Path("/proc").iterdir() if folder.name.isdigit()}
    found = list(processes)
    for process in found:
        found += [child for child, parent in parents.items() if parent == process and child not in found]
    return found


def _parent(folder: Path) -> int:
    try:
        return int(_fields(int(folder.name))[_PPID])
    except OSError:
        return 0


def _fields(process: int) -> list[str]:
    return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def _anonymous_bytes(process: int) -> int:
    try:
        summary = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        # A descendant that has ended meanwhile.
        return 0
    return int(summary.split("Pss_Anon:")[1].split()[0]) * 1024


def _end(process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
