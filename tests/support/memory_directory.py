"""A small directory in memory: it makes our changes as Active Directory would, and refuses what that would refuse."""

from collections.abc import Collection, Iterable, Sequence
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

from connect_worker.core.dn import is_below, normalise
from connect_worker.core.prevention import ATTRIBUTE
from connect_worker.model.account import EXTENSION_NAMES, Extensions, Profile
from connect_worker.model.change import (
    AddMembers,
    AttributeChange,
    Change,
    CreateContainer,
    CreateGroup,
    CreateUser,
    Delete,
    Disable,
    Enable,
    Modify,
    RemoveMembers,
    Rename,
    SetPassword,
    Value,
)
from connect_worker.model.directory import (
    ActualGroup,
    ActualUser,
    Login,
    ObjectKind,
    PasswordChange,
    Remains,
    Snapshot,
    TakenName,
)
from connect_worker.model.ids import Guid
from connect_worker.model.outcome import Outcome, Result
from connect_worker.targets.base import Passwords, Stopped
from tests.support.fuse import Fuse

_LOGIN = frozenset(Login.__dataclass_fields__)
_PROFILE = frozenset(Profile.__dataclass_fields__)
_GROUP = frozenset({"sam_account_name", "display_name", "description", "info"})


class RefusedError(Exception):
    """The directory's own words."""


