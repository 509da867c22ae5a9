"""What a checksum covers and what is a part of what was approved (ruling 36)."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_worker.core.gated import checksum_of, gated_changes
from connect_worker.model.change import Cause, Change, Delete, Disable, Enable, Member, RemoveMembers, Rename
from tests.support.builders import GROUPS_OU, STUDENTS_OU, class_group_key, guid, student_key
from tests.support.directory_changes import create_user, modify, set_password

DN = f"CN=x,{STUDENTS_OU}"


def disable(n: int) -> Change:
    return Disable(key=student_key(n), guid=guid(f"{n}"), dn=f"CN=x{n},{STUDENTS_OU}", cause=Cause.EXIT)


def delete(n: int) -> Change:
    return Delete(key=student_key(n), guid=guid(f"{n}"), dn=f"CN=x{n},{STUDENTS_OU}", cause=Cause.GRACE_OVER)


def rename(n: int) -> Rename:
    dn = f"CN=x{n},{STUDENTS_OU}"
    return Rename(key=student_key(n), guid=guid(f"{n}"), dn=dn, new_dn=f"CN=y{n},{STUDENTS_OU}", cause=Cause.CHANGED)


def reset(n: int) -> Change:
    return set_password(student_key(n), guid(f"{n}"), f"CN=x{n},{STUDENTS_OU}")


def removal(*pupils: int, group: int = 1, cause: Cause = Cause.MEMBERSHIP) -> RemoveMembers:
    members = tuple(Member(key=student_key(n), dn=f"CN=x{n},{STUDENTS_OU}") for n in pupils)
    dn = f"CN=g{group},{GROUPS_OU}"
    return RemoveMembers(key=class_group_key(group), guid=guid(f"g{group}"), dn=dn, members=members, cause=cause)


def anew(n: int) -> Change:
    return create_user(n, STUDENTS_OU, f"x{n}", cause=Cause.DELETED_BY_HAND)


MAKERS = (disable, delete, rename, reset, removal, anew)
CHANGES = st.lists(
    st.builds(lambda make, n: make(n), st.sampled_from(MAKERS), st.integers(1, 12)), max_size=12, unique=True
)


def checksum(changes: Sequence[Change]) -> str:
    return checksum_of(gated_changes(changes))


@given(CHANGES, st.randoms())
def test_the_order_of_changes_does_not_count(changes: list[Change], chance: random.Random) -> None:
    shuffled = chance.sample(changes, len(changes))
    assert checksum(shuffled) == checksum(changes)


@given(CHANGES, st.integers(0, 2**12))
def test_a_part_is_a_part_and_anything_else_is_not(changes: list[Change], choice: int) -> None:
    approved = gated_changes(changes)
    some = [change for place, change in enumerate(changes) if choice >> place & 1]
    assert gated_changes(some) <= approved
    for make in MAKERS:
        assert not gated_changes([*some, make(99)]) <= approved


def test_some_of_the_members_are_a_part_however_they_are_divided() -> None:
    approved = gated_changes([removal(1, 2, 3), removal(4, 5)])
    assert gated_changes([removal(1, 2, 3, 4, 5)]) == approved
    assert gated_changes([removal(2, 5)]) < approved
    assert not gated_changes([removal(2, 6)]) <= approved
    assert not gated_changes([removal(2, group=2)]) <= approved


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(modify(student_key(1), guid("1"), DN, city="Bern"), id="modify"),
        pytest.param(create_user(1, STUDENTS_OU, "x"), id="create"),
        pytest.param(Enable(key=student_key(1), guid=guid("1"), dn=DN, cause=Cause.RETURNED), id="enable"),
        pytest.param(removal(1, cause=Cause.CLASS_CHANGED), id="class changed"),
        pytest.param(
            replace(set_password(student_key(1), guid("1"), DN), cause=Cause.INTERRUPTED), id="interrupted create"
        ),
    ],
)
def test_what_is_not_counted_is_not_covered(change: Change) -> None:
    assert gated_changes([change]) == frozenset()


def test_neither_why_nor_what_holds_for_the_password_counts() -> None:
    disabled = Disable(key=student_key(1), guid=guid("1"), dn=DN, cause=Cause.EXIT)
    assert checksum([disabled]) == checksum([replace(disabled, cause=Cause.OUT_OF_SCOPE)])
    password = set_password(student_key(1), guid("1"), DN)
    assert checksum([password]) == checksum([replace(password, must_change_password=True)])


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(rename(1), guid=guid("other")), id="another object"),
        pytest.param(replace(rename(1), dn=f"CN=z,{STUDENTS_OU}"), id="another name before"),
        pytest.param(replace(rename(1), new_dn=f"CN=z,{STUDENTS_OU}"), id="another name after"),
        pytest.param(delete(1), id="another kind"),
    ],
)
def test_kind_object_before_and_after_count(other: Change) -> None:
    assert checksum([other]) != checksum([rename(1)])


def test_a_temporary_name_does_not_count() -> None:
    one = Rename(key=student_key(1), guid=guid("1"), dn="CN=a", new_dn="CN=b", cause=Cause.CHANGED)
    aside = replace(one, new_dn="CN=connect-1", aside=True)
    assert checksum([aside, replace(one, dn="CN=connect-1")]) == checksum([one])
