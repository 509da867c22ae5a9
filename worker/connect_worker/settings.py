"""What the environment tells the worker, as types; read by `connect_worker.config`."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from ipaddress import ip_address
from pathlib import Path
from zoneinfo import ZoneInfo

from connect_worker.model.configuration import Limits
from connect_worker.model.secret import Secret

LOOPBACK = "127.0.0.1"
HEARTBEAT = timedelta(seconds=20)


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseSettings:
    """Where the customer's database is. `ca` is PEM text; `sslmode` verify-full, or disable (loopback and sockets).

    `tunnel_port`: where on this machine's loopback a tunnel to it begins; host and port are those beyond it.
    """

    host: str
    port: int
    name: str
    username: str
    password: Secret
    sslmode: str = "verify-full"
    ca: str | None = None
    server_name: str | None = None
    tunnel_port: int | None = None

    @property
    def dialled(self) -> tuple[str, int]:
        """Host and port to connect to: the server's own, or this end of the tunnel."""
        return (self.host, self.port) if self.tunnel_port is None else (LOOPBACK, self.tunnel_port)

    def __str__(self) -> str:
        if self.tunnel_port is not None:
            return f"{self.host}:{self.port} behind the relay"
        return self.host if self.host.startswith("/") else f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Keytab:
    """A file with the Kerberos keys of a principal, `connect@SCHOOL.EXAMPLE`."""

    principal: str
    path: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectorySettings:
    """Where the directory is: ldaps://, ldap:// with StartTLS; plain only to loopback, when `start_tls` is False.

    With a `keytab` Kerberos signs in: `bind_dn` is then its principal, and the password is empty.
    `global_catalog_url`: where a forest's names are read. `tunnel_port`: where on this machine's loopback a tunnel to
    the directory begins; the URL's host and port are beyond it. `catalog_port`: the same for the global catalog.
    """

    url: str
    bind_dn: str
    password: Secret
    keytab: Keytab | None = None
    ca: str | None = None
    server_name: str | None = None
    start_tls: bool = True
    global_catalog_url: str | None = None
    tunnel_port: int | None = None
    catalog_port: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectorySecret:
    """What the Secret tells of the directory. What it does not tell may stand in the configurator's tables."""

    url: str | None = None
    bind_dn: str | None = None
    password: Secret | None = None
    keytab: Keytab | None = None
    ca: str | None = None
    server_name: str | None = None
    start_tls: bool = True
    global_catalog_url: str | None = None
    tunnel_port: int | None = None
    catalog_port: int | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Its keys without a value that no directory can be entered without."""
        given: dict[str, object] = {"url": self.url}
        if self.keytab is None:
            given |= {"bindDn": self.bind_dn, "password": self.password}
        return tuple(key for key, value in given.items() if value is None)


@dataclass(frozen=True, kw_only=True, slots=True)
class GrpcRelay:
    """How to reach a relay by gRPC, and who we are there. The certificates are PEM text.

    Any relay behind any of `addresses`, HOST:PORT each, will do. `wait`: how long to wait for a bridge that is absent.
    `heartbeat`: between two questions whether the relay is there; three without an answer are its end.
    """

    addresses: tuple[str, ...]
    certificate: str
    key: Secret
    ca: str
    wait: timedelta
    heartbeat: timedelta = HEARTBEAT


@dataclass(frozen=True, kw_only=True, slots=True)
class SshRelay:
    """How to reach a relay by SSH, and who we are there; `addresses`, `wait` and `heartbeat` as of GrpcRelay.

    `key` is an Ed25519 private key in OpenSSH's format; `known_hosts`, as ssh has it, says which host keys are theirs.
    """

    addresses: tuple[str, ...]
    key: Secret
    known_hosts: str
    wait: timedelta
    heartbeat: timedelta = HEARTBEAT


@dataclass(frozen=True, kw_only=True, slots=True)
class JumpHost:
    """How to reach an SSH server of the customer's, which reaches his servers; all but `user` as of SshRelay.

    There is no bridge that could be waited for.
    """

    addresses: tuple[str, ...]
    user: str
    key: Secret
    known_hosts: str
    wait: timedelta = timedelta()
    heartbeat: timedelta = HEARTBEAT


RelaySettings = GrpcRelay | SshRelay | JumpHost


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """One run's settings. `today` overrides the calendar (demonstration and tests); `timeout` is of the whole run.

    With a `relay`, database and directory are dialled from within the customer's network.
    """

    realm: str
    run_id: str
    encryption_keys: tuple[Secret, ...]
    database: DatabaseSettings
    directory: DirectorySecret | None
    time_zone: ZoneInfo
    timeout: timedelta
    lock_wait: timedelta
    customer_number: str = ""
    trigger: str = "command"
    limits: Limits = field(default_factory=Limits)
    today: date | None = None
    relay: RelaySettings | None = None


def is_on_this_machine(host: str) -> bool:
    """Whether a connection to this host never leaves the machine: loopback, or the folder of a Unix socket."""
    if host == "localhost" or host.startswith("/"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