class MemoryDirectory:
    """Users and groups by GUID. Members and managers follow an object wherever it is moved, and go with it.

    Stricter than Active Directory in one way: what is so already is refused, for a plan that was made from a fresh
    look has no reason to ask for it.
    """

    def __init__(self, fuse: Fuse) -> None:
        self.users: dict[Guid, ActualUser] = {}
        self.groups: dict[Guid, ActualGroup] = {}
        self.denied: set[Guid] = set()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self._fuse = fuse
        self._next = 0
        self._backwards = True

    def copy(self, fuse: Fuse) -> "MemoryDirectory":
        """Another directory that holds the same."""
        other = copy(self)
        other.users, other.groups, other.denied = dict(self.users), dict(self.groups), set(self.denied)
        other._fuse = fuse
        return other

    # The port

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    @property
    def signed_in_as(self) -> str:
        """See the port. Nobody of ours."""
        return ""

    async def read(self, bases: Sequence[str], extensions: Collection[int] = ()) -> Snapshot:
        """See the port. Everybody's extension attributes are seen."""
        del extensions
        return Snapshot(
            users=tuple(user for user in self.users.values() if _is_below_any(user.dn, bases)),
            groups=tuple(group for group in self.groups.values() if _is_below_any(group.dn, bases)),
            organizational_units=tuple(bases),
            missing_bases=(),
        )

    async def read_password_changes(self, bases: Sequence[str]) -> dict[Guid, PasswordChange]:
        """See the port."""
        states = {True: PasswordChange.DENIED, False: PasswordChange.ALLOWED}
        users = (user for user in self.users.values() if _is_below_any(user.dn, bases))
        return {user.guid: states[user.guid in self.denied] for user in users}

    async def read_taken_names(self) -> tuple[TakenName, ...]:
        """See the port."""
        users = [
            TakenName(
                guid=user.guid,
                dn=user.dn,
                sam_account_name=user.login.sam_account_name,
                addresses=tuple(addresses_of(user)),
                kind=ObjectKind.USER,
                user_principal_name=user.login.user_principal_name,
                mail=user.login.mail,
                proxy_addresses=tuple(filter(None, user.login.addresses)),
                employee_id=user.profile.employee_id,
                protected=user.protected,
                created=user.created,
            )
            for user in self.users.values()
        ]
        groups = [
            TakenName(
                guid=group.guid,
                dn=group.dn,
                sam_account_name=group.sam_account_name,
                addresses=(),
                kind=ObjectKind.GROUP,
                protected=group.protected,
                created=group.created,
            )
            for group in self.groups.values()
        ]
        return (*users, *groups)

    async def locate(self, guids: Iterable[Guid]) -> dict[Guid, str]:
        """See the port."""
        return {guid: found.dn for guid in guids if (found := self.find(guid)) is not None}

    async def find_deleted(self, guids: Iterable[Guid]) -> dict[Guid, Remains]:
        """See the port. Nothing is left of anything."""
        del guids
        return {}

    async def apply(self, changes: Sequence[Change], *, passwords: Passwords, stopped: Stopped) -> tuple[Outcome, ...]:
        """See the port. Raises KilledError between two changes.

        Every second time the last change is made first: within a wave no order may be counted on.
        """
        del passwords, stopped
        self._backwards = not self._backwards
        if self._backwards:
            return tuple(reversed([self._outcome(change) for change in reversed(changes)]))
        return tuple(self._outcome(change) for change in changes)

    # What people do, and look at

    def find(self, guid: Guid | None) -> ActualUser | ActualGroup | None:
        """The object with this GUID."""
        return None if guid is None else self.users.get(guid) or self.groups.get(guid)

    def create(self, dn: str, login: Login, profile: Profile) -> Guid:
        """A new user, enabled. Raises RefusedError for a DN, sAM name or user principal name that is taken."""
        self._require_free(dn, login.sam_account_name, login.user_principal_name, None)
        guid = self._new_guid()
        self.users[guid] = ActualUser(
            guid=guid,
            dn=dn,
            enabled=True,
            login=login,
            profile=profile,
            protected=False,
            created=self.now.isoformat(),
        )
        return guid

    def move(self, guid: Guid, dn: str) -> None:
        """Rename or move. Raises RefusedError if something else stands there."""
        found = self._at(dn)
        if found is not None and found.guid != guid:
            raise RefusedError(f"{dn} is there already")
        self._relink(self._get(guid, dn).dn, dn)
        self._put(replace(self._get(guid, dn), dn=dn))

    def delete(self, guid: Guid) -> None:
        """Delete; groups and managed users forget it."""
        gone = self._get(guid, str(guid))
        self._relink(gone.dn, None)
        self.users.pop(guid, None)
        self.groups.pop(guid, None)

    # Changes

    def _outcome(self, change: Change) -> Outcome:
        self._fuse.burn()
        self.now += timedelta(seconds=1)
        try:
            return Outcome(change=change, result=Result.DONE, guid=self._make(change))
        except RefusedError as refused:
            return Outcome(change=change, result=Result.FAILED, message=str(refused))

    def _make(self, change: Change) -> Guid | None:
        match change:
            case CreateContainer():
                raise RefusedError(f"{change.dn} is there already")
            case CreateUser():
                return self._create_user(change)
            case CreateGroup():
                return self._create_group(change)
            case Rename():
                self._move_from(change)
            case Modify():
                self._modify(change)
            case Disable() | Enable():
                self._switch(change)
            case SetPassword():
                self._set_password(change)
            case AddMembers() | RemoveMembers():
                self._change_members(change)
            case Delete():
                self.delete(self._get(change.guid, change.dn).guid)
        return None

    def _create_user(self, change: CreateUser) -> Guid:
        if change.profile.manager is not None:
            raise RefusedError("a manager is linked once everybody is there")
        forever = change.login.password_never_expires and not change.must_change_password
        guid = self.create(change.dn, replace(change.login, password_never_expires=forever), change.profile)
        self.users[guid] = replace(
            self.users[guid],
            must_change_password=change.must_change_password,
            extension_attributes=change.extension_attributes,
        )
        return guid

    def _create_group(self, change: CreateGroup) -> Guid:
        self._require_free(change.dn, change.sam_account_name, None, None)
        guid = self._new_guid()
        self.groups[guid] = ActualGroup(
            guid=guid,
            dn=change.dn,
            sam_account_name=change.sam_account_name,
            display_name=change.display_name,
            description=change.description,
            info=change.info,
            members=frozenset(),
            protected=False,
            created=self.now.isoformat(),
        )
        return guid

    def _move_from(self, change: Rename) -> None:
        if normalise(self._get(change.guid, change.dn).dn) != normalise(change.dn):
            raise RefusedError(f"{change.dn} is not where it should be")
        self.move(change.guid, change.new_dn)

    def _switch(self, change: Disable | Enable) -> None:
        user = self._user(change.guid, change.dn)
        if user.enabled == isinstance(change, Enable):
            raise RefusedError(f"{change.dn} is so already")
        self.users[user.guid] = replace(user, enabled=not user.enabled)

    def _set_password(self, change: SetPassword) -> None:
        user = self._user(change.guid, change.dn)
        must = change.must_change_password
        login = replace(user.login, password_never_expires=user.login.password_never_expires and not must)
        self.users[user.guid] = replace(user, login=login, must_change_password=must)

    def _modify(self, change: Modify) -> None:
        found = self._get(change.guid, change.dn)
        values = {one.attribute: one.after for one in change.attributes}
        if isinstance(found, ActualGroup):
            self._modify_group(found, values)
            return
        if ATTRIBUTE in values:
            self._prevent(found.guid, prevented=bool(values[ATTRIBUTE]))
            return
        login = replace(found.login, **{name: value for name, value in values.items() if name in _LOGIN})  # type: ignore[arg-type]
        profile = replace(found.profile, **{name: value for name, value in values.items() if name in _PROFILE})  # type: ignore[arg-type]
        extensions = _with_extensions(found.extension_attributes, change.attributes)
        self._require_free(found.dn, login.sam_account_name, login.user_principal_name, found.guid)
        if profile.manager is not None:
            profile = replace(profile, manager=self._get(None, profile.manager).dn)
        self.users[found.guid] = replace(found, login=login, profile=profile, extension_attributes=extensions)

    def _prevent(self, guid: Guid, *, prevented: bool) -> None:
        if (guid in self.denied) is prevented:
            raise RefusedError(f"{guid} is so already")
        self.denied ^= {guid}

    def _modify_group(self, found: ActualGroup, values: dict[str, Value]) -> None:
        if values.keys() - _GROUP:
            raise RefusedError(f"a group has no {', '.join(values.keys() - _GROUP)}")
        group = replace(found, **values)  # type: ignore[arg-type]
        self._require_free(group.dn, group.sam_account_name, None, group.guid)
        self.groups[group.guid] = group

    def _change_members(self, change: AddMembers | RemoveMembers) -> None:
        group = self._get(change.guid, change.dn)
        if not isinstance(group, ActualGroup):
            raise RefusedError(f"{change.dn} is no group")
        dns = frozenset(self._get(None, member.dn).dn for member in change.members)
        adds = isinstance(change, AddMembers)
        if (dns & group.members) if adds else (dns - group.members):
            raise RefusedError(f"members of {change.dn} are so already")
        members = group.members | dns if adds else group.members - dns
        self.groups[group.guid] = replace(group, members=members)

    # Objects

    def _require_free(self, dn: str, sam: str | None, principal: str | None, own: Guid | None) -> None:
        there = self._at(dn)
        if there is not None and there.guid != own:
            raise RefusedError(f"{dn} is there already")
        for user in self.users.values():
            if user.guid != own and _same(user.login.user_principal_name, principal):
                raise RefusedError(f"{user.dn} has the user principal name {principal}")
        sams = {user.guid: user.login.sam_account_name for user in self.users.values()}
        sams.update({group.guid: group.sam_account_name for group in self.groups.values()})
        if any(guid != own and _same(sam, name) for guid, name in sams.items()):
            raise RefusedError(f"the sAM account name {sam} is taken")

    def _get(self, guid: Guid | None, dn: str) -> ActualUser | ActualGroup:
        found = self.find(guid) if guid is not None else self._at(dn)
        if found is None:
            raise RefusedError(f"there is no {dn}")
        return found

    def _user(self, guid: Guid, dn: str) -> ActualUser:
        found = self._get(guid, dn)
        if not isinstance(found, ActualUser):
            raise RefusedError(f"{dn} is no user")
        return found

    def _at(self, dn: str) -> ActualUser | ActualGroup | None:
        wanted = normalise(dn)
        objects: tuple[ActualUser | ActualGroup, ...] = (*self.users.values(), *self.groups.values())
        return next((found for found in objects if normalise(found.dn) == wanted), None)

    def _put(self, changed: ActualUser | ActualGroup) -> None:
        if isinstance(changed, ActualUser):
            self.users[changed.guid] = changed
        else:
            self.groups[changed.guid] = changed

    def _relink(self, old: str, new: str | None) -> None:
        """Links lead to where their object is now."""
        for group in [group for group in self.groups.values() if old in group.members]:
            members = group.members - {old} | ({new} if new is not None else set())
            self.groups[group.guid] = replace(group, members=members)
        for user in [user for user in self.users.values() if user.profile.manager == old]:
            self.users[user.guid] = replace(user, profile=replace(user.profile, manager=new))

    def _new_guid(self) -> Guid:
        self._next += 1
        return Guid(UUID(int=self._next))


def addresses_of(user: ActualUser) -> Iterable[str]:
    """Everything that the user is addressed by, each once."""
    login = user.login
    given = (login.user_principal_name, login.mail, *login.addresses)
    return dict.fromkeys(address.lower() for address in given if address)


def _with_extensions(held: Extensions, changes: Iterable[AttributeChange]) -> Extensions:
    after = dict(zip(EXTENSION_NAMES, held, strict=True))
    written = {one.attribute: None if one.after is None else str(one.after) for one in changes}
    return tuple(written.get(name, value) for name, value in after.items())


def _is_below_any(dn: str, bases: Iterable[str]) -> bool:
    return any(is_below(dn, base) for base in bases)


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one.casefold() == other.casefold()
