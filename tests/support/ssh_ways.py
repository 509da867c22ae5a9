"""Ways over one SSH connection to an echo: our ends on the fast path or without it, and stock OpenSSH at either end."""

import asyncio
import os
import pwd
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import asyncssh

from connect_ssh.channel import ByteChannel
from connect_ssh.client import Client
from connect_ssh.errors import ChannelBrokenError
from connect_ssh.fast_path import speed_up
from connect_ssh.options import CHANNEL, connection_options
from tests.support.ports import listens, reserved_port

HOST = "127.0.0.1"
NO_REKEYING = 1 << 30
_PIECE = 1 << 18


class Duplex(Protocol):
    """A way there and back."""

    async def send(self, payload: bytes | bytearray) -> None:
        """Send bytes."""

    async def receive(self) -> bytes | None:
        """What has come; None at the end."""

    def end(self) -> None:
        """Say the end."""


class Way(StrEnum):
    """Who speaks to whom: the client first."""

    OURS = "ours to ours"
    TO_STOCK = "ours to asyncssh"
    FROM_STOCK = "asyncssh to ours"
    STOCK = "asyncssh to asyncssh"
    TO_SSHD = "ours to sshd"
    FROM_SSH = "ssh to ours"


_FAST_CLIENTS = {Way.OURS, Way.TO_STOCK}
_FAST_SERVERS = {Way.OURS, Way.FROM_STOCK, Way.FROM_SSH}


@dataclass(kw_only=True)
class Connected:
    """A connection: `open` makes a new channel to the echo. What is not ours has no connection here."""

    open: Callable[[], Awaitable[Duplex]]
    client: Any = None
    server: Any = None

    @property
    def fast_ends(self) -> Collection[Any]:
        """Our connections that have been sped up."""
        return [end for end in (self.client, self.server) if end is not None and is_fast(end)]


def is_fast(connection: Any) -> bool:
    """Whether the fast path has this connection's bytes."""
    return type(connection._transport.get_protocol()).__name__ == "Wire"


