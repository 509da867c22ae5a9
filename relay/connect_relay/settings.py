"""What relay and bridge are set to: addresses, certificates' folder, limits, times in seconds."""

import base64
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network
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
    """What is spoken with a relay."""

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
class Proxy:
    """An HTTP proxy that is asked for connections (CONNECT: RFC 9110, 9.3.6). `login`: user:password, or empty."""

    address: Address
    login: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"http://{self.address}"

    @property
    def authorization(self) -> str:
        """What the header Proxy-Authorization says (RFC 7617); a secret, and empty without a login."""
        return f"Basic {base64.b64encode(self.login.encode()).decode()}" if self.login else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProxyChoice:
    """Through which proxy a bridge goes out. `without`: whom it reaches without, as NO_PROXY lists them."""

    proxy: Proxy | None = None
    without: tuple[str, ...] = ()

    def towards(self, address: Address) -> Proxy | None:
        """The proxy on the way to an address, if there is one."""
        return None if any(_covers(entry, address) for entry in self.without) else self.proxy


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much the relay takes on. A night's run holds about ten connections; a realm has one run at a time."""

    connections: int = 1000
    connections_per_realm: int = 64
    dials: int = 200
    dials_per_realm: int = 32
    """Under way at once, and as many more that wait for a bridge; of those, all realms may have as many as
    connections."""
    bridges_per_realm: int = 4
    realms: int = 1000
    bytes_per_second: int = 0
    """Of data, both directions together; 0: as fast as it goes."""
    bytes_per_second_per_realm: int = 0
    ssh_logins: int = 64
    """SSH connections that have not told yet who they are."""
    ssh_connections_per_realm: int = 64
    """Of its workers, and as many of its bridges. A stock ssh has one for each connection that it makes."""

    @property
    def calls(self) -> int:
        """How many calls are under way at once at most: both sides of connections and dials, who waits, and bridges."""
        return 2 * (self.connections + self.dials) + self.connections + self.realms * self.bridges_per_realm

    @property
    def calls_per_realm(self) -> int:
        """The same, of one realm; its bridges may come again before they have gone."""
        return 2 * self.connections_per_realm + 3 * self.dials_per_realm + 4 * self.bridges_per_realm


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """How long the relay waits, in seconds."""

    first_frame: float = 10.0
    """For a caller that says nothing: to be done with TLS, and then to begin."""
    dial: float = 10.0
    """For a bridge to reach the target."""
    longest_wait: float = 300.0
    """For a bridge that is absent, whatever the worker asks for."""
    heartbeat: float = HEARTBEAT_SECONDS
    """Between two heartbeats; three that are missing are a dead bridge."""
    drain: float = 20.0
    """For open connections to end by themselves when the relay is told to stop."""
    reload: float = 5.0
    """Between two looks at the files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SshSettings:
    """The relay's SSH port: `folder` holds ssh_host_ed25519_key and authorized_keys."""

    listen: Address
    folder: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class RelaySettings:
    """A relay: `tls` is a folder with tls.crt, tls.key and ca.crt, `crl` a file with lists of revoked certificates.

    Without `ssh`, it speaks gRPC only.
    """

    listen: Address
    admin: Address
    tls: Path
    crl: Path | None = None
    ssh: SshSettings | None = None
    limits: Limits = field(default_factory=Limits)
    times: Times = field(default_factory=Times)


@dataclass(frozen=True, kw_only=True, slots=True)
class BridgeSettings:
    """A bridge: which relays it calls, who it is, and what it opens connections to.

    `tls`: a folder as the relay's, for relays by gRPC; `ssh`: a folder with sshPrivateKey and knownHosts, for relays by
    SSH. Where no relay speaks the one or the other, there need not be any.
    """

    relays: tuple[RelayName, ...]
    tls: Path | None
    ssh: Path | None = None
    targets: tuple[Target, ...]
    dial_seconds: float = 8.0
    """For a target to take the connection: less than the relay's patience, so that the reason arrives."""
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    longest_pause_seconds: float = 60.0
    """Between two attempts to reach a relay."""
    proxy: ProxyChoice = field(default_factory=ProxyChoice)

    def relays_by(self, transport: Transport) -> tuple[Address, ...]:
        """Where the relays are that speak this."""
        return tuple(relay.address for relay in self.relays if relay.transport is transport)

    def target(self, name: str) -> Target | None:
        """What this name stands for, if it is on the list."""
        return next((target for target in self.targets if target.name == name), None)


def _covers(entry: str, address: Address) -> bool:
    """Whether an entry of NO_PROXY means this address.

    `*` is everybody; a domain is itself and all below it; an address or a network (10.0.0.0/8) is what it is. A port
    may follow, after a colon.
    """
    host, _, port = entry.partition(":") if entry.count(":") == 1 else (entry, "", "")
    if port not in {"", str(address.port)}:
        return False
    try:
        return ip_address(address.host) in ip_network(host.strip("[]"), strict=False)
    except ValueError:
        domain = host.removeprefix("*").removeprefix(".").lower()
        return host == "*" or (domain != "" and f".{address.host.lower()}".endswith(f".{domain}"))
