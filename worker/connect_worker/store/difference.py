"""What must be written to turn one state into another. Pure."""

from collections.abc import Callable, Container, Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, Protocol, TypeVar

from connect_worker.model.directory import ObjectKey
from connect_worker.model.group import Members, Memberships
from connect_worker.model.ids import AccountKey, GroupKey
from connect_worker.model.state import TakeOver


class Keyed(Protocol):
    """A user or group."""

    @property
    def key(self) -> ObjectKey:
        """Which one."""


R = TypeVar("R", bound=Keyed)
H = TypeVar("H", bound=Hashable)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change(Generic[R]):
    """A record as it was read (None: it is new) and as it shall be."""

    before: R | None
    after: R


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference(Generic[R]):
    """Records to insert or update, and records to delete."""

    written: tuple[Change[R], ...]
    removed: tuple[R, ...]


def difference(before: Iterable[R], after: Iterable[R], values: Callable[[R], tuple[object, ...]]) -> Difference[R]:
    """Compare by key; `values` says what is stored of a record."""
    old = {record.key: record for record in before}
    new = {record.key: record for record in after}
    return Difference(
        written=tuple(
            Change(before=old.get(key), after=record)
            for key, record in new.items()
            if key not in old or (record is not old[key] and values(record) != values(old[key]))
        ),
        removed=tuple(record for key, record in old.items() if key not in new),
    )


class Belonging(NamedTuple):
    """One row of main_connect_membership; `removed`: a tombstone."""

    group: GroupKey
    user: AccountKey
    provenance: str
    removed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SetDifference(Generic[H]):
    """Rows to delete, then rows to insert."""

    removed: tuple[H, ...]
    added: tuple[H, ...]


def membership_difference(before: Memberships, after: Memberships) -> SetDifference[Belonging]:
    """Which membership rows go and come; in the order of the groups."""
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return set_difference(
        [row for key in changed for row in _rows(key, before.get(key))],
        [row for key in changed for row in _rows(key, after.get(key))],
    )


def set_difference(before: Iterable[H], after: Iterable[H]) -> SetDifference[H]:
    """What is only in one of them, each in its own order."""
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    return SetDifference(
        removed=tuple(item for item in old if item not in new), added=tuple(item for item in new if item not in old)
    )


class TakenOver(NamedTuple):
    """A row of connect_migration that is done, or refused for another reason than before."""

    row: TakeOver
    is_done: bool


def take_over_difference(
    before: Iterable[TakeOver], after: Iterable[TakeOver], left: Container[ObjectKey]
) -> tuple[TakenOver, ...]:
    """Which rows are done, and which refused. A user in `left` could not be written: his row stays as it is."""
    waiting = {row.key: row for row in after}
    changed = (row for row in before if waiting.get(row.key) != row and row.key not in left)
    return tuple(
        TakenOver(waiting[row.key], is_done=False)
        if row.key in waiting
        else TakenOver(replace(row, refusal=None), is_done=True)
        for row in changed
    )


def _rows(group: GroupKey, members: Members | None) -> list[Belonging]:
    if members is None:
        return []
    return [
        *(Belonging(group, user, "automatic", removed=False) for user in sorted(members.automatic)),
        *(Belonging(group, user, "manual", removed=False) for user in sorted(members.manual - members.removed)),
        *(Belonging(group, user, "manual", removed=True) for user in sorted(members.removed)),
    ]
