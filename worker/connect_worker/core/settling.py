"""From what became of the changes to what is written back for each object."""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from connect_worker.core.plan import Plan
from connect_worker.core.prevention import prevented_by
from connect_worker.core.reservation import reserved_names
from connect_worker.model.account import Account, Status
from connect_worker.model.change import Adopt, CreateGroup, CreateUser, Delete, Disable, Enable, Modify, SetPassword
from connect_worker.model.directory import ObjectKey
from connect_worker.model.group import Group
from connect_worker.model.outcome import Outcome, Result
from connect_worker.model.state import Settlement, State

Record = Account | Group


@dataclass(frozen=True, kw_only=True, slots=True)
class Periods:
    """When things happen: this run's moment and day, a record's grace, and how long names stay reserved."""

    now: datetime
    today: date
    grace_days: Callable[[ObjectKey], int]
    reserve_days: int


class Settling:
    """Turns one run's outcomes into settlements. Facts are told per batch, flags at the end."""

    def __init__(self, state: State, plan: Plan, periods: Periods) -> None:
        self._records: dict[ObjectKey, Record] = {record.key: record for record in state.records}
        self._plan = plan
        self._periods = periods
        self._unsettled: set[ObjectKey] = set()
        self._settled_for_good: set[ObjectKey] = set()

    def found(self) -> tuple[Settlement, ...]:
        """What the look at the directory has shown: written back before anything is changed.

        These are the objects recognised by an intention, and those due whom somebody has enabled: if this run is killed
        once it has disabled them, the next one must not take them for locked out since long ago. An object whose
        password is to be set is linked along with that, for until then its intention must stand. Who is about to be
        denied to change his password is remembered before, so that it is never forgotten to be taken back.
        """
        waiting = {change.key for change in self._plan.changes if isinstance(change, SetPassword)}
        linked = self._plan.linked.items()
        facts = {key: replace(self._empty(key), guid=guid) for key, guid in linked if key not in waiting}
        for change in self._plan.changes:
            if isinstance(change, Disable) and self._records[change.key].disabled_since is not None:
                facts[change.key] = replace(facts.get(change.key, self._empty(change.key)), enabled=True)
            if isinstance(change, Modify) and prevented_by(change):
                facts[change.key] = replace(facts.get(change.key, self._empty(change.key)), password_change_denied=True)
        return tuple(facts.values())

    def of(self, outcomes: Iterable[Outcome]) -> tuple[Settlement, ...]:
        """The facts of one batch of outcomes, an object once."""
        facts: dict[ObjectKey, Settlement] = {}
        for outcome in outcomes:
            key = outcome.change.key
            if key is None:
                continue
            if outcome.result is Result.DONE:
                facts[key] = self._with_fact(facts.get(key, self._empty(key)), outcome)
            else:
                self._unsettled.add(key)
        return tuple(settlement for settlement in facts.values() if settlement != self._empty(settlement.key))

    def finish(self, *, blocked: Container[ObjectKey]) -> tuple[Settlement, ...]:
        """At the end: clear the flags of every record that needs nothing more, and close what has no object left."""
        settlements = []
        for key, record in self._records.items():
            if key in self._unsettled or key in blocked or key in self._settled_for_good:
                continue
            settlement = self._finished(record)
            if settlement is not None:
                settlements.append(settlement)
        return tuple(settlements)

    def _with_fact(self, settlement: Settlement, outcome: Outcome) -> Settlement:
        record = self._records[settlement.key]
        now = self._periods.now
        match outcome.change:
            case CreateUser():
                settlement = replace(
                    settlement, guid=outcome.guid, password_set_at=now, clear_password_reset=True, enabled=True
                )
            case CreateGroup():
                settlement = replace(settlement, guid=outcome.guid)
            case Adopt() as adopt:
                # What Connect had locked out was another object: this one it does not let in (ruling 38).
                settlement = replace(
                    settlement, guid=adopt.guid, clear_regenerate_names=isinstance(record, Account), enabled=True
                )
            case SetPassword():
                guid = self._plan.linked.get(record.key, settlement.guid)
                settlement = replace(settlement, guid=guid, password_set_at=now, clear_password_reset=True)
            case Enable():
                settlement = replace(settlement, enabled=True)
            case Modify() if prevented_by(outcome.change) is False:
                settlement = replace(settlement, password_change_denied=False)
            case Disable():
                settlement = self._disabled(settlement, record)
            case Delete():
                settlement = self._without_object(settlement, record)
            case _:
                pass
        return settlement

    def _disabled(self, settlement: Settlement, record: Record) -> Settlement:
        """Locked out from today on: the grace counts from this day, if that is later (ruling 1)."""
        delete_on = None
        if record.status is Status.TO_DELETE:
            counted = self._periods.today + timedelta(days=self._periods.grace_days(record.key))
            delete_on = max(counted, record.delete_on or counted)
        return replace(settlement, disabled_since=self._periods.today, delete_on=delete_on)

    def _without_object(self, settlement: Settlement, record: Record) -> Settlement:
        """An immune record's row stays without its object, its names held (rulings 5 and 6); any other row goes."""
        self._settled_for_good.add(record.key)
        if record.status is Status.IMMUNE:
            return replace(settlement, unlinked=True, clear_has_changed=True)
        if not isinstance(record, Account):
            return replace(settlement, gone=True)
        until = self._periods.today + timedelta(days=self._periods.reserve_days)
        return replace(settlement, gone=True, reserved=reserved_names(record, until=until))

    def _finished(self, record: Record) -> Settlement | None:
        settlement = self._empty(record.key)
        found = self._plan.difference
        if record.key in found.forgotten:
            return replace(settlement, unlinked=True)
        if record.key in found.vanished or self._is_due_without_object(record):
            return self._without_object(settlement, record)
        if record.has_changed:
            settlement = replace(settlement, clear_has_changed=True)
        if record.key in found.locked_out and record.disabled_since is None:
            settlement = self._disabled(settlement, record)
        if record.key in found.let_in:
            settlement = replace(settlement, enabled=True)
        if record.key in found.denied or record.key in found.allowed:
            settlement = replace(settlement, password_change_denied=record.key in found.denied)
        return settlement if settlement != self._empty(record.key) else None

    def _is_due_without_object(self, record: Record) -> bool:
        """A row to delete whose object was never made: nobody is locked out by removing it on its date."""
        unlinked = record.object_guid is None and record.key not in self._plan.linked
        due = record.delete_on is not None and record.delete_on <= self._periods.today
        return record.status is Status.TO_DELETE and unlinked and due

    def _empty(self, key: ObjectKey) -> Settlement:
        return Settlement(key=key, version=self._records[key].version)
