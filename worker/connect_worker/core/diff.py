"""Desired against actual: which changes lead from the one to the other, and what stands there that is not ours.

    row        object                              change
    active     linked, there                       renamed, modified where it differs, enabled if Connect
                                                   disabled it (ruling 38)
    active     linked, moved out of the OUs        reported, not touched (ruling 37)
    none       made by hand in our OUs             reported, not touched
    active     linked, nowhere                     created anew: deleted by hand
    active     not linked, created by a run that
               was killed (an intention)           linked, initial password set again (ruling 34)
    active     not linked, there before Connect    adopted, where that is allowed; else reported, and none created
                                                   (ruling 40)
    active     not linked                          created
    disabled   enabled                             disabled
    due        there, and disabled                 deleted
    due        there, enabled by somebody          disabled, with a fresh grace
    any        protected                           reported, not touched (ruling 39)
    any        claimed by another row too          reported, not touched (ruling 40)
    group      likewise; members: missing ones added, no longer computed ones removed, foreign ones left (19)
    group      not active, or without a type: not created anew, its row forgets an object that is nowhere

A linked object is known by its GUID alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connect_worker.core.desired import Desired
from connect_worker.core.dn import normalise, split
from connect_worker.core.group_diff import group_changes
from connect_worker.core.picture import Picture, Whereabouts
from connect_worker.core.prevention import seen_allowed, seen_denied
from connect_worker.core.step_aside import step_aside
from connect_worker.core.user_diff import user_changes
from connect_worker.model.account import Account, Status, Unmet
from connect_worker.model.change import Adopt, Cause, Change, CreateContainer, Delete
from connect_worker.model.directory import ActualUser, ObjectKey, Snapshot
from connect_worker.model.group import Group
from connect_worker.model.ids import CLASS_CRITERIA, AccountKey

FEW = 5
"""How many objects a note names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The changes, what was found of records that need none, and notes for the report.

    `vanished`: due, and the object is nowhere any more. `locked_out`: on the way out, and seen disabled; of a group,
    seen. `let_in`: active, seen enabled, and the row still says since when Connect had disabled it. `forgotten`: groups
    whose objects are nowhere and are not created anew; the rows stay. `denied` and `allowed`: may not or may change the
    password, as it should be, and the row remembers it otherwise.
    """

    changes: tuple[Change, ...]
    vanished: frozenset[ObjectKey]
    locked_out: frozenset[ObjectKey]
    let_in: frozenset[ObjectKey]
    notes: tuple[str, ...]
    forgotten: frozenset[ObjectKey] = frozenset()
    denied: frozenset[AccountKey] = frozenset()
    allowed: frozenset[AccountKey] = frozenset()


def diff(desired: Desired, actual: Snapshot, where: Whereabouts) -> Difference:
    """All changes, in no particular order."""
    picture = Picture(desired, actual, where)
    changes = [*_containers(picture), *_adoptions(picture), *user_changes(picture), *group_changes(picture)]
    vanished: set[ObjectKey] = set()
    for record in _due(desired):
        change = _deletion(picture, record, vanished)
        if change is not None:
            changes.append(change)
    _note_released(picture)
    _note_strangers(picture)
    return Difference(
        changes=step_aside(changes),
        vanished=frozenset(vanished),
        locked_out=frozenset(_locked_out(picture)),
        let_in=frozenset(_let_in(picture)),
        forgotten=frozenset(_forgotten(picture)),
        denied=frozenset(seen_denied(picture)),
        allowed=frozenset(seen_allowed(picture)),
        notes=picture.notes,
    )


def _containers(picture: Picture) -> Iterator[Change]:
    """The organizational units that wanted objects need, parents first."""
    present = {normalise(above) for dn in picture.snapshot.organizational_units for above in _upwards(dn)}
    users = {user.dn for _, user in picture.desired.active}
    parents = {split(dn)[1] for dn in users | {group.dn for _, group in picture.desired.groups}}
    wanted = {normalise(above): above for parent in parents for above in _upwards(parent)}
    missing = [dn for normal, dn in wanted.items() if normal not in present]
    return (CreateContainer(dn=dn) for dn in sorted(missing, key=lambda dn: (dn.count(","), dn)))


def _adoptions(picture: Picture) -> Iterator[Change]:
    """The links that the plan makes, and what of an account's addresses has no place in its row."""
    for account, user in picture.desired.active:
        actual = picture.user(account.key) if account.key in picture.adopted else None
        if actual is not None:
            yield Adopt(key=account.key, guid=actual.guid, dn=actual.dn)
            lost = sorted(set(actual.login.addresses) - set(user.login.addresses) - {""})
            if lost:
                picture.note(f"{account.key} ({actual.dn}) loses addresses that have no place: {', '.join(lost)}")
    for group, _ in picture.desired.groups:
        found = picture.group(group.key) if group.key in picture.adopted else None
        if found is not None:
            yield Adopt(key=group.key, guid=found.guid, dn=found.dn)


