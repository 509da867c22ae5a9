"""Whether a plan can be made step by step: each step finds what it names, and the name that it wants free.

This looks at the plan and the snapshot alone, and knows nothing of how plans are made. Within a wave no order is given:
what a step needs must stand there from the beginning, or come from an earlier wave.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from connect_worker.core.dn import normalise, split
from connect_worker.model.change import (
    AddMembers,
    Change,
    CreateContainer,
    CreateGroup,
    CreateUser,
    Delete,
    Modify,
    RemoveMembers,
    Rename,
    Wave,
)
from connect_worker.model.directory import ActualGroup, ActualUser, Snapshot
from connect_worker.model.ids import Guid

Create = CreateUser | CreateGroup


def broken_orders(changes: Sequence[Change], actual: Snapshot) -> list[str]:
    """Every step that could not be made when its wave comes, with the reason."""
    faults = []
    standing = _Standing(actual)
    for wave in Wave:
        steps = [change for change in changes if change.wave is wave]
        faults += [f"{step.sentence}: {fault}" for step in steps for fault in standing.faults_of(step)]
        for step in steps:
            standing.make(step)
        faults += [f"after {wave.name} two stand at {dn}" for dn in standing.doubles()]
    return faults


class _Standing:
    """What stands where, after the waves so far."""

    def __init__(self, actual: Snapshot) -> None:
        objects: tuple[ActualUser | ActualGroup, ...] = (*actual.users, *actual.groups)
        self._places: dict[Guid | str, str] = {found.guid: normalise(found.dn) for found in objects}
        self._units = {normalise(unit) for unit in actual.organizational_units}
        self._gone: set[Guid | str] = set()

    def faults_of(self, step: Change) -> Iterator[str]:
        """Why it could not be done now."""
        if isinstance(step, CreateContainer):
            return
        if isinstance(step, Create):
            yield from self._faults_of_a_place(step.dn)
            return
        who: Guid | str = step.guid or normalise(step.dn)
        if who in self._gone:
            yield "it was deleted before"
        if self._places.get(who) != normalise(step.dn):
            yield f"it stands at {self._places.get(who)} by now"
        if isinstance(step, Rename):
            yield from self._faults_of_a_place(step.new_dn, own=who)
        yield from (f"nobody stands at {dn}" for dn in _named(step) if normalise(dn) not in self._places.values())

    def _faults_of_a_place(self, dn: str, own: Guid | str | None = None) -> Iterator[str]:
        if any(place == normalise(dn) and who != own for who, place in self._places.items()):
            yield f"{dn} is not free"
        if normalise(split(dn)[1]) not in self._units:
            yield f"{split(dn)[1]} is not there"

    def doubles(self) -> list[str]:
        """The places where more than one stands."""
        return [dn for dn, number in Counter(self._places.values()).items() if number > 1]

    def make(self, step: Change) -> None:
        """Let it be done."""
        match step:
            case CreateContainer():
                self._units.add(normalise(step.dn))
            case CreateUser() | CreateGroup():
                self._places[normalise(step.dn)] = normalise(step.dn)
            case Rename():
                self._places[step.guid] = normalise(step.new_dn)
            case Delete():
                del self._places[step.guid]
                self._gone.add(step.guid)


def _named(step: Change) -> Iterable[str]:
    """The other objects that a step names."""
    match step:
        case AddMembers() | RemoveMembers():
            return [member.dn for member in step.members]
        case Modify():
            return [str(one.after) for one in step.attributes if one.attribute == "manager" and one.after is not None]
    return []
