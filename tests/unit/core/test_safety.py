"""The safety gate and the proofs of completeness: what stops a run before its first write (rulings 33, 35, 37)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest

from connect_worker.core.completeness import missing_guids, require_complete, require_nothing_overlooked
from connect_worker.core.desired import desire
from connect_worker.core.diff import diff
from connect_worker.core.picture import Whereabouts
from connect_worker.core.prefixes import bare_names
from connect_worker.core.safety import excesses, outside, scope_excess, scope_leavers
from connect_worker.errors import IncompleteReadError
from connect_worker.model.account import Account, Status, Unmet
from connect_worker.model.change import Cause, Change, CreateContainer, Delete, Rename
from connect_worker.model.configuration import Limit, Limits
from connect_worker.model.directory import ActualUser, Snapshot
from connect_worker.model.state import State
from tests.support.builders import (
    BASE,
    GROUPS_OU,
    STAFF_OU,
    STUDENTS_OU,
    TODAY,
    account,
    actual_user,
    guid,
    linked,
    snapshot,
    student_key,
)

TWO = Limit(count=2, percent=10)
LIMITS = Limits(deletes=TWO, disables=TWO, removals=TWO, renames=TWO, resets=TWO, recreations=TWO, exit_percent=25)


def school(size: int, changed: Iterable[Account]) -> tuple[Account, ...]:
    replaced = {record.key: record for record in changed}
    accounts = [linked(account(number)) for number in range(1, size + 1)]
    return tuple(replaced.get(record.key, record) for record in accounts)


def sentences(accounts: tuple[Account, ...], actual: Snapshot | None = None) -> list[str]:
    state = State(accounts=accounts, groups=(), memberships={})
    seen = actual or snapshot(*(actual_user(a, enabled=a.disabled_since is None) for a in accounts))
    found = diff(desire(state, today=TODAY), seen, Whereabouts(elsewhere={}, recovered={}))
    return [excess.sentence for excess in excesses(found.changes, (), state, LIMITS)]


def leavers(count: int, reason: Unmet) -> list[Account]:
    return [linked(account(n, status=Status.TO_DELETE, unmet=(reason,))) for n in range(1, count + 1)]


def due(count: int, reason: Unmet = Unmet.LEVEL) -> list[Account]:
    times = {
        "status": Status.TO_DELETE,
        "disabled_since": date(2026, 10, 1),
        "delete_on": TODAY,
        "unmet": (reason,),
    }
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
        pytest.param(
            school(13, due(3)), "3 users to delete for other reasons exceed the limit of 2", id="three deletes"
        ),
        pytest.param(school(60, due(12, Unmet.EXIT)), None, id="deletes after exits have 25 %, like their disabling"),
        pytest.param(
            school(60, due(13, Unmet.EXIT)),
            "13 users to delete whose exit date has passed exceed the limit of 11",
            id="more deletes after exits",
        ),
    ],
)
def test_limits_are_the_larger_of_count_and_percent(accounts: tuple[Account, ...], sentence: str | None) -> None:
    assert sentences(accounts) == ([sentence] if sentence else [])


def test_many_deleted_by_hand_are_not_created_anew_unasked() -> None:
    accounts = school(10, [])
    there = snapshot(*(actual_user(record) for record in accounts[:7]))
    assert sentences(accounts, there) == ["3 users deleted by hand to create anew exceed the limit of 2"]


def test_update_that_takes_too_many_out_of_scope_says_why_in_counts() -> None:
    before = school(30, [])
    after = school(30, leavers(4, Unmet.LEVEL))
    (excess,) = scope_excess(before, scope_leavers(before, after), LIMITS)
    assert excess.sentence == "4 people leaving the scope (4: level not configured) exceed the limit of 3"


def test_update_does_not_count_exits_nor_those_who_left_before() -> None:
    before = school(30, leavers(5, Unmet.LEVEL))
    assert scope_leavers(before, before) == ()
    assert scope_leavers(school(30, []), school(30, leavers(7, Unmet.EXIT))) == ()


def test_read_that_lacks_more_of_our_objects_than_the_limit_is_not_believed() -> None:
    accounts = school(10, [])
    state = State(accounts=accounts, groups=(), memberships={})
    seen = _seen(accounts, 7)
    missing = missing_guids(state, seen)
    assert set(missing) == {record.object_guid for record in accounts[7:]}
    with pytest.raises(IncompleteReadError, match="3 of Connect's 10 objects were not found"):
        require_complete(state, seen, LIMITS, nowhere=missing, elsewhere={})
    require_complete(state, _seen(accounts, 8), LIMITS, nowhere=missing[1:], elsewhere={})


def test_too_many_objects_outside_the_configured_ous_stop_the_run() -> None:
    """An OU was renamed, or its DN changed in the configuration: nobody would be disabled any more."""
    accounts = school(10, [])
    state = State(accounts=accounts, groups=(), memberships={})
    moved = {guid(str(record.key)): f"CN=x{n},OU=Old,DC=school,DC=test" for n, record in enumerate(accounts[7:])}
    with pytest.raises(IncompleteReadError, match=r"3 of Connect's 10 objects stand outside .* CN=x0,OU=Old") as caught:
        require_complete(state, _seen(accounts, 7), LIMITS, nowhere=(), elsewhere=moved)
    assert caught.value.reason == "ObjectsMovedOut"


def test_an_object_that_stands_where_all_was_read_shows_that_the_read_was_cut() -> None:
    """The directory said that this was all, and knows the object when it is asked for it."""
    moved, overlooked = f"CN=moved,OU=Else,{BASE}", f"CN=overlooked,OU=1a,{STUDENTS_OU.upper()}"
    require_nothing_overlooked((STUDENTS_OU, STAFF_OU), {guid("moved"): moved})
    with pytest.raises(IncompleteReadError, match=r"1 of Connect's objects were left out .* CN=overlooked"):
        require_nothing_overlooked((STUDENTS_OU, STAFF_OU), {guid("moved"): moved, guid("overlooked"): overlooked})


def test_with_a_test_prefix_nothing_without_it_is_written() -> None:
    """A production database was copied for a test: its rows still know the production objects."""
    ours, theirs = linked(account(1)), leavers(1, Unmet.LEVEL)[0]
    prefixed = linked(account(2, names=replace(ours.names, dn_first_element="CN=T-Anna", cn="T-Anna")))
    state = State(accounts=(theirs, prefixed), groups=(), memberships={})
    seen = snapshot(actual_user(theirs), actual_user(prefixed, profile=replace(prefixed.profile, city="x")))
    found = diff(desire(state, today=TODAY), seen, Whereabouts(elsewhere={}, recovered={}))
    assert bare_names(found.changes, "T-") == (theirs.dn,)


def renamed(dn: str, new_dn: str) -> Rename:
    return Rename(key=student_key(1), guid=guid("1"), dn=dn, new_dn=new_dn, cause=Cause.CHANGED)


@pytest.mark.parametrize(
    ("change", "astray"),
    [
        pytest.param(renamed(f"CN=a,{STUDENTS_OU}", f"cn=b, ou=pupils,{BASE}"), (), id="inside, spelled otherwise"),
        pytest.param(renamed(f"CN=a,OU=3a,{STUDENTS_OU}", f"CN=a,{GROUPS_OU}"), (), id="from deep below to another"),
        pytest.param(renamed(f"CN=a,{BASE}", f"CN=a,{STUDENTS_OU}"), (f"CN=a,{BASE}",), id="from outside"),
        pytest.param(
            renamed(f"CN=a,{STUDENTS_OU}", f"CN=a,OU=Admins,{BASE}"), (f"CN=a,OU=Admins,{BASE}",), id="to the outside"
        ),
        pytest.param(
            renamed(f"CN=a,{STUDENTS_OU}", f"CN=a\\,{STUDENTS_OU},{BASE}"),
            (f"CN=a\\,{STUDENTS_OU},{BASE}",),
            id="a comma in the name is no parent",
        ),
        pytest.param(CreateContainer(dn=STUDENTS_OU), (), id="the place itself"),
        pytest.param(CreateContainer(dn=f"OU=3a,{STUDENTS_OU}"), (), id="a unit below"),
        pytest.param(CreateContainer(dn=f"OU=Accounts,{BASE}"), (), id="a unit on the way to a place"),
        pytest.param(CreateContainer(dn=f"OU=Other,{BASE}"), (f"OU=Other,{BASE}",), id="a unit elsewhere"),
        pytest.param(
            Delete(key=student_key(1), guid=guid("1"), dn=f"OU=Accounts,{BASE}", cause=Cause.GRACE_OVER),
            (f"OU=Accounts,{BASE}",),
            id="no object but a unit stands on the way",
        ),
    ],
)
def test_nothing_is_written_outside_the_places_that_were_read(change: Change, astray: tuple[str, ...]) -> None:
    assert outside([change], (STUDENTS_OU, f"OU=Staff,OU=Accounts,{BASE}", GROUPS_OU)) == astray


def test_missing_base_that_holds_our_objects_stops_the_run_and_an_empty_one_does_not() -> None:
    accounts = school(1, [])
    gone = replace(snapshot(), missing_bases=(STUDENTS_OU,))
    with pytest.raises(IncompleteReadError, match="The directory has no OU=Pupils"):
        require_complete(State(accounts=accounts, groups=(), memberships={}), gone, LIMITS, nowhere=(), elsewhere={})
    nobody = State(accounts=(account(1),), groups=(), memberships={})
    require_complete(nobody, gone, LIMITS, nowhere=(), elsewhere={})


def _seen(accounts: tuple[Account, ...], count: int) -> Snapshot:
    objects: list[ActualUser] = [actual_user(record) for record in accounts[:count]]
    return snapshot(*objects)
