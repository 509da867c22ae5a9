"""A relay on loopback that counts round trips: how often the client speaks after the server has spoken."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

CHUNK = 1 << 16


@dataclass(kw_only=True, slots=True)
class CountingRelay:
    """Where to connect instead, and how many round trips there were so far."""

    port: int = 0
    round_trips: int = 0
    server_spoke_last: bool = True

    def client_speaks(self) -> None:
        """A chunk from the client passes."""
        self.round_trips += self.server_spoke_last
        self.server_spoke_last = False

    def server_speaks(self) -> None:
        """A chunk from the server passes."""
        self.server_spoke_last = True


@asynccontextmanager
async def counting_relay(host: str, port: int) -> AsyncIterator[CountingRelay]:
    """Relay connections to a server while the context lasts."""
    relay = CountingRelay()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(host, port)
        tasks.add(asyncio.create_task(_pump(reader, there_writer, relay.client_speaks)))
        tasks.add(asyncio.create_task(_pump(there_reader, writer, relay.server_speaks)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: Callable[[], None]) -> None:
    try:
        with suppress(ConnectionError):
            while chunk := await reader.read(CHUNK):
                count()
                writer.write(chunk)
                await writer.drain()
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
