"""Where a customer's directory is read."""

from dataclasses import replace

import pytest

from connect_worker.core.bases import bases
from connect_worker.model.state import State
from tests.support.builders import GROUPS_OU, STAFF_OU, STUDENTS_OU, account, configuration, group


def read_for(parent: str) -> tuple[str, ...]:
    """The bases beside the configured ones when a user and a group stand below this parent."""
    user = account()
    user = replace(user, names=replace(user.names, dn_parent=parent))
    found = bases(configuration(), State(accounts=(user,), groups=(group(dn_parent=parent),), memberships={}))
    return tuple(base for base in found if base not in {STAFF_OU, STUDENTS_OU, GROUPS_OU})


def test_a_place_that_only_rows_know_is_read_too() -> None:
    assert read_for("OU=Old,DC=school,DC=test") == ("OU=Old,DC=school,DC=test",)
    assert read_for(f"OU=Classes,{STUDENTS_OU}") == ()


@pytest.mark.parametrize("typed", ["Accounts", "OU=Accounts", "OU=Accounts,DC=other", "OU="])
def test_what_is_no_place_in_the_domain_is_not_asked_for(typed: str) -> None:
    """A directory that is asked for another domain refuses the whole read."""
    assert read_for(typed) == ()
