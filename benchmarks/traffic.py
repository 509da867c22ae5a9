"""What a client sees of one path to the traffic server: speed, times, and whether an end arrives as one."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from statistics import median
from typing import Protocol

from benchmarks.processes import cpu_seconds, held_bytes
from benchmarks.traffic_server import BUFFER_BYTES, COUNT_BYTES, HOST, Wanted

PATIENCE_SECONDS = 30
OPENED_AT_ONCE = 16
CROWD_SECONDS = 3
"""Until many connections are open, and bytes flow on all of them."""
SAMPLES, SAMPLE_SECONDS = 5, 0.1
WORD = bytes(100)
MEGABYTE = 1_000_000
GIBIBYTE = 1 << 30
HALF_CLOSED_BYTES = 3_000_001


@dataclass(frozen=True, kw_only=True, slots=True)
class Servers:
    """The ports of what every path leads to."""

    traffic: int
    database: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Path:
    """One way to the servers: the port where it begins, and the processes that it is made of (none: direct)."""

    name: str
    traffic_port: int
    database_port: int
    processes: tuple[int, ...]

    @contextmanager
    def connected(self, wanted: Wanted) -> Iterator[socket.socket]:
        """Within: a connection through it."""
        with socket.create_connection((HOST, self.traffic_port), PATIENCE_SECONDS) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(wanted.value)
            yield connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """How fast bytes came through: megabytes a second, and the path's CPU seconds for each GiB."""

    speed: float
    cpu: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How long streams are measured: `seconds`, after a warm-up in which windows grow."""

    warm_up: float
    seconds: float


def download(path: Path, pace: Pace, *, streams: int) -> Stream:
    """Read as fast as it goes, on so many connections."""
    return _streamed(path, pace, [path.connected(Wanted.SOURCE) for _ in range(streams)], _read)


def upload(path: Path, pace: Pace, *, streams: int) -> Stream:
    """Write as fast as it goes, on so many connections."""
    return _streamed(path, pace, [path.connected(Wanted.SINK) for _ in range(streams)], _write)


def opening(path: Path, *, times: int) -> float:
    """Seconds from the wish for a connection to the first byte that comes over it: the median."""
    return median(_opening(path) for _ in range(times))


def round_trip(path: Path, *, times: int) -> float:
    """Seconds until 100 bytes are back: the median."""
    with path.connected(Wanted.ECHO) as connection:
        _ask(connection)
        return median(_ask(connection) for _ in range(times))


class Reader(Protocol):
    """What is there while something else is measured: `before` and `after` in seconds."""

    def __call__(self, path: Path, *, before: float, after: float) -> AbstractContextManager[None]:
        """For so long it reads, and so long ago that was."""


@contextmanager
def stalled(path: Path, *, before: float, after: float) -> Iterator[None]:
    """Within: a connection whose client has read as fast as it could, and reads no more."""
    with path.connected(Wanted.SOURCE) as connection:
        _read_for(connection, before)
        time.sleep(after)
        yield


@contextmanager
def departed(path: Path, *, before: float, after: float) -> Iterator[None]:
    """Within: no connection; a client has read as fast as it could, and is gone."""
    with path.connected(Wanted.SOURCE) as connection:
        _read_for(connection, before)
    time.sleep(after)
    yield


def held_for_stalled(path: Path, *, before: float, after: float) -> int:
    """Bytes of memory that the path's processes hold more because a reader has stalled."""
    with departed(path, before=before, after=after):
        base = held_bytes(path.processes)
    with stalled(path, before=before, after=after):
        return held_bytes(path.processes) - base


def held_for_idle(path: Path, *, connections: int) -> float:
    """Bytes of memory for each of so many connections that have said one word, on a path that is new."""
    base = _held_at_rest(path)
    with ExitStack() as stack:

        def open_one(_number: int) -> None:
            _ask(stack.enter_context(path.connected(Wanted.ECHO)))

        with ThreadPoolExecutor(OPENED_AT_ONCE) as pool:
            list(pool.map(open_one, range(connections)))
        return (_held(path) - base) / connections


