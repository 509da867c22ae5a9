"""What an update writes into Connect's own tables: always in bulk, always as a difference."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from connect_worker.model.directory import ObjectKey
from connect_worker.model.finding import Finding
from connect_worker.model.group import Memberships
from connect_worker.model.ids import AccountKey, GroupKey
from connect_worker.model.state import ReservedName, State
from connect_worker.store.columns import row_of_reserved
from connect_worker.store.difference import (
    Change,
    SetDifference,
    TakenOver,
    difference,
    membership_difference,
    set_difference,
    take_over_difference,
)
from connect_worker.store.reading import Reader
from connect_worker.store.sql import QUERIES
from connect_worker.store.tables import GROUPS, USERS, R, Table


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """The state as it now stands in the database, and the keys of the rows that were left.

    Left are rows that somebody else changed, made or deleted since they were read: the next run sees to them.
    """

    state: State
    left: tuple[ObjectKey, ...]


class Writer(Reader):
    """Writes; the number of round trips does not depend on the number of people.

    Every method is a transaction of its own, or part of the one around it.
    """

    async def write_state(self, before: State, after: State) -> Written:
        """Turn `before`, as it was read, into `after`: exactly what differs, and only rows with the version read.

        `user_warning` and `group_warning` are left to `write_findings`; in the state returned, rows that nobody has
        changed bear the warnings of `before`.
        """
        async with self._session.transaction():
            accounts, users_left = await self._write_records(USERS, before.accounts, after.accounts)
            groups, groups_left = await self._write_records(GROUPS, before.groups, after.groups)
            users = {account.key: account.id for account in accounts if account.id is not None}
            await self._write_memberships(
                before.memberships, after.memberships, users, {group.key: group.id for group in groups if group.id}
            )
            await self._write_reserved(set_difference(before.reserved, after.reserved))
            await self._write_take_overs(take_over_difference(before.take_overs, after.take_overs, {*users_left}))
            memberships = await self._memberships(accounts, groups)
        state = replace(after, accounts=accounts, groups=groups, memberships=memberships)
        return Written(state=state, left=(*users_left, *groups_left))

    async def write_findings(self, findings: Iterable[Finding], shown: Mapping[ObjectKey, int]) -> None:
        """Replace all findings; `shown` is the code for the column of each record that has one (ruling 30).

        No row gets a new version by it.
        """
        async with self._session.transaction(), self._keeping_versions():
            await self._session.fetch(QUERIES["forget_findings"])
            rows = [(str(f.key), f.name, f.code, f.found, f.blocks) for f in findings]
            if rows:
                columns = ("object", "name", "code", "found", "blocks")
                await self._session.copy("connect_warning", columns, rows, schema="connect")
            users = [(*key, code) for key, code in shown.items() if isinstance(key, AccountKey)]
            groups = [(*key, code) for key, code in shown.items() if isinstance(key, GroupKey)]
            await self._session.fetch(QUERIES["show_user_warnings"], *transposed(users, 3))
            await self._session.fetch(QUERIES["show_group_warnings"], *transposed(groups, 5))

    async def _write_records(
        self, table: Table[R], before: Sequence[R], after: Sequence[R]
    ) -> tuple[tuple[R, ...], tuple[ObjectKey, ...]]:
        """The records as they now stand, and the keys of those that could not be written."""
        todo = difference(before, after, table.values)
        if todo.written:
            await self._session.execute(table.create)
            await self._session.copy(table.wanted, ("id", "version", *table.columns), _wanted(table, todo.written))
            await self._session.execute(f"{table.update}; {table.insert}")
        if todo.removed:
            await self._session.fetch(table.remove, *_versions(todo.removed))
        now = await self._read_again(table, before)
        stored = {record.key: table.values(record) for record in now}
        left = [
            change.after.key for change in todo.written if stored.get(change.after.key) != table.values(change.after)
        ]
        return now, (*left, *(record.key for record in todo.removed if record.key in stored))

    async def _read_again(self, table: Table[R], known: Sequence[R]) -> tuple[R, ...]:
        """All records, of which only those are read that are not known in their version."""
        rows = await self._session.fetch(table.reread, *_versions(known))
        stale = {row["known_id"] for row in rows}
        fresh = [table.record(row) for row in rows if row["id"] is not None]
        current = [*(record for record in known if record.id not in stale), *fresh]
        return tuple(sorted(current, key=lambda record: record.id or 0))

    async def _write_memberships(
        self,
        before: Memberships,
        after: Memberships,
        users: Mapping[AccountKey, int],
        groups: Mapping[GroupKey, int],
    ) -> None:
        """Whoever is not in the database (any more) has no memberships either."""
        todo = membership_difference(before, after)
        for query, rows, width in (("remove_memberships", todo.removed, 3), ("add_memberships", todo.added, 4)):
            stored = [
                (groups[row.group], users[row.user], row.provenance, row.removed)[:width]
                for row in rows
                if row.group in groups and row.user in users
            ]
            if stored:
                await self._session.fetch(QUERIES[query], *transposed(stored, width))

    async def _write_reserved(self, todo: SetDifference[ReservedName]) -> None:
        for query, names in (("remove_reserved_names", todo.removed), ("add_reserved_names", todo.added)):
            if names:
                await self._session.fetch(QUERIES[query], *transposed(map(row_of_reserved, names), 6))

    async def _write_take_overs(self, todo: Iterable[TakenOver]) -> None:
        """A row whose user somebody else has changed meanwhile waits: nothing is taken over by halves."""
        rows = [(*row.key, row.guid, is_done, row.refusal) for row, is_done in todo]
        if rows:
            await self._session.fetch(QUERIES["settle_take_overs"], *transposed(rows, 5))

    @asynccontextmanager
    async def _keeping_versions(self) -> AsyncIterator[None]:
        await self._session.fetch(QUERIES["keep_versions"])
        yield
        await self._session.fetch(QUERIES["number_again"])


def transposed(rows: Iterable[Sequence[object]], width: int) -> list[list[object]]:
    """Rows as columns, for unnest; `width` columns also where there is no row."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _wanted(table: Table[R], changes: Iterable[Change[R]]) -> Iterable[tuple[object, ...]]:
    for change in changes:
        read = change.before
        yield (None if read is None else read.id, None if read is None else read.version, *table.values(change.after))


def _versions(records: Iterable[R]) -> list[list[object]]:
    return transposed([(record.id, record.version) for record in records], 2)
