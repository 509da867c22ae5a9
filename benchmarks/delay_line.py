"""A long way on a short one: a relay on loopback that lets every byte arrive later, and counts round trips.

Bytes on their way wait in the kernel, in pipes that they are spliced into and out of: nothing is copied, so that the
line is not the limit of what is measured through it.
"""

import argparse
import fcntl
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import SimpleQueue

HOST = "127.0.0.1"
PIPE_BYTES = 1 << 20
MOST_PIPES = 256
GATHERED_BYTES = 1 << 17
GATHERING_SECONDS = 0.0003
"""Pieces that come one by one are gathered for so long: thus the pipes are enough for a fast stream."""
START_SECONDS = 10


@dataclass(kw_only=True, slots=True)
class DelayLine:
    """Where to connect instead, and how many round trips there were so far.

    A round trip is a word of the client after one of the server, seen from the client's end: it has waited for it.
    """

    port: int = 0
    round_trips: int = 0
    _answered: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def connected(self) -> None:
        """The client speaks first, whatever passed before on another connection."""
        with self._lock:
            self._answered = True

    def from_client(self) -> None:
        """The client speaks."""
        with self._lock:
            self.round_trips += self._answered
            self._answered = False

    def to_client(self) -> None:
        """The client is given the server's word."""
        with self._lock:
            self._answered = True


@contextmanager
def delay_line(host: str, port: int, *, round_trip: float) -> Iterator[DelayLine]:
    """Relay connections to a server, in threads of their own; `round_trip` in seconds, half of it each way."""
    with socket.create_server((HOST, 0)) as listening:
        line = DelayLine(port=listening.getsockname()[1])
        connections: list[socket.socket] = []
        accepting = threading.Thread(
            target=_accept, args=(listening, (host, port), round_trip / 2, line, connections), daemon=True
        )
        accepting.start()
        try:
            yield line
        finally:
            # Closing alone would leave the thread in accept().
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join(START_SECONDS)
            for connection in connections:
                _shut_down(connection)
                connection.close()


def _accept(
    listening: socket.socket,
    server: tuple[str, int],
    delay: float,
    line: DelayLine,
    connections: list[socket.socket],
) -> None:
    with suppress(OSError):
        while True:
            near, _ = listening.accept()
            try:
                far = socket.create_connection(server, START_SECONDS)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            connections += (near, far)
            line.connected()
            _Way(near, far, delay, heard=line.from_client).start()
            _Way(far, near, delay, delivered=line.to_client).start()


def _nothing() -> None:
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pipe:
    """Room for bytes on their way."""

    reading: int
    writing: int

    @classmethod
    def create(cls) -> "_Pipe":
        """As large as everybody may have it, as long as nobody has too many of them."""
        reading, writing = os.pipe()
        with suppress(OSError):
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return cls(reading=reading, writing=writing)

    def close(self) -> None:
        os.close(self.reading)
        os.close(self.writing)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Piece:
    """Bytes on their way; none are the end. `due` on the monotonic clock."""

    due: float
    pipe: _Pipe
    length: int


class _Way:
    """One direction of a connection, until it is closed: one thread hears, another one delivers."""

    def __init__(
        self,
        source: socket.socket,
        sink: socket.socket,
        delay: float,
        *,
        heard: Callable[[], None] = _nothing,
        delivered: Callable[[], None] = _nothing,
    ) -> None:
        self._source, self._sink, self._delay = source, sink, delay
        self._heard, self._delivered = heard, delivered
        sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._free: SimpleQueue[_Pipe] = SimpleQueue()
        self._under_way: SimpleQueue[_Piece] = SimpleQueue()
        self._pipes: list[_Pipe] = []

    def start(self) -> None:
        """Carry from now on."""
        for work in (self._hear, self._deliver):
            threading.Thread(target=work, daemon=True).start()

    def _hear(self) -> None:
        length = 1
        while length:
            pipe = self._pipe()
            try:
                length = os.splice(self._source.fileno(), pipe.writing, PIPE_BYTES)
            except OSError:
                length = 0
            if length:
                self._heard()
            self._under_way.put(_Piece(due=time.monotonic() + self._delay, pipe=pipe, length=length))
            if 0 < length < GATHERED_BYTES:
                time.sleep(GATHERING_SECONDS)

    def _pipe(self) -> _Pipe:
        """One that is empty again, else a new one; when there are enough of them, wait."""
        if self._free.empty() and len(self._pipes) < MOST_PIPES:
            self._pipes.append(_Pipe.create())
            return self._pipes[-1]
        return self._free.get()

    def _deliver(self) -> None:
        while (piece := self._under_way.get()).length:
            _wait_until(piece.due)
            self._delivered()
            try:
                self._pass_on(piece)
            except OSError:
                # One who has gone takes nothing more: his sender is told, and what is under way is swallowed.
                _shut_down(self._source)
                os.read(piece.pipe.reading, PIPE_BYTES)
            self._free.put(piece.pipe)
        _wait_until(piece.due)
        with suppress(OSError):
            self._sink.shutdown(socket.SHUT_WR)
        for pipe in self._pipes:
            pipe.close()

    def _pass_on(self, piece: _Piece) -> None:
        left = piece.length
        while left:
            left -= os.splice(piece.pipe.reading, self._sink.fileno(), left)


def _wait_until(due: float) -> None:
    if (left := due - time.monotonic()) > 0:
        time.sleep(left)


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def main(arguments: Sequence[str] | None = None) -> None:
    """Be a process of its own: print the port, and relay until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("round_trip", type=float)
    given = parser.parse_args(arguments)
    with delay_line(HOST, given.port, round_trip=given.round_trip) as line:
        print(line.port, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
