"""Who may change a user's password, in the list of rights that Windows keeps with the user (MS-DTYP 2.4.4 to 2.4.6).

Active Directory has no flag for *may not change* (userAccountControl's 0x40 is without effect): two entries deny the
right, one to everyone, one to the user himself. All other entries are bytes that pass through here as they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from struct import Struct
from struct import error as StructError  # noqa: N812 - a class, whatever its name
from uuid import UUID

from connect_worker.model.directory import PasswordChange

CHANGE_PASSWORD = UUID("ab721a53-1e2f-11d0-9819-00aa0040529b")
"""The right «User-Change-Password»: to set a new password by telling the old one."""
EVERYONE = bytes.fromhex("010100000000000100000000")
SELF = bytes.fromhex("01010000000000050a000000")

_DESCRIPTOR = Struct("<BBHIIII")  # revision, filler, control, places of owner, group, audit list, access list
_LIST = Struct("<BBHHH")  # revision, filler, size, number of entries, filler
_ENTRY = Struct("<BBH")  # kind, flags, size
_MASK = Struct("<I")
_OBJECT = Struct("<II")  # mask, which identifiers follow
_PRESENT, _SELF_RELATIVE = 0x0004, 0x8000
_KEPT = _PRESENT | 0x0008 | 0x0100 | 0x0400 | 0x1000  # what the control says of the access list: defaulted, inherited …
_REVISION, _LIST_REVISION, _OBJECT_LIST_REVISION = 1, 2, 4
_ALLOWED, _DENIED, _ALLOWED_OBJECT, _DENIED_OBJECT = 0, 1, 5, 6
_INHERIT_ONLY, _INHERITED = 0x08, 0x10
_EXTENDED_RIGHT = 0x100
_HAS_TYPE, _HAS_INHERITED_TYPE = 0x1, 0x2
_LARGEST = 0xFFFF


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry; `body` is what follows its header."""

    kind: int
    flags: int
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessList:
    """The entries in their order, and what the descriptor's control says of them."""

    control: int
    revision: int
    entries: tuple[Entry, ...]


@lru_cache(maxsize=256)
def password_change(descriptor: bytes) -> PasswordChange:
    """What a self-relative descriptor says. Thousands of users have the same one: it is taken apart once."""
    try:
        entries = access_list_of(descriptor).entries
    except ValueError:
        return PasswordChange.UNREADABLE
    denied = sum(_DENIAL[trustee] in entries for trustee in _DENIAL)
    if denied == len(_DENIAL):
        return PasswordChange.DENIED
    return PasswordChange.PARTLY_DENIED if denied else PasswordChange.ALLOWED


def denying(descriptor: bytes) -> bytes:
    """The access list with both denials, behind the explicit ones that it has; no other entry changes its place.

    Raises ValueError for a descriptor that is not understood.
    """
    found = access_list_of(descriptor)
    return descriptor_of(_with(found, [entry for entry in _DENIAL.values() if entry not in found.entries]))


def allowing(descriptor: bytes) -> bytes:
    """The access list without the denials. Whom they were taken from is allowed as every new user is, if he is not.

    (Windows' own dialogue turns the permission into the denial, instead of setting it beside it.)
    Raises ValueError for a descriptor that is not understood.
    """
    found = access_list_of(descriptor)
    freed = [trustee for trustee, entry in _DENIAL.items() if entry in found.entries]
    rest = replace(found, entries=tuple(entry for entry in found.entries if entry not in _DENIAL.values()))
    missing = [_PERMISSION[trustee] for trustee in freed if not any(_allows(one, trustee) for one in rest.entries)]
    return descriptor_of(_with(rest, missing))


