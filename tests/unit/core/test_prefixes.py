"""With a test prefix set, nothing without it is written, and it stays while objects bear it (ruling 42)."""

from dataclasses import replace

import pytest

from connect_worker.core.desired import desire
from connect_worker.core.diff import diff
from connect_worker.core.picture import Whereabouts
from connect_worker.core.prefixes import bare_names, holders
from connect_worker.model.account import Account, Aliases
from connect_worker.model.change import Change
from connect_worker.model.state import State
from tests.support.builders import TODAY, account, actual_user, group, linked, linked_group, snapshot

PREFIX = "T-"
ALIAS: Aliases = ("info@schule.example", None, None, None, None)


def prefixed(**names: object) -> Account:
    record = account(1)
    ours = {
        "dn_first_element": "CN=T-Anna",
        "cn": "T-Anna",
        "sam_account_name": "T-S.00001",
        "user_principal_name": "t-anna@schule.example",
        "mail": "t-anna@schule.example",
        **names,
    }
    return replace(record, names=replace(record.names, **ours))  # type: ignore[arg-type]


def plan(record: Account, *seen: Account) -> tuple[Change, ...]:
    state = State(accounts=(record,), groups=(), memberships={})
    actual = snapshot(*(actual_user(each) for each in seen))
    return diff(desire(state, today=TODAY), actual, Whereabouts(elsewhere={}, recovered={})).changes


def test_a_user_whose_names_all_bear_it_may_be_created() -> None:
    assert bare_names(plan(prefixed()), PREFIX) == ()


@pytest.mark.parametrize(
    ("names", "bare"),
    [
        ({"dn_first_element": "CN=Anna"}, "CN=Anna,OU=Pupils,DC=school,DC=test"),
        ({"sam_account_name": "S.00001"}, "S.00001"),
        ({"user_principal_name": "anna@schule.example"}, "anna@schule.example"),
        ({"mail": "anna@schule.example"}, "anna@schule.example"),
        ({"aliases": ALIAS}, "info@schule.example"),
    ],
)
def test_each_name_that_lacks_it_is_found_at_a_create_and_at_a_change(names: dict[str, object], bare: str) -> None:
    new = prefixed(**names)
    assert bare_names(plan(new), PREFIX) == (bare,)
    present = linked(prefixed())
    assert bare in bare_names(plan(replace(linked(new)), present), PREFIX)


def test_the_objects_that_bear_a_prefix_are_told_and_without_one_all_that_are_linked() -> None:
    state = State(
        accounts=(linked(prefixed()), linked(account(2)), account(3)),
        groups=(linked_group(group(1)), group(2)),
        memberships={},
    )
    assert holders(state, "t-") == ("S.00001",)
    assert holders(state, "") == ("S.00001", "S.00002", "students_and_teacher_per_class:0:1")
