"""Our own bridge and our own worker by SSH."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from connect_protocol.relay.identity import Role
from connect_ssh.client import Login
from connect_worker.tunnel.base import Target, Tunnel
from connect_worker.tunnel.places import Place
from connect_worker.tunnel.ssh_client import SshTunnel
from connect_worker.tunnel.ssh_routes import RelayRoute
from tests.support.frame_streams import connected_sockets
from tests.support.openssh import HOST, SshKeys
from tests.support.relay import REALM, Command


def ssh_folder(keys: SshKeys, folder: Path, *ports: int, role: Role = Role.BRIDGE, realm: str = REALM) -> Path:
    """What `--ssh` names: a key, and the relay's host key on these ports."""
    folder.mkdir(exist_ok=True)
    (folder / "sshPrivateKey").write_text(keys.of(role, realm).read_text())
    (folder / "knownHosts").write_text("".join(keys.known_hosts(port).read_text() for port in ports))
    return folder


@contextmanager
def ssh_bridge(folder: Path, port: int, targets: Mapping[str, int | str], *options: str) -> Iterator[Command]:
    """Within: `connect-bridge run` by SSH, for targets (name → HOST:PORT, or a port of loopback)."""
    places = {name: place if isinstance(place, str) else f"{HOST}:{place}" for name, place in targets.items()}
    named = [text for name, place in places.items() for text in ("--target", f"{name}={place}")]
    quick = ("--heartbeat-seconds", "1", "--longest-pause-seconds", "0.5")
    relay = f"ssh://{HOST}:{port}"
    with Command.start("connect-bridge", "run", "--relay", relay, "--ssh", folder, *named, *quick, *options) as running:
        yield running


@asynccontextmanager
async def ssh_worker(
    keys: SshKeys, port: int, *, realm: str = REALM, owner: str = REALM, role: Role = Role.WORKER, keepalive: float = 1
) -> AsyncIterator[SshTunnel]:
    """Within: a worker's tunnel for `realm`, with the key of `owner`."""
    known = keys.known_hosts(port).read_text()
    login = Login(user="connect", key=keys.of(role, owner).read_text(), known_hosts=known)
    place = Place(name=f"{HOST}:{port}", host=HOST)
    async with SshTunnel(RelayRoute(realm=realm), login, place, keepalive) as tunnel:
        yield tunnel


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """A connection through a tunnel: a socket to speak on, and the task that carries it."""

    connection: socket.socket
    carrying: asyncio.Task[None]

    async def write(self, data: bytes) -> None:
        """Send all."""
        await asyncio.get_running_loop().sock_sendall(self.connection, data)

    async def read(self) -> bytes:
        """What has come; empty at the end."""
        return await asyncio.get_running_loop().sock_recv(self.connection, 1 << 18)

    async def read_to_end(self) -> bytes:
        """Everything."""
        parts = bytearray()
        while piece := await self.read():
            parts += piece
        return bytes(parts)

    def end(self) -> None:
        """Half-close: say that no more will come."""
        self.connection.shutdown(socket.SHUT_WR)


@asynccontextmanager
async def carried(tunnel: Tunnel, target: Target) -> AsyncIterator[Carried]:
    """Within: a connection to a target; after it, it is gone, however it had ended."""
    here, there = connected_sockets()
    carrying = asyncio.create_task(tunnel.carry(target, there))
    try:
        yield Carried(connection=here, carrying=carrying)
    finally:
        here.close()
        carrying.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await carrying
        there.close()
