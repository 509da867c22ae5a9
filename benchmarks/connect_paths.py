"""Our own ways: the installed relay and bridge, and the worker's tunnel, each half by gRPC or by SSH."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path as Folder

from benchmarks.processes import telling_ports
from benchmarks.site import OpenPath, Site
from benchmarks.traffic import Path
from benchmarks.traffic_server import HOST
from connect_protocol.relay.identity import Role
from connect_relay.settings import Transport
from tests.support.openssh import HOST_KEY, SshKeys, public_key, ssh_port
from tests.support.relay import REALM, Command, Pki, RelayCommand

GRPC, SSH = "Connect, gRPC", "Connect, SSH"
GRPC_SSH, SSH_GRPC = "Connect, worker gRPC, bridge SSH", "Connect, worker SSH, bridge gRPC"
CONNECTIONS = 1100
"""So many must fit through at once."""
_ROOMY = (
    *("--connections", str(CONNECTIONS), "--connections-per-realm", str(CONNECTIONS)),
    *("--dials-per-realm", "200"),
)


@contextmanager
def _opened(name: str, worker: Transport, bridge: Transport, site: Site) -> Iterator[Path]:
    """Within: the way stands; the bridge's half is the long one."""
    pki, keys = Pki.create(site.folder), SshKeys.create(site.folder / "ssh", REALM)
    with ExitStack() as stack:
        relay = stack.enter_context(RelayCommand.serve(pki, *ssh_port(keys), *_ROOMY))
        ports = {Transport.GRPC: relay.port, Transport.SSH: relay.ssh_port}
        called = _bridge(bridge, stack.enter_context(site.distant(ports[bridge])), pki, keys)
        targets = [f"--target={name}={HOST}:{place}" for name, place in _targets(site).items()]
        there = stack.enter_context(Command.start("connect-bridge", "run", *called, *targets))
        relay.wait_for("attach")
        calls = _worker(worker, ports[worker], pki, keys)
        here, (traffic, database) = stack.enter_context(telling_ports("benchmarks.worker_end", *calls))
        yield Path(
            name=name,
            traffic_port=traffic,
            database_port=database,
            processes=(relay.process.pid, there.process.pid, here),
        )


OURS: Mapping[str, OpenPath] = {
    name: partial(_opened, name, worker, bridge)
    for name, worker, bridge in (
        (GRPC, Transport.GRPC, Transport.GRPC),
        (SSH, Transport.SSH, Transport.SSH),
        (GRPC_SSH, Transport.GRPC, Transport.SSH),
        (SSH_GRPC, Transport.SSH, Transport.GRPC),
    )
}


def _bridge(transport: Transport, port: int, pki: Pki, keys: SshKeys) -> tuple[str | Folder, ...]:
    """What tells a bridge its relay, and who it is there."""
    if transport is Transport.GRPC:
        return ("--relay", f"{HOST}:{port}", "--tls", pki.bridge())
    return ("--relay", f"ssh://{HOST}:{port}", "--ssh", _own_keys(keys, Role.BRIDGE, port))


def _worker(transport: Transport, port: int, pki: Pki, keys: SshKeys) -> tuple[str, ...]:
    """The same for a worker."""
    if transport is Transport.GRPC:
        return ("grpc", f"{HOST}:{port}", str(pki.worker()))
    return ("ssh", f"{HOST}:{port}", str(_own_keys(keys, Role.WORKER, port)))


def _targets(site: Site) -> dict[str, int]:
    return {"directory": site.servers.traffic, "database": site.servers.database}


def _own_keys(keys: SshKeys, role: Role, port: int) -> Folder:
    """A bridge's or worker's folder: sshPrivateKey, knownHosts."""
    folder = keys.root / f"{role}-folder"
    folder.mkdir()
    shutil.copy(keys.of(role, REALM), folder / "sshPrivateKey")
    host_key = public_key(keys.relay / HOST_KEY)
    (folder / "knownHosts").write_text(f"[{HOST}]:{port} {host_key}\n", encoding="utf-8")
    return folder
