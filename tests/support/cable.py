"""A cable between two TCP peers that can be pulled out: no byte comes through any more, and no end either."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Cable:
    """Leads from a port of its own on loopback to another."""

    port: int = 0
    held_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something has come to the cut."""
    _whole: asyncio.Event = field(default_factory=asyncio.Event)

    def pull(self) -> None:
        """From now on, both sides hear nothing of each other."""
        self.held_up.clear()
        self._whole.clear()

    def plug(self) -> None:
        """From now on, they do again; what was said meanwhile arrives, as TCP says it anew."""
        self._whole.set()

    async def carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Move bytes one way while the cable is whole."""
        try:
            while piece := await source.read(1 << 16):
                if not self._whole.is_set():
                    self.held_up.set()
                await self._whole.wait()
                sink.write(piece)
                await sink.drain()
        except OSError:
            pass
        await self._whole.wait()
        sink.close()


@asynccontextmanager
async def cable(to_port: int, host: str = "127.0.0.1") -> AsyncIterator[Cable]:
    """Within: a cable to a port on loopback."""
    tasks: set[asyncio.Task[None]] = set()
    writers: set[asyncio.StreamWriter] = set()
    line = Cable()
    line.plug()

    async def plug_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, to_port)
        writers.update((writer, far_writer))
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            tasks.add(asyncio.create_task(line.carry(source, sink)))

    server = await asyncio.start_server(plug_in, host, 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        for writer in writers:
            writer.transport.abort()
        closing = (writer.wait_closed() for writer in writers)
        await asyncio.gather(*tasks, *closing, return_exceptions=True)
