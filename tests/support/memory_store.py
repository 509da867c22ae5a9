"""Connect's own tables in memory, as far as a sync writes to them: intentions, and what the directory has made true."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import replace
from datetime import date

from connect_worker.model.account import Account, Status
from connect_worker.model.directory import ObjectKey
from connect_worker.model.group import Group, Members
from connect_worker.model.ids import RunId
from connect_worker.model.outcome import Outcome
from connect_worker.model.state import Intention, Settlement, State
from tests.support.fuse import Fuse

_EMPTY = State(accounts=(), groups=(), memberships={})
_GOING = frozenset({Status.TO_DELETE, Status.IMMUNE})


class MemoryStore:
    """What `stages.sync` needs of a store. Nobody else works in it meanwhile."""

    def __init__(self, fuse: Fuse) -> None:
        self.state = _EMPTY
        self._intentions: dict[ObjectKey, Intention] = {}
        self._fuse = fuse

    def copy(self, fuse: Fuse) -> "MemoryStore":
        """Another store that holds the same."""
        other = copy(self)
        other._intentions, other._fuse = dict(self._intentions), fuse
        return other

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Nothing to undo: a night is killed before it writes."""
        yield

    async def read_intentions(self) -> tuple[Intention, ...]:
        """See store.journal."""
        return self.intentions

    @property
    def intentions(self) -> tuple[Intention, ...]:
        """The creates of which nobody knows yet what became of them."""
        return tuple(self._intentions.values())

    async def write_intentions(self, run_id: RunId, intentions: Iterable[Intention]) -> None:
        """See store.journal. Raises KilledError."""
        del run_id
        self._fuse.burn()
        self._intentions |= {intention.key: intention for intention in intentions}

    async def record_outcomes(self, run_id: RunId, outcomes: Sequence[Outcome]) -> None:
        """The audit table is not looked at here."""

    async def settle(self, settlements: Iterable[Settlement]) -> tuple[ObjectKey, ...]:
        """See store.journal. Raises KilledError."""
        self._fuse.burn()
        known = {settlement.key: settlement for settlement in settlements}
        users = [_settled_user(user, known.get(user.key)) for user in self.state.accounts]
        groups = [_settled_group(group, known.get(group.key)) for group in self.state.groups]
        records: tuple[Account | Group, ...] = (*users, *groups)
        gone = {record.key for record in records if _goes(record, known.get(record.key))}
        self._forget(tuple(users), tuple(groups), gone)
        reserved = [name for settlement in known.values() if settlement.key in gone for name in settlement.reserved]
        self.state = replace(self.state, reserved=(*self.state.reserved, *reserved))
        for settlement in known.values():
            if settlement.gone or settlement.guid is not None:
                self._intentions.pop(settlement.key, None)
        return ()

    def _forget(self, users: tuple[Account, ...], groups: tuple[Group, ...], gone: set[ObjectKey]) -> None:
        self.state = replace(
            self.state,
            accounts=tuple(user for user in users if user.key not in gone),
            groups=tuple(group for group in groups if group.key not in gone),
            memberships={
                key: Members(
                    automatic=members.automatic - gone, manual=members.manual - gone, removed=members.removed - gone
                )
                for key, members in self.state.memberships.items()
                if key not in gone
            },
        )


def _goes(record: Account | Group, settlement: Settlement | None) -> bool:
    return settlement is not None and settlement.gone and record.status in _GOING


def _settled_user(user: Account, settlement: Settlement | None) -> Account:
    if settlement is None:
        return user
    same = user.version == settlement.version
    unlinked = settlement.unlinked or settlement.gone
    return replace(
        user,
        object_guid=None if unlinked else settlement.guid or user.object_guid,
        password_set_at=None if unlinked else settlement.password_set_at or user.password_set_at,
        disabled_since=None if unlinked or settlement.enabled else settlement.disabled_since or user.disabled_since,
        delete_on=_later(user, settlement),
        has_changed=user.has_changed and not (settlement.clear_has_changed and same),
        password_reset=user.password_reset and not (settlement.clear_password_reset and same),
        password_change_denied=not unlinked and _told(settlement.password_change_denied, user.password_change_denied),
        regenerate_names=user.regenerate_names and not (settlement.clear_regenerate_names and same),
    )


def _settled_group(group: Group, settlement: Settlement | None) -> Group:
    if settlement is None:
        return group
    same = group.version == settlement.version
    unlinked = settlement.unlinked or settlement.gone
    return replace(
        group,
        object_guid=None if unlinked else settlement.guid or group.object_guid,
        disabled_since=None if unlinked or settlement.enabled else settlement.disabled_since or group.disabled_since,
        delete_on=_later(group, settlement),
        has_changed=group.has_changed and not (settlement.clear_has_changed and same),
    )


def _told(news: bool | None, before: bool) -> bool:
    return before if news is None else news


def _later(record: Account | Group, settlement: Settlement) -> date | None:
    if record.status is not Status.TO_DELETE:
        return record.delete_on
    return max((day for day in (record.delete_on, settlement.delete_on) if day is not None), default=None)