def _locked_out(picture: Picture) -> Iterator[ObjectKey]:
    desired = picture.desired
    for account in (*desired.disabled, *desired.leaving):
        user = picture.user(account.key)
        if user is not None and not user.enabled:
            yield account.key
    for group in (*(group for group, _ in desired.groups), *desired.ended, *desired.released):
        if group.status is Status.TO_DELETE and picture.group(group.key) is not None:
            yield group.key


def _let_in(picture: Picture) -> Iterator[ObjectKey]:
    for account, _ in picture.desired.active:
        user = picture.user(account.key) if account.disabled_since is not None else None
        if user is not None and user.enabled:
            yield account.key


def _forgotten(picture: Picture) -> Iterator[ObjectKey]:
    desired = picture.desired
    kept = (group for group, wanted in desired.groups if wanted.members is None)
    for group in (*kept, *desired.released):
        if picture.is_nowhere(group):
            yield group.key


def _note_released(picture: Picture) -> None:
    there = (picture.group(group.key) for group in picture.desired.released)
    released = sorted(group.dn for group in there if group is not None)
    _note_few(picture, "groups no longer meant for this directory, and left as they are", released)


def _note_strangers(picture: Picture) -> None:
    _note_few(picture, "not Connect's, and left as they are", sorted(picture.strangers()))


def _note_few(picture: Picture, what: str, dns: Sequence[str]) -> None:
    if dns:
        more = f" and {len(dns) - FEW} more" if len(dns) > FEW else ""
        picture.note(f"{what}: {'; '.join(dns[:FEW])}{more}")


def _upwards(dn: str) -> Iterator[str]:
    """An organizational unit and those above it."""
    while dn.casefold().startswith("ou="):
        yield dn
        dn = split(dn)[1]


def _due(desired: Desired) -> Sequence[Account | Group]:
    return (*desired.leaving, *desired.ended)


def _deletion(picture: Picture, record: Account | Group, vanished: set[ObjectKey]) -> Change | None:
    """The delete of a due record's object; a reason against it is noted, an object that is nowhere is `vanished`."""
    if picture.is_ambiguous(record):
        return None
    actual = picture.user(record.key) or picture.group(record.key)
    if actual is None:
        if picture.is_nowhere(record):
            vanished.add(record.key)
        return None
    if actual.protected:
        picture.note(f"{record.key} ({actual.dn}) is protected and must be deleted by hand")
        return None
    immune = record.status is Status.IMMUNE
    if isinstance(actual, ActualUser) and actual.enabled and not immune:
        return None
    return Delete(key=record.key, guid=actual.guid, dn=actual.dn, cause=_cause_of_deletion(record))


def _cause_of_deletion(record: Account | Group) -> Cause:
    if record.status is Status.IMMUNE:
        return Cause.IMMUNE
    if isinstance(record, Group):
        return Cause.CLASS_ENDED if record.key.criterion in CLASS_CRITERIA else Cause.GRACE_OVER
    return Cause.EXIT_GRACE_OVER if Unmet.EXIT in record.unmet else Cause.GRACE_OVER
