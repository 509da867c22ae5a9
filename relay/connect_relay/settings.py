"""What relay and bridge are set to: addresses, certificates' folder, limits, times in seconds."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from connect_protocol.relay.service import HEARTBEAT_SECONDS


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where to listen or to connect to. Port 0: any free one, to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Transport(StrEnum):
    """What a bridge speaks with a relay."""

    GRPC = "gRPC"
    SSH = "SSH"


@dataclass(frozen=True, kw_only=True, slots=True)
class RelayName:
    """A relay, or several behind one name, as a bridge is told of them."""

    transport: Transport = Transport.GRPC
    address: Address

    def __str__(self) -> str:
        return f"ssh://{self.address}" if self.transport is Transport.SSH else str(self.address)


@dataclass(frozen=True, kw_only=True, slots=True)
class RelayPlace:
    """One relay of those that a name stands for: `host` is its IP address, or the name for a proxy to resolve.

    Who it is, is verified by the name, wherever it is.
    """

    relay: RelayName
    host: str

    @property
    def address(self) -> Address:
        """Where to connect to."""
        return Address(host=self.host, port=self.relay.address.port)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A name on a bridge's allow-list, and what it stands for."""

    name: str
    address: Address


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much the relay takes on. A night's run holds about ten connections; a realm has one run at a time."""

    connections: int = 1000
    connections_per_realm: int = 64
    dials: int = 200
    dials_per_realm: int = 32
    bridges_per_realm: int = 4
    realms: int = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """How long the relay waits, in seconds."""

    first_frame: float = 10.0
    """For a caller that says nothing."""
    dial: float = 10.0
    """For a bridge to reach the target."""
    longest_wait: float = 300.0
    """For a bridge that is absent, whatever the worker asks for."""
    heartbeat: float = HEARTBEAT_SECONDS
    """Between two heartbeats; three that are missing are a dead bridge."""
    drain: float = 20.0
    """For open connections to end by themselves when the relay is told to stop."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RelaySettings:
    """A relay: `tls` is a folder with tls.crt, tls.key and ca.crt."""

    listen: Address
    admin: Address
    tls: Path
    limits: Limits = field(default_factory=Limits)
    times: Times = field(default_factory=Times)


@dataclass(frozen=True, kw_only=True, slots=True)
class BridgeSettings:
    """A bridge: which relays it calls, who it is (`tls`, as the relay's), and what it opens connections to."""

    relays: tuple[RelayName, ...]
    tls: Path
    targets: tuple[Target, ...]
    dial_seconds: float = 8.0
    """For a target to take the connection: less than the relay's patience, so that the reason arrives."""
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    longest_pause_seconds: float = 60.0
    """Between two attempts to reach a relay."""

    def target(self, name: str) -> Target | None:
        """What this name stands for, if it is on the list."""
        return next((target for target in self.targets if target.name == name), None)
