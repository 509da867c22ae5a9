"""A stream of frames without a network: two ends, each of which receives what the other has sent."""

import asyncio
import socket
from dataclasses import dataclass, field

from connect_protocol.relay.errors import StreamBrokenError

NEWER = b"\x9a\x06\x03abc"
"""A frame of a kind that this version does not know: field 99, three bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryStream:
    """One end. None in a queue is the stream's end in order; an exception, a broken one; both stay."""

    incoming: "asyncio.Queue[bytes | Exception | None]" = field(default_factory=asyncio.Queue)
    outgoing: "asyncio.Queue[bytes | Exception | None]" = field(default_factory=asyncio.Queue)

    async def receive(self) -> bytes | None:
        """The next frame."""
        message = await self.incoming.get()
        if message is None or isinstance(message, Exception):
            self.incoming.put_nowait(message)
        if isinstance(message, Exception):
            raise message
        return message

    async def send(self, frame: bytes) -> None:
        """To the other end."""
        self.outgoing.put_nowait(frame)

    async def end(self) -> None:
        """Say to the other end that no more will come."""
        self.outgoing.put_nowait(None)

    async def break_off(self) -> None:
        """Let the other end find the stream broken."""
        self.outgoing.put_nowait(StreamBrokenError("the relay is gone"))


def stream_pair() -> tuple[MemoryStream, MemoryStream]:
    """Two ends of one stream."""
    one = MemoryStream()
    return one, MemoryStream(incoming=one.outgoing, outgoing=one.incoming)


def connected_sockets() -> tuple[socket.socket, socket.socket]:
    """Two ends of a TCP connection on loopback that do not block."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = socket.create_connection(server.getsockname())
        there, _ = server.accept()
    here.setblocking(False)
    there.setblocking(False)
    return here, there
