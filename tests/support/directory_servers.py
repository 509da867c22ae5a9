"""A directory under test, real or simulated: what the contract tests need of either."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import ldap3

from connect_worker.model.change import Change, CreateContainer
from connect_worker.model.ids import AccountKey, Guid
from connect_worker.model.outcome import Outcome, Result
from connect_worker.model.secret import Secret
from connect_worker.settings import DirectorySettings
from connect_worker.targets.active_directory import ActiveDirectory
from connect_worker.targets.active_directory.connection import connect
from tests.support.directory_changes import PASSWORD

_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryServer:
    """A running directory. `settings` sign in as its administrator by LDAPS, `with_start_tls` by StartTLS.

    `catalog_url` is its global catalog. `grant` lets an account (its DN) write in an organizational unit or container
    and below it.
    """

    name: str
    base_dn: str
    settings: DirectorySettings
    with_start_tls: DirectorySettings
    grant: Callable[[str, str], None]
    catalog_url: str

    def settings_of(self, bind_dn: str, password: str) -> DirectorySettings:
        """The same directory, for somebody else."""
        return replace(self.settings, bind_dn=bind_dn, password=Secret(password))

    def delegated(self, name: str, ou: str) -> DirectorySettings:
        """For a new account that may write in this place and nowhere else."""
        account = f"CN={name},CN=Users,{self.base_dn}"
        values = {
            "sAMAccountName": name,
            "userAccountControl": "512",
            "unicodePwd": f'"{PASSWORD.reveal()}"'.encode("utf-16-le"),
        }
        with self._connected() as connection:
            assert connection.add(account, "user", values), connection.result  # type: ignore[no-untyped-call]
        self.grant(account, ou)
        return self.settings_of(account, PASSWORD.reveal())

    def protected_by(self, protection: str) -> DirectorySettings:
        """The settings for «ldaps» or «starttls»."""
        return {"ldaps": self.settings, "starttls": self.with_start_tls}[protection]

    def lets_in(self, bind_dn: str, password: str) -> bool:
        """Whether the directory accepts this password."""
        with self._connected() as connection:
            return bool(connection.rebind(bind_dn, password, read_server_info=False))

    def write(self, dn: str, **values: Any) -> None:
        """Replace attributes as another administrator would, past the target."""
        edits = {name: [(ldap3.MODIFY_REPLACE, value)] for name, value in values.items()}
        with self._connected() as connection:
            assert connection.modify(dn, edits), connection.result  # type: ignore[no-untyped-call]

    def add(self, dn: str, object_class: str) -> None:
        """Create an object as another administrator would."""
        with self._connected() as connection:
            assert connection.add(dn, object_class), connection.result  # type: ignore[no-untyped-call]

    def refuses_to_delete(self, dn: str) -> bool:
        """Whether another administrator cannot delete an object, because of what lies below it."""
        with self._connected() as connection:
            connection.delete(dn)  # type: ignore[no-untyped-call]
            return bool(connection.result["description"] == "notAllowedOnNonLeaf")

    def look(self, dn: str, *attributes: str) -> dict[str, list[bytes]]:
        """An object's attributes as they are stored; empty if there is no such object."""
        with self._connected() as connection:
            connection.search(dn, "(objectClass=*)", ldap3.BASE, attributes=list(attributes))
            found = connection.response or []
            return dict(found[0]["raw_attributes"]) if found else {}

    @contextmanager
    def _connected(self) -> Iterator[ldap3.Connection]:
        connection = connect(self.settings)
        try:
            yield connection
        finally:
            connection.unbind()


@dataclass(frozen=True, kw_only=True, slots=True)
class Workplace:
    """One test's own organizational unit in a directory, and the target under test."""

    server: DirectoryServer
    target: ActiveDirectory
    ou: str
    prefix: str

    def name(self, number: int) -> str:
        """A sAM account name that no other test uses."""
        return f"{self.prefix}.{number}"

    async def apply(self, *changes: Change) -> list[Outcome]:
        """Make changes with everybody's password the same."""
        return list(await self.target.apply(changes, passwords=_the_password, stopped=_never))

    async def must(self, *changes: Change) -> list[Guid | None]:
        """Make changes that must succeed; the new objects' GUIDs."""
        outcomes = await self.apply(*changes)
        assert [(o.result, o.message) for o in outcomes] == [(Result.DONE, "")] * len(changes)
        return [outcome.guid for outcome in outcomes]

    async def create(self, *changes: Change) -> list[Guid]:
        """Create objects; their GUIDs."""
        guids = await self.must(*changes)
        assert None not in guids
        return [guid for guid in guids if guid is not None]


async def workplace(server: DirectoryServer, target: ActiveDirectory) -> Workplace:
    """A fresh organizational unit."""
    prefix = f"t{next(_numbers)}"
    place = Workplace(server=server, target=target, ou=f"OU={prefix},{server.base_dn}", prefix=prefix)
    await place.must(CreateContainer(dn=place.ou))
    return place


def results(outcomes: Sequence[Outcome]) -> list[Result]:
    return [outcome.result for outcome in outcomes]


def _the_password(_: AccountKey) -> Secret:
    return PASSWORD


def _never() -> bool:
    return False
