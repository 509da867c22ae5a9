"""A real Active Directory for tests: a clone of the template domain, served by Samba on its own loopback address."""

import fcntl
import select
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, socket
from typing import IO

import ldap3
import pytest

from tests.support.samba_template import (
    ADDRESSES,
    ADMIN_PASSWORD,
    BASE_DN,
    OFFLINE_SCRIPT,
    REALM,
    SERVER_NAME,
    plain_template,
    run_tool,
    template,
    write_configuration,
)

START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 10
MAXIMUM_RUNTIME_SECONDS = 7200
REQUEST_TIMEOUT_SECONDS = 30
FULL_CONTROL = "(A;CI;GA;;;{sid})"
LDAP_PORT, LDAPS_PORT = 389, 636


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceAccount:
    """An account that may write in some organizational units and nowhere else."""

    dn: str
    user_principal_name: str
    password: str


@dataclass(frozen=True, kw_only=True)
class SambaServer:
    """A running domain controller. Its certificate names dc1.school.test, localhost and every 127.0.0.N."""

    address: str
    folder: Path
    ca_file: Path
    process: subprocess.Popen[bytes]
    claim: IO[str] | None
    base_dn: str = BASE_DN
    realm: str = REALM
    admin_dn: str = f"CN=Administrator,CN=Users,{BASE_DN}"
    admin_password: str = ADMIN_PASSWORD
    server_name: str = SERVER_NAME

    @property
    def ldaps_url(self) -> str:
        return f"ldaps://{self.address}:{LDAPS_PORT}"

    @property
    def catalog_url(self) -> str:
        return f"ldaps://{self.address}"

    @property
    def ldap_url(self) -> str:
        return f"ldap://{self.address}:{LDAP_PORT}"

    @property
    def ca_pem(self) -> str:
        return self.ca_file.read_text()

    @contextmanager
    def connect(self, user: str | None = None, password: str | None = None) -> Iterator[ldap3.Connection]:
        """A bound LDAPS connection, verified; as Administrator unless somebody else is named. Refusals raise."""
        tls = ldap3.Tls(
            validate=ssl.CERT_REQUIRED, ca_certs_file=str(self.ca_file), valid_names=[self.server_name, self.address]
        )
        server = ldap3.Server(self.address, port=LDAPS_PORT, use_ssl=True, tls=tls, get_info=ldap3.NONE)
        connection = ldap3.Connection(
            server,
            user or self.admin_dn,
            password or self.admin_password,
            receive_timeout=REQUEST_TIMEOUT_SECONDS,
            raise_exceptions=True,
        )
        try:
            connection.bind()
            yield connection
        finally:
            connection.unbind()

    def make_ou(self, name: str, *, parent: str | None = None) -> str:
        """Create an organizational unit and return its DN."""
        dn = f"OU={name},{parent or self.base_dn}"
        with self.connect() as connection:
            connection.add(dn, "organizationalUnit")  # type: ignore[no-untyped-call]
        return dn

    def make_service_account(self, name: str, *, writes: Sequence[str]) -> ServiceAccount:
        """Create an account with full control below the organizational units in `writes`, and no other right."""
        account = ServiceAccount(
            dn=f"CN={name},CN=Users,{self.base_dn}",
            user_principal_name=f"{name}@{self.realm}",
            password="Delegated.4ccount",
        )
        with self.connect() as connection:
            attributes = {
                "sAMAccountName": name,
                "userPrincipalName": account.user_principal_name,
                "userAccountControl": "66048",
                "unicodePwd": f'"{account.password}"'.encode("utf-16-le"),
            }
            connection.add(account.dn, "user", attributes)  # type: ignore[no-untyped-call]
        for ou in writes:
            self.delegate(account.dn, ou)
        return account

    def delegate(self, account: str, ou: str) -> None:
        """Give an account full control below an organizational unit, itself included; both as DNs."""
        with self.connect() as connection:
            sid = _read_sid(connection, account)
        run_tool(
            *("/usr/bin/samba-tool", "dsacl", "set", f"--configfile={self.folder}/etc/smb.conf"),
            *("-H", f"{self.folder}/private/sam.ldb", "--action=allow", f"--objectdn={ou}"),
            f"--sddl={FULL_CONTROL.format(sid=sid)}",
        )

    def export_keytab(self, principal: str, file: Path) -> None:
        """Write the keys of an account to a file, as an administrator does for a service."""
        run_tool(
            *("/usr/bin/samba-tool", "domain", "exportkeytab", str(file), f"--principal={principal}"),
            f"--configfile={self.folder}/etc/smb.conf",
        )

    def kerberos_configuration(self) -> str:
        """What stands in krb5.conf where no DNS leads to the domain."""
        realm = self.realm.upper()
        return (
            f"[libdefaults]\n default_realm = {realm}\n dns_lookup_kdc = false\n dns_canonicalize_hostname = false\n"
            f" rdns = false\n[realms]\n {realm} = {{\n  kdc = {self.address}\n }}\n"
        )

    def switch_on_recycle_bin(self) -> None:
        """Deleted objects keep what stood in them from now on."""
        run_tool("/usr/bin/python3", "-I", str(OFFLINE_SCRIPT), f"{self.folder}/etc/smb.conf", "recycle-bin")

    def stop(self) -> None:
        """End the server and remove its folder."""
        self.end()
        shutil.rmtree(self.folder)

    def end(self) -> None:
        """End the server by its own process id; the folder stays, and may be saved."""
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_TIMEOUT_SECONDS)
        if self.process.stdin:
            self.process.stdin.close()
        if self.claim:
            self.claim.close()


