"""The safety gate and the proofs of completeness: what stops a run before its first write (rulings 33, 35, 37)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest

from connect_worker.core.completeness import missing_guids, require_complete
from connect_worker.core.desired import desire
from connect_worker.core.diff import diff
from connect_worker.core.picture import Whereabouts
from connect_worker.core.plan import make_plan
from connect_worker.core.safety import excesses, scope_excess
from connect_worker.errors import IncompleteReadError
from connect_worker.model.account import Account, Status, Unmet
from connect_worker.model.configuration import Limits
from connect_worker.model.directory import ActualUser, Snapshot
from connect_worker.model.state import State
from tests.support.builders import STUDENTS_OU, TODAY, account, actual_user, linked, snapshot

LIMITS = Limits(deletes=2, delete_percent=10, exit_percent=25)


def school(size: int, changed: Iterable[Account]) -> tuple[Account, ...]:
    replaced = {record.key: record for record in changed}
    accounts = [linked(account(number)) for number in range(1, size + 1)]
    return tuple(replaced.get(record.key, record) for record in accounts)


def sentences(accounts: tuple[Account, ...], actual: Snapshot | None = None) -> list[str]:
    state = State(accounts=accounts, groups=(), memberships={})
    seen = actual or snapshot(*(actual_user(a, enabled=a.disabled_since is None) for a in accounts))
    found = diff(desire(state, today=TODAY), seen, Whereabouts(elsewhere={}, intended={}))
    return [excess.sentence for excess in excesses(make_plan(found, {}), state, LIMITS)]


def leavers(count: int, reason: Unmet) -> list[Account]:
    return [linked(account(n, status=Status.TO_DELETE, unmet=(reason,))) for n in range(1, count + 1)]


def due(count: int) -> list[Account]:
    times = {"status": Status.TO_DELETE, "disabled_since": date(2026, 10, 1), "delete_on": TODAY}
    return [linked(account(n, **times)) for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("accounts", "sentence"),
    [
        pytest.param(school(10, leavers(2, Unmet.LEVEL)), None, id="two of ten: the count allows it"),
        pytest.param(
            school(10, leavers(3, Unmet.LEVEL)),
            "3 users to disable for other reasons exceed the limit of 2",
            id="three of ten is more than 2 and than 10 %",
        ),
        pytest.param(school(40, leavers(4, Unmet.LEVEL)), None, id="four of forty is 10 %"),
        pytest.param(
            school(40, leavers(5, Unmet.LEVEL)),
            "5 users to disable for other reasons exceed the limit of 4",
            id="five of forty is more",
        ),
        pytest.param(school(40, leavers(10, Unmet.EXIT)), None, id="exits have 25 %"),
        pytest.param(
            school(40, leavers(11, Unmet.EXIT)),
            "11 users to disable because of their exit date exceed the limit of 10",
            id="more exits than 25 %",
        ),
        pytest.param(school(10, due(2)), None, id="two deletes"),
        pytest.param(school(10, due(3)), "3 users to delete exceed the limit of 2", id="three deletes"),
    ],
)
def test_limits_are_the_larger_of_count_and_percent(accounts: tuple[Account, ...], sentence: str | None) -> None:
    assert sentences(accounts) == ([sentence] if sentence else [])


def test_many_deleted_by_hand_are_not_created_anew_unasked() -> None:
    accounts = school(10, [])
    there = snapshot(*(actual_user(record) for record in accounts[:7]))
    assert sentences(accounts, there) == ["3 objects deleted by hand to create anew exceed the limit of 2"]


def test_update_that_takes_too_many_out_of_scope_says_why_in_counts() -> None:
    before = school(30, [])
    after = school(30, leavers(4, Unmet.LEVEL))
    (excess,) = scope_excess(before, after, LIMITS)
    assert excess.sentence == "4 people leaving the scope (4: level not configured) exceed the limit of 3"


def test_update_does_not_count_exits_nor_those_who_left_before() -> None:
    before = school(30, leavers(5, Unmet.LEVEL))
    assert scope_excess(before, before, LIMITS) == ()
    assert scope_excess(school(30, []), school(30, leavers(7, Unmet.EXIT)), LIMITS) == ()


def test_read_that_lacks_more_of_our_objects_than_the_limit_is_not_believed() -> None:
    accounts = school(10, [])
    state = State(accounts=accounts, groups=(), memberships={})
    seen = _seen(accounts, 7)
    missing = missing_guids(state, seen)
    assert set(missing) == {record.object_guid for record in accounts[7:]}
    with pytest.raises(IncompleteReadError, match="3 of Connect's 10 objects were not found"):
        require_complete(state, seen, missing, LIMITS)
    require_complete(state, _seen(accounts, 8), missing[1:], LIMITS)


def test_missing_base_that_holds_our_objects_stops_the_run_and_an_empty_one_does_not() -> None:
    accounts = school(1, [])
    gone = replace(snapshot(), missing_bases=(STUDENTS_OU,))
    with pytest.raises(IncompleteReadError, match="The directory has no OU=Pupils"):
        require_complete(State(accounts=accounts, groups=(), memberships={}), gone, (), LIMITS)
    nobody = State(accounts=(account(1),), groups=(), memberships={})
    require_complete(nobody, gone, (), LIMITS)


def _seen(accounts: tuple[Account, ...], count: int) -> Snapshot:
    objects: list[ActualUser] = [actual_user(record) for record in accounts[:count]]
    return snapshot(*objects)
