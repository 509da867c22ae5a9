"""Who may change a password, in the rights of an object: read, denied and allowed again without touching the rest."""

from struct import pack, pack_into
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_worker.core.access_list import (
    CHANGE_PASSWORD,
    EVERYONE,
    SELF,
    AccessList,
    Entry,
    access_list_of,
    allowing,
    denying,
    descriptor_of,
    password_change,
)
from connect_worker.model.directory import PasswordChange

ALLOWED, DENIED, AUDITED, ALLOWED_OBJECT, DENIED_OBJECT = 0, 1, 2, 5, 6
INHERITED, INHERIT_ONLY = 0x10, 0x08
STAFF = bytes.fromhex("0105000000000005150000000100000002000000030000004f040000")
RESET_PASSWORD = UUID("00299570-246d-11d0-a768-00aa006e0529")


def plain(kind: int, trustee: bytes, mask: int = 0xF01FF, flags: int = 0) -> Entry:
    return Entry(kind=kind, flags=flags, body=pack("<I", mask) + trustee)


def right(kind: int, trustee: bytes, which: UUID | None = CHANGE_PASSWORD, flags: int = 0, mask: int = 0x100) -> Entry:
    """An entry for one right; None: for all of them."""
    named = b"" if which is None else which.bytes_le
    return Entry(kind=kind, flags=flags, body=pack("<II", mask, bool(named)) + named + trustee)


def descriptor(*entries: Entry, control: int = 0) -> bytes:
    return descriptor_of(AccessList(control=control, revision=4, entries=entries))


MAY_CHANGE = (right(ALLOWED_OBJECT, EVERYONE), right(ALLOWED_OBJECT, SELF))
MAY_NOT_CHANGE = (right(DENIED_OBJECT, EVERYONE), right(DENIED_OBJECT, SELF))
USUAL = (plain(ALLOWED, STAFF), *MAY_CHANGE, plain(ALLOWED, STAFF, flags=INHERITED))


def entries(raw: bytes) -> tuple[Entry, ...]:
    return access_list_of(raw).entries


def test_a_new_user_may_change_his_password() -> None:
    assert password_change(descriptor(*USUAL)) is PasswordChange.ALLOWED


def test_two_denials_stand_before_everything_that_is_allowed() -> None:
    denied = denying(descriptor(*USUAL))
    assert password_change(denied) is PasswordChange.DENIED
    assert entries(denied) == (*MAY_NOT_CHANGE, *USUAL)


def test_other_denials_keep_their_place_before_ours() -> None:
    other = (plain(DENIED, STAFF), right(DENIED_OBJECT, STAFF, RESET_PASSWORD))
    assert entries(denying(descriptor(*other, *USUAL))) == (*other, *MAY_NOT_CHANGE, *USUAL)


def test_a_denial_from_above_stays_behind_the_explicit_entries() -> None:
    """Windows' order: what is inherited comes last, denials too."""
    inherited = plain(DENIED, STAFF, flags=INHERITED)
    assert entries(denying(descriptor(inherited))) == (*MAY_NOT_CHANGE, inherited)


def test_allowing_again_leaves_exactly_what_was_there_before() -> None:
    before = descriptor(*USUAL, control=0x0400 | 0x1000)
    assert allowing(denying(before)) == before


def test_denying_and_allowing_twice_is_the_same_as_once() -> None:
    once = denying(descriptor(*USUAL))
    assert denying(once) == once
    assert allowing(allowing(once)) == allowing(once)


def test_half_a_denial_is_told_apart_and_made_whole() -> None:
    half = descriptor(MAY_NOT_CHANGE[1], *USUAL)
    assert password_change(half) is PasswordChange.PARTLY_DENIED
    assert set(entries(denying(half))) == {*MAY_NOT_CHANGE, *USUAL}
    assert entries(allowing(half)) == USUAL


def test_where_windows_dialogue_has_turned_the_permissions_into_denials_they_come_back() -> None:
    by_dialogue = descriptor(*MAY_NOT_CHANGE, plain(ALLOWED, STAFF))
    allowed = allowing(by_dialogue)
    assert password_change(allowed) is PasswordChange.ALLOWED
    assert entries(allowed) == (*MAY_CHANGE, plain(ALLOWED, STAFF))


