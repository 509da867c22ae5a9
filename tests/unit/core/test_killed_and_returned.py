"""Who was being locked out when a night was killed, and is back in scope before the next one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connect_worker.model.directory import ActualUser
from tests.support.builders import student_key
from tests.support.memory_night import World

WRITES = range(5)
"""Each before another write of the night: none, the lock-out, its settlement, its audit, the end."""
PUPIL = 4


@pytest.fixture(scope="module")
def enrolled() -> World:
    world = World()
    world.night()
    return world


@pytest.mark.parametrize("writes", WRITES)
def test_he_is_let_in_again_or_somebody_is_told_that_he_is_not(enrolled: World, writes: int) -> None:
    """Killed after the lock-out and before it is written down, nobody can tell later who has locked him out."""
    world = enrolled.fork()
    world.people = replace(world.people, students={**world.people.students})
    pupil = world.people.students[PUPIL]
    world.today += timedelta(days=1)
    world.people.students[PUPIL] = replace(pupil, exit_on=world.today)
    world.killed_night(writes)
    world.people.students[PUPIL] = pupil
    world.today += timedelta(days=1)
    night = world.night()
    assert night.planned is not None
    (account,) = [account for account in world.store.state.accounts if account.key == student_key(PUPIL)]
    user = world.directory.find(account.object_guid)
    told = [note for note in night.planned.plan.notes if "was disabled by somebody else" in note]
    assert isinstance(user, ActualUser)
    assert user.enabled is not bool(told), told
