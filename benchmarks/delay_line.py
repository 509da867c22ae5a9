"""A long way on a short one: a relay on loopback that lets every byte arrive later, and counts round trips."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

CHUNK_BYTES = 1 << 16
CHUNKS_UNDER_WAY = 512
START_SECONDS = 10


@dataclass(kw_only=True, slots=True)
class DelayLine:
    """Where to connect instead, and how many round trips there were so far.

    A round trip is a word of the client after one of the server, seen from the client's end: it has waited for it.
    """

    port: int = 0
    round_trips: int = 0
    _answered: bool = True

    def connected(self) -> None:
        """The client speaks first, whatever passed before on another connection."""
        self._answered = True

    def from_client(self) -> None:
        """The client speaks."""
        self.round_trips += self._answered
        self._answered = False

    def to_client(self) -> None:
        """The client is given the server's word."""
        self._answered = True


@contextmanager
def delay_line(host: str, port: int, *, round_trip: float) -> Iterator[DelayLine]:
    """Relay connections to a server, in a thread of its own; `round_trip` in seconds, half of it each way."""
    line = DelayLine()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()
    ready = threading.Event()

    async def serve() -> None:
        async with _serving(line, host, port, round_trip / 2):
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    try:
        if not ready.wait(START_SECONDS):
            raise RuntimeError(f"the delay line to {host}:{port} did not start")
        yield line
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(START_SECONDS)
        loop.close()


@asynccontextmanager
async def _serving(line: DelayLine, host: str, port: int, delay: float) -> AsyncIterator[None]:
    tasks: set[asyncio.Task[None]] = set()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(host, port)
        line.connected()
        tasks.add(asyncio.create_task(_carry(reader, there_writer, delay, heard=line.from_client)))
        tasks.add(asyncio.create_task(_carry(there_reader, writer, delay, delivered=line.to_client)))

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _nothing() -> None:
    pass


async def _carry(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    delay: float,
    *,
    heard: Callable[[], None] = _nothing,
    delivered: Callable[[], None] = _nothing,
) -> None:
    """Carry one direction until it is closed; b"" is its end."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(CHUNKS_UNDER_WAY)

    async def listen() -> None:
        chunk = b"-"
        while chunk:
            try:
                chunk = await reader.read(CHUNK_BYTES)
            except ConnectionError:
                chunk = b""
            if chunk:
                heard()
            await under_way.put((loop.time() + delay, chunk))

    listening = asyncio.create_task(listen())
    try:
        with suppress(ConnectionError):
            while True:
                due, chunk = await under_way.get()
                await asyncio.sleep(due - loop.time())
                if not chunk:
                    break
                delivered()
                writer.write(chunk)
                await writer.drain()
    finally:
        listening.cancel()
        writer.close()
