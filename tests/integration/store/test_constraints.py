"""A row that the tables refuse: named without what stands in it."""

import traceback
from dataclasses import replace

import pytest

from connect_worker.errors import ConfigurationError
from connect_worker.model.secret import SealedSecret
from connect_worker.model.state import Settlement, State
from connect_worker.store.repository import Store
from tests.support.builders import class_group_key, group, guid, student_key
from tests.support.school import stored_account

NOTHING = State(accounts=(), groups=(), memberships={})
ONE_OBJECT = guid("one object")


@pytest.fixture
async def two_of_each(store: Store) -> None:
    """Two users and two groups; that none of them has an object makes no double."""
    users, groups = (stored_account(1), stored_account(2)), (group(1, version=0), group(2, version=0))
    assert (await store.write_state(NOTHING, replace(NOTHING, accounts=users, groups=groups))).left == ()


@pytest.mark.usefixtures("two_of_each")
async def test_two_users_cannot_be_linked_to_one_object(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="main_connect_user_object_guid") as caught:
        await store.settle([Settlement(key=student_key(n), version=0, guid=ONE_OBJECT) for n in (1, 2)])
    assert caught.value.reason == "DatabaseRowRefused"
    assert all(account.object_guid is None for account in (await store.read_own())[1].accounts)


@pytest.mark.usefixtures("two_of_each")
async def test_two_groups_cannot_be_linked_to_one_object(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="main_connect_group_object_guid"):
        await store.settle([Settlement(key=class_group_key(n), version=0, guid=ONE_OBJECT) for n in (1, 2)])


async def test_of_a_refused_row_nothing_is_said_but_the_rule_that_it_breaks(store: Store) -> None:
    """The server's own words hold the whole row: names, and a password that somebody did not seal."""
    open_password = stored_account(1, initial_password=SealedSecret("Kai382"))
    with pytest.raises(ConfigurationError, match="main_connect_user_user_password_check") as caught:
        await store.write_state(NOTHING, replace(NOTHING, accounts=(open_password,)))
    told = "".join(traceback.format_exception(caught.value))
    assert "Kai382" not in told
    assert "Muster1" not in told
