"""Transfers of bytes that tell where in the transfer they stand: one that is lost, doubled or misplaced is seen.

A client asks for so many bytes, sends so many of its own, and closes its side; the server reads to the end, and sends
what was asked for.
"""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

HOST = "127.0.0.1"
PIECE = 1 << 16
_BLOCK = random.Random(20261123).randbytes(65_521)  # noqa: S311 - the same bytes each time
"""A prime number of bytes: whatever is cut into pieces of round sizes, a piece in another's place differs."""
_ORDER = struct.Struct("!QQ")


class Finish(StrEnum):
    """How one direction of a connection came to its end, for who was reading."""

    ENDED = "ended"
    """In order: the other side has said that no more will come."""
    BROKEN = "broken"


@dataclass(kw_only=True, eq=False)
class Received:
    """What one side has read so far, and how the reading finished."""

    count: int = 0
    exact: bool = True
    finish: Finish | None = None
    _reached: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, connection: socket.socket, most: int | None = None) -> None:
        """Read to the end, or so many bytes, and compare each with the one that belongs there."""
        loop = asyncio.get_running_loop()
        try:
            while most is None or self.count < most:
                piece = await loop.sock_recv(connection, PIECE)
                if not piece:
                    self.finish = Finish.ENDED
                    break
                self.exact = self.exact and piece == pattern(self.count, len(piece))
                self.count += len(piece)
                async with self._reached:
                    self._reached.notify_all()
        except OSError:
            self.finish = Finish.BROKEN
        async with self._reached:
            self._reached.notify_all()

    async def until(self, count: int) -> None:
        """Wait until so much has come."""
        async with self._reached:
            await self._reached.wait_for(lambda: self.count >= count or self.finish is not None)


@dataclass(kw_only=True, eq=False)
class Visit:
    """One connection as the server has seen it. `over` is set when it has finished both directions."""

    received: Received = field(default_factory=Received)
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(kw_only=True, eq=False)
class Server:
    """The server's port, and its visits in their order. While `may_answer` is not set, it reads and sends nothing."""

    port: int
    visits: list[Visit] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def visit(self, number: int = 0) -> Visit:
        """A connection that has come or will come."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.visits) > number)
        return self.visits[number]

    async def serve(self, connection: socket.socket) -> None:
        """Read what comes to its end, then send what was asked for."""
        visit = Visit()
        async with self._arrived:
            self.visits.append(visit)
            self._arrived.notify_all()
        with connection:
            try:
                wanted, coming = _ORDER.unpack(await _exactly(connection, _ORDER.size))
                await visit.received.take(connection)
                if (visit.received.count, visit.received.finish) == (coming, Finish.ENDED):
                    await self.may_answer.wait()
                    await send(connection, wanted)
            except OSError:
                visit.received.finish = visit.received.finish or Finish.BROKEN
            finally:
                visit.over.set()


@asynccontextmanager
async def pattern_server() -> AsyncIterator[Server]:
    """Within: a server on loopback."""
    loop = asyncio.get_running_loop()
    connections: set[asyncio.Task[None]] = set()
    with socket.create_server((HOST, 0)) as listening:
        listening.setblocking(False)
        server = Server(port=listening.getsockname()[1])
        server.may_answer.set()

        async def accept() -> None:
            while True:
                connection, _ = await loop.sock_accept(listening)
                connection.setblocking(False)
                task = asyncio.create_task(server.serve(connection))
                connections.add(task)
                task.add_done_callback(connections.discard)

        accepting = asyncio.create_task(accept())
        try:
            yield server
        finally:
            for task in (accepting, *connections):
                task.cancel()
            await asyncio.gather(accepting, *connections, return_exceptions=True)


async def order(connection: socket.socket, *, download: int, upload: int) -> None:
    """The client's first word: how much it wants, and how much it is going to send."""
    await asyncio.get_running_loop().sock_sendall(connection, _ORDER.pack(download, upload))


async def send(connection: socket.socket, count: int, *, start: int = 0) -> None:
    """Send the pattern's bytes from `start` to `count`. Raises OSError where the connection breaks."""
    loop = asyncio.get_running_loop()
    while start < count:
        piece = pattern(start, min(PIECE, count - start))
        await loop.sock_sendall(connection, piece)
        start += len(piece)
    connection.shutdown(socket.SHUT_WR)


def pattern(start: int, count: int) -> bytes:
    """The bytes that belong there."""
    offset = start % len(_BLOCK)
    repeated = _BLOCK * (count // len(_BLOCK) + 2)
    return repeated[offset : offset + count]


async def _exactly(connection: socket.socket, count: int) -> bytes:
    read = bytearray()
    while len(read) < count:
        piece = await asyncio.get_running_loop().sock_recv(connection, count - len(read))
        if not piece:
            raise ConnectionResetError("it ended before it began")
        read += piece
    return bytes(read)
