"""The ways through two encrypted hops that are compared: ours and the peers', each as the processes it is made of.

All of them lead to the same two servers. The way between the relay (or what stands in its place) and the customer may
lead over a delay line.
"""

import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path as Folder

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12

from benchmarks.connect_paths import OURS
from benchmarks.processes import running
from benchmarks.site import OpenPath, Site
from benchmarks.traffic import Path
from benchmarks.traffic_server import HOST, Wanted
from connect_relay.pki.certificates import Authority, server

DIRECT, OPENSSH, OPENSSH_GCM, RATHOLE = "direct TCP", "OpenSSH", "OpenSSH, aes128-gcm", "rathole"
RATHOLE_PROGRAM = Folder.home() / ".cache" / "connect-benchmarks" / "bin" / "rathole"
INSTALL_RATHOLE = (
    "cargo install rathole --root ~/.cache/connect-benchmarks --no-default-features --features server,client,tls"
)
"""Without --locked: the versions that it has locked do not compile with a Rust of today."""
SSHD = Folder("/usr/sbin/sshd")
READY_SECONDS = 20
_SSHD_CONFIG = """
ListenAddress {host}:{port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
AllowTcpForwarding yes
LogLevel ERROR
"""
_RATHOLE_SERVER = """
[server]
bind_addr = "{host}:{port}"
default_token = "{token}"
[server.transport]
type = "tls"
[server.transport.tls]
pkcs12 = "{folder}/server.p12"
pkcs12_password = "{token}"
[server.services.traffic]
bind_addr = "{host}:{traffic}"
[server.services.database]
bind_addr = "{host}:{database}"
"""
_RATHOLE_CLIENT = """
[client]
remote_addr = "{host}:{port}"
default_token = "{token}"
[client.transport]
type = "tls"
[client.transport.tls]
trusted_root = "{folder}/ca.crt"
hostname = "{host}"
[client.services.traffic]
local_addr = "{host}:{traffic}"
[client.services.database]
local_addr = "{host}:{database}"
"""


def open_path(name: str, site: Site) -> AbstractContextManager[Path]:
    """Within: a path that stands. Raises RuntimeError where a peer's program is not installed."""
    ways: dict[str, OpenPath] = {
        DIRECT: _direct,
        OPENSSH: _openssh(OPENSSH, ""),
        OPENSSH_GCM: _openssh(OPENSSH_GCM, "aes128-gcm@openssh.com"),
        RATHOLE: _rathole,
        **OURS,
    }
    return ways[name](site)


@contextmanager
def _direct(site: Site) -> Iterator[Path]:
    """Nothing between, and nothing encrypted."""
    with site.distant(site.servers.traffic) as traffic, site.distant(site.servers.database) as database:
        yield Path(name=DIRECT, traffic_port=traffic, database_port=database, processes=())


def _openssh(name: str, cipher: str) -> OpenPath:
    """`ssh -L` to an sshd, and `ssh -R` from the customer to it; `cipher`: its name, empty for the default."""

    @contextmanager
    def opened(site: Site) -> Iterator[Path]:
        port, *beyond, traffic, database = _free_ports(5)
        _write_keys(site.folder, port)
        sshd: list[str | Folder] = [SSHD, "-D", "-e", "-f", site.folder / "sshd_config"]
        forwards = [f"-R{HOST}:{there}:{HOST}:{here}" for there, here in zip(beyond, _ports(site), strict=True)]
        locals_ = [f"-L{HOST}:{here}:{HOST}:{there}" for here, there in zip((traffic, database), beyond, strict=True)]
        with ExitStack() as stack:
            processes = [stack.enter_context(running(sshd, site.folder / "sshd.log"))]
            _await_port(port)
            distant = stack.enter_context(site.distant(port))
            for place, options in ((distant, forwards), (port, locals_)):
                command = [*_ssh(site.folder, cipher, place), *options, HOST]
                processes.append(stack.enter_context(running(command, site.folder / f"ssh-{options[0][:2]}.log")))
            yield _ready(
                Path(name=name, traffic_port=traffic, database_port=database, processes=tuple(processes)), site
            )

    return opened


