"""What a run reads: the master data, the configuration, and Connect's own tables, each in one snapshot."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from connect_worker.errors import ConfigurationError
from connect_worker.model.account import Account
from connect_worker.model.configuration import Configuration
from connect_worker.model.finding import Note, NoteCode
from connect_worker.model.group import Group, Members, Memberships
from connect_worker.model.ids import AccountKey
from connect_worker.model.person import MasterData
from connect_worker.model.secret import SealedSecret
from connect_worker.model.state import State
from connect_worker.store import contract
from connect_worker.store.columns import account_of, group_of, note_of, reserved_of, take_over_of
from connect_worker.store.configuration import ConfigurationRows, configuration_of
from connect_worker.store.connection import Session
from connect_worker.store.contract import VIEWS, View
from connect_worker.store.faults import CONTRACT_BROKEN
from connect_worker.store.row import Row
from connect_worker.store.sql import QUERIES
from connect_worker.store.tables import GROUPS, USERS

T = TypeVar("T")
Rows = Sequence[Row]


@dataclass(frozen=True, kw_only=True, slots=True)
class Night:
    """Everything that an update needs."""

    configuration: Configuration
    master_data: MasterData
    state: State


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryLogin:
    """Where the directory is and who signs in, as the configurator's tables have it."""

    host: str | None
    username: str | None
    password: SealedSecret | None


class Reader:
    """Reads; the number of round trips does not depend on the number of people."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def read_night(self) -> Night:
        """Read all views and all of Connect's tables in one REPEATABLE READ READ ONLY transaction (ruling 33).

        Raises ConfigurationError with every fault at once: reason DatabaseContractBroken for the views.
        """
        async with self._session.transaction("repeatable_read", readonly=True):
            rows = await self._source_rows()
            configuration = await self._configuration_rows()
            state = await self._state()
        return Night(configuration=configuration_of(configuration), master_data=_master_data(rows), state=state)

    async def read_data(self) -> tuple[MasterData, State]:
        """Read the views and Connect's tables alone: for another configuration than the one that stands there."""
        async with self._session.transaction("repeatable_read", readonly=True):
            rows = await self._source_rows()
            state = await self._state()
        return _master_data(rows), state

    async def read_state(self) -> State:
        """Read Connect's tables alone, in one snapshot."""
        async with self._session.transaction("repeatable_read", readonly=True):
            return await self._state()

    async def read_configuration(self) -> Configuration:
        """Read the configuration alone, as this session sees it."""
        return configuration_of(await self._configuration_rows())

    async def read_own(self) -> tuple[Configuration, State]:
        """Read configuration and Connect's tables alone: for a sync without update."""
        async with self._session.transaction("repeatable_read", readonly=True):
            configuration = await self._configuration_rows()
            state = await self._state()
        return configuration_of(configuration), state

    async def read_notes(self) -> tuple[Note, ...]:
        """What the last update has noted."""
        return tuple(map(note_of, await self._session.fetch(QUERIES["notes"], list(NoteCode))))

    async def read_directory_login(self) -> DirectoryLogin:
        """The configurator's own login to the directory, its password sealed."""
        rows = await self._session.fetch(QUERIES["directory_login"])
        if not rows:
            return DirectoryLogin(host=None, username=None, password=None)
        password = rows[0]["ad_password"]
        return DirectoryLogin(
            host=rows[0]["ad_hostname"],
            username=rows[0]["ad_username"],
            password=SealedSecret(password) if password else None,
        )

    async def _source_rows(self) -> dict[str, Rows]:
        catalogue = contract.catalogue_of(
            await self._session.fetch(QUERIES["catalogue"], [view.name for view in VIEWS])
        )
        _refuse(contract.faults_of(catalogue))
        return {view.name: await self._rows_of(view, has_row_version=catalogue.has_row_version(view)) for view in VIEWS}

    async def _rows_of(self, view: View[Any], *, has_row_version: bool) -> Rows:
        try:
            return await self._session.fetch(view.select(has_row_version=has_row_version))
        except ValueError:  # PostgreSQL knows more years than Python
            _refuse(view.faults_of_dates(await self._session.fetch(view.select_dates_beyond)))
            raise
        except ConfigurationError as error:
            raise ConfigurationError(
                f"connect.{view.name} cannot be read: {error.what}", todo=error.todo, reason=error.reason
            ) from error

    async def _configuration_rows(self) -> ConfigurationRows:
        config = await self._session.fetch(QUERIES["config"])
        if not config:
            raise ConfigurationError("connect.connect_config has no row", todo="INSERT INTO it DEFAULT VALUES")
        return ConfigurationRows(
            config=config[0],
            levels=await self._session.fetch(QUERIES["config_levels"]),
            mandants=await self._session.fetch(QUERIES["config_mandants"]),
            groups=await self._session.fetch(QUERIES["config_groups"]),
            extension_attributes=await self._session.fetch(QUERIES["config_extension_attributes"]),
        )

    async def _state(self) -> State:
        accounts = tuple(map(account_of, await self._session.fetch(USERS.select)))
        groups = tuple(map(group_of, await self._session.fetch(GROUPS.select)))
        return State(
            accounts=accounts,
            groups=groups,
            memberships=await self._memberships(accounts, groups),
            reserved=tuple(map(reserved_of, await self._session.fetch(QUERIES["reserved_names"]))),
            take_overs=tuple(map(take_over_of, await self._session.fetch(QUERIES["take_overs"]))),
        )

    async def _memberships(self, accounts: Iterable[Account], groups: Iterable[Group]) -> Memberships:
        keys = {account.id: account.key for account in accounts}
        rows = {row["group_id"]: row for row in await self._session.fetch(QUERIES["memberships"])}
        return {group.key: _members(rows[group.id], keys) for group in groups if group.id in rows}


def _master_data(rows: Mapping[str, Rows]) -> MasterData:
    _refuse(tuple(fault for view in VIEWS for fault in view.faults_in(rows[view.name])))

    def records(view: View[T]) -> tuple[T, ...]:
        return view.records(rows[view.name])

    return MasterData(
        students=records(contract.STUDENTS),
        staff=records(contract.STAFF),
        classes=records(contract.CLASSES),
        buildings=records(contract.BUILDINGS),
        functions=records(contract.FUNCTIONS),
        staff_functions=records(contract.STAFF_FUNCTIONS),
        mandants=records(contract.MANDANTS),
        school_years=records(contract.SCHOOL_YEARS),
    )


def _refuse(faults: tuple[str, ...]) -> None:
    if faults:
        raise ConfigurationError(
            *faults,
            todo="Mend the customer's views after docs/reference/database.md; nothing was changed",
            reason=CONTRACT_BROKEN,
        )


def _members(row: Row, keys: Mapping[Any, AccountKey]) -> Members:
    def known(ids: list[int] | None) -> frozenset[AccountKey]:
        return frozenset(keys[user] for user in ids or () if user in keys)

    return Members(automatic=known(row["automatic"]), manual=known(row["manual"]), removed=known(row["removed"]))