def access_list_of(descriptor: bytes) -> AccessList:
    """Take a self-relative descriptor apart. Raises ValueError for anything that is not understood.

    Without an access list everything is allowed to everybody: a first entry would take all of that away.
    """
    try:
        revision, _, control, _, _, _, start = _DESCRIPTOR.unpack_from(descriptor)
        if revision != _REVISION or not control & _SELF_RELATIVE or not control & _PRESENT or not start:
            raise ValueError("it is no self-relative descriptor with an access list")
        list_revision, _, size, count, _ = _LIST.unpack_from(descriptor, start)
    except StructError as error:
        raise ValueError("it is cut short") from error
    end = start + size
    if list_revision not in {_LIST_REVISION, _OBJECT_LIST_REVISION} or end > len(descriptor):
        raise ValueError("its access list is of an unknown kind, or cut short")
    entries = tuple(_entries(descriptor[:end], start + _LIST.size, count))
    return AccessList(control=control & _KEPT, revision=list_revision, entries=entries)


def descriptor_of(access_list: AccessList) -> bytes:
    """A self-relative descriptor of the access list alone. Raises ValueError where it would be too large."""
    entries = b"".join(map(_packed, access_list.entries))
    size = _LIST.size + len(entries)
    if size > _LARGEST:
        raise ValueError("its access list is full")
    control = access_list.control | _PRESENT | _SELF_RELATIVE
    head = _DESCRIPTOR.pack(_REVISION, 0, control, 0, 0, 0, _DESCRIPTOR.size)
    return head + _LIST.pack(access_list.revision, 0, size, len(access_list.entries), 0) + entries


def _entries(data: bytes, at: int, count: int) -> Iterator[Entry]:
    for _ in range(count):
        try:
            kind, flags, size = _ENTRY.unpack_from(data, at)
        except StructError as error:
            raise ValueError("an entry is missing") from error
        if size < _ENTRY.size or at + size > len(data):
            raise ValueError("an entry is cut short")
        yield Entry(kind=kind, flags=flags, body=data[at + _ENTRY.size : at + size])
        at += size


def _packed(entry: Entry) -> bytes:
    return _ENTRY.pack(entry.kind, entry.flags, _ENTRY.size + len(entry.body)) + entry.body


def _with(access_list: AccessList, more: Sequence[Entry]) -> AccessList:
    """Further explicit entries, where Windows' order has them: denials first, what is inherited last."""
    entries = access_list.entries
    place = next((n for n, entry in enumerate(entries) if not _is_explicit_denial(entry)), len(entries))
    return replace(
        access_list,
        revision=_OBJECT_LIST_REVISION if more else access_list.revision,
        entries=(*entries[:place], *more, *entries[place:]),
    )


def _is_explicit_denial(entry: Entry) -> bool:
    return entry.kind in {_DENIED, _DENIED_OBJECT} and not entry.flags & _INHERITED


def _allows(entry: Entry, trustee: bytes) -> bool:
    if entry.flags & _INHERIT_ONLY or not entry.body.endswith(trustee):
        return False
    if entry.kind == _ALLOWED and len(entry.body) == _MASK.size + len(trustee):
        return bool(_MASK.unpack_from(entry.body)[0] & _EXTENDED_RIGHT)
    return entry.kind == _ALLOWED_OBJECT and _allows_by_object(entry.body, trustee)


def _allows_by_object(body: bytes, trustee: bytes) -> bool:
    """The right by its own identifier, or all extended rights of the object; not those of other kinds of objects."""
    head = len(body) - len(trustee)
    if head < _OBJECT.size:
        return False
    mask, identifiers = _OBJECT.unpack_from(body)
    if not mask & _EXTENDED_RIGHT or identifiers & _HAS_INHERITED_TYPE:
        return False
    named = body[_OBJECT.size : head] if identifiers & _HAS_TYPE else CHANGE_PASSWORD.bytes_le
    return named == CHANGE_PASSWORD.bytes_le


def _entry(kind: int, trustee: bytes) -> Entry:
    return Entry(kind=kind, flags=0, body=_OBJECT.pack(_EXTENDED_RIGHT, _HAS_TYPE) + CHANGE_PASSWORD.bytes_le + trustee)


_DENIAL = {trustee: _entry(_DENIED_OBJECT, trustee) for trustee in (EVERYONE, SELF)}
_PERMISSION = {trustee: _entry(_ALLOWED_OBJECT, trustee) for trustee in (EVERYONE, SELF)}
