"""The safety gate: a plan that takes away too much stops before its first write (rulings 33 and 35).

A limit is the larger of a count and a percentage of the active managed objects of that kind.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from connect_worker.core.dn import value_of
from connect_worker.core.plan import Plan
from connect_worker.model.account import Account, Status, Unmet
from connect_worker.model.change import Cause, Change, CreateContainer, CreateGroup, CreateUser, Delete, Disable
from connect_worker.model.configuration import Limits
from connect_worker.model.group import Group
from connect_worker.model.ids import AccountKey
from connect_worker.model.state import State


@dataclass(frozen=True, kw_only=True, slots=True)
class Excess:
    """One limit that the plan exceeds."""

    what: str
    count: int
    limit: int

    @property
    def sentence(self) -> str:
        """For the report: what, how many, how many are allowed."""
        return f"{self.count} {self.what} exceed the limit of {self.limit}"


def excesses(plan: Plan, state: State, limits: Limits) -> tuple[Excess, ...]:
    """Every limit that the plan exceeds; empty means that it may be applied."""
    users, groups = _standing(state.accounts), _standing(state.groups)
    strict_users = _limit(limits.deletes, limits.delete_percent, users)
    strict_groups = _limit(limits.deletes, limits.delete_percent, groups)
    by_exit = _limit(limits.deletes, limits.exit_percent, users)
    counted = (
        ("users to delete whose exit date has passed", by_exit, _count(plan, _deletes_after_exit)),
        ("users to delete for other reasons", strict_users, _count(plan, _deletes_otherwise)),
        ("groups to delete", strict_groups, _count(plan, _deletes_group)),
        ("users to disable because of their exit date", by_exit, _count(plan, _disables_by_exit)),
        ("users to disable for other reasons", strict_users, _count(plan, _disables_otherwise)),
        ("users deleted by hand to create anew", strict_users, _count(plan, _recreates_user)),
        ("groups deleted by hand to create anew", strict_groups, _count(plan, _recreates_group)),
    )
    return tuple(Excess(what=what, count=count, limit=limit) for what, limit, count in counted if count > limit)


def without_prefix(plan: Plan, prefix: str) -> tuple[str, ...]:
    """The DNs of users and groups that the plan concerns and whose names lack the test prefix: none may be written.

    A copy of a production database still knows the production objects. Organizational units have no prefix.
    """
    concerned = (change.dn for change in plan.changes if not isinstance(change, CreateContainer))
    return tuple(dn for dn in dict.fromkeys(concerned) if not value_of(dn).casefold().startswith(prefix.casefold()))


def scope_excess(before: Sequence[Account], after: Iterable[Account], limits: Limits) -> tuple[Excess, ...]:
    """Whether an update would take more people out of scope than the strict limit, with the reasons (ruling 33).

    Exits do not count here: they have their own limit when the directory is written.
    """
    active = {account.key for account in before if account.status in {Status.ACTIVE, Status.DEACTIVATED}}
    leaving = [a for a in after if a.key in active and a.status is Status.TO_DELETE and Unmet.EXIT not in a.unmet]
    limit = _limit(limits.deletes, limits.delete_percent, len(active))
    if len(leaving) <= limit:
        return ()
    reasons = Counter(reason for account in leaving for reason in account.unmet)
    told = ", ".join(f"{count}: {reason.value.replace('_', ' ')}" for reason, count in reasons.most_common())
    return (Excess(what=f"people leaving the scope ({told})", count=len(leaving), limit=limit),)


def _limit(count: int, percent: float, population: int) -> int:
    return max(count, math.floor(population * percent / 100))


def _count(plan: Plan, predicate: Callable[[Change], bool]) -> int:
    return sum(predicate(change) for change in plan.changes)


def _standing(records: Iterable[Account | Group]) -> int:
    """How many have an object that Connect has not locked out: what a percentage is of (ruling 35)."""
    return sum(record.object_guid is not None and record.disabled_since is None for record in records)


def _deletes_after_exit(change: Change) -> bool:
    return isinstance(change, Delete) and change.cause is Cause.EXIT_GRACE_OVER


def _deletes_otherwise(change: Change) -> bool:
    user = isinstance(change, Delete) and isinstance(change.key, AccountKey)
    return user and not _deletes_after_exit(change)


def _deletes_group(change: Change) -> bool:
    return isinstance(change, Delete) and not isinstance(change.key, AccountKey)


def _disables_by_exit(change: Change) -> bool:
    return isinstance(change, Disable) and change.cause is Cause.EXIT


def _disables_otherwise(change: Change) -> bool:
    return isinstance(change, Disable) and change.cause is not Cause.EXIT


def _recreates_user(change: Change) -> bool:
    return isinstance(change, CreateUser) and change.cause is Cause.DELETED_BY_HAND


def _recreates_group(change: Change) -> bool:
    return isinstance(change, CreateGroup) and change.cause is Cause.DELETED_BY_HAND
