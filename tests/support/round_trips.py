"""A relay on loopback that counts round trips to PostgreSQL: how often the server says what a client waits for.

It reads the protocol as it passes, so the connection must go without TLS. Counting who speaks in turn would not do: a
client that copies speaks on before the server's first word has come.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 1 << 16
HEADER = 5
AWAITED = frozenset(b"Zt")  # ReadyForQuery; ParameterDescription, the answer to preparing a statement


@dataclass(kw_only=True, slots=True)
class CountingRelay:
    """Where to connect instead, and how many round trips there were so far.

    `look` is called at each, before the client hears of it.
    """

    port: int = 0
    round_trips: int = 0
    look: Callable[[], object] = lambda: None
    _rest: bytearray = field(default_factory=bytearray)

    def server_says(self, chunk: bytes) -> None:
        """A part of the server's messages passes: each has a letter, then its length without that letter."""
        self._rest += chunk
        start = 0
        while (end := self._end_of_message(start)) <= len(self._rest):
            if self._rest[start] in AWAITED:
                self.round_trips += 1
                self.look()
            start = end
        del self._rest[:start]

    def begin(self) -> None:
        """A new connection: what the last one left unfinished will not be finished."""
        self._rest.clear()

    def _end_of_message(self, start: int) -> int:
        if start + HEADER > len(self._rest):
            return len(self._rest) + 1
        return start + 1 + int.from_bytes(self._rest[start + 1 : start + HEADER], "big")


@asynccontextmanager
async def counting_relay(
    host: str, port: int, look: Callable[[], object] = lambda: None
) -> AsyncIterator[CountingRelay]:
    """Relay connections, one after the other, to a server while the context lasts."""
    relay = CountingRelay(look=look)
    tasks: set[asyncio.Task[None]] = set()
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.current_task()
        assert serving is not None
        tasks.add(serving)
        writers.add(writer)
        there_reader, there_writer = await asyncio.open_connection(host, port)
        writers.add(there_writer)
        relay.begin()
        tasks.add(asyncio.create_task(_pump(reader, there_writer, lambda _: None)))
        tasks.add(asyncio.create_task(_pump(there_reader, writer, relay.server_says)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        for writer in writers:
            writer.transport.abort()
        closing = (writer.wait_closed() for writer in writers)
        await asyncio.gather(*tasks, *closing, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, look: Callable[[bytes], None]) -> None:
    try:
        with suppress(ConnectionError):
            while chunk := await reader.read(CHUNK):
                look(chunk)
                writer.write(chunk)
                await writer.drain()
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
