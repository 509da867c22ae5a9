"""The whole way from a worker to a target, whatever carries either half of it."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from connect_protocol.relay.identity import Role
from connect_worker.model.secret import Secret
from connect_worker.settings import DatabaseSettings, DirectorySecret, GrpcRelay, RelaySettings, Settings, SshRelay
from connect_worker.tunnel.base import Target
from connect_worker.tunnel.way import Way, open_way
from tests.support.openssh import Ssh, SshKeys, local_forward, ssh_command
from tests.support.relay import HOST, OTHER_REALM, REALM, Command, Pki, RelayCommand

THIRD_REALM = "trimbach"
HEARTBEAT_SECONDS = 1
PATIENCE_SECONDS = 30
"""Three heartbeats, and some for a busy machine."""
_QUICK = ("--heartbeat-seconds", str(HEARTBEAT_SECONDS), "--drain-seconds", "1")


class Carrier(StrEnum):
    """What carries one half of the way."""

    GRPC = "gRPC"
    SSH = "SSH"
    OPENSSH = "OpenSSH"
    """Not our own: stock `ssh`, which knows no reset."""


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


OUR_CARRIERS = (Carrier.GRPC, Carrier.SSH)
COMBINATIONS = tuple(Combination(worker=worker, bridge=bridge) for worker in OUR_CARRIERS for bridge in OUR_CARRIERS)
STOCK = Combination(worker=Carrier.OPENSSH, bridge=Carrier.OPENSSH)


def realm_of(bridge: Carrier) -> str:
    """The realm of a bridge that is carried so."""
    return {Carrier.GRPC: REALM, Carrier.SSH: OTHER_REALM, Carrier.OPENSSH: THIRD_REALM}[bridge]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entrance:
    """Where something enters the relay: its own port for a carrier, or that of a cable which leads there."""

    carrier: Carrier
    port: int


def entrance(relay: RelayCommand, carrier: Carrier) -> Entrance:
    """The relay's own."""
    return Entrance(carrier=carrier, port=relay.port if carrier is Carrier.GRPC else relay.ssh_port)


