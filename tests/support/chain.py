"""The whole way from a worker to a target, whatever carries either half of it."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from connect_worker.model.secret import Secret
from connect_worker.settings import DatabaseSettings, DirectorySecret, RelaySettings, Settings
from connect_worker.tunnel.base import Target
from connect_worker.tunnel.way import open_way
from tests.support.relay import HOST, OTHER_REALM, REALM, Command, Pki, RelayCommand

HEARTBEAT_SECONDS = 1
PATIENCE_SECONDS = 15
"""Three heartbeats, and some for a busy machine."""
_QUICK = ("--heartbeat-seconds", str(HEARTBEAT_SECONDS), "--drain-seconds", "1")


class Carrier(StrEnum):
    """What carries one half of the way."""

    GRPC = "gRPC"
    SSH = "SSH"


@dataclass(frozen=True, kw_only=True, slots=True)
class Combination:
    """What carries the worker's half, and what the bridge's."""

    worker: Carrier
    bridge: Carrier

    def __str__(self) -> str:
        return f"{self.worker}-{self.bridge}"

    @property
    def realm(self) -> str:
        """Each bridge is of a realm of its own, so that several stand side by side."""
        return realm_of(self.bridge)


COMBINATIONS = tuple(Combination(worker=worker, bridge=bridge) for worker in Carrier for bridge in Carrier)


def realm_of(bridge: Carrier) -> str:
    """The realm of a bridge that is carried so."""
    return {Carrier.GRPC: REALM, Carrier.SSH: OTHER_REALM}[bridge]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entrance:
    """Where something enters the relay: its own port for a carrier, or that of a cable which leads there."""

    carrier: Carrier
    port: int


def entrance(relay: RelayCommand, carrier: Carrier) -> Entrance:
    """The relay's own."""
    return Entrance(carrier=carrier, port=relay.port)


def serve(pki: Pki) -> RelayCommand:
    """A relay with both of its ports."""
    return RelayCommand.serve(pki, *_QUICK)


def serve_again(pki: Pki, relay: RelayCommand) -> RelayCommand:
    """A relay in the place of one that has ended."""
    return RelayCommand.serve(pki, *_QUICK, port=relay.port)


def start_bridge(pki: Pki, way_in: Entrance, targets: Mapping[Target, str]) -> Command:
    """`connect-bridge run` with targets (HOST:PORT); not yet connected."""
    named = [text for name, address in targets.items() for text in ("--target", f"{name}={address}")]
    identity = str(pki.bridge(realm_of(way_in.carrier)))
    return Command.start(
        *("connect-bridge", "run", "--relay", f"{HOST}:{way_in.port}", "--tls", identity, *named),
        *("--heartbeat-seconds", str(HEARTBEAT_SECONDS), "--longest-pause-seconds", "0.5", "--dial-seconds", "5"),
    )


def relay_settings(pki: Pki, way_in: Entrance, realm: str) -> RelaySettings:
    """What tells a worker its relay, and who it is there."""
    folder = pki.worker(realm)
    return RelaySettings(
        addresses=(f"{HOST}:{way_in.port}",),
        certificate=(folder / "tls.crt").read_text(),
        key=Secret((folder / "tls.key").read_text()),
        ca=(folder / "ca.crt").read_text(),
        wait=timedelta(),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """The worker's end of the way: where on loopback it leads to each target."""

    database: int
    directory: int


@asynccontextmanager
async def worker_end(pki: Pki, way_in: Entrance, realm: str) -> AsyncIterator[Ports]:
    """Within: the way as a run has it, through the product's own code."""
    settings = Settings(
        realm=realm,
        run_id=str(uuid.uuid4()),
        encryption_keys=(),
        database=DatabaseSettings(host="db.school.test", port=5432, name="", username="", password=Secret("")),
        directory=DirectorySecret(url="ldaps://dc1.school.test"),
        time_zone=ZoneInfo("Europe/Zurich"),
        timeout=timedelta(hours=1),
        lock_wait=timedelta(),
        relay=relay_settings(pki, way_in, realm),
    )
    async with open_way(settings) as way:
        database, directory = way.settings.database.tunnel_port, way.settings.directory
        assert database is not None
        assert directory is not None
        assert directory.tunnel_port is not None
        yield Ports(database=database, directory=directory.tunnel_port)


async def connected(port: int) -> socket.socket:
    """A connection to a port on loopback that does not block."""
    connection = socket.socket()
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, (HOST, port))
    return connection
