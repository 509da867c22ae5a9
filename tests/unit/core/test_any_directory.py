"""Whatever stands in the directory, and whatever the rows say: one plan leads to what is wanted, in its order.

Nights lead to few of the states that there can be; here rows and objects are scattered at random.
`CONNECT_RANDOM_NIGHTS=20000 .venv/bin/pytest --timeout 0 tests/unit/core/test_any_directory.py` tries as many.
"""

import os
from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connect_worker.core.dn import normalise
from connect_worker.model.account import Status
from connect_worker.model.change import Change
from connect_worker.model.directory import ActualGroup, ActualUser, Snapshot
from connect_worker.model.ids import Guid
from connect_worker.model.outcome import Result
from tests.support.builders import GROUPS_OU, STAFF_OU, STUDENTS_OU
from tests.support.memory_night import World
from tests.support.plan_order import broken_orders
from tests.support.scattered import scattered
from tests.support.school_events import SOMEWHERE_ELSE

LONG_HUNT = int(os.environ.get("CONNECT_RANDOM_NIGHTS", "0"))


@settings(
    max_examples=LONG_HUNT or 300,
    derandomize=not LONG_HUNT,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.integers(0, 1 << 32))
def test_one_plan_leads_from_anywhere_to_what_is_wanted(seed: int) -> None:
    world = scattered(Random(seed))  # noqa: S311  test data, no secret
    before, strangers = dict(world.objects()), _left_alone(world)
    start = Snapshot(
        users=tuple(world.directory.users.values()),
        groups=tuple(world.directory.groups.values()),
        organizational_units=(STUDENTS_OU, STAFF_OU, GROUPS_OU),
        missing_bases=(),
    )
    planned, outcomes = world.sync()
    assert broken_orders(planned.plan.changes, start) == []
    assert [change.sentence for change in planned.plan.changes if _guid_of(change) in strangers] == []
    assert [outcome for outcome in outcomes if outcome.result is not Result.DONE] == []
    assert {guid: _without_links(found) for guid, found in world.objects().items() if guid in strangers} == {
        guid: _without_links(before[guid]) for guid in strangers
    }
    _assert_as_wanted(world, strangers)
    again, _ = world.fork().sync()
    assert [change.sentence for change in again.plan.changes] == []


def _left_alone(world: World) -> set[Guid]:
    """Objects that are no row's, that are protected, and that somebody moved out of Connect's places."""
    ours = {record.object_guid for record in world.store.state.records}
    return {
        guid
        for guid, found in world.objects().items()
        if guid not in ours or found.protected or found.dn.endswith(SOMEWHERE_ELSE)
    }


def _guid_of(change: Change) -> Guid | None:
    return getattr(change, "guid", None)


def _without_links(found: ActualUser | ActualGroup) -> ActualUser | ActualGroup:
    """Members and managers follow their objects, and go with them."""
    if isinstance(found, ActualGroup):
        return replace(found, members=frozenset())
    return replace(found, profile=replace(found.profile, manager=None))


def _assert_as_wanted(world: World, strangers: set[Guid]) -> None:
    """Told without the code that plans: names and members of whoever is active and Connect's to keep."""
    state = world.store.state
    kept = {
        account.key: (account, world.directory.users[account.object_guid])
        for account in state.accounts
        if account.status is Status.ACTIVE and account.object_guid is not None and account.object_guid not in strangers
    }
    assert all(account.object_guid for account in state.accounts if account.status is Status.ACTIVE)
    for account, user in kept.values():
        names, login = account.names, user.login
        assert normalise(user.dn) == normalise(names.dn or "")
        assert (login.sam_account_name, login.user_principal_name, login.mail) == (
            names.sam_account_name,
            names.user_principal_name,
            names.mail,
        )
        assert replace(user.profile, manager=None) == replace(account.profile, manager=None)
    for group in state.groups:
        if group.status is Status.ACTIVE and group.object_guid is not None and group.object_guid not in strangers:
            members = world.directory.groups[group.object_guid].members
            wanted = state.memberships[group.key].effective
            assert {key for key, (_, user) in kept.items() if user.dn in members} == wanted & kept.keys()
