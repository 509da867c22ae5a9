"""The limits of the safety gate: at the limit, above it, and with what the last seven days did (ruling 35)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest

from connect_worker.core.safety import excesses
from connect_worker.model.account import Account, Status
from connect_worker.model.act import Act
from connect_worker.model.change import (
    AddMembers,
    Cause,
    Change,
    Delete,
    Disable,
    Enable,
    Member,
    RemoveMembers,
    Rename,
    SetPassword,
)
from connect_worker.model.configuration import Limit, Limits
from connect_worker.model.group import Members
from connect_worker.model.ids import Guid
from connect_worker.model.state import State
from tests.support.builders import (
    GROUPS_OU,
    STUDENTS_OU,
    TODAY,
    account,
    class_group_key,
    group,
    guid,
    linked,
    linked_group,
    staff_key,
    student_key,
)
from tests.support.directory_changes import create_group, create_user

PEOPLE, GROUPS, SMALL = 200, 120, 30
"""So many pupils and groups; the first group has them all, each other one SMALL members."""
BIG = class_group_key(1)
USERS = tuple(linked(account(number)) for number in range(1, PEOPLE + 1))
STATE = State(
    accounts=USERS,
    groups=tuple(linked_group(group(number)) for number in range(1, GROUPS + 1)),
    memberships={
        class_group_key(number): Members(
            automatic=frozenset(student_key(n) for n in range(1, (PEOPLE if number == 1 else SMALL) + 1))
        )
        for number in range(1, GROUPS + 1)
    },
)
Make = Callable[[int], Change]


def sentences(
    changes: Sequence[Change], recent: Sequence[Act] = (), *, state: State = STATE, limits: Limits | None = None
) -> list[str]:
    return [excess.sentence for excess in excesses(changes, recent, state, limits or Limits())]


def dn_of(number: int, ou: str = STUDENTS_OU) -> str:
    return f"CN=x{number},{ou}"


def id_of(number: int) -> Guid:
    return guid(f"object {number}")


def disabling(cause: Cause) -> Make:
    return lambda n: Disable(key=student_key(n), guid=id_of(n), dn=dn_of(n), cause=cause)


def deleting(cause: Cause) -> Make:
    return lambda n: Delete(key=student_key(n), guid=id_of(n), dn=dn_of(n), cause=cause)


def deleting_group(cause: Cause) -> Make:
    return lambda n: Delete(key=class_group_key(n), guid=id_of(n), dn=dn_of(n, GROUPS_OU), cause=cause)


def renaming(n: int) -> Change:
    return Rename(key=student_key(n), guid=id_of(n), dn=dn_of(n), new_dn=dn_of(n + 500), cause=Cause.CHANGED)


def renaming_group(n: int) -> Change:
    return Rename(key=class_group_key(n), guid=id_of(n), dn=dn_of(n), new_dn=dn_of(n + 500), cause=Cause.CHANGED)


def setting_password(cause: Cause) -> Make:
    return lambda n: SetPassword(
        key=student_key(n), guid=id_of(n), dn=dn_of(n), must_change_password=False, cause=cause
    )


def creating(cause: Cause) -> Make:
    return lambda n: create_user(n, STUDENTS_OU, f"x{n}", cause=cause)


def creating_group(cause: Cause) -> Make:
    return lambda n: replace(create_group(n, GROUPS_OU, f"x{n}"), key=class_group_key(n), cause=cause)


def removal(group_number: int, pupils: Iterable[int], cause: Cause = Cause.MEMBERSHIP) -> RemoveMembers:
    members = tuple(Member(key=student_key(n), dn=dn_of(n)) for n in pupils)
    number = group_number
    return RemoveMembers(
        key=class_group_key(number), guid=id_of(number), dn=dn_of(number, GROUPS_OU), members=members, cause=cause
    )


STRICT = 20
"""10 % of PEOPLE, for users; of groups, 10 % of GROUPS is 12."""


@pytest.mark.parametrize(
    ("make", "limit", "what"),
    [
        pytest.param(disabling(Cause.EXIT), 50, "users to disable because of their exit date", id="exits: 25 %"),
        pytest.param(disabling(Cause.OUT_OF_SCOPE), STRICT, "users to disable for other reasons", id="out of scope"),
        pytest.param(disabling(Cause.DEACTIVATED), STRICT, "users to disable for other reasons", id="by the office"),
        pytest.param(
            deleting(Cause.EXIT_GRACE_OVER), 50, "users to delete whose exit date has passed", id="left: 25 %"
        ),
        pytest.param(deleting(Cause.GRACE_OVER), STRICT, "users to delete for other reasons", id="grace over"),
        pytest.param(deleting(Cause.IMMUNE), STRICT, "users to delete for other reasons", id="immune"),
        pytest.param(deleting_group(Cause.CLASS_ENDED), 30, "groups to delete whose class has ended", id="class: 25 %"),
        pytest.param(deleting_group(Cause.GRACE_OVER), 12, "groups to delete for other reasons", id="groups"),
        pytest.param(deleting_group(Cause.IMMUNE), 12, "groups to delete for other reasons", id="immune groups"),
        pytest.param(renaming, STRICT, "users to rename or move", id="renames"),
        pytest.param(renaming_group, 12, "groups to rename or move", id="renames of groups"),
        pytest.param(setting_password(Cause.RESET), STRICT, "passwords to reset", id="resets"),
        pytest.param(creating(Cause.DELETED_BY_HAND), STRICT, "users deleted by hand to create anew", id="anew"),
        pytest.param(
            creating_group(Cause.DELETED_BY_HAND), 12, "groups deleted by hand to create anew", id="groups anew"
        ),
    ],
)
def test_each_limit_holds_exactly(make: Make, limit: int, what: str) -> None:
    assert sentences([make(n) for n in range(1, limit + 1)]) == []
    assert sentences([make(n) for n in range(1, limit + 2)]) == [f"{limit + 1} {what} exceed the limit of {limit}"]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(creating(Cause.NEW), id="new users"),
        pytest.param(creating_group(Cause.NEW), id="new groups"),
        pytest.param(setting_password(Cause.CONFIRMED_RESET), id="passwords that somebody ordered by name"),
        pytest.param(setting_password(Cause.INTERRUPTED), id="passwords that a killed run did not come to set"),
        pytest.param(
            lambda n: Enable(key=student_key(n), guid=id_of(n), dn=dn_of(n), cause=Cause.RETURNED), id="who comes back"
        ),
        pytest.param(lambda n: removal(n, range(1, SMALL + 1), Cause.CLASS_CHANGED), id="pupils who change class"),
        pytest.param(
            lambda n: AddMembers(
                key=BIG, guid=id_of(1), dn=dn_of(1), members=(Member(key=student_key(n), dn=dn_of(n)),)
            ),
            id="new members",
        ),
    ],
)
def test_what_takes_nothing_away_is_not_counted(make: Make) -> None:
    assert sentences([make(n) for n in range(1, GROUPS + 1)]) == []


def without(*removals: RemoveMembers) -> State:
    """The school in which these are members no more: as an update leaves it for the sync."""
    gone = {removal.key: {member.key for member in removal.members} for removal in removals}
    kept = {key: Members(automatic=old.automatic - gone.get(key, set())) for key, old in STATE.memberships.items()}
    return replace(STATE, memberships=kept)


def removed_unasked(*removals: RemoveMembers) -> list[str]:
    return sentences(removals, state=without(*removals))


@pytest.mark.parametrize("cause", [Cause.MEMBERSHIP, Cause.REMOVED_BY_HAND])
def test_removed_members_are_counted_in_each_group(cause: Cause) -> None:
    """10 of a small group, 10 % of a big one."""
    assert removed_unasked(removal(1, range(1, 21), cause)) == []
    assert removed_unasked(removal(1, range(1, 22), cause)) == ["21 members to remove from x1 exceed the limit of 20"]
    assert removed_unasked(removal(2, range(1, 11), cause)) == []
    assert removed_unasked(removal(2, range(1, 12), cause)) == ["11 members to remove from x2 exceed the limit of 10"]


def test_removed_members_are_counted_in_all_groups_together() -> None:
    """Ten of each group are few, but not of many groups: there are 3,770 members."""
    tens = [removal(number, range(1, 11)) for number in range(2, 39)]
    seven, eight = removal(39, range(1, 8)), removal(39, range(1, 9))
    assert removed_unasked(*tens, seven) == []
    assert removed_unasked(*tens, eight) == ["378 members to remove from groups exceed the limit of 377"]


def test_a_percentage_is_of_the_members_before_the_plan() -> None:
    """Who is added in the same plan does not widen the limit, who is removed does not narrow it."""
    limits = Limits(removals=Limit(count=0, percent=50))
    after = {BIG: Members(automatic=frozenset(student_key(n) for n in range(11, 31)))}
    state = State(accounts=USERS, groups=(linked_group(group(1)),), memberships=after)
    added = AddMembers(
        key=BIG,
        guid=id_of(1),
        dn=dn_of(1),
        members=tuple(Member(key=student_key(n), dn=dn_of(n)) for n in range(21, 31)),
    )
    assert sentences([removal(1, range(1, 11)), added], state=state, limits=limits) == []
    assert sentences([removal(1, range(1, 12)), added], state=state, limits=limits) == [
        "11 members to remove from groups exceed the limit of 10",
        "11 members to remove from x1 exceed the limit of 10",
    ]


def test_two_steps_of_one_rename_are_one_rename() -> None:
    swaps = [
        step
        for n in range(1, STRICT + 1)
        for step in (
            Rename(key=student_key(n), guid=id_of(n), dn="CN=a", new_dn=f"CN=t{n}", cause=Cause.CHANGED, aside=True),
            Rename(key=student_key(n), guid=id_of(n), dn=f"CN=t{n}", new_dn="CN=b", cause=Cause.CHANGED),
        )
    ]
    assert sentences(swaps) == []


def done(kind: str, cause: Cause, numbers: Iterable[int]) -> list[Act]:
    return [Act(kind=kind, cause=cause, key=student_key(n)) for n in numbers]


def left(numbers: Iterable[int]) -> State:
    """A school in which these pupils are on the way out, disabled by Connect."""
    gone = {student_key(n) for n in numbers}
    accounts = [replace(u, status=Status.TO_DELETE, disabled_since=TODAY) if u.key in gone else u for u in USERS]
    return replace(STATE, accounts=tuple(accounts))


def test_the_last_seven_days_count_along() -> None:
    recent = done(Disable.kind, Cause.OUT_OF_SCOPE, range(101, 106))
    today = [disabling(Cause.OUT_OF_SCOPE)(n) for n in range(1, 17)]
    state = left(range(101, 106))
    assert sentences(today[:14], recent, state=state) == []
    assert sentences(today, recent, state=state) == [
        "16 users to disable for other reasons, and 5 in the last 7 days, exceed the limit of 19"
    ]


def test_each_cause_has_its_own_sum() -> None:
    recent = done(Disable.kind, Cause.EXIT, range(101, 141))
    today = [disabling(Cause.OUT_OF_SCOPE)(n) for n in range(1, 16)]
    assert sentences(today, recent, state=left(range(101, 141))) == []


def test_an_object_that_is_done_to_again_counts_once() -> None:
    recent = done(Rename.kind, Cause.CHANGED, range(1, STRICT + 1))
    assert sentences([renaming(n) for n in range(1, STRICT + 1)], recent) == []


def test_past_days_alone_stop_nothing() -> None:
    recent = done(Rename.kind, Cause.CHANGED, range(1, 100))
    assert sentences([disabling(Cause.EXIT)(1)], recent) == []


@pytest.mark.parametrize("kind", [Disable.kind, Delete.kind])
def test_who_has_come_back_was_not_taken_away(kind: str) -> None:
    back = done(kind, Cause.OUT_OF_SCOPE, range(101, 111))
    make = disabling if kind == Disable.kind else deleting
    today = [make(Cause.OUT_OF_SCOPE)(n) for n in range(1, STRICT + 1)]
    assert sentences(today, back) == []
    assert len(sentences(today, back, state=left(range(101, 111)))) == 1


def test_whose_row_is_gone_was_taken_away() -> None:
    recent = done(Delete.kind, Cause.GRACE_OVER, range(PEOPLE + 1, PEOPLE + 11))
    assert len(sentences([deleting(Cause.GRACE_OVER)(n) for n in range(1, STRICT)], recent)) == 1


def test_a_member_who_was_added_again_was_not_removed() -> None:
    def removed(numbers: Iterable[int]) -> list[Act]:
        return [
            Act(kind=RemoveMembers.kind, cause=Cause.MEMBERSHIP, key=class_group_key(2), member=staff_key(n))
            for n in numbers
        ]

    members = STATE.memberships[class_group_key(2)].automatic | {staff_key(1)}
    state = replace(STATE, memberships={**STATE.memberships, class_group_key(2): Members(automatic=members)})
    today = removal(2, range(1, 10))
    assert sentences([today], removed([1, 2]), state=state) == []
    assert sentences([today], removed([2, 3]), state=state) == [
        "9 members to remove from x2, and 2 in the last 7 days, exceed the limit of 10"
    ]


def test_what_was_ordinary_in_the_past_is_not_counted_either() -> None:
    recent = [
        Act(kind=RemoveMembers.kind, cause=Cause.CLASS_CHANGED, key=class_group_key(2), member=staff_key(n))
        for n in range(100)
    ]
    assert sentences([removal(2, range(1, 11))], recent) == []


def test_accounts_that_are_locked_out_or_not_there_are_no_part_of_a_percentage() -> None:
    out: tuple[Account, ...] = tuple(replace(user, disabled_since=TODAY) for user in USERS[:50])
    absent: tuple[Account, ...] = tuple(replace(user, object_guid=None) for user in USERS[50:80])
    state = replace(STATE, accounts=(*out, *absent, *USERS[80:]))
    assert sentences([renaming(n) for n in range(81, 94)], state=state) == [
        "13 users to rename or move exceed the limit of 12"
    ]


@pytest.mark.parametrize(
    ("limit", "population", "allowed"),
    [
        (Limit(count=10, percent=10), 0, 10),
        (Limit(count=10, percent=10), 109, 10),
        (Limit(count=10, percent=10), 110, 11),
        (Limit(count=0, percent=0), 1000, 0),
        (Limit(count=0, percent=2.3), 1000, 23),
        (Limit(count=0, percent=99.9), 1000, 999),
        (Limit(count=5, percent=100), 7, 7),
    ],
)
def test_the_larger_of_count_and_percentage_is_allowed(limit: Limit, population: int, allowed: int) -> None:
    assert limit.of(population) == allowed


ONCE, NEVER = Limit(count=1, percent=0), Limit(count=0, percent=0)
NOTHING_ALLOWED = Limits(
    deletes=NEVER, disables=NEVER, removals=NEVER, renames=NEVER, resets=NEVER, recreations=NEVER, exit_percent=0
)


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        (replace(NOTHING_ALLOWED, disables=ONCE), "to disable"),
        (replace(NOTHING_ALLOWED, deletes=ONCE), "to delete"),
        (replace(NOTHING_ALLOWED, removals=ONCE), "to remove"),
        (replace(NOTHING_ALLOWED, renames=ONCE), "to rename"),
        (replace(NOTHING_ALLOWED, resets=ONCE), "to reset"),
        (replace(NOTHING_ALLOWED, recreations=ONCE), "to create anew"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_kind_has_its_own_limit(limits: Limits, allowed: str) -> None:
    changes = [
        disabling(Cause.OUT_OF_SCOPE)(1),
        deleting(Cause.GRACE_OVER)(2),
        removal(2, [3]),
        renaming(4),
        setting_password(Cause.RESET)(5),
        creating(Cause.DELETED_BY_HAND)(6),
    ]
    told = " ".join(sentences(changes, limits=NOTHING_ALLOWED))
    assert allowed in told
    assert allowed not in " ".join(sentences(changes, limits=limits))
