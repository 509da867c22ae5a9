"""What a run leaves behind: itself, its changes, its intentions, and what the directory has made true."""

from collections.abc import Iterable, Sequence
from datetime import date

from connect_worker.core.guards import GUARDED_KINDS
from connect_worker.model.act import Act
from connect_worker.model.change import Cause
from connect_worker.model.directory import ObjectKey
from connect_worker.model.ids import AccountKey, GroupKey, RunId
from connect_worker.model.office_act import OfficeAct
from connect_worker.model.outcome import Outcome
from connect_worker.model.state import Intention, Settlement
from connect_worker.store.audit import AUDIT_COLUMNS, row_of_act, row_of_outcome
from connect_worker.store.columns import account_key, group_key_of, object_key, user_key_of
from connect_worker.store.difference import SetDifference
from connect_worker.store.sql import QUERIES
from connect_worker.store.version import program_version
from connect_worker.store.writing import Writer, transposed


class Journal(Writer):
    """Runs, audit, intentions, and the write-back of a sync."""

    async def start_run(self, run_id: RunId, *, command: str, trigger: str, realm: str, day: date) -> None:
        """Record that a run has begun that works for a `day`; one that is still without end later was killed."""
        await self._session.fetch(QUERIES["start_run"], run_id, command, trigger, realm, program_version(), day)

    async def finish_run(
        self, run_id: RunId, *, result: str, reason: str | None, exit_code: int, report: str, plan_checksum: str | None
    ) -> None:
        """Record how a run ended; `report` is JSON."""
        await self._session.fetch(QUERIES["finish_run"], run_id, result, reason, exit_code, report, plan_checksum)

    async def record_outcomes(self, run_id: RunId, outcomes: Sequence[Outcome]) -> None:
        """Add changes, with before, after and what became of them, to the audit table, in this order."""
        async with self._session.transaction():
            (last,) = await self._session.fetch(QUERIES["last_sequence"], run_id)
            first = last["sequence"] + 1
            rows = [(run_id, number, *row_of_outcome(outcome)) for number, outcome in enumerate(outcomes, first)]
            await self._session.copy("connect_change", AUDIT_COLUMNS, rows, schema="connect")

    async def record_acts(self, run_id: RunId, acts: Iterable[OfficeAct]) -> None:
        """Add what a person did in Connect's tables to the audit table, in this order."""
        async with self._session.transaction():
            (last,) = await self._session.fetch(QUERIES["last_sequence"], run_id)
            first = last["sequence"] + 1
            rows = [(run_id, number, *row_of_act(act)) for number, act in enumerate(acts, first)]
            await self._session.copy("connect_change", AUDIT_COLUMNS, rows, schema="connect")

    async def read_recent_acts(self, *, since: date, until: date) -> tuple[Act, ...]:
        """What runs for these days have taken away, for the safety gate: one round trip, whatever there is."""
        rows = await self._session.fetch(QUERIES["recent_acts"], since, until, GUARDED_KINDS)
        return tuple(
            Act(kind=row["kind"], cause=Cause(row["cause"]), key=object_key(row["object"]), member=member)
            for row in rows
            for member in (map(account_key, row["members"]) if row["members"] else (None,))
        )

    async def write_intentions(self, run_id: RunId, intentions: Iterable[Intention]) -> None:
        """Commit what is about to be created; outside any transaction, or it would not be committed (ruling 34)."""
        rows = [(str(i.key), i.sam_account_name, i.dn, i.intended_at) for i in intentions]
        await self._session.fetch(QUERIES["write_intentions"], run_id, *transposed(rows, 4))

    async def read_intentions(self) -> tuple[Intention, ...]:
        """The creates of which nobody knows yet what became of them."""
        rows = await self._session.fetch(QUERIES["read_intentions"])
        return tuple(
            Intention(
                key=object_key(row["object"]),
                sam_account_name=row["sam_account_name"],
                dn=row["dn"],
                intended_at=row["intended_at"],
            )
            for row in rows
        )

    async def settle(self, settlements: Iterable[Settlement]) -> tuple[ObjectKey, ...]:
        """Write back what the directory has made true; returns the keys whose flags were left, the row being changed.

        No row gets a new version by it, so that one object may be settled several times in a run. An object that is
        linked or gone needs its intention no more. A row that should go, and is not to delete or immune any more, stays
        without its object.
        """
        known = list(settlements)
        async with self._session.transaction(), self._keeping_versions():
            left = await self._write_facts(known)
            wanted_back = await self._forget([settlement for settlement in known if settlement.gone])
            linked = [str(s.key) for s in known if s.gone or s.guid is not None]
            await self._session.fetch(QUERIES["forget_intentions"], linked)
        return (*left, *wanted_back)

    async def _write_facts(self, settlements: Sequence[Settlement]) -> tuple[ObjectKey, ...]:
        users = [(*s.key, *_user_facts(s)) for s in settlements if isinstance(s.key, AccountKey)]
        groups = [(*s.key, *_group_facts(s)) for s in settlements if isinstance(s.key, GroupKey)]
        settled_users = await self._session.fetch(QUERIES["settle_users"], *transposed(users, 13))
        settled_groups = await self._session.fetch(QUERIES["settle_groups"], *transposed(groups, 11))
        return (
            *(user_key_of(row) for row in settled_users if row["is_left"]),
            *(group_key_of(row) for row in settled_groups if row["is_left"]),
        )

    async def _forget(self, gone: Sequence[Settlement]) -> tuple[ObjectKey, ...]:
        """Remove rows and reserve their names, but for those whom somebody wants back meanwhile: these are returned."""
        users = [s.key for s in gone if isinstance(s.key, AccountKey)]
        groups = [s.key for s in gone if isinstance(s.key, GroupKey)]
        back: list[ObjectKey] = []
        if users:
            kept = await self._session.fetch(QUERIES["forget_users"], *transposed(users, 2))
            back += map(user_key_of, kept)
        if groups:
            kept = await self._session.fetch(QUERIES["forget_groups"], *transposed(groups, 4))
            back += map(group_key_of, kept)
        reserved = tuple(name for settlement in gone if settlement.key not in back for name in settlement.reserved)
        await self._write_reserved(SetDifference(removed=(), added=reserved))
        return tuple(back)


def _user_facts(s: Settlement) -> tuple[object, ...]:
    return (
        s.version,
        s.guid,
        s.password_set_at,
        s.disabled_since,
        s.delete_on,
        s.enabled,
        s.clear_has_changed,
        s.clear_password_reset,
        s.password_change_denied,
        s.clear_regenerate_names,
        s.unlinked or s.gone,
    )


def _group_facts(s: Settlement) -> tuple[object, ...]:
    return (s.version, s.guid, s.disabled_since, s.delete_on, s.enabled, s.clear_has_changed, s.unlinked or s.gone)
