"""The names that somebody holds, and nobody else may be given."""

from collections.abc import Iterable, Iterator
from datetime import date

from connect_worker.core import dn
from connect_worker.model.account import Account, Names
from connect_worker.model.directory import ObjectKey
from connect_worker.model.group import Group
from connect_worker.model.ids import AccountKey, Guid
from connect_worker.model.state import NameKind, State

Holder = ObjectKey | Guid | None
"""Whose a name is: one of our own, an object outside Connect, or nobody who could get it back."""
_Entry = tuple[NameKind, str]


class TakenNames:
    """Every name that somebody holds: users, groups, objects outside Connect, and deleted accounts (ruling 12).

    Comparisons ignore the case. A name may have several holders; it is free for somebody who is the only one.
    """

    def __init__(self, state: State, *, today: date) -> None:
        """Reservations that ended before or on `today` do not count."""
        self._holders: dict[_Entry, tuple[Holder, ...]] = {}
        self._returning: dict[AccountKey, list[str]] = {}
        for account in state.accounts:
            self.add(account.key, account.names)
        for group in state.groups:
            self._add(group.key, _entries_of_group(group))
        self._reserve(state, today)

    def add(self, key: AccountKey, names: Names) -> None:
        """These names are now this account's."""
        self._add(key, _entries(names))

    def release(self, key: AccountKey, names: Names) -> None:
        """These names are no longer this account's, unless it holds them for another reason as well."""
        for entry in _entries(names):
            holders = list(self._holders.get(entry, ()))
            if key in holders:
                holders.remove(key)
                self._holders[entry] = tuple(holders)

    def is_free(self, kind: NameKind, name: str, key: ObjectKey) -> bool:
        """Whether nobody but `key` holds this name."""
        return all(holder == key for holder in self._holders.get(_entry(kind, name), ()))

    def other_holder(self, kind: NameKind, name: str, key: ObjectKey) -> Holder:
        """Somebody else who holds this name, if it is not free for `key`."""
        return next(holder for holder in self._holders[_entry(kind, name)] if holder != key)

    def hold(self, holder: Holder, kind: NameKind, names: Iterable[str]) -> None:
        """These names are somebody's as well."""
        self._add(holder, (_entry(kind, name) for name in names))

    def returning(self, key: AccountKey) -> tuple[str, ...]:
        """The DN first elements, in normal form, that are kept for this person from a deleted account."""
        return tuple(self._returning.get(key, ()))

    def _add(self, holder: Holder, entries: Iterable[_Entry]) -> None:
        only = (holder,)
        for entry in entries:
            others = self._holders.get(entry)
            self._holders[entry] = only if others is None else others + only

    def _reserve(self, state: State, today: date) -> None:
        own: dict[Guid, ObjectKey] = {
            record.object_guid: record.key for record in _records(state) if record.object_guid is not None
        }
        for reserved in state.reserved:
            if reserved.until is not None and reserved.until <= today:
                continue
            entry = _entry(reserved.kind, reserved.name)
            guid = reserved.guid
            self._add(reserved.owner or (own.get(guid, guid) if guid is not None else None), [entry])
            if reserved.owner is not None and reserved.kind is NameKind.DN_FIRST_ELEMENT:
                self._returning.setdefault(reserved.owner, []).append(entry[1])


def _records(state: State) -> Iterator[Account | Group]:
    yield from state.accounts
    yield from state.groups


def _entries(names: Names) -> Iterable[_Entry]:
    entries = {(NameKind.ADDRESS, address.casefold()) for address in names.addresses}
    if names.user_principal_name:
        entries.add((NameKind.ADDRESS, names.user_principal_name.casefold()))
    if names.sam_account_name:
        entries.add((NameKind.SAM, names.sam_account_name.casefold()))
    if names.dn_first_element:
        entries.add(_entry(NameKind.DN_FIRST_ELEMENT, names.dn_first_element))
    return entries


def _entries_of_group(group: Group) -> Iterator[_Entry]:
    if group.sam_account_name:
        yield _entry(NameKind.SAM, group.sam_account_name)
    if group.dn_first_element:
        yield _entry(NameKind.DN_FIRST_ELEMENT, group.dn_first_element)


def _entry(kind: NameKind, name: str) -> _Entry:
    if kind is not NameKind.DN_FIRST_ELEMENT:
        return kind, name.casefold()
    try:
        return kind, dn.normalise(name)
    except ValueError:
        # Typed by hand: it can hold no object in a directory, and a warning's cure will replace it.
        return kind, name.casefold()
