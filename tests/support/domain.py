"""A domain in an administrator's hands: what is done there by hand, and what stands there, past Connect's target."""

import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

import ldap3

from tests.support.worker import DirectoryAccess

TIMEOUT_SECONDS = 30
DISABLED = 0x2
OWN_PASSWORD = "Own.Passw0rd"


class DomainServer(Protocol):
    """A running directory: Samba or the simulator."""

    @property
    def ldaps_url(self) -> str: ...
    @property
    def base_dn(self) -> str: ...
    @property
    def admin_dn(self) -> str: ...
    @property
    def admin_password(self) -> str: ...
    @property
    def server_name(self) -> str: ...
    @property
    def ca_file(self) -> Path: ...
    @property
    def catalog_url(self) -> str: ...


class SignIn(StrEnum):
    """How a directory answers a name and a password."""

    ACCEPTED = "accepted"
    WRONG = "wrong"
    DISABLED = "disabled"
    MUST_CHANGE = "must_change"


class OwnChange(StrEnum):
    """How a directory answers somebody who changes his own password."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


_REASONS = {"data 52e": SignIn.WRONG, "data 533": SignIn.DISABLED, "data 773": SignIn.MUST_CHANGE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An object as it stands there; attribute names as Active Directory writes them, values as text."""

    dn: str
    guid: UUID
    attributes: Mapping[str, Sequence[str]]

    def values(self, attribute: str) -> list[str]:
        """All values of an attribute, sorted."""
        return sorted(self.attributes.get(attribute, ()))

    def value(self, attribute: str) -> str | None:
        """The only value of an attribute, or None."""
        values = self.attributes.get(attribute, ())
        assert len(values) <= 1, f"{attribute} of {self.dn} has {len(values)} values"
        return values[0] if values else None

    @property
    def is_enabled(self) -> bool:
        """Whether the account is open."""
        return not int(self.value("userAccountControl") or DISABLED) & DISABLED


