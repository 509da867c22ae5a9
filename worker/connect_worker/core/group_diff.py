"""What differs at the groups and their members."""

from collections.abc import Iterable, Iterator

from connect_worker.core.attribute_diff import attribute_changes
from connect_worker.core.dn import normalise
from connect_worker.core.picture import Picture
from connect_worker.model.change import (
    AddMembers,
    Cause,
    Change,
    CreateGroup,
    Member,
    Modify,
    RemoveMembers,
    Rename,
)
from connect_worker.model.directory import ActualGroup, DesiredGroup
from connect_worker.model.group import Group
from connect_worker.model.ids import CLASS_CRITERIA, AccountKey, UserType

MEMBERS_PER_CHANGE = 500
_FIELDS = ("sam_account_name", "display_name", "description")
_ALONG = ("info",)
"""Told along with another change of the object, and no reason for one (ruling 22)."""


def group_changes(picture: Picture) -> Iterator[Change]:
    """Creates, renames, modifications and members; a group that ended is left as it is."""
    for group, wanted in picture.desired.groups:
        actual = picture.group(wanted.key)
        if picture.is_ambiguous(group):
            continue
        if actual is not None and actual.protected:
            picture.note(f"{wanted.key} ({actual.dn}) is protected and left as it is")
        elif actual is not None:
            yield from _present_changes(picture, wanted, actual)
        elif picture.is_elsewhere(wanted.key) or picture.is_waiting(wanted.key):
            continue
        elif wanted.members is not None:
            yield from _creation(picture, group, wanted)


def _creation(picture: Picture, group: Group, wanted: DesiredGroup) -> Iterator[Change]:
    cause = Cause.NEW if group.object_guid is None else Cause.DELETED_BY_HAND
    if cause is Cause.DELETED_BY_HAND:
        picture.note_deleted(wanted.key, wanted.dn)
    yield CreateGroup(
        key=wanted.key,
        dn=wanted.dn,
        sam_account_name=wanted.sam_account_name,
        display_name=wanted.display_name,
        description=wanted.description,
        info=wanted.info,
        cause=cause,
    )
    for members in _chunks(picture, wanted.members or frozenset()):
        yield AddMembers(key=wanted.key, guid=None, dn=wanted.dn, members=members)


def _present_changes(picture: Picture, wanted: DesiredGroup, actual: ActualGroup) -> Iterator[Change]:
    renamed = actual.dn != wanted.dn and normalise(actual.dn) != normalise(wanted.dn)
    if renamed:
        cause = Cause.ADOPTED if wanted.key in picture.adopted else Cause.CHANGED
        yield Rename(key=wanted.key, guid=actual.guid, dn=actual.dn, new_dn=wanted.dn, cause=cause)
    attributes = tuple(attribute_changes(wanted, actual, _FIELDS))
    if (renamed or attributes) and wanted.info is not None:
        attributes = (*attributes, *attribute_changes(wanted, actual, _ALONG))
    if attributes:
        yield Modify(key=wanted.key, guid=actual.guid, dn=wanted.dn, attributes=attributes, cause=Cause.CHANGED)
    if wanted.members is not None:
        yield from _member_changes(picture, wanted, wanted.members, actual)


def _member_changes(
    picture: Picture, wanted: DesiredGroup, members: frozenset[AccountKey], actual: ActualGroup
) -> Iterator[Change]:
    """Missing ones are added, no longer computed ones removed; a member that is not ours is left (ruling 19)."""
    found = [picture.key_at(dn) for dn in actual.members]
    present = {key for key in found if key is not None}
    foreign = found.count(None)
    if foreign:
        picture.note(f"{wanted.dn} has {foreign} members that are not Connect's; they are left")
    for cause, keys in _by_cause(picture, wanted, present - members - picture.desired.frozen).items():
        for chunk in _chunks(picture, keys):
            yield RemoveMembers(key=wanted.key, guid=actual.guid, dn=wanted.dn, members=chunk, cause=cause)
    for chunk in _chunks(picture, members - present):
        yield AddMembers(key=wanted.key, guid=actual.guid, dn=wanted.dn, members=chunk)


def _by_cause(picture: Picture, wanted: DesiredGroup, leaving: Iterable[AccountKey]) -> dict[Cause, list[AccountKey]]:
    """Why each of them is a member no more: the safety gate does not count a pupil who leaves his class (ruling 35).

    Whom a group had before it was Connect's has left no class of which Connect knew.
    """
    causes: dict[Cause, list[AccountKey]] = {}
    of_class = wanted.key.criterion in CLASS_CRITERIA and wanted.key not in picture.adopted
    for key in leaving:
        if key in wanted.removed:
            cause = Cause.REMOVED_BY_HAND
        elif of_class and key.type is UserType.STUDENT:
            cause = Cause.CLASS_CHANGED
        else:
            cause = Cause.MEMBERSHIP
        causes.setdefault(cause, []).append(key)
    return causes


def _chunks(picture: Picture, keys: Iterable[AccountKey]) -> Iterator[tuple[Member, ...]]:
    planned = ((key, picture.planned_dn(key)) for key in sorted(keys))
    members = [Member(key=key, dn=dn) for key, dn in planned if dn is not None]
    for start in range(0, len(members), MEMBERS_PER_CHANGE):
        yield tuple(members[start : start + MEMBERS_PER_CHANGE])
