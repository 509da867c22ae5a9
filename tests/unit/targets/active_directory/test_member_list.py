"""Large groups come in ranges, and none of them may be missing."""

import pytest

from connect_worker.errors import IncompleteReadError
from connect_worker.targets.active_directory.answers import Entry
from connect_worker.targets.active_directory.member_list import MemberList

GUID = [bytes.fromhex("ef5b8cc66386cd47ab535112337f53a5")]


def _members(first: int, last: int) -> list[bytes]:
    return [b"CN=%d" % number for number in range(first, last + 1)]


def _entry(**attributes: list[bytes]) -> Entry:
    return Entry("CN=all", {"objectguid": GUID, **attributes})


def _range(words: str, values: list[bytes]) -> Entry:
    return _entry(**{"member": [], f"member;range={words}": values})


def test_a_small_group_is_complete_at_once() -> None:
    members = MemberList(_entry(member=_members(0, 2)))
    assert members.complete
    assert members.dns == {"CN=0", "CN=1", "CN=2"}


def test_a_group_without_members_is_complete() -> None:
    members = MemberList(_entry())
    assert members.complete
    assert members.dns == frozenset()


def test_a_large_group_is_complete_after_the_last_range() -> None:
    members = MemberList(_range("0-1499", _members(0, 1499)))
    assert not members.complete
    assert members.next_range.attributes == ("member;range=1500-*",)
    assert members.next_range.base == "<GUID=c68c5bef-8663-47cd-ab53-5112337f53a5>"
    members.add(_range("1500-2999", _members(1500, 2999)))
    assert not members.complete
    members.add(_range("3000-*", _members(3000, 3000)))
    assert members.complete
    assert len(members.dns) == 3001


@pytest.mark.parametrize(
    "second",
    [
        _range("1600-*", _members(1600, 1700)),
        _range("1500-2999", _members(1500, 2000)),
        _range("0-1499", _members(0, 1499)),
        _entry(member=[]),
        None,
    ],
    ids=["begins later", "shorter than it says", "the first again", "no range", "no entry"],
)
def test_a_hole_between_ranges_is_an_incomplete_read(second: Entry | None) -> None:
    members = MemberList(_range("0-1499", _members(0, 1499)))
    with pytest.raises(IncompleteReadError, match="members of CN=all from number 1500 on are missing"):
        members.add(second)
