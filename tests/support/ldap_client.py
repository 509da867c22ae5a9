"""A plain LDAP client for tests: what was asked, and what exactly came back."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ldap3
from ldap3.operation.search import search_operation
from ldap3.protocol.microsoft import show_deleted_control
from ldap3.protocol.rfc2696 import paged_search_control

TIMEOUT_SECONDS = 30
PERMISSIVE_MODIFY = ("1.2.840.113556.1.4.1413", False, None)
SHOW_DELETED = show_deleted_control(criticality=True)
DOMAIN_SCOPE = ("1.2.840.113556.1.4.1339", False, None)
PAGED_RESULTS = "1.2.840.113556.1.4.319"

Value = str | bytes | int
Given = Value | Sequence[Value]


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """How an operation ended: LDAP's code, and the directory's own words."""

    code: int
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A search's answer: objects by DN in their order, each attribute's values as bytes, names as they came."""

    code: int
    message: str
    entries: dict[str, dict[str, list[bytes]]]
    references: list[str]
    cookie: bytes | None

    @property
    def only(self) -> dict[str, list[bytes]]:
        """The attributes of the one object that was found."""
        (attributes,) = self.entries.values()
        return attributes


class Client:
    """One connection. Nothing raises for a refusal: the code is the answer."""

    def __init__(self, connection: ldap3.Connection) -> None:
        self.connection = connection

    def bind(self, user: str, password: str) -> Result:
        self.connection.rebind(user, password, read_server_info=False)
        return self._result()

    def add(self, dn: str, kind: str, attributes: Mapping[str, Given] | None = None) -> Result:
        self.connection.add(dn, kind, attributes)  # type: ignore[no-untyped-call]
        return self._result()

    def replace(self, dn: str, attribute: str, *values: Value) -> Result:
        return self.modify(dn, [(attribute, ldap3.MODIFY_REPLACE, values)])

    def add_values(self, dn: str, attribute: str, *values: Value, permissive: bool = False) -> Result:
        return self.modify(dn, [(attribute, ldap3.MODIFY_ADD, values)], permissive=permissive)

    def delete_values(self, dn: str, attribute: str, *values: Value, permissive: bool = False) -> Result:
        return self.modify(dn, [(attribute, ldap3.MODIFY_DELETE, values)], permissive=permissive)

    def modify(
        self, dn: str, changes: Sequence[tuple[str, str, Sequence[Value]]], *, permissive: bool = False
    ) -> Result:
        wanted: dict[str, list[tuple[str, list[Value]]]] = {}
        for attribute, kind, values in changes:
            wanted.setdefault(attribute, []).append((kind, list(values)))
        controls = [PERMISSIVE_MODIFY] if permissive else None
        self.connection.modify(dn, wanted, controls)  # type: ignore[no-untyped-call]
        return self._result()

    def rename(self, dn: str, rdn: str, *, parent: str | None = None, delete_old: bool = True) -> Result:
        self.connection.modify_dn(dn, rdn, delete_old_dn=delete_old, new_superior=parent)
        return self._result()

    def delete(self, dn: str) -> Result:
        self.connection.delete(dn)  # type: ignore[no-untyped-call]
        return self._result()

    def compare(self, dn: str, attribute: str, value: Value) -> Result:
        self.connection.compare(dn, attribute, value)  # type: ignore[no-untyped-call]
        return self._result()

    def read(self, dn: str, *attributes: str, deleted: bool = False) -> Answer:
        """One object's attributes."""
        return self.search(
            dn, scope=ldap3.BASE, attributes=attributes or ("*",), controls=[SHOW_DELETED] if deleted else []
        )

    def value(self, dn: str, attribute: str) -> str | None:
        """The text of one attribute's only value."""
        values = self.read(dn, attribute).only.get(attribute, [])
        return values[0].decode() if values else None

    def values(self, dn: str, attribute: str) -> set[str]:
        """The texts of one attribute's values."""
        return {value.decode() for value in self.read(dn, attribute).only.get(attribute, [])}

    def found(self, base: str, wanted: str, *, scope: str = ldap3.SUBTREE) -> set[str]:
        """The DNs that a search finds."""
        return set(self.search(base, wanted, scope=scope, attributes=("1.1",)).entries)

    def search(
        self,
        base: str,
        wanted: str = "(objectClass=*)",
        *,
        scope: str = ldap3.SUBTREE,
        attributes: Sequence[str] = ("*",),
        size_limit: int = 0,
        controls: Sequence[Any] = (),
    ) -> Answer:
        """ldap3's own search follows ranges by itself and hides what came: this one shows it."""
        request = search_operation(
            base, wanted, scope, ldap3.DEREF_NEVER, list(attributes), size_limit, 0, False, True, True
        )
        strategy = self.connection.strategy
        number = strategy.send("searchRequest", request, list(controls))
        responses = strategy._get_response(number, TIMEOUT_SECONDS)
        strategy._outstanding.pop(number)
        *found, done, _ = responses
        return Answer(
            code=done["result"],
            message=done["message"],
            entries={e["dn"]: _attributes(e) for e in found if e["type"] == "searchResEntry"},
            references=[url for e in found if e["type"] == "searchResRef" for url in e["uri"]],
            cookie=_cookie(done),
        )

    def page(
        self, base: str, wanted: str, *, size: int, cookie: bytes = b"", attributes: Sequence[str] = ("1.1",)
    ) -> Answer:
        """One page of a search."""
        control = paged_search_control(criticality=True, size=size, cookie=cookie)
        return self.search(base, wanted, attributes=attributes, controls=[control])

    def _result(self) -> Result:
        result = self.connection.result
        assert result is not None
        return Result(code=result["result"], message=result["message"])


def _attributes(entry: dict[str, Any]) -> dict[str, list[bytes]]:
    return {name: values or [] for name, values in entry["raw_attributes"].items()}


def _cookie(done: dict[str, Any]) -> bytes | None:
    control = (done.get("controls") or {}).get(PAGED_RESULTS)
    cookie: bytes | None = None if control is None else control["value"]["cookie"]
    return cookie


@contextmanager
def open_client(host: str, port: int, *, ca_file: Path, server_name: str, tls: bool = True) -> Iterator[Client]:
    """A connection that nobody has signed in on; with `tls` it is LDAPS, verified."""
    verified = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(ca_file), valid_names=[server_name, host])
    server = ldap3.Server(host, port=port, use_ssl=tls, tls=verified, get_info=ldap3.NONE)
    connection = ldap3.Connection(
        server, check_names=False, auto_referrals=False, receive_timeout=TIMEOUT_SECONDS, auto_encode=True
    )
    connection.open(read_server_info=False)
    try:
        yield Client(connection)
    finally:
        connection.unbind()