class Domain:
    """One directory, signed in as its administrator with plain ldap3."""

    def __init__(self, server: DomainServer, connection: ldap3.Connection | None = None) -> None:
        self._server = server
        self._connection = connection

    @contextmanager
    def signed_in(self) -> Iterator["Domain"]:
        """The same with one connection for all of it: a real directory takes 50 ms to let somebody in."""
        with self._opened() as connection:
            yield Domain(self._server, connection)

    @property
    def access(self) -> DirectoryAccess:
        """How a worker signs in: as the administrator, over LDAPS, verified."""
        server = self._server
        return DirectoryAccess(
            url=server.ldaps_url,
            bind_dn=server.admin_dn,
            password=server.admin_password,
            ca_pem=server.ca_file.read_text(),
            server_name=server.server_name,
        )

    @property
    def usn(self) -> int:
        """highestCommittedUSN: unchanged means that nothing was written."""
        with self._connected() as connection:
            connection.search("", "(objectClass=*)", ldap3.BASE, attributes=["highestCommittedUSN"])
            return int(_only(connection)["raw_attributes"]["highestCommittedUSN"][0])

    def objects(self) -> dict[str, Found]:
        """Every user and group of the domain by its sAM account name."""
        return {found.attributes["sAMAccountName"][0]: found for found in self.all("(sAMAccountName=*)")}

    def all(self, wanted: str) -> list[Found]:
        """Every object that an LDAP filter lets through."""
        with self._connected() as connection:
            found = connection.extend.standard.paged_search(
                self._server.base_dn, wanted, attributes=["*"], paged_size=500, generator=False
            )
        return [_found(entry) for entry in found if entry["type"] == "searchResEntry"]

    def find(self, sam: str) -> Found | None:
        """One user or group, if it is there."""
        with self._connected() as connection:
            connection.search(self._server.base_dn, f"(sAMAccountName={sam})", attributes=["*"])
            found = [entry for entry in connection.response or () if entry["type"] == "searchResEntry"]
        return _found(found[0]) if found else None

    def count(self, base: str, wanted: str = "(objectClass=*)") -> int:
        """How many objects stand below; 0 also where there is no such place."""
        with self._connected() as connection:
            connection.search(f"{base},{self._server.base_dn}", wanted, attributes=["1.1"])
            return sum(entry["type"] == "searchResEntry" for entry in connection.response or ())

    def sign_in(self, dn: str, password: str) -> SignIn:
        """What the directory says to this name and password."""
        return self.sign_ins({dn: password})[dn]

    def sign_ins(self, passwords: Mapping[str, str]) -> dict[str, SignIn]:
        """What it says to each of these names (DNs) with its password."""
        with self._opened() as connection:
            return {dn: _answer(connection, dn, password) for dn, password in passwords.items()}

    def change_password(self, dn: str, old: str, new: str) -> OwnChange:
        """What it says to a user who signs in and changes his own password."""
        edits = [(ldap3.MODIFY_DELETE, [_quoted(old)]), (ldap3.MODIFY_ADD, [_quoted(new)])]
        with self._opened() as connection:
            _done(connection, connection.rebind(dn, old, read_server_info=False))
            done = connection.modify(dn, {"unicodePwd": edits})  # type: ignore[no-untyped-call]
        return OwnChange.ACCEPTED if done else OwnChange.REFUSED

    # What an administrator does by hand

    def delete(self, sam: str) -> None:
        """Delete an object."""
        with self._connected() as connection:
            _done(connection, connection.delete(self._dn(sam)))  # type: ignore[no-untyped-call]

    def move(self, sam: str, *, to: str) -> None:
        """Move an object to another place, relative to the domain; made if it is not there."""
        self.make_place(to)
        dn = self._dn(sam)
        with self._connected() as connection:
            place = f"{to},{self._server.base_dn}"
            _done(connection, connection.modify_dn(dn, _rdn(dn), new_superior=place))

    def rename(self, sam: str, *, to: str) -> None:
        """Give an object another CN."""
        with self._connected() as connection:
            _done(connection, connection.modify_dn(self._dn(sam), to))

    def write(self, sam: str, attributes: Mapping[str, Any]) -> None:
        """Replace attributes; an empty list empties one."""
        edits = {name: [(ldap3.MODIFY_REPLACE, _list(value))] for name, value in attributes.items()}
        with self._connected() as connection:
            _done(connection, connection.modify(self._dn(sam), edits))  # type: ignore[no-untyped-call]

    def switch(self, sam: str, *, enabled: bool) -> None:
        """Disable or enable an account."""
        found = self.find(sam)
        assert found is not None
        control = int(found.value("userAccountControl") or 0)
        self.write(sam, {"userAccountControl": str(control & ~DISABLED if enabled else control | DISABLED)})

    def set_password(self, sam: str, password: str = OWN_PASSWORD) -> None:
        """Set a password, as a person does who forgot what Connect gave."""
        self.write(sam, {"unicodePwd": _quoted(password)})

    def create_user(self, name: str, *, place: str, attributes: Mapping[str, Any]) -> None:
        """Create a user by hand, without password and disabled, in a place relative to the domain."""
        self.make_place(place)
        with self._connected() as connection:
            dn = f"CN={name},{place},{self._server.base_dn}"
            _done(connection, connection.add(dn, "user", dict(attributes)))  # type: ignore[no-untyped-call]

    def create_group(self, name: str, *, place: str, attributes: Mapping[str, Any]) -> None:
        """Create a global security group by hand, in a place relative to the domain."""
        self.make_place(place)
        with self._connected() as connection:
            dn = f"CN={name},{place},{self._server.base_dn}"
            _done(connection, connection.add(dn, "group", dict(attributes)))  # type: ignore[no-untyped-call]

    def create_below(self, sam: str, name: str) -> None:
        """Create what programs keep below an account: an object that is neither account nor group."""
        dn = f"CN={name},{self._dn(sam)}"
        with self._connected() as connection:
            _done(connection, connection.add(dn, "classStore"))  # type: ignore[no-untyped-call]

    def create_service_account(self, name: str) -> DirectoryAccess:
        """Create an account that may sign in and read; how a worker signs in with it."""
        control = {"userAccountControl": "66048", "unicodePwd": f'"{OWN_PASSWORD}"'.encode("utf-16-le")}
        self.create_user(name, place="CN=Users", attributes={"sAMAccountName": name, **control})
        dn = f"CN={name},CN=Users,{self._server.base_dn}"
        return replace(self.access, bind_dn=dn, password=OWN_PASSWORD)

    def change_members(self, sam: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Put objects into a group, or take them out."""
        edits = [
            *((ldap3.MODIFY_ADD, [self._dn(member)]) for member in add),
            *((ldap3.MODIFY_DELETE, [self._dn(member)]) for member in remove),
        ]
        with self._connected() as connection:
            _done(connection, connection.modify(self._dn(sam), {"member": edits}))  # type: ignore[no-untyped-call]

    def make_place(self, place: str) -> None:
        """Create an organizational unit, if it is one and not there."""
        dn = f"{place},{self._server.base_dn}"
        with self._connected() as connection:
            if place.startswith("OU=") and not connection.search(dn, "(objectClass=*)", ldap3.BASE):
                _done(connection, connection.add(dn, "organizationalUnit"))  # type: ignore[no-untyped-call]

    def demand_password_length(self, length: int) -> None:
        """Change the domain's own policy."""
        with self._connected() as connection:
            edits = {"minPwdLength": [(ldap3.MODIFY_REPLACE, [str(length)])]}
            _done(connection, connection.modify(self._server.base_dn, edits))  # type: ignore[no-untyped-call]

    def create_fine_grained_policy(self, name: str, *, length: int, holds_for: str) -> None:
        """Ask more of the members of a group."""
        values = {
            "msDS-PasswordSettingsPrecedence": "1",
            "msDS-PasswordReversibleEncryptionEnabled": "FALSE",
            "msDS-PasswordHistoryLength": "0",
            "msDS-PasswordComplexityEnabled": "TRUE",
            "msDS-MinimumPasswordLength": str(length),
            "msDS-MinimumPasswordAge": "0",
            "msDS-MaximumPasswordAge": "-9223372036854775808",
            "msDS-LockoutThreshold": "0",
            "msDS-LockoutObservationWindow": "0",
            "msDS-LockoutDuration": "0",
            "msDS-PSOAppliesTo": self._dn(holds_for),
        }
        dn = f"CN={name},CN=Password Settings Container,CN=System,{self._server.base_dn}"
        with self._connected() as connection:
            _done(connection, connection.add(dn, "msDS-PasswordSettings", values))  # type: ignore[no-untyped-call]

    def _dn(self, sam: str) -> str:
        found = self.find(sam)
        assert found is not None, f"the directory has no {sam}"
        return found.dn

    @contextmanager
    def _connected(self) -> Iterator[ldap3.Connection]:
        if self._connection is not None:
            yield self._connection
            return
        with self._opened() as connection:
            yield connection

    @contextmanager
    def _opened(self) -> Iterator[ldap3.Connection]:
        server = self._server
        tls = ldap3.Tls(
            validate=ssl.CERT_REQUIRED, ca_certs_file=str(server.ca_file), valid_names=[server.server_name, "127.0.0.1"]
        )
        url = urlsplit(server.ldaps_url)
        connection = ldap3.Connection(
            ldap3.Server(url.hostname or "", port=url.port, use_ssl=True, tls=tls, get_info=ldap3.NONE),
            server.admin_dn,
            server.admin_password,
            auto_referrals=False,
            check_names=False,
            receive_timeout=TIMEOUT_SECONDS,
        )
        connection.open(read_server_info=False)
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _done(connection, connection.bind(read_server_info=False))
        try:
            yield connection
        finally:
            connection.unbind()


def _found(entry: Mapping[str, Any]) -> Found:
    raw = entry["raw_attributes"]
    attributes = {name: [value.decode("utf-8", "replace") for value in values] for name, values in raw.items()}
    return Found(dn=entry["dn"], guid=UUID(bytes_le=raw["objectGUID"][0]), attributes=attributes)


def _only(connection: ldap3.Connection) -> Mapping[str, Any]:
    entries: list[Mapping[str, Any]] = [e for e in connection.response or () if e["type"] == "searchResEntry"]
    (entry,) = entries
    return entry


def _answer(connection: ldap3.Connection, dn: str, password: str) -> SignIn:
    if connection.rebind(dn, password, read_server_info=False):
        return SignIn.ACCEPTED
    message = (connection.result or {}).get("message", "")
    return next((answer for reason, answer in _REASONS.items() if reason in message), SignIn.WRONG)


def _done(connection: ldap3.Connection, answer: object) -> None:
    assert answer, connection.result


def _quoted(password: str) -> bytes:
    """As `unicodePwd` wants it."""
    return f'"{password}"'.encode("utf-16-le")


def _rdn(dn: str) -> str:
    """The first element; names in tests hold no comma."""
    return dn.partition(",")[0]


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
