"""Desired against actual: which changes lead from the one to the other, and what stands there that is not ours.

    row        object                              change
    active     linked, there                       renamed, modified where it differs, enabled if Connect
                                                   disabled it (ruling 38)
    active     linked, moved out of the OUs        reported, not touched (ruling 37)
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

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace

from connect_worker.core.desired import Desired
from connect_worker.core.dn import normalise, split
from connect_worker.model.account import Account, Profile, Status, Unmet
from connect_worker.model.change import (
    AddMembers,
    AttributeChange,
    Cause,
    Change,
    CreateContainer,
    CreateGroup,
    CreateUser,
    Delete,
    Disable,
    Enable,
    Member,
    Modify,
    RemoveMembers,
    Rename,
    SetPassword,
)
from connect_worker.model.directory import (
    ActualGroup,
    ActualUser,
    DesiredGroup,
    DesiredUser,
    Login,
    ObjectKey,
    Snapshot,
)
from connect_worker.model.group import Group
from connect_worker.model.ids import AccountKey, Guid

MEMBERS_PER_CHANGE = 500
_LOGIN_FIELDS = tuple(field.name for field in fields(Login))
_PROFILE_FIELDS = tuple(field.name for field in fields(Profile))
_GROUP_FIELDS = ("sam_account_name", "display_name", "description")


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The changes, due records whose object is nowhere any more, and notes for the report."""

    changes: tuple[Change, ...]
    vanished: frozenset[ObjectKey]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Whereabouts:
    """What is known beyond the snapshot: linked objects found elsewhere in the domain, and intentions met."""

    elsewhere: Mapping[Guid, str]
    intended: Mapping[ObjectKey, Guid]


def diff(desired: Desired, actual: Snapshot, where: Whereabouts) -> Difference:
    """All changes, in no particular order."""
    return _Comparison(desired, actual, where).difference()