@contextmanager
def _rathole(site: Site) -> Iterator[Path]:
    """Two pairs of rathole with TLS, one behind the other, for the visitors of one are not encrypted."""
    if not RATHOLE_PROGRAM.exists():
        raise RuntimeError(f"rathole is not at {RATHOLE_PROGRAM}: {INSTALL_RATHOLE}")
    near, far, *beyond, traffic, database = _free_ports(6)
    token = _write_tls(site.folder)
    worker = {"port": near, "traffic": traffic, "database": database}
    inner = {"traffic": beyond[0], "database": beyond[1]}
    with ExitStack() as stack:
        distant = stack.enter_context(site.distant(far))
        files = {
            "worker": (_RATHOLE_SERVER, worker),
            "relay-out": (_RATHOLE_CLIENT, {"port": near, **inner}),
            "relay-in": (_RATHOLE_SERVER, {"port": far, **inner}),
            "customer": (
                _RATHOLE_CLIENT,
                {"port": distant, "traffic": site.servers.traffic, "database": site.servers.database},
            ),
        }
        processes = []
        for name, (template, ports) in files.items():
            file = site.folder / f"{name}.toml"
            file.write_text(template.format(host=HOST, token=token, folder=site.folder, **ports), encoding="utf-8")
            processes.append(stack.enter_context(running([RATHOLE_PROGRAM, file], site.folder / f"{name}.log")))
        yield _ready(Path(name=RATHOLE, traffic_port=traffic, database_port=database, processes=tuple(processes)), site)


def _free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on."""
    with ExitStack() as stack:
        listening = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in listening]


def _await_port(port: int) -> None:
    """Wait until somebody listens. Raises TimeoutError."""
    _await(lambda: socket.create_connection((HOST, port), 1).close(), f"port {port}")


def _ports(site: Site) -> tuple[int, int]:
    return site.servers.traffic, site.servers.database


def _ready(path: Path, site: Site) -> Path:
    """The path, once a byte has come back through it."""

    def ask() -> None:
        with path.connected(Wanted.ECHO) as connection:
            connection.sendall(b"x")
            if connection.recv(1) != b"x":
                raise ConnectionError

    _await(ask, f"{path.name}: see the logs in {site.folder}")
    return path


def _await(attempt: Callable[[], None], what: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            return attempt()
        except OSError as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} does not answer") from error
            time.sleep(0.05)


def _write_keys(folder: Folder, port: int) -> None:
    """An sshd's configuration and host key, and a key that it lets in."""
    Folder("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for name in ("host_key", "key"):
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name)
    host_key = (folder / "host_key.pub").read_text(encoding="utf-8")
    (folder / "known_hosts").write_text(f"relay {host_key}", encoding="utf-8")
    (folder / "sshd_config").write_text(_SSHD_CONFIG.format(host=HOST, port=port, folder=folder), encoding="utf-8")


def _ssh(folder: Folder, cipher: str, port: int) -> list[str | Folder]:
    options = {
        "BatchMode": "yes",
        "ExitOnForwardFailure": "yes",
        "HostKeyAlias": "relay",
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": folder / "known_hosts",
        **({"Ciphers": cipher} if cipher else {}),
    }
    given = [text for name, value in options.items() for text in ("-o", f"{name}={value}")]
    return ["ssh", "-F", "none", "-N", "-i", folder / "key", "-p", str(port), *given]


def _write_tls(folder: Folder) -> str:
    """A server's certificate in rathole's form, and its authority; returns the password, which is the token too."""
    issued = Authority.create("Benchmark CA", datetime.now(UTC)).issue(
        server([HOST]), timedelta(days=1), datetime.now(UTC)
    )
    token = secrets.token_hex(16)
    key = load_pem_private_key(issued.key.encode(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    certificate = x509.load_pem_x509_certificate(issued.certificate.encode())
    packed = pkcs12.serialize_key_and_certificates(
        b"relay", key, certificate, None, BestAvailableEncryption(token.encode())
    )
    (folder / "server.p12").write_bytes(packed)
    (folder / "ca.crt").write_text(issued.authority, encoding="utf-8")
    return token


def _run(*command: str | Folder) -> None:
    subprocess.run(command, check=True, timeout=60, stdout=subprocess.DEVNULL)
