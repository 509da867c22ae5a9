"""Both ends of SSH channels on one connection over loopback, without a server of anybody's between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncssh

from connect_ssh.channel import ByteChannel
from connect_ssh.client import Client
from connect_ssh.fast_path import speed_up
from connect_ssh.options import CHANNEL, connection_options

HOST = "127.0.0.1"


class _Server(asyncssh.SSHServer):
    """Takes anybody, and hands out the server's end of each channel."""

    def __init__(self, channels: "asyncio.Queue[ByteChannel]", *, fast: bool) -> None:
        self._channels = channels
        self._fast = fast
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        if self._fast:
            speed_up(conn)

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


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelPair:
    """Both ends of one channel, and the connection that carries it."""

    here: ByteChannel
    there: ByteChannel
    connection: asyncssh.SSHClientConnection


@asynccontextmanager
async def channel_pair(*, fast: bool = True) -> AsyncIterator[ChannelPair]:
    """Within: a channel that has been opened, both ends on the fast path or both without it."""
    queue: asyncio.Queue[ByteChannel] = asyncio.Queue()
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        HOST, 0, server_factory=lambda: _Server(queue, fast=fast), server_host_keys=[key], **connection_options()
    )
    async with (
        server,
        asyncssh.connect(
            HOST,
            server.get_port(),
            known_hosts=None,
            config=None,
            client_factory=Client if fast else asyncssh.SSHClient,
            **connection_options(),
        ) as client,
    ):
        here = ByteChannel()
        await client.create_connection(lambda: here, "database", 5432, **CHANNEL)
        yield ChannelPair(here=here, there=await queue.get(), connection=client)
