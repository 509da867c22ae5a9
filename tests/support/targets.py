"""What a bridge may lead to, on loopback: servers that echo, answer late, refuse, hang or stall."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.support.ports import reserved_port

HOST = "127.0.0.1"
PIECE = 1 << 18
BACKLOG = 1000
"""Whoever has come to `stalled` stays in its queue: there is room for all tests that share it."""
ANSWER = bytes(range(256)) * 40_000
"""What `late` answers: 10 MB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    """Ports.

    `echo` gives back what comes; `late` reads to the end, then sends its count and ANSWER; `stalled` takes connections
    and reads nothing; `refusing` takes none; `hanging` lets them wait.
    """

    echo: int
    late: int
    stalled: int
    refusing: int
    hanging: int

    def by_name(self) -> dict[str, int]:
        """For a bridge's allow-list."""
        return {name: getattr(self, name) for name in ("echo", "late", "stalled", "refusing", "hanging")}


@contextmanager
def targets() -> Iterator[Targets]:
    """Within: all of them, on an event loop in a thread of their own."""
    with _listening(backlog=BACKLOG) as stalled, _full() as hanging, reserved_port() as refusing, _Servers() as servers:
        yield Targets(echo=servers.echo, late=servers.late, stalled=stalled, refusing=refusing, hanging=hanging)


class _Servers:
    """Those that answer."""

    echo: int
    late: int

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        async with await _start(_echo) as echo, await _start(_late) as late:
            self.echo, self.late = (server.sockets[0].getsockname()[1] for server in (echo, late))
            self._ready.set()
            await self._over.wait()
        answering = asyncio.all_tasks() - {asyncio.current_task()}
        for task in answering:
            task.cancel()
        await asyncio.gather(*answering, return_exceptions=True)


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
    writer.write_eof()


async def _late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    count = 0
    while piece := await reader.read(PIECE):
        count += len(piece)
    writer.write(f"{count:10}".encode())
    writer.write(ANSWER)
    await writer.drain()
    writer.write_eof()


async def _start(way: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError):
                await way(reader, writer)
        finally:
            writer.close()

    return await asyncio.start_server(answer, HOST, 0)


@contextmanager
def _listening(backlog: int) -> Iterator[int]:
    """The kernel takes connections, and nobody reads."""
    with socket.create_server((HOST, 0), backlog=backlog) as server:
        yield server.getsockname()[1]


@contextmanager
def _full() -> Iterator[int]:
    """A server whose queue is full: the kernel answers no further attempt."""
    with _listening(backlog=0) as port, socket.create_connection((HOST, port)):
        yield port
