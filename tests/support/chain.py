"""The whole way from a worker to a target, whatever carries either half of it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from connect_worker.model.secret import Secret
from connect_worker.settings import RelaySettings
from connect_worker.tunnel.base import Target
from connect_worker.tunnel.grpc_client import GrpcTunnel
from connect_worker.tunnel.listener import Listener
from tests.support.relay import HOST, REALM, Command, Pki, RelayCommand

HEARTBEAT_SECONDS = 1
PATIENCE_SECONDS = 15
"""Three heartbeats, and some for a busy machine."""


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


_QUICK = ("--heartbeat-seconds", str(HEARTBEAT_SECONDS), "--drain-seconds", "1")
COMBINATIONS = tuple(Combination(worker=worker, bridge=bridge) for worker in Carrier for bridge in Carrier)


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


def start_bridge(pki: Pki, entrance: Entrance, targets: Mapping[Target, int]) -> Command:
    """`connect-bridge run` with targets on loopback; not yet connected."""
    named = [text for name, target in targets.items() for text in ("--target", f"{name}={HOST}:{target}")]
    return Command.start(
        *("connect-bridge", "run", "--relay", f"{HOST}:{entrance.port}", "--tls", str(pki.bridge()), *named),
        *("--heartbeat-seconds", str(HEARTBEAT_SECONDS), "--longest-pause-seconds", "0.5", "--dial-seconds", "5"),
    )


def relay_settings(pki: Pki, entrance: Entrance, wait: timedelta = timedelta()) -> RelaySettings:
    """What tells a worker its relay, and who it is there."""
    folder = pki.worker()
    return RelaySettings(
        address=f"{HOST}:{entrance.port}",
        certificate=(folder / "tls.crt").read_text(),
        key=Secret((folder / "tls.key").read_text()),
        ca=(folder / "ca.crt").read_text(),
        wait=wait,
    )


@asynccontextmanager
async def listening(pki: Pki, entrance: Entrance, target: Target) -> AsyncIterator[Listener]:
    """Within: the worker's end of the way to a target."""
    async with (
        GrpcTunnel(relay_settings(pki, entrance), REALM) as tunnel,
        Listener(tunnel, target) as listener,
    ):
        yield listener


async def connected(port: int) -> socket.socket:
    """A connection to a port on loopback that does not block."""
    connection = socket.socket()
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, (HOST, port))
    return connection
