"""A forwarded connection over SSH, seen from both ends: every byte, the exact end each way, and the break."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncssh
import pytest

from connect_ssh.channel import MOST_HELD, ByteChannel
from connect_ssh.errors import ChannelBrokenError
from connect_ssh.options import CHANNEL, WINDOW, connection_options

HOST = "127.0.0.1"
PIECE = bytes(range(256)) * 256


class _Server(asyncssh.SSHServer):
    """Takes anybody, and hands out the server's end of each channel."""

    def __init__(self, channels: "asyncio.Queue[ByteChannel]") -> None:
        self._channels = channels
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        del username
        return False

    def connection_requested(
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> tuple[asyncssh.SSHTCPChannel[bytes], ByteChannel]:
        del dest_host, dest_port, orig_host, orig_port
        assert self._connection is not None
        channel = ByteChannel()
        self._channels.put_nowait(channel)
        return self._connection.create_tcp_channel(**CHANNEL), channel


@asynccontextmanager
async def _channels() -> AsyncIterator[tuple[ByteChannel, ByteChannel]]:
    """Both ends of one channel."""
    queue: asyncio.Queue[ByteChannel] = asyncio.Queue()
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        HOST, 0, server_factory=lambda: _Server(queue), server_host_keys=[key], **connection_options()
    )
    async with (
        server,
        asyncssh.connect(HOST, server.get_port(), known_hosts=None, config=None, **connection_options()) as client,
    ):
        here = ByteChannel()
        await client.create_connection(lambda: here, "database", 5432, **CHANNEL)
        yield here, await queue.get()


async def _all(channel: ByteChannel) -> bytes:
    received = bytearray()
    while (piece := await channel.receive()) is not None:
        received += piece
    return bytes(received)


async def test_every_byte_arrives_both_ways_and_each_way_ends_by_itself() -> None:
    async with asyncio.timeout(10), _channels() as (here, there):
        listening = asyncio.create_task(_all(there))
        for _ in range(200):
            await here.send(PIECE)
        here.end()
        assert await listening == PIECE * 200
        await there.send(b"answer after the end")
        there.end()
        assert await _all(here) == b"answer after the end"


async def test_a_channel_closed_without_an_end_is_broken() -> None:
    """What came before is still received."""
    async with asyncio.timeout(10), _channels() as (here, there):
        await here.send(b"half an answer")
        here.close()
        assert await there.receive() == b"half an answer"
        with pytest.raises(ChannelBrokenError):
            await there.receive()
        with pytest.raises(ChannelBrokenError):
            await there.send(b"too late")


async def test_who_receives_nothing_holds_up_the_sender_at_the_window() -> None:
    async with asyncio.timeout(10), _channels() as (here, there):
        sent = 0
        sending = asyncio.create_task(here.send(PIECE))
        while (await asyncio.wait([sending], timeout=0.5))[0]:
            sent += len(PIECE)
            sending = asyncio.create_task(here.send(PIECE))
        assert WINDOW <= sent <= WINDOW + MOST_HELD + 2 * len(PIECE)
        here.end()
        assert len(await _all(there)) == sent + len(PIECE)
        await sending