@pytest.mark.parametrize(
    ("other", "suffices"),
    [
        (right(ALLOWED_OBJECT, SELF), True),
        (right(ALLOWED_OBJECT, SELF, flags=INHERITED), True),
        (right(ALLOWED_OBJECT, SELF, which=None), True),
        (plain(ALLOWED, SELF, mask=0x100), True),
        (plain(ALLOWED, SELF, mask=0x10), False),
        (right(ALLOWED_OBJECT, SELF, flags=INHERIT_ONLY), False),
        (right(ALLOWED_OBJECT, SELF, which=RESET_PASSWORD), False),
        (right(ALLOWED_OBJECT, SELF, mask=0x10), False),
        (right(ALLOWED_OBJECT, STAFF), False),
        (plain(ALLOWED, SELF + SELF, mask=0x100), False),
        (Entry(kind=ALLOWED_OBJECT, flags=0, body=SELF), False),
    ],
)
def test_a_permission_is_put_back_only_where_none_is_left(other: Entry, *, suffices: bool) -> None:
    allowed = allowing(descriptor(right(DENIED_OBJECT, SELF), other))
    assert entries(allowed) == ((other,) if suffices else (right(ALLOWED_OBJECT, SELF), other))


@pytest.mark.parametrize(
    "entry",
    [
        right(DENIED_OBJECT, EVERYONE, RESET_PASSWORD),
        right(DENIED_OBJECT, STAFF),
        right(DENIED_OBJECT, SELF, flags=INHERITED),
        right(DENIED_OBJECT, SELF, mask=0x130),
        plain(DENIED, EVERYONE, mask=0x100),
    ],
)
def test_an_entry_that_only_resembles_ours_is_none(entry: Entry) -> None:
    raw = descriptor(entry, *USUAL)
    assert password_change(raw) is PasswordChange.ALLOWED
    assert allowing(raw) == raw


def test_owner_group_and_audit_list_are_not_written_back() -> None:
    """A client names the part that it writes: a server must not be able to take more of it."""
    raw = bytearray(descriptor(*USUAL))
    raw += STAFF
    pack_into("<HIII", raw, 2, 0x8004 | 0x0001 | 0x0010, len(raw) - len(STAFF), len(raw) - len(STAFF), 0)
    assert denying(bytes(raw)) == denying(descriptor(*USUAL))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"garbage",
        descriptor(*USUAL)[:19],
        descriptor(*USUAL)[:24],
        descriptor(*USUAL)[:-1],
        b"\x02" + descriptor(*USUAL)[1:],
        pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 0),
        pack("<BBHIIII", 1, 0, 0x8000, 0, 0, 0, 20) + pack("<BBHHH", 4, 0, 8, 0, 0),
        pack("<BBHIIII", 1, 0, 0x0004, 0, 0, 0, 20) + pack("<BBHHH", 4, 0, 8, 0, 0),
        pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + pack("<BBHHH", 9, 0, 8, 0, 0),
        pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + pack("<BBHHH", 4, 0, 8, 1, 0),
        pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + pack("<BBHHH", 4, 0, 12, 1, 0) + pack("<BBH", 0, 0, 3),
    ],
)
def test_what_is_not_understood_is_told_so_and_refused(raw: bytes) -> None:
    assert password_change(raw) is PasswordChange.UNREADABLE
    with pytest.raises(ValueError, match=r"it is|list|entry"):
        denying(raw)


def test_a_list_without_room_is_refused() -> None:
    full = descriptor(*(plain(ALLOWED, STAFF) for _ in range(1819)))
    with pytest.raises(ValueError, match="full"):
        denying(full)


@given(st.binary(max_size=200))
def test_no_bytes_end_in_another_error(raw: bytes) -> None:
    try:
        assert password_change(denying(raw)) is PasswordChange.DENIED
    except ValueError:
        assert password_change(raw) is PasswordChange.UNREADABLE


KINDS = st.sampled_from([ALLOWED, DENIED, AUDITED, ALLOWED_OBJECT, DENIED_OBJECT, 9, 10])
ANY_ENTRY = st.builds(Entry, kind=KINDS, flags=st.integers(0, 255), body=st.binary(max_size=60)) | st.sampled_from(
    [*USUAL, *MAY_NOT_CHANGE]
)


@given(st.lists(ANY_ENTRY, max_size=12))
def test_whatever_else_stands_there_stays_in_its_order(others: list[Entry]) -> None:
    raw = descriptor(*others)
    rest = [entry for entry in others if entry not in MAY_NOT_CHANGE]
    assert [entry for entry in entries(denying(raw)) if entry not in MAY_NOT_CHANGE] == rest
    added = [entry for entry in entries(allowing(denying(raw))) if entry not in rest]
    assert set(added) <= {*MAY_CHANGE}
    assert [entry for entry in entries(allowing(denying(raw))) if entry not in added] == rest
