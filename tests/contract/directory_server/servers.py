"""The two servers that the suite runs against, and where they differ."""

import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from tests.contract.directory_server.differences import Difference
from tests.support.ldap_client import Client, open_client
from tests.support.samba import LDAP_PORT, LDAPS_PORT, SambaServer
from tests.support.simulator import SimulatorServer

T = TypeVar("T")
PASSWORD = "Gr8.Morgenrot"
ENABLED, DISABLED, ENABLED_WITHOUT_PASSWORD = "512", "514", "544"

_numbers = itertools.count(1)
met: set[Difference] = set()
"""What the running test has met."""


class Kind(StrEnum):
    SIMULATOR = "simulator"
    SAMBA = "samba"


def quoted(password: str) -> bytes:
    """A password as `unicodePwd` wants it."""
    return f'"{password}"'.encode("utf-16-le")


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A directory under test. `delegate` lets an account write below an organizational unit, both as DNs."""

    kind: Kind
    host: str
    ldap_port: int
    ldaps_port: int
    ca_file: Path
    server_name: str
    base_dn: str
    realm: str
    admin_dn: str
    admin_password: str
    delegate: Callable[[str, str], None]

    def expect(self, difference: Difference, *, windows: T, samba: T) -> T:
        """What to expect where the two differ; the simulator's is Windows'."""
        met.add(difference)
        return samba if self.kind is Kind.SAMBA else windows

    def connect(self, *, tls: bool = True, server_name: str | None = None) -> AbstractContextManager[Client]:
        """A connection that nobody has signed in on."""
        port = self.ldaps_port if tls else self.ldap_port
        name = server_name or self.server_name
        return open_client(self.host, port, ca_file=self.ca_file, server_name=name, tls=tls)

    def try_bind(self, user: str, password: str) -> "Attempt":
        """Sign in on a connection of its own."""
        with self.connect() as client:
            result = client.bind(user, password)
        return Attempt(code=result.code, message=result.message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """What became of signing in."""

    code: int
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One test's own organizational unit, signed in as administrator, with names that nobody else uses."""

    server: Server
    client: Client
    ou: str

    def dn(self, cn: str) -> str:
        """A name in the unit; `cn` is escaped already."""
        return f"CN={cn},{self.ou}"

    def sam(self) -> str:
        """An account name that no other test uses."""
        return f"t.{next(_numbers):05}"

    def user(self, cn: str, **attributes: str | bytes | list[str]) -> str:
        """Create a user; without a password it is disabled, as both servers make it. Its DN."""
        given = {"sAMAccountName": self.sam(), **attributes}
        result = self.client.add(self.dn(cn), "user", given)
        assert result.code == 0, result
        return self.dn(cn)

    def enabled_user(self, cn: str, **attributes: str | bytes | list[str]) -> str:
        """Create a user who can sign in with PASSWORD. Its DN."""
        return self.user(cn, userAccountControl=ENABLED, unicodePwd=quoted(PASSWORD), **attributes)

    def group(self, cn: str, *members: str, **attributes: str | list[str]) -> str:
        """Create a global security group. Its DN."""
        given = {"sAMAccountName": self.sam(), **attributes} | ({"member": list(members)} if members else {})
        result = self.client.add(self.dn(cn), "group", given)
        assert result.code == 0, result
        return self.dn(cn)

    def unit(self, name: str) -> str:
        """Create an organizational unit in the unit. Its DN."""
        result = self.client.add(f"OU={name},{self.ou}", "organizationalUnit")
        assert result.code == 0, result
        return f"OU={name},{self.ou}"


def samba_server(samba: SambaServer) -> Server:
    return Server(
        kind=Kind.SAMBA,
        host=samba.address,
        ldap_port=LDAP_PORT,
        ldaps_port=LDAPS_PORT,
        ca_file=samba.ca_file,
        server_name=samba.server_name,
        base_dn=samba.base_dn,
        realm=samba.realm,
        admin_dn=samba.admin_dn,
        admin_password=samba.admin_password,
        delegate=samba.delegate,
    )


def simulator_server(simulator: SimulatorServer) -> Server:
    return Server(
        kind=Kind.SIMULATOR,
        host=simulator.address,
        ldap_port=simulator.ldap_port,
        ldaps_port=simulator.ldaps_port,
        ca_file=simulator.ca_file,
        server_name=simulator.server_name,
        base_dn=simulator.base_dn,
        realm=simulator.realm,
        admin_dn=simulator.admin_dn,
        admin_password=simulator.admin_password,
        delegate=simulator.simulator.rights.delegate,
    )