class _Comparison:
    def __init__(self, desired: Desired, actual: Snapshot, where: Whereabouts) -> None:
        self._desired = desired
        self._snapshot = actual
        self._where = where
        self._users = {user.guid: user for user in actual.users}
        self._groups = {group.guid: group for group in actual.groups}
        self._notes: list[str] = []
        self._vanished: set[ObjectKey] = set()
        self._guid_of = dict(self._linked())
        self._key_of_dn = self._keys_by_actual_dn()
        self._dn_now = self._planned_dns()

    def difference(self) -> Difference:
        changes: list[Change] = [
            *self._containers(),
            *self._active_changes(),
            *self._disable_changes(),
            *self._group_changes(),
            *self._delete_changes(),
        ]
        return Difference(changes=_step_aside(changes), vanished=frozenset(self._vanished), notes=tuple(self._notes))

    def _linked(self) -> Iterator[tuple[ObjectKey, Guid]]:
        accounts = (*(account for account, _ in self._desired.active), *self._desired.disabled, *self._desired.leaving)
        groups = (*(group for group, _ in self._desired.groups), *self._desired.ended)
        records: tuple[Account | Group, ...] = (*accounts, *groups)
        for record in records:
            guid = record.object_guid or self._where.intended.get(record.key)
            if guid is not None:
                yield record.key, guid

    def _keys_by_actual_dn(self) -> dict[str, AccountKey]:
        """Our users by the DN that the directory gives them today, folded."""
        found: dict[str, AccountKey] = {}
        for key, guid in self._guid_of.items():
            user = self._users.get(guid)
            if user is not None and isinstance(key, AccountKey):
                found[user.dn.casefold()] = key
        return found

    def _planned_dns(self) -> dict[AccountKey, str]:
        """Where each of our users will be once renames and creates are done."""
        planned = {key: self._users[self._guid_of[key]].dn for key in self._key_of_dn.values()}
        for _, user in self._desired.active:
            if not self._is_elsewhere(self._guid_of.get(user.key)):
                planned[user.key] = user.dn
        return planned

    def _is_elsewhere(self, guid: Guid | None) -> bool:
        return guid is not None and guid in self._where.elsewhere

    # Containers

    def _containers(self) -> Iterator[Change]:
        """The organizational units that wanted objects need, parents first."""
        present = {normalise(above) for dn in self._snapshot.organizational_units for above in _upwards(dn)}
        wanted = {split(dn)[1] for dn in self._created_or_moved()}
        missing: dict[str, str] = {}
        for parent in wanted:
            dn = parent
            while dn.casefold().startswith("ou=") and normalise(dn) not in present:
                missing[normalise(dn)] = dn
                dn = split(dn)[1]
        return (CreateContainer(dn=dn) for dn in sorted(missing.values(), key=lambda dn: (dn.count(","), dn)))

    def _created_or_moved(self) -> Iterator[str]:
        yield from (user.dn for _, user in self._desired.active)
        yield from (group.dn for _, group in self._desired.groups)

    # Users

    def _active_changes(self) -> Iterator[Change]:
        for account, user in self._desired.active:
            guid = self._guid_of.get(user.key)
            actual = self._users.get(guid) if guid is not None else None
            if actual is not None:
                yield from self._changes_of_user(account, user, actual)
            elif self._is_elsewhere(guid) and guid is not None:
                self._note_elsewhere(user.key, self._where.elsewhere[guid])
            elif account.initial_password is not None:
                yield from self._creation(account, user)
            else:
                self._notes.append(f"{user.key} was deleted by hand and has no initial password: not created anew")

    def _creation(self, account: Account, user: DesiredUser) -> Iterator[Change]:
        cause = Cause.NEW if account.object_guid is None else Cause.DELETED_BY_HAND
        if cause is Cause.DELETED_BY_HAND:
            self._notes.append(f"{user.key} ({user.dn}) was deleted by hand and is created anew")
        yield CreateUser(
            key=user.key,
            dn=user.dn,
            login=user.login,
            profile=replace(user.profile, manager=None),
            must_change_password=account.must_change_password,
            cause=cause,
        )
        if user.profile.manager is not None:
            manager = AttributeChange(attribute="manager", before=None, after=user.profile.manager)
            yield Modify(key=user.key, guid=None, dn=user.dn, attributes=(manager,), cause=cause)

    def _changes_of_user(self, account: Account, user: DesiredUser, actual: ActualUser) -> Iterator[Change]:
        if actual.dn != user.dn and normalise(actual.dn) != normalise(user.dn):
            yield Rename(key=user.key, guid=actual.guid, dn=actual.dn, new_dn=user.dn, cause=Cause.CHANGED)
        attributes = tuple(self._attribute_changes(user, actual))
        if attributes:
            yield Modify(key=user.key, guid=actual.guid, dn=user.dn, attributes=attributes, cause=Cause.CHANGED)
        interrupted = user.key in self._where.intended and account.password_set_at is None
        if account.password_reset or interrupted:
            yield SetPassword(
                key=user.key,
                guid=actual.guid,
                dn=user.dn,
                must_change_password=account.must_change_password,
                cause=Cause.INTERRUPTED if interrupted else Cause.RESET,
            )
        if not actual.enabled and (account.disabled_since is not None or interrupted):
            yield Enable(key=user.key, guid=actual.guid, dn=user.dn, cause=Cause.RETURNED)
        elif not actual.enabled:
            self._notes.append(f"{user.key} ({user.dn}) was disabled by somebody else and is left so")

    def _attribute_changes(self, user: DesiredUser, actual: ActualUser) -> Iterator[AttributeChange]:
        if user.login != actual.login:
            yield from _differences(user.login, actual.login, _LOGIN_FIELDS)
        if user.profile != actual.profile:
            for change in _differences(user.profile, actual.profile, _PROFILE_FIELDS):
                if change.attribute != "manager" or not self._same_manager(user.profile, actual.profile):
                    yield change

    def _same_manager(self, wanted: Profile, found: Profile) -> bool:
        """A manager who is renamed in this plan is still the same: the directory's link follows."""
        if wanted.manager is None or found.manager is None:
            return wanted.manager is found.manager
        key = self._key_of_dn.get(found.manager.casefold())
        future = self._dn_now[key] if key is not None else found.manager
        return bool(normalise(future) == normalise(wanted.manager))

    def _disable_changes(self) -> Iterator[Change]:
        for account in (*self._desired.disabled, *self._desired.leaving):
            actual = self._users.get(self._guid_of[account.key])
            if actual is not None and actual.enabled and account.status is not Status.IMMUNE:
                yield Disable(key=account.key, guid=actual.guid, dn=actual.dn, cause=_cause_of_disable(account))
            elif actual is None and (dn := self._where.elsewhere.get(self._guid_of[account.key])):
                self._note_elsewhere(account.key, dn)

    # Groups

    def _group_changes(self) -> Iterator[Change]:
        for group, wanted in self._desired.groups:
            guid = self._guid_of.get(wanted.key)
            actual = self._groups.get(guid) if guid is not None else None
            if actual is not None:
                yield from self._changes_of_group(wanted, actual)
            elif self._is_elsewhere(guid) and guid is not None:
                self._note_elsewhere(wanted.key, self._where.elsewhere[guid])
            elif wanted.members is not None:
                yield from self._group_creation(group, wanted)

    def _group_creation(self, group: Group, wanted: DesiredGroup) -> Iterator[Change]:
        cause = Cause.NEW if group.object_guid is None else Cause.DELETED_BY_HAND
        if cause is Cause.DELETED_BY_HAND:
            self._notes.append(f"{wanted.key} ({wanted.dn}) was deleted by hand and is created anew")
        yield CreateGroup(
            key=wanted.key,
            dn=wanted.dn,
            sam_account_name=wanted.sam_account_name,
            display_name=wanted.display_name,
            description=wanted.description,
            cause=cause,
        )
        for members in self._chunks(wanted.members or frozenset()):
            yield AddMembers(key=wanted.key, guid=None, dn=wanted.dn, members=members)

    def _changes_of_group(self, wanted: DesiredGroup, actual: ActualGroup) -> Iterator[Change]:
        if actual.dn != wanted.dn and normalise(actual.dn) != normalise(wanted.dn):
            yield Rename(key=wanted.key, guid=actual.guid, dn=actual.dn, new_dn=wanted.dn, cause=Cause.CHANGED)
        attributes = tuple(_differences(wanted, actual, _GROUP_FIELDS))
        if attributes:
            yield Modify(key=wanted.key, guid=actual.guid, dn=wanted.dn, attributes=attributes, cause=Cause.CHANGED)
        if wanted.members is not None:
            yield from self._member_changes(wanted, actual)

    def _member_changes(self, wanted: DesiredGroup, actual: ActualGroup) -> Iterator[Change]:
        present: set[AccountKey] = set()
        foreign = 0
        for dn in actual.members:
            key = self._key_of_dn.get(dn.casefold())
            if key is None:
                foreign += 1
            else:
                present.add(key)
        if foreign:
            self._notes.append(f"{wanted.dn} has {foreign} members that are not Connect's; they are left")
        members = wanted.members or frozenset()
        for chunk in self._chunks(present - members - self._desired.frozen):
            yield RemoveMembers(key=wanted.key, guid=actual.guid, dn=wanted.dn, members=chunk)
        for chunk in self._chunks(members - present):
            yield AddMembers(key=wanted.key, guid=actual.guid, dn=wanted.dn, members=chunk)

    def _chunks(self, keys: Iterable[AccountKey]) -> Iterator[tuple[Member, ...]]:
        members = [Member(key=key, dn=self._dn_now[key]) for key in sorted(keys) if key in self._dn_now]
        for start in range(0, len(members), MEMBERS_PER_CHANGE):
            yield tuple(members[start : start + MEMBERS_PER_CHANGE])

    # Deletes

    def _delete_changes(self) -> Iterator[Change]:
        records: tuple[Account | Group, ...] = (*self._desired.leaving, *self._desired.ended)
        for record in records:
            guid = self._guid_of[record.key]
            actual = self._users.get(guid) or self._groups.get(guid)
            if actual is None:
                if self._is_elsewhere(guid):
                    self._note_elsewhere(record.key, self._where.elsewhere[guid])
                else:
                    self._vanished.add(record.key)
            elif actual.protected:
                self._notes.append(f"{record.key} ({actual.dn}) is protected and must be deleted by hand")
            elif record.status is Status.IMMUNE or not (isinstance(actual, ActualUser) and actual.enabled):
                cause = Cause.IMMUNE if record.status is Status.IMMUNE else Cause.GRACE_OVER
                yield Delete(key=record.key, guid=guid, dn=actual.dn, cause=cause)

    def _note_elsewhere(self, key: ObjectKey, dn: str) -> None:
        self._notes.append(f"{key} was moved out of the configured OUs to {dn}; it is neither touched nor created anew")


def _differences(
    wanted: Login | Profile | DesiredGroup, found: Login | Profile | ActualGroup, names: tuple[str, ...]
) -> Iterator[AttributeChange]:
    for name in names:
        before, after = getattr(found, name), getattr(wanted, name)
        if before != after:
            yield AttributeChange(attribute=name, before=before, after=after)


def _upwards(dn: str) -> Iterator[str]:
    """An organizational unit and those above it."""
    while dn.casefold().startswith("ou="):
        yield dn
        dn = split(dn)[1]


def _cause_of_disable(account: Account) -> Cause:
    if account.status is Status.DEACTIVATED:
        return Cause.DEACTIVATED
    return Cause.EXIT if Unmet.EXIT in account.unmet else Cause.OUT_OF_SCOPE


def _step_aside(changes: list[Change]) -> tuple[Change, ...]:
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