def start_samba(
    source: Path | None = None, *, address: str | None = None, services: str = "ldap, cldap"
) -> SambaServer:
    """Clone the template, or a saved domain, and start it. Raises RuntimeError with Samba's log if it does not answer.

    A saved domain is the folder of a server that has ended. An `address` is one that is free for certain, in a network
    namespace of its own; without it a loopback address is claimed.
    """
    source = source or template()
    # A short path: Samba's unix sockets below it must stay under the limit of 108 characters.
    folder = Path(tempfile.mkdtemp(prefix="dc-", dir="/tmp"))
    address, claim = (address, None) if address else _claim_address()
    run_tool("cp", "-a", "--reflink=auto", "--sparse=always", f"{source}/.", str(folder))
    configuration = write_configuration(folder, address, services=services)
    server = SambaServer(
        address=address,
        folder=folder,
        ca_file=folder / "private" / "tls" / "ca.pem",
        process=_start(configuration, folder / "samba.log"),
        claim=claim,
    )
    try:
        _wait_until_ready(server)
    except BaseException:
        server.stop()
        raise
    return server


@pytest.fixture(scope="session")
def samba_factory() -> Iterator[Callable[[], SambaServer]]:
    """Starts a domain that nobody else uses; stopped at the end of the session at the latest."""
    started: list[SambaServer] = []

    def start() -> SambaServer:
        started.append(start_samba())
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="session")
def kerberos_samba() -> Iterator[SambaServer]:
    """A domain whose Kerberos server knows its own LDAP service, which Samba tells it in its own time only."""
    server = start_samba(services="ldap, cldap, kdc")
    with server.connect() as connection:
        names = {"servicePrincipalName": [(ldap3.MODIFY_ADD, [f"ldap/{server.server_name}"])]}
        connection.modify(f"CN=DC1,OU=Domain Controllers,{server.base_dn}", names)  # type: ignore[no-untyped-call]
    yield server
    server.stop()


@pytest.fixture(scope="session")
def plain_samba() -> Iterator[SambaServer]:
    """A domain whose schema has no extension attributes."""
    server = start_samba(plain_template())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def samba(samba_factory: Callable[[], SambaServer]) -> SambaServer:
    """The session's domain. Tests share it: each works in an organizational unit of its own."""
    return samba_factory()


def _claim_address() -> tuple[str, IO[str]]:
    """A loopback address that no other test run has claimed and nobody listens on; the claim ends with the file."""
    for address in ADDRESSES[1:]:
        claim = Path(tempfile.gettempdir(), f"connect-tests-{address}.lock").open("w")  # noqa: SIM115
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.close()
            continue
        if _is_free(address):
            return address, claim
        claim.close()
    raise RuntimeError("every loopback address 127.0.0.2–254 is taken on port 389: end the servers left over there")


def _is_free(address: str) -> bool:
    with socket() as probe:
        return probe.connect_ex((address, LDAP_PORT)) != 0


def _start(configuration: Path, log: Path) -> subprocess.Popen[bytes]:
    """With --interactive Samba ends when its standard input does: it never outlives a killed test run."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [
                *("/usr/sbin/samba", "--interactive", "--model=single", "--no-process-group", "--debug-stdout"),
                *(f"--maximum-runtime={MAXIMUM_RUNTIME_SECONDS}", f"--configfile={configuration}"),
            ],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _wait_until_ready(server: SambaServer) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not _completes_a_handshake(server):
        if server.process.poll() is not None:
            raise RuntimeError(f"Samba ended with {server.process.returncode}:\n{_log_tail(server)}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"Samba did not answer within {START_TIMEOUT_SECONDS} s:\n{_log_tail(server)}")
        select.select([], [], [], 0.02)


def _completes_a_handshake(server: SambaServer) -> bool:
    context = ssl.create_default_context(cafile=str(server.ca_file))
    try:
        with create_connection((server.address, LDAPS_PORT), timeout=STOP_TIMEOUT_SECONDS) as plain:
            context.wrap_socket(plain, server_hostname=server.server_name).close()
    except OSError:
        return False
    return True


def _log_tail(server: SambaServer) -> str:
    return (server.folder / "samba.log").read_text(errors="replace")[-2000:]


def _read_sid(connection: ldap3.Connection, dn: str) -> str:
    connection.search(dn, "(objectClass=*)", ldap3.BASE, attributes=["objectSid"])
    found = connection.response or []
    return _sid_text(found[0]["raw_attributes"]["objectSid"][0])


def _sid_text(raw: bytes) -> str:
    """A binary security identifier in its S-1-… form."""
    authority = int.from_bytes(raw[2:8], "big")
    parts = [int.from_bytes(raw[i : i + 4], "little") for i in range(8, 8 + 4 * raw[1], 4)]
    return "-".join(["S", str(raw[0]), str(authority), *map(str, parts)])
