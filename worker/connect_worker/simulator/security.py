"""The rights that stand on each object: how clients read and write them. One of them is enforced here.

What an account may write is told elsewhere (`rights`): these entries are kept, and count for passwords alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from struct import Struct

from connect_worker.core.access_list import (
    CHANGE_PASSWORD,
    EVERYONE,
    SELF,
    AccessList,
    access_list_of,
    descriptor_of,
    password_change,
)
from connect_worker.core.access_list import Entry as AccessEntry
from connect_worker.model.directory import PasswordChange
from connect_worker.simulator.entry import Entry
from connect_worker.simulator.messages import Modification, ModificationKind
from connect_worker.simulator.results import Refusal, ResultCode
from connect_worker.simulator.values import Values

DESCRIPTOR = "nTSecurityDescriptor"
EVERY_PART = 0xF
_OWNER, _GROUP, _ACCESS, _AUDIT = 0x1, 0x2, 0x4, 0x8
_HEAD = Struct("<BBHIIII")
_ALLOWED, _ALLOWED_OBJECT = 0, 5
_READ = bytes.fromhex("94000200")
_CHANGE = bytes.fromhex("0001000001000000") + CHANGE_PASSWORD.bytes_le
_AUTHENTICATED = bytes.fromhex("01010000000000050b000000")


def default_descriptor() -> bytes:
    """As a new object has it: signed-in people may read it, and everybody may change a password that he knows."""
    entries = [AccessEntry(kind=_ALLOWED, flags=0, body=_READ + _AUTHENTICATED)]
    entries += [AccessEntry(kind=_ALLOWED_OBJECT, flags=0, body=_CHANGE + trustee) for trustee in (EVERYONE, SELF)]
    return descriptor_of(AccessList(control=0, revision=4, entries=tuple(entries)))


def denies_change(entry: Entry) -> bool:
    """Whether the user may not change his own password: one of the two denials is enough."""
    stored = entry.values.get(DESCRIPTOR)
    return stored is not None and password_change(stored[0]) is not PasswordChange.ALLOWED


def shown(entry: Entry, parts: int, *, owner: bytes, may_audit: bool) -> Iterator[tuple[str, Values]]:
    """The parts that were asked for, as the attribute. Who may not see the audit list gets nothing if he asks for it.

    That is why a client has to name the parts that it wants.
    """
    stored = entry.values.get(DESCRIPTOR)
    if stored is not None and (may_audit or not parts & _AUDIT):
        yield DESCRIPTOR, (_assembled(stored[0], parts, owner),)


def with_written_parts(entry: Entry, modifications: Sequence[Modification], parts: int) -> list[Modification]:
    """The modifications, with the descriptor as it is kept: its access list alone. Raises Refusal.

    Where the access list is not among the parts that the client writes, the old one stays.
    """
    return [_kept(entry, one, parts) if one.attribute.lower() == DESCRIPTOR.lower() else one for one in modifications]


def _kept(entry: Entry, modification: Modification, parts: int) -> Modification:
    if modification.kind is not ModificationKind.REPLACE or len(modification.values) != 1:
        raise _not_understood()
    if not parts & _ACCESS:
        return replace(modification, values=entry.values[DESCRIPTOR])
    try:
        written = descriptor_of(access_list_of(modification.values[0]))
    except ValueError:
        raise _not_understood() from None
    return replace(modification, values=(written,))


def _assembled(stored: bytes, parts: int, owner: bytes) -> bytes:
    """The stored header and access list, with the owner behind them."""
    revision, filler, control, *_, start = _HEAD.unpack_from(stored)
    end = len(stored) if parts & _ACCESS else _HEAD.size
    places = (end if parts & _OWNER else 0, end if parts & _GROUP else 0, 0, start if parts & _ACCESS else 0)
    tail = owner if parts & (_OWNER | _GROUP) else b""
    return _HEAD.pack(revision, filler, control, *places) + stored[_HEAD.size : end] + tail


def _not_understood() -> Refusal:
    return Refusal(ResultCode.OPERATIONS_ERROR, "00002020: SysErr: problem 22 (Invalid argument), data 0")
