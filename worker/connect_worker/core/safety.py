"""The safety gate: a plan that takes away too much stops before its first write (rulings 33 and 35).

Counted are objects, and members of groups, once each: those of the plan together with those of the last seven days.
What is counted together, and against which limit, stands in core/guards.py.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connect_worker.core.dn import normalise, value_of
from connect_worker.core.guards import Guard, acts_of, guard_of, limit_of
from connect_worker.model.account import Account, Status, Unmet
from connect_worker.model.act import Act
from connect_worker.model.change import AddMembers, Change, CreateContainer, Delete, Disable, RemoveMembers, Rename
from connect_worker.model.configuration import Limits
from connect_worker.model.directory import ObjectKey
from connect_worker.model.group import Group, Members
from connect_worker.model.ids import AccountKey, GroupKey
from connect_worker.model.state import State

DAYS = 7
"""What was done today and on the six days before counts along with a plan."""

_Object = tuple[ObjectKey, AccountKey | None]
_NOBODY = Members()
_WITHIN = frozenset({Status.ACTIVE, Status.DEACTIVATED})
_TAKING = frozenset({Delete.kind, Disable.kind})


@dataclass(frozen=True, kw_only=True, slots=True)
class Excess:
    """One limit that is exceeded: `count` are planned, and `recent` others were done in the last DAYS days."""

    what: str
    count: int
    limit: int
    recent: int = 0

    @property
    def sentence(self) -> str:
        """For the report: what, how many, how many are allowed."""
        before = f", and {self.recent} in the last {DAYS} days," if self.recent else ""
        return f"{self.count} {self.what}{before} exceed the limit of {self.limit}"


def excesses(changes: Sequence[Change], recent: Iterable[Act], state: State, limits: Limits) -> tuple[Excess, ...]:
    """Every limit that a plan's changes exceed, with what was done recently; empty means that they may be made."""
    planned = _by_guard(acts_of(changes))
    done = _by_guard(_lasting(recent, state))
    sizes = _Sizes(changes, state)
    found = [
        _excess(guard.value, planned[guard], done[guard], limit_of(guard, limits).of(sizes.of(guard)))
        for guard in Guard
    ]
    names = {change.key: value_of(change.dn) for change in changes if isinstance(change, RemoveMembers)}
    before = _by_group(done[Guard.REMOVALS])
    for group, members in _by_group(planned[Guard.REMOVALS]).items():
        what = f"members to remove from {names[group]}"
        found.append(_excess(what, members, before[group], limits.removals.of(sizes.members(group))))
    return tuple(excess for excess in found if excess is not None)


def outside(changes: Iterable[Change], places: Sequence[str]) -> tuple[str, ...]:
    """The DNs that would be written outside of these OUs: none may be.

    An organizational unit may also be created on the way to one of them.
    """
    inside = [normalise(place) for place in places]

    def stands_in(dn: str) -> bool:
        return any(dn == place or dn.endswith(f",{place}") for place in inside)

    def leads_to(dn: str) -> bool:
        return any(place.endswith(f",{dn}") for place in inside)

    return tuple(
        dn
        for change in changes
        for dn in ((change.dn, change.new_dn) if isinstance(change, Rename) else (change.dn,))
        if not stands_in(normal := normalise(dn)) and not (isinstance(change, CreateContainer) and leads_to(normal))
    )


def scope_leavers(before: Iterable[Account], after: Iterable[Account]) -> tuple[Account, ...]:
    """Whom an update takes out of scope; not for an exit, which counts when the directory is written (ruling 33)."""
    active = {account.key for account in before if account.status in _WITHIN}
    return tuple(a for a in after if a.key in active and a.status is Status.TO_DELETE and Unmet.EXIT not in a.unmet)


def scope_excess(before: Iterable[Account], leaving: Sequence[Account], limits: Limits) -> tuple[Excess, ...]:
    """Whether these are more than the strict limit allows, with the reasons."""
    limit = limits.disables.of(sum(account.status in _WITHIN for account in before))
    if len(leaving) <= limit:
        return ()
    reasons = Counter(reason for account in leaving for reason in account.unmet)
    told = ", ".join(f"{count}: {reason.value.replace('_', ' ')}" for reason, count in reasons.most_common())
    return (Excess(what=f"people leaving the scope ({told})", count=len(leaving), limit=limit),)


class _Sizes:
    """Of how many a percentage is: active managed objects; members as they are before the plan (ruling 35)."""

    def __init__(self, changes: Iterable[Change], state: State) -> None:
        self._users = _standing(state.accounts)
        self._groups = _standing(state.groups)
        changed: Counter[GroupKey] = Counter()
        for change in changes:
            if isinstance(change, RemoveMembers | AddMembers):
                removed = isinstance(change, RemoveMembers)
                changed[change.key] += len(change.members) if removed else -len(change.members)
        self._members = {
            group.key: len(state.memberships.get(group.key, _NOBODY).effective) + changed[group.key]
            for group in state.groups
            if group.object_guid is not None and group.disabled_since is None
        }

    def of(self, guard: Guard) -> int:
        if guard is Guard.REMOVALS:
            return sum(self._members.values())
        return self._groups if guard.is_of_groups else self._users

    def members(self, group: GroupKey) -> int:
        return self._members.get(group, 0)


def _standing(records: Iterable[Account | Group]) -> int:
    """How many have an object that Connect has not locked out."""
    return sum(record.object_guid is not None and record.disabled_since is None for record in records)


def _excess(what: str, planned: set[_Object], done: set[_Object], limit: int) -> Excess | None:
    """Nothing planned exceeds nothing, whatever was done before."""
    recent = len(done - planned)
    if not planned or len(planned) + recent <= limit:
        return None
    return Excess(what=what, count=len(planned), recent=recent, limit=limit)


def _by_guard(acts: Iterable[tuple[Guard, Act]]) -> Mapping[Guard, set[_Object]]:
    found: defaultdict[Guard, set[_Object]] = defaultdict(set)
    for guard, act in acts:
        found[guard].add((act.key, act.member))
    return found


def _by_group(removals: Iterable[_Object]) -> Mapping[GroupKey, set[_Object]]:
    found: defaultdict[GroupKey, set[_Object]] = defaultdict(set)
    for key, member in removals:
        if isinstance(key, GroupKey):
            found[key].add((key, member))
    return found


def _lasting(recent: Iterable[Act], state: State) -> Iterator[tuple[Guard, Act]]:
    """What was done and still holds: who is back by now, or a member again, was not taken away."""
    active = {record.key for record in state.records if record.status is Status.ACTIVE}
    for act in recent:
        guard = guard_of(act.kind, act.cause, act.key)
        if guard is None or (act.kind in _TAKING and act.key in active):
            continue
        members = state.memberships.get(act.key, _NOBODY) if isinstance(act.key, GroupKey) else _NOBODY
        if act.member is None or act.member not in members.effective:
            yield guard, act
