"""The calling end of an SSH connection: who we are, by which host key we know the server, and channels to its targets.

Nothing of the machine plays a part: no configuration, no agent, no keys or known hosts of a home folder.
"""

import asyncio
import getpass
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import asyncssh

from connect_ssh.channel import ByteChannel
from connect_ssh.errors import (
    ChannelRefusedError,
    ConnectionLostError,
    HostKeyError,
    KeyRefusedError,
    NotConnectedError,
)
from connect_ssh.fast_path import speed_up
from connect_ssh.options import CHANNEL, KEEPALIVE_SECONDS, connection_options

CONNECT_SECONDS = 10.0
LONGEST_WORDS = 200
Connection = asyncssh.SSHClientConnection
_FORBIDDEN = frozenset({asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, asyncssh.OPEN_UNKNOWN_CHANNEL_TYPE})

try:
    getpass.getuser()
except (KeyError, OSError):
    # asyncssh asks for it, though it is told another, and fails where nobody has the process's number. Who has a name
    # keeps it: orders are recorded under it.
    os.environ["LOGNAME"] = "connect"


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """Who we are, `key` being a private key in OpenSSH's format, and the host keys that are known, as ssh has them."""

    user: str
    key: str = field(repr=False)
    known_hosts: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """Where to call, and by which `name` known_hosts knows it, on this port."""

    name: str
    host: str
    port: int


class Client(asyncssh.SSHClient):
    """Is told what becomes of a connection; puts it on the fast path."""

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        """See asyncssh."""
        speed_up(conn)


async def connect(
    server: Server,
    login: Login,
    *,
    keepalive: float = KEEPALIVE_SECONDS,
    through: socket.socket | None = None,
    client: Callable[[], Client] = Client,
) -> Connection:
    """Call, and log in. Raises NotConnectedError.

    `through`: a connected socket, where one leads there; `client`: who is told what becomes of the connection.
    """
    with _faults():
        async with asyncio.timeout(CONNECT_SECONDS):
            return await asyncssh.connect(
                # Beside a socket only a name for known_hosts; without it, that would be the proxy's.
                server.host,
                server.port,
                sock=through,
                client_factory=client,
                host_key_alias=server.name,
                username=login.user,
                client_keys=[asyncssh.import_private_key(login.key)],
                known_hosts=asyncssh.import_known_hosts(login.known_hosts),
                preferred_auth="publickey",
                config=None,
                agent_path=None,
                gss_host=None,
                x509_trusted_certs=None,
                x509_trusted_cert_paths=[],
                **connection_options(keepalive),
            )


@contextmanager
def _faults() -> Iterator[None]:
    """Within: what keeps a connection from being made is told as NotConnectedError or one of its kinds."""
    try:
        yield
    except asyncssh.HostKeyNotVerifiable as error:
        raise HostKeyError("its host key is none of those in known_hosts") from error
    except asyncssh.PermissionDenied as error:
        raise KeyRefusedError(_words(error.reason)) from error
    except asyncssh.KeyExchangeFailed as error:
        kind = HostKeyError if "host key" in error.reason else NotConnectedError
        raise kind(_words(error.reason)) from error
    except TimeoutError as error:
        raise NotConnectedError(f"no answer within {CONNECT_SECONDS:g} s") from error
    except asyncssh.Error as error:
        raise NotConnectedError(_words(error.reason)) from error
    except OSError as error:
        # Its own words hold the address in place of the reason.
        raise NotConnectedError(os.strerror(error.errno) if error.errno else type(error).__name__) from error


async def open_channel(connection: Connection, host: str, port: int, *, seconds: float) -> ByteChannel:
    """A connection to a target, as the server knows it (direct-tcpip: RFC 4254, 7.2).

    Raises ChannelRefusedError, ConnectionLostError and TimeoutError.
    """
    channel = ByteChannel()
    opening = asyncio.create_task(connection.create_connection(lambda: channel, host, port, **CHANNEL))
    try:
        # A request that is under way cannot be taken back: what comes too late is let go.
        async with asyncio.timeout(seconds):
            await asyncio.shield(opening)
    except asyncssh.ChannelOpenError as error:
        if connection.is_closed():
            raise ConnectionLostError("the SSH connection is gone") from error
        raise ChannelRefusedError(error.reason, forbidden=error.code in _FORBIDDEN) from error
    except (TimeoutError, asyncio.CancelledError):
        opening.add_done_callback(_let_go)
        raise
    except OSError as error:
        raise ConnectionLostError("the SSH connection is gone") from error
    return channel


def _let_go(opening: "asyncio.Task[tuple[asyncssh.SSHTCPChannel[bytes], asyncssh.SSHTCPSession[bytes]]]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        channel, _ = opening.result()
        channel.abort()


def _words(text: str) -> str:
    """What the other side may have written, in one short line."""
    return " ".join(text.split())[:LONGEST_WORDS]