class EchoServer(asyncssh.SSHServer):
    """Takes anybody, and echoes."""

    def __init__(self, *, fast: bool, connections: "list[asyncssh.SSHServerConnection]") -> None:
        self._fast = fast
        self._connections = connections
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connections.append(conn)
        if self._fast:
            speed_up(conn)

    def begin_auth(self, username: str) -> bool:
        del username
        return False

    def connection_requested(
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> tuple[asyncssh.SSHTCPChannel[bytes], ByteChannel]:
        del dest_host, dest_port, orig_host, orig_port
        channel = ByteChannel()
        task = asyncio.create_task(_echo(channel))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return self._connections[-1].create_tcp_channel(**CHANNEL), channel


@asynccontextmanager
async def connected(way: Way, folder: Path, *, rekey_bytes: int = NO_REKEYING) -> AsyncIterator[Connected]:
    """Within: a connection. `folder` is for OpenSSH's files; each end re-keys after so many bytes."""
    stack = AsyncExitStack()
    async with stack:
        if way is Way.TO_SSHD:
            echo_port = await stack.enter_async_context(_echo_port())
            port = stack.enter_context(reserved_port())
            await stack.enter_async_context(_sshd(folder, port, rekey_bytes))
            key = str(folder / "key")
            connection = await stack.enter_async_context(client(port, rekey_bytes=rekey_bytes, keys=[key]))
            yield Connected(open=lambda: open_channel(connection, echo_port), client=connection)
            return
        servers: list[asyncssh.SSHServerConnection] = []
        port = await stack.enter_async_context(echo_server(servers, rekey_bytes=rekey_bytes, fast=way in _FAST_SERVERS))
        if way is Way.FROM_SSH:
            local = stack.enter_context(reserved_port())
            await stack.enter_async_context(_ssh(folder, port, rekey_bytes, local=local))
            yield Connected(open=lambda: _Socket.connect(local), server=servers[-1])
            return
        fast = way in _FAST_CLIENTS
        connection = await stack.enter_async_context(client(port, fast=fast, rekey_bytes=rekey_bytes))
        yield Connected(open=lambda: open_channel(connection), client=connection, server=servers[-1])


@asynccontextmanager
async def echo_server(
    connections: "list[asyncssh.SSHServerConnection]", *, rekey_bytes: int = NO_REKEYING, fast: bool = True
) -> AsyncIterator[int]:
    """Within: a server of ours on this port, which adds its connections to the list."""
    server = await asyncssh.listen(
        HOST,
        0,
        server_factory=lambda: EchoServer(fast=fast, connections=connections),
        server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        rekey_bytes=rekey_bytes,
        **{**connection_options(), "encryption_algs": ["aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com"]},
    )
    async with server:
        yield server.get_port()


def client(
    port: int,
    *,
    fast: bool = True,
    rekey_bytes: int = NO_REKEYING,
    ciphers: Sequence[str] = connection_options()["encryption_algs"],
    keys: Sequence[str] = (),
) -> "AbstractAsyncContextManager[asyncssh.SSHClientConnection]":
    """A client of ours."""
    return asyncssh.connect(
        HOST,
        port,
        username=pwd.getpwuid(os.getuid()).pw_name,
        known_hosts=None,
        config=None,
        client_keys=keys,
        client_factory=Client if fast else asyncssh.SSHClient,
        rekey_bytes=rekey_bytes,
        **{**connection_options(), "encryption_algs": list(ciphers)},
    )


async def open_channel(connection: asyncssh.SSHClientConnection, port: int = 7) -> ByteChannel:
    """A new channel to this port behind the server."""
    channel = ByteChannel()
    await connection.create_connection(lambda: channel, HOST, port, **CHANNEL)
    return channel


async def _echo(channel: ByteChannel) -> None:
    # Who hangs up early is not this side's worry.
    with suppress(ChannelBrokenError):
        while (payload := await channel.receive()) is not None:
            await channel.send(payload)
        channel.end()


class _Socket:
    """A way through a port of `ssh -L`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> "_Socket":
        return cls(*await asyncio.open_connection(HOST, port))

    async def send(self, payload: bytes | bytearray) -> None:
        self._writer.write(bytes(payload))
        await self._writer.drain()

    async def receive(self) -> bytes | None:
        payload = await self._reader.read(_PIECE)
        if not payload:
            self._writer.close()
        return payload or None

    def end(self) -> None:
        self._writer.write_eof()


@asynccontextmanager
async def _echo_port() -> AsyncIterator[int]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while payload := await reader.read(_PIECE):
                writer.write(payload)
                await writer.drain()
            writer.write_eof()
        writer.close()

    server = await asyncio.start_server(echo, HOST, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def _sshd(folder: Path, port: int, rekey_bytes: int) -> AsyncIterator[None]:
    """Within: stock sshd on this port, which takes `folder/key` for whoever runs the test."""
    await _generate_key(folder / "host_key")
    await _generate_key(folder / "key")
    settings = {
        "ListenAddress": f"{HOST}:{port}",
        "HostKey": folder / "host_key",
        "AuthorizedKeysFile": folder / "key.pub",
        "PidFile": "none",
        "PermitRootLogin": "yes",
        "StrictModes": "no",
        "UsePAM": "no",
        "RekeyLimit": rekey_bytes,
    }
    config = folder / "sshd_config"
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    _make_privilege_separation_folder()
    async with _running("/usr/sbin/sshd", "-D", "-e", "-f", str(config)):
        await _until_listening(port)
        yield


@asynccontextmanager
async def _ssh(folder: Path, port: int, rekey_bytes: int, *, local: int) -> AsyncIterator[None]:
    """Within: stock ssh, which leads from `local` through our server."""
    settings = {
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": folder / "known_hosts",
        "IdentityAgent": "none",
        "BatchMode": "yes",
        "Ciphers": "aes128-gcm@openssh.com",
        "RekeyLimit": rekey_bytes,
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    forward = f"{HOST}:{local}:echo:7"
    async with _running("ssh", "-F", "none", "-N", *options, "-L", forward, "-p", str(port), f"anybody@{HOST}"):
        await _until_listening(local)
        yield


def _make_privilege_separation_folder() -> None:
    """Debian's sshd insists on it, and on nothing in it."""
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)


async def _generate_key(path: Path) -> None:
    process = await asyncio.create_subprocess_exec("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path))
    assert await process.wait() == 0


@asynccontextmanager
async def _running(*command: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _until_listening(port: int) -> None:
    async with asyncio.timeout(10):
        while not listens(port):  # noqa: ASYNC110 - nobody else tells when a stock command listens
            await asyncio.sleep(0.02)
