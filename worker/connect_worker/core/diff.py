"""Desired against actual: which changes lead from the one to the other, and what stands there that is not ours.

    row        object                              change
    active     linked, there                       renamed, modified where it differs, enabled if Connect
                                                   disabled it (ruling 38)
    active     linked, moved out of the OUs        reported, not touched (ruling 37)
    none       made by hand in our OUs             reported, not touched
    active     linked, nowhere                     created anew: deleted by hand
    active     not linked, created by a run that
               was killed (an intention)           linked, initial password set again (ruling 34)
    active     not linked                          created
    disabled   enabled                             disabled
    due        there, and disabled                 deleted; protected ones are reported (ruling 39)
    due        there, enabled by somebody          disabled now, deleted by the next run
    group      likewise; members: missing ones added, no longer computed ones removed, foreign ones left (19)

A linked object is known by its GUID alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from connect_worker.core.desired import Desired
from connect_worker.core.dn import normalise, split
from connect_worker.core.group_diff import group_changes
from connect_worker.core.picture import Picture, Whereabouts
from connect_worker.core.user_diff import user_changes
from connect_worker.model.account import Account, Status
from connect_worker.model.change import Cause, Change, CreateContainer, Delete, Rename
from connect_worker.model.directory import ActualUser, ObjectKey, Snapshot
from connect_worker.model.group import Group

FEW = 5
"""How many strangers are named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The changes, due records whose object is nowhere any more, and notes for the report."""

    changes: tuple[Change, ...]
    vanished: frozenset[ObjectKey]
    notes: tuple[str, ...]


def diff(desired: Desired, actual: Snapshot, where: Whereabouts) -> Difference:
    """All changes, in no particular order."""
    picture = Picture(desired, actual, where)
    changes = [*_containers(picture), *user_changes(picture), *group_changes(picture)]
    vanished: set[ObjectKey] = set()
    for record in _due(desired):
        change = _deletion(picture, record, vanished)
        if change is not None:
            changes.append(change)
    _note_strangers(picture)
    return Difference(changes=_step_aside(changes), vanished=frozenset(vanished), notes=picture.notes)


def _containers(picture: Picture) -> Iterator[Change]:
    """The organizational units that wanted objects need, parents first."""
    present = {normalise(above) for dn in picture.snapshot.organizational_units for above in _upwards(dn)}
    users = {user.dn for _, user in picture.desired.active}
    parents = {split(dn)[1] for dn in users | {group.dn for _, group in picture.desired.groups}}
    wanted = {normalise(above): above for parent in parents for above in _upwards(parent)}
    missing = [dn for normal, dn in wanted.items() if normal not in present]
    return (CreateContainer(dn=dn) for dn in sorted(missing, key=lambda dn: (dn.count(","), dn)))


def _note_strangers(picture: Picture) -> None:
    strangers = sorted(picture.strangers())
    if strangers:
        more = f" and {len(strangers) - FEW} more" if len(strangers) > FEW else ""
        picture.note(f"not Connect's, and left as they are: {'; '.join(strangers[:FEW])}{more}")


def _upwards(dn: str) -> Iterator[str]:
    """An organizational unit and those above it."""
    while dn.casefold().startswith("ou="):
        yield dn
        dn = split(dn)[1]


def _due(desired: Desired) -> Sequence[Account | Group]:
    return (*desired.leaving, *desired.ended)


def _deletion(picture: Picture, record: Account | Group, vanished: set[ObjectKey]) -> Change | None:
    """The delete of a due record's object; a reason against it is noted, an object that is nowhere is `vanished`."""
    actual = picture.user(record.key) or picture.group(record.key)
    if actual is None:
        if not picture.is_elsewhere(record.key):
            vanished.add(record.key)
        return None
    if actual.protected:
        picture.note(f"{record.key} ({actual.dn}) is protected and must be deleted by hand")
        return None
    immune = record.status is Status.IMMUNE
    if isinstance(actual, ActualUser) and actual.enabled and not immune:
        return None
    cause = Cause.IMMUNE if immune else Cause.GRACE_OVER
    return Delete(key=record.key, guid=actual.guid, dn=actual.dn, cause=cause)


def _step_aside(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Whoever holds a name that another object of this plan needs takes a temporary one first."""
    renames = {normalise(change.dn): change for change in changes if isinstance(change, Rename)}
    needed = {normalise(change.new_dn) for change in renames.values()}
    aside: dict[int, Rename] = {}
    for held in needed & renames.keys():
        change = renames[held]
        temporary = f"CN=connect-{change.guid},{split(change.dn)[1]}"
        aside[id(change)] = replace(change, new_dn=temporary, aside=True)
    moved = (replace(c, dn=aside[id(c)].new_dn) if isinstance(c, Rename) and id(c) in aside else c for c in changes)
    return (*aside.values(), *moved)