def held_for_busy(path: Path, pace: Pace, *, connections: int) -> float:
    """Bytes of memory for each of so many connections that are read from at once, on a path that is new.

    At the peak: what is held changes from one moment to the next. What a path has held before, it may keep for later.
    """
    base = _held_at_rest(path)
    until_all_flow = replace(pace, warm_up=pace.warm_up + CROWD_SECONDS)
    peak = base
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(download, path, until_all_flow, streams=connections)
        while not reading.done():
            peak = max(peak, held_bytes(path.processes))
            time.sleep(SAMPLE_SECONDS)
        reading.result()
    return (peak - base) / connections


def _held_at_rest(path: Path) -> float:
    """After one exchange, which loads what every connection needs."""
    _opening(path)
    return _held(path)


def _held(path: Path) -> float:
    """The median of some moments."""
    found = []
    for _ in range(SAMPLES):
        time.sleep(SAMPLE_SECONDS)
        found.append(held_bytes(path.processes))
    return median(found)


def closes_half(path: Path) -> bool:
    """Whether a half-close arrives as one, behind every byte, and the answer after it comes back whole."""
    with path.connected(Wanted.SINK) as connection:
        connection.sendall(bytes(HALF_CLOSED_BYTES))
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(COUNT_BYTES), b""))
    return answer == HALF_CLOSED_BYTES.to_bytes(COUNT_BYTES, "big")


def _opening(path: Path) -> float:
    begun = time.perf_counter()
    with path.connected(Wanted.ECHO) as connection:
        connection.sendall(b"x")
        if connection.recv(1) != b"x":
            raise RuntimeError(f"{path.name}: no connection")
        return time.perf_counter() - begun


def _ask(connection: socket.socket) -> float:
    begun = time.perf_counter()
    connection.sendall(WORD)
    left = len(WORD)
    while left:
        heard = len(connection.recv(left))
        if not heard:
            raise RuntimeError("the connection ended in the middle of a word")
        left -= heard
    return time.perf_counter() - begun


@dataclass(kw_only=True, slots=True)
class _Tally:
    """What one thread has moved; each has its own, so that none waits for another."""

    bytes: int = 0
    over: bool = False


def _streamed(
    path: Path,
    pace: Pace,
    connecting: Sequence[AbstractContextManager[socket.socket]],
    move: Callable[[socket.socket, _Tally], None],
) -> Stream:
    with ExitStack() as stack:
        tallies = {stack.enter_context(connection): _Tally() for connection in connecting}
        threads = [threading.Thread(target=move, args=item, daemon=True) for item in tallies.items()]
        for thread in threads:
            thread.start()
        try:
            time.sleep(pace.warm_up)
            return _measured(path, list(tallies.values()), pace.seconds)
        finally:
            for connection, tally in tallies.items():
                tally.over = True
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(PATIENCE_SECONDS)


def _measured(path: Path, tallies: Sequence[_Tally], seconds: float) -> Stream:
    cpu, begun, before = cpu_seconds(path.processes), time.monotonic(), sum(tally.bytes for tally in tallies)
    time.sleep(seconds)
    count = sum(tally.bytes for tally in tallies) - before
    if not count:
        raise RuntimeError(f"{path.name}: nothing came through within {seconds:g} s")
    elapsed = time.monotonic() - begun
    used = cpu_seconds(path.processes) - cpu
    return Stream(speed=count / elapsed / MEGABYTE, cpu=used / (count / GIBIBYTE))


def _read(connection: socket.socket, tally: _Tally) -> None:
    buffer = bytearray(BUFFER_BYTES)
    # In the end it is shut down under the reader's hands.
    with suppress(ConnectionError):
        while not tally.over and (length := connection.recv_into(buffer)):
            tally.bytes += length


def _write(connection: socket.socket, tally: _Tally) -> None:
    buffer = bytes(BUFFER_BYTES)
    with suppress(ConnectionError):
        while not tally.over:
            tally.bytes += connection.send(buffer)


def _read_for(connection: socket.socket, seconds: float) -> None:
    end = time.monotonic() + seconds
    buffer = bytearray(BUFFER_BYTES)
    while time.monotonic() < end:
        connection.recv_into(buffer)
