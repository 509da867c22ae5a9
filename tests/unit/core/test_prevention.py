"""Who may not change his password: what is planned for whom, what is remembered, and when nobody looks."""

from typing import Any

import pytest

from connect_worker.core.desired import desire
from connect_worker.core.diff import Difference, diff
from connect_worker.core.picture import Whereabouts
from connect_worker.core.prevention import is_to_be_looked_at
from connect_worker.model.account import Account, Status
from connect_worker.model.change import CreateUser, Modify
from connect_worker.model.directory import ActualUser, PasswordChange
from connect_worker.model.state import State
from tests.support.builders import TODAY, account, actual_user, linked, snapshot

ALLOWED, HALF, DENIED = PasswordChange.ALLOWED, PasswordChange.PARTLY_DENIED, PasswordChange.DENIED
UNREADABLE = PasswordChange.UNREADABLE


def difference(found: PasswordChange | None, *accounts: Account) -> Difference:
    """With what was found on everybody's object; None: nobody has looked."""
    return compared(found, [actual_user(one) for one in accounts if one.object_guid is not None], *accounts)


def compared(found: PasswordChange | None, actual: list[ActualUser], *accounts: Account) -> Difference:
    changes = {} if found is None else dict.fromkeys((one.guid for one in actual), found)
    where = Whereabouts(elsewhere={}, recovered={}, password_changes=changes)
    state = State(accounts=accounts, groups=(), memberships={})
    return diff(desire(state, today=TODAY), snapshot(*actual), where)


def pupil(number: int = 1, *, prevented: bool, denied: bool = False, **changes: Any) -> Account:
    return linked(account(number, password_change_prevented=prevented, password_change_denied=denied, **changes))


@pytest.mark.parametrize(
    ("prevented", "found", "planned"),
    [
        (True, ALLOWED, True),
        (True, HALF, True),
        (True, DENIED, None),
        (False, ALLOWED, None),
        (False, HALF, False),
        (False, DENIED, False),
        (True, UNREADABLE, None),
        (False, UNREADABLE, None),
        (True, None, None),
        (False, None, None),
    ],
)
def test_what_is_planned(found: PasswordChange | None, *, prevented: bool, planned: bool | None) -> None:
    plan = difference(found, pupil(prevented=prevented)).changes
    said = [(one.attribute, one.before, one.after) for c in plan if isinstance(c, Modify) for one in c.attributes]
    assert said == ([] if planned is None else [("password_change_prevented", not planned, planned)])


def test_it_stands_alone_beside_other_changes() -> None:
    """It needs a right that the others do not, and is refused without it."""
    one = pupil(prevented=True)
    plan = compared(ALLOWED, [actual_user(one, profile=account(9).profile)], one).changes
    said = [[one.attribute for one in change.attributes] for change in plan if isinstance(change, Modify)]
    assert len(said) == 2
    assert said[1] == ["password_change_prevented"]
    assert "password_change_prevented" not in said[0]


def test_a_new_user_is_denied_right_after_he_is_created() -> None:
    create, deny = difference(None, account(password_change_prevented=True)).changes
    assert isinstance(create, CreateUser)
    assert isinstance(deny, Modify)
    assert (deny.guid, deny.dn) == (None, create.dn)


def test_thousands_whose_rights_cannot_be_read_are_one_note() -> None:
    noted = difference(UNREADABLE, *(pupil(n, prevented=True) for n in range(1, 5)), pupil(9, prevented=False)).notes
    (note,) = noted
    assert note.startswith("the rights on 4 accounts, such as CN=")


@pytest.mark.parametrize(
    ("prevented", "denied", "found", "told"),
    [
        (True, False, DENIED, "denied"),
        (True, True, DENIED, ""),
        (True, False, ALLOWED, ""),
        (False, True, ALLOWED, "allowed"),
        (False, False, ALLOWED, ""),
        (False, True, DENIED, ""),
        (False, True, None, ""),
    ],
)
def test_what_the_row_learns(found: PasswordChange | None, told: str, *, prevented: bool, denied: bool) -> None:
    one = pupil(prevented=prevented, denied=denied)
    news = difference(found, one)
    assert (news.denied, news.allowed) == (
        frozenset({one.key} if told == "denied" else ()),
        frozenset({one.key} if told == "allowed" else ()),
    )


@pytest.mark.parametrize(
    ("accounts", "looked_at"),
    [
        ([pupil(prevented=False)], False),
        ([pupil(prevented=True)], True),
        ([pupil(1, prevented=False), pupil(2, prevented=False, denied=True)], True),
        ([pupil(prevented=True, status=Status.DEACTIVATED)], False),
        ([], False),
    ],
)
def test_rights_are_looked_at_only_while_somebody_is_or_was_prevented(
    accounts: list[Account], *, looked_at: bool
) -> None:
    assert is_to_be_looked_at(State(accounts=tuple(accounts), groups=(), memberships={})) is looked_at