@dataclass(frozen=True, kw_only=True, slots=True)
class Identities:
    """Certificates and SSH keys of the relay, and of each realm's bridge and worker."""

    pki: Pki
    ssh: SshKeys

    @classmethod
    def create(cls, root: Path) -> "Identities":
        """For the realms of all bridges."""
        realms = sorted({realm_of(carrier) for carrier in Carrier})
        return cls(pki=Pki.create(root / "pki", *realms), ssh=SshKeys.create(root / "ssh", *realms))

    def serve(self, *options: str) -> RelayCommand:
        """A relay with both of its ports."""
        return self._serve(*options, port=0, ssh_port=0)

    def serve_again(self, relay: RelayCommand) -> RelayCommand:
        """A relay in the place of one that has ended."""
        return self._serve(port=relay.port, ssh_port=relay.ssh_port)

    def _serve(self, *options: str, port: int, ssh_port: int) -> RelayCommand:
        ssh = ("--ssh", str(self.ssh.relay), "--ssh-listen", f"{HOST}:{ssh_port}")
        return RelayCommand.serve(self.pki, *ssh, *_QUICK, *options, port=port)

    def start_bridge(self, way_in: Entrance, targets: Mapping[Target, str]) -> Command:
        """`connect-bridge run` with targets (HOST:PORT); not yet connected."""
        named = [text for name, address in targets.items() for text in ("--target", f"{name}={address}")]
        quick = ("--heartbeat-seconds", str(HEARTBEAT_SECONDS), "--longest-pause-seconds", "0.5")
        return Command.start("connect-bridge", "run", *self._bridge(way_in), *named, *quick, "--dial-seconds", "5")

    def _bridge(self, way_in: Entrance) -> tuple[str, ...]:
        realm = realm_of(way_in.carrier)
        match way_in.carrier:
            case Carrier.GRPC:
                return ("--relay", f"{HOST}:{way_in.port}", "--tls", str(self.pki.bridge(realm)))
            case Carrier.SSH:
                folder = self.ssh.root / f"bridge-{way_in.port}"
                folder.mkdir(exist_ok=True)
                (folder / "sshPrivateKey").write_text(self.ssh.of(Role.BRIDGE, realm).read_text())
                (folder / "sshPrivateKey").chmod(0o600)
                (folder / "knownHosts").write_text(self.ssh.known_hosts(way_in.port).read_text())
                return ("--relay", f"ssh://{HOST}:{way_in.port}", "--ssh", str(folder))
            case Carrier.OPENSSH:
                raise ValueError("stock ssh is no connect-bridge")

    def start_stock_bridge(self, relay: RelayCommand, targets: Mapping[Target, str]) -> Ssh:
        """`ssh -R` with targets (HOST:PORT); not yet connected."""
        key = self.ssh.of(Role.BRIDGE, realm_of(Carrier.OPENSSH))
        forwards = [word for name, address in targets.items() for word in ("-R", f"{name}:5432:{address}")]
        return Ssh.start(ssh_command(self.ssh, key, relay.ssh_port, "-N", *forwards))

    def worker(self, way_in: Entrance, realm: str) -> RelaySettings:
        """What tells a worker its relay, and who it is there."""
        addresses = (f"{HOST}:{way_in.port}",)
        match way_in.carrier:
            case Carrier.GRPC:
                folder = self.pki.worker(realm)
                certificate, key, ca = ((folder / name).read_text() for name in ("tls.crt", "tls.key", "ca.crt"))
                return GrpcRelay(addresses=addresses, certificate=certificate, key=Secret(key), ca=ca, wait=timedelta())
            case Carrier.SSH:
                key = self.ssh.of(Role.WORKER, realm).read_text()
                known_hosts = self.ssh.known_hosts(way_in.port).read_text()
                return SshRelay(addresses=addresses, key=Secret(key), known_hosts=known_hosts, wait=timedelta())
            case Carrier.OPENSSH:
                raise ValueError("stock ssh is no worker's end of ours")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """The worker's end of the way: where on loopback it leads to each target."""

    database: int
    directory: int


@asynccontextmanager
async def worker_end(identities: Identities, way_in: Entrance, realm: str) -> AsyncIterator[Ports]:
    """Within: the way as a run has it, through the product's own code."""
    async with worker_way(identities, way_in, realm) as way:
        yield ports_of(way)


def ports_of(way: Way) -> Ports:
    """Where a way's targets are on loopback."""
    database, directory = way.settings.database.tunnel_port, way.settings.directory
    assert database is not None
    assert directory is not None
    assert directory.tunnel_port is not None
    return Ports(database=database, directory=directory.tunnel_port)


@asynccontextmanager
async def worker_way(identities: Identities, way_in: Entrance, realm: str) -> AsyncIterator[Way]:
    """The same, which can tell why a connection broke."""
    settings = Settings(
        realm=realm,
        run_id=str(uuid.uuid4()),
        encryption_keys=(),
        database=DatabaseSettings(host="db.school.test", port=5432, name="", username="", password=Secret("")),
        directory=DirectorySecret(url="ldaps://dc1.school.test"),
        time_zone=ZoneInfo("Europe/Zurich"),
        timeout=timedelta(hours=1),
        lock_wait=timedelta(),
        relay=identities.worker(way_in, realm),
    )
    async with open_way(settings) as way:
        yield way


@contextmanager
def stock_worker_end(identities: Identities, relay: RelayCommand, realm: str) -> Iterator[Ports]:
    """Within: the way as `ssh -L` has it."""
    targets = [f"{target}:5432" for target in (Target.DATABASE, Target.DIRECTORY)]
    with local_forward(identities.ssh, relay.ssh_port, *targets, realm=realm) as (_, (database, directory)):
        yield Ports(database=database, directory=directory)


async def connected(port: int) -> socket.socket:
    """A connection to a port on loopback that does not block."""
    connection = socket.socket()
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, (HOST, port))
    return connection
