"""Desired and actual laid over each other: which object is whose, and where each of our users will be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from connect_worker.core.desired import Desired
from connect_worker.core.dn import normalise
from connect_worker.core.linking import NO_ADOPTION, Adoption
from connect_worker.model.account import Account
from connect_worker.model.directory import ActualGroup, ActualUser, ObjectKey, PasswordChange, Remains, Snapshot
from connect_worker.model.group import Group
from connect_worker.model.ids import AccountKey, Guid


@dataclass(frozen=True, kw_only=True, slots=True)
class Whereabouts:
    """What is known beyond the snapshot.

    Linked objects found elsewhere in the domain, objects of a killed run, and those that stood there before Connect.
    The rows of recovered and adopted objects are linked to them already. `password_changes` is empty unless it was
    looked at; `remains` is what a directory still has of deleted objects, as far as it lets us see.
    """

    elsewhere: Mapping[Guid, str]
    recovered: Mapping[ObjectKey, Guid]
    password_changes: Mapping[Guid, PasswordChange] = field(default_factory=dict)
    remains: Mapping[Guid, Remains] = field(default_factory=dict)
    adoption: Adoption = NO_ADOPTION


_LEFT = {
    Remains.WHOLE: "the old one is in the recycle bin: before that it can be restored whole",
    Remains.TOMBSTONE: "a tombstone of the old one is left: before that it can be restored without what stood in it",
}


class Picture:
    """The objects of our rows by GUID alone, and what is to be told of them."""

    def __init__(self, desired: Desired, actual: Snapshot, where: Whereabouts) -> None:
        self.desired = desired
        self.snapshot = actual
        self._notes: dict[str, None] = dict.fromkeys(where.adoption.notes)
        self._unreadable: list[str] = []
        self._where = where
        self._users = {user.guid: user for user in actual.users}
        self._groups = {group.guid: group for group in actual.groups}
        self._guids = dict(self._linked())
        self._keys = self._keys_by_actual_dn()
        self._left_where_they_are = {
            **where.elsewhere,
            **{user.guid: user.dn for user in actual.users if user.protected},
        }
        self._planned = self._planned_dns()
        self._left = dict(self._dns_left())
        self._planned_names = {*self._planned.values(), *self._left.values()}

    def user(self, key: ObjectKey) -> ActualUser | None:
        """The user that this row is linked to, if it was read."""
        guid = self._guids.get(key)
        return self._users.get(guid) if guid is not None else None

    def group(self, key: ObjectKey) -> ActualGroup | None:
        """The group that this row is linked to, if it was read."""
        guid = self._guids.get(key)
        return self._groups.get(guid) if guid is not None else None

    def is_recovered(self, key: ObjectKey) -> bool:
        """Whether a killed run made this object, and nobody has linked it since (ruling 34)."""
        return key in self._where.recovered

    @property
    def adopted(self) -> Mapping[ObjectKey, Guid]:
        """The objects that this plan links for the first time, with their rows' keys."""
        return self._where.adoption.links

    def is_waiting(self, key: ObjectKey) -> bool:
        """Whether an object that may be this row's own stands there, and a person must look into it (ruling 40)."""
        return key in self._where.adoption.waiting

    def is_elsewhere(self, key: ObjectKey) -> bool:
        """Whether the object was moved out of the OUs that were read; notes it (ruling 37)."""
        guid = self._guids.get(key)
        dn = self._where.elsewhere.get(guid) if guid is not None else None
        if dn is not None:
            self.note(f"{key} was moved out of the configured OUs to {dn}; it is neither touched nor created anew")
        return dn is not None

    def is_nowhere(self, record: Account | Group) -> bool:
        """Whether the row's own object was deleted by hand; notes one that was moved out."""
        if record.object_guid is None or self.is_ambiguous(record):
            return False
        there = self.user(record.key) or self.group(record.key)
        return there is None and not self.is_elsewhere(record.key)

    def key_at(self, dn: str) -> AccountKey | None:
        """Which of our users stands at this DN today, moved out or not; None: it is not ours."""
        return self._keys.get(dn.casefold())

    def is_ambiguous(self, record: Account | Group) -> bool:
        """Whether another row claims the same object."""
        return record.object_guid is not None and record.key not in self._guids

    def will_stand_at(self, dn: str) -> bool:
        """Whether one of our users will be at exactly this DN once this plan is done."""
        return dn in self._planned_names

    def planned_dn(self, key: AccountKey) -> str | None:
        """Where the user will be once renames and creates are done; None: nowhere that a group could name."""
        return self._planned.get(key)

    def is_vacated(self, dn: str) -> bool:
        """Whether one of our users stands at this DN, and will be brought to another."""
        key = self.key_at(dn)
        planned = self._planned.get(key, dn) if key is not None else dn
        return planned != dn and normalise(planned) != normalise(dn)

    def left_at(self, dn: str) -> str | None:
        """Where the user is who should stand at this DN, and is moved out of the OUs, or protected: he stays there."""
        return self._left.get(normalise(dn)) if self._left else None

    def strangers(self) -> tuple[str, ...]:
        """The DNs of users and groups in our OUs that belong to no row."""
        ours = {*self.desired.linked, *self._where.recovered.values()}
        users = (user.dn for guid, user in self._users.items() if guid not in ours)
        groups = (group.dn for guid, group in self._groups.items() if guid not in ours)
        return (*users, *groups)

    def note_deleted(self, key: ObjectKey, dn: str) -> None:
        """Keep that an object was deleted by hand and is created anew, and what is left of the old one (ruling 37)."""
        guid = self._guids.get(key)
        left = self._where.remains.get(guid) if guid is not None else None
        old = f"; {_LEFT[left]} (Restore-ADObject -Identity {guid})" if left is not None else ""
        self.note(f"{key} ({dn}) was deleted by hand and is created anew{old}")

    def password_change(self, guid: Guid) -> PasswordChange | None:
        """Whether the user may change his password; None where nobody has looked."""
        return self._where.password_changes.get(guid)

    def note_unreadable_rights(self, dn: str) -> None:
        """Keep that the rights on this object are not understood, or may not be read."""
        self._unreadable.append(dn)

    def note(self, sentence: str) -> None:
        """Keep something for the report, once."""
        self._notes[sentence] = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was kept, in its order; thousands whose rights cannot be read are one note."""
        if not self._unreadable:
            return tuple(self._notes)
        count, first = len(self._unreadable), min(self._unreadable)
        unreadable = (
            f"the rights on {count} accounts, such as {first}, cannot be read or are not understood: "
            "whether they may change their passwords is left as it is"
        )
        return (*self._notes, unreadable)

    def _linked(self) -> Iterator[tuple[ObjectKey, Guid]]:
        """The rows with their objects. An object that two rows claim is nobody's: nothing is done to it (ruling 40)."""
        desired = self.desired
        records: tuple[Account | Group, ...] = (
            *(account for account, _ in desired.active),
            *desired.disabled,
            *desired.leaving,
            *desired.left_alone,
            *(group for group, _ in desired.groups),
            *desired.ended,
            *desired.released,
        )
        owners: dict[Guid, ObjectKey] = {}
        shared: set[Guid] = set()
        for record in records:
            guid = record.object_guid
            if guid is not None and owners.setdefault(guid, record.key) != record.key:
                shared.add(guid)
                self.note(f"{owners[guid]} and {record.key} are linked to the same object {guid}; it is left alone")
        return ((key, guid) for guid, key in owners.items() if guid not in shared)

    def _keys_by_actual_dn(self) -> dict[str, AccountKey]:
        found: dict[str, AccountKey] = {}
        for key, guid in self._guids.items():
            user = self._users.get(guid)
            dn = user.dn if user is not None else self._where.elsewhere.get(guid)
            if dn is not None and isinstance(key, AccountKey):
                found[dn.casefold()] = key
        return found

    def _planned_dns(self) -> dict[AccountKey, str]:
        planned = {key: actual.dn for key in self._keys.values() if (actual := self.user(key)) is not None}
        for account, user in self.desired.active:
            if self._can_be_brought_to_its_dn(account):
                planned[user.key] = user.dn
        return planned

    def _can_be_brought_to_its_dn(self, account: Account) -> bool:
        guid = self._guids.get(account.key)
        if guid is None:
            return account.object_guid is None and not self.is_waiting(account.key)
        if guid in self._left_where_they_are:
            return False
        return guid in self._users or (account.initial_password is not None and not self.is_waiting(account.key))

    def _dns_left(self) -> Iterator[tuple[str, str]]:
        for _, user in self.desired.active if self._left_where_they_are else ():
            dn = self._left_where_they_are.get(self._guids[user.key]) if user.key in self._guids else None
            if dn is not None:
                yield normalise(user.dn), dn
