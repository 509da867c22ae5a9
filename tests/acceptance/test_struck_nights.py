"""A night that is struck at any of its steps: the next one ends where an unbroken one would, in every row and object.

This is ruling 34 as a customer sees it. The night stands in tests/data/rich_night.yaml. To strike at each of its steps:
`CONNECT_EVERY_STEP=1 .venv/bin/pytest --timeout 0 tests/acceptance/test_struck_nights.py`.
"""

import os
import re
import signal
from collections.abc import Callable
from dataclasses import replace

import pytest

from connect_worker.settings import DatabaseSettings
from tests.support.picture import Picture
from tests.support.plays import RICH_NIGHT, Play, assert_ended
from tests.support.postgres import PostgresServer
from tests.support.rehearsal import Scene, Theatre
from tests.support.samba import SambaServer
from tests.support.simulator import SimulatorServer
from tests.support.worker import Ended

EVERY_STEP = "CONNECT_EVERY_STEP" in os.environ
KILLS = 300 if EVERY_STEP else 40
KILLS_OF_A_FIRST_NIGHT = 200 if EVERY_STEP else 12
SIGNALS = 300 if EVERY_STEP else 12
KILLS_OF_A_MIGRATION = 8
KILLS_IN_A_ROW = 4
FIRST_STEPS = 16
TO_BE_ADOPTED = "o.frueher"
"""His object was there before the night."""
KILLED = -signal.SIGKILL
OURS = re.compile("OU=(Pupils|Staff|Groups)")
MORE_BOOKKEEPING = re.compile(r"\+ [^:]*(Pupils|Staff|Groups),DC=school,DC=test: \w+ ")


def killed_until_one_gets_through(scene: Scene, at: range) -> int:
    """How many nights were killed, one after the other, each at the next of these steps."""
    for number, step in enumerate(at):
        ended = scene.struck(step, signal.SIGKILL)
        if ended.exit_code != KILLED:
            assert_ended(ended, 0, "Synced", "NothingToDo")
            return number
    raise AssertionError("no night is so long")


def test_the_night_holds_every_kind_of_change(rich_night: Play) -> None:
    """What is never under way is never broken off."""
    with rich_night.rehearsal.scene() as scene:
        done = scene.run().report["changes"]
    with_itself = {"create_ou"}
    assert done.keys() | with_itself == {
        *("adopt", "create_ou", "create_user", "create_group", "rename", "modify", "disable", "enable", "set_password"),
        *("add_members", "remove_members", "delete"),
    }


@pytest.mark.parametrize("part", range(KILLS))
def test_killed_at_any_step_the_next_night_ends_as_an_unbroken_one(rich_night: Play, part: int) -> None:
    with rich_night.rehearsal.scene() as scene:
        assert scene.struck(rich_night.step(part, KILLS), signal.SIGKILL).exit_code == KILLED
        rich_night.assert_finishes(scene)


@pytest.mark.parametrize("part", range(KILLS_OF_A_FIRST_NIGHT))
def test_killed_at_any_step_of_a_first_night(first_night: Play, part: int) -> None:
    with first_night.rehearsal.scene() as scene:
        assert scene.struck(first_night.step(part, KILLS_OF_A_FIRST_NIGHT), signal.SIGKILL).exit_code == KILLED
        first_night.assert_finishes(scene)


def test_killed_again_and_again_the_last_night_finishes(rich_night: Play) -> None:
    """Each is killed a little later than the one before, until one gets through."""
    with rich_night.rehearsal.scene() as scene:
        assert killed_until_one_gets_through(scene, range(rich_night.steps // 4, rich_night.steps, 12)) > KILLS_IN_A_ROW
        rich_night.assert_finishes(scene)


@pytest.mark.parametrize("part", range(SIGNALS))
def test_terminated_at_any_step_it_ends_in_order_and_has_written_back(rich_night: Play, part: int) -> None:
    """What is under way is finished; the rows know every object that was made, and the run its own end."""
    with rich_night.rehearsal.scene() as scene:
        ended = scene.struck(rich_night.step(part, SIGNALS), signal.SIGTERM)
        objects = scene.domain.objects()
        made = {sam: row for sam, row in scene.tables.users().items() if sam in objects and sam != TO_BE_ADOPTED}
        known = {sam: row["user_object_guid"] for sam, row in made.items()}
        assert known == {sam: str(objects[sam].guid) for sam in known}, "made, and not written back"
        assert_recorded(scene, ended)
        if ended.exit_code == 0:
            assert rich_night.end.differences(scene.picture()) == []
        else:
            assert_ended(ended, 9, "Stopped")
            rich_night.assert_finishes(scene)


def test_terminated_at_each_of_its_first_steps_a_run_that_has_begun_has_an_end(rich_night: Play) -> None:
    with rich_night.rehearsal.scene() as scene:
        for step in range(1, FIRST_STEPS):
            ended = scene.struck(step, signal.SIGTERM)
            assert_ended(ended, 9, "Stopped")
            assert_recorded(scene, ended)
        rich_night.assert_finishes(scene)


def assert_recorded(scene: Scene, ended: Ended) -> None:
    """A run that has begun in connect_run has ended there too, as it says itself."""
    report = ended.report
    rows = scene.tables.rows("SELECT id, exit_code, reason FROM connect.connect_run")
    told = [(row["exit_code"], row["reason"]) for row in rows if row["id"] == report["runId"]]
    assert told in ([], [(ended.exit_code, report["reason"])])


@pytest.mark.parametrize("part", range(KILLS_OF_A_MIGRATION))
def test_killed_at_any_step_of_a_migration(theatre: Theatre, simulator: SimulatorServer, part: int) -> None:
    """A run at a new customer's: the tables are there whole in the end, as if nobody had disturbed it."""
    whole, broken = theatre.postgres.create_database(), theatre.postgres.create_database()
    scene = theatre.scene(whole, simulator, RICH_NIGHT.nights[0].date)
    theatre.steps.only_count()
    assert scene.worker.json("migrate").exit_code == 0
    at = max(1, (2 * part + 1) * theatre.steps.taken // (2 * KILLS_OF_A_MIGRATION))
    scene = theatre.scene(broken, simulator, RICH_NIGHT.nights[0].date)
    assert scene.struck(at, signal.SIGKILL, "migrate").exit_code == KILLED
    assert scene.worker.json("migrate").exit_code == 0
    assert definitions(theatre.postgres, broken) == definitions(theatre.postgres, whole)


def definitions(postgres: PostgresServer, database: DatabaseSettings) -> list[str]:
    """Columns, constraints, indexes, functions and triggers of schema connect, and which migrations were made."""
    return postgres.run(
        """
        SELECT c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'connect'::regnamespace ORDER BY 1, 2;
        SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'connect'::regnamespace ORDER BY 1, 2;
        SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'connect'::regnamespace ORDER BY 1;
        SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2;
        SELECT version, name, checksum FROM connect.schema_version ORDER BY 1;
        """,
        database=database.name,
    ).splitlines()


def test_killed_again_and_again_over_a_real_domain(
    theatre: Theatre, rich_night: Play, samba_factory: Callable[[], SambaServer]
) -> None:
    """In the end Samba has what the simulator has, attribute by attribute, and the tables hold the same rows.

    But for what the simulator has not: the names that a domain controller needs for itself, and more bookkeeping.
    """
    samba = samba_factory()
    database, scene = theatre.prepared(RICH_NIGHT, samba)
    assert killed_until_one_gets_through(scene, range(36, 300, 12)) > KILLS_IN_A_ROW
    ours, theirs = (only_what_is_connects(each) for each in (scene.picture(), rich_night.end))
    assert [line for line in theirs.differences(ours) if not MORE_BOOKKEEPING.match(line)] == []
    samba.stop()
    theatre.postgres.drop_database(database.name)


def only_what_is_connects(seen: Picture) -> Picture:
    """Without the objects of the domain itself, and their names."""
    return replace(
        seen,
        objects={dn: shown for dn, shown in seen.objects.items() if OURS.search(dn)},
        tables={name: rows for name, rows in seen.tables.items() if name != "connect_reserved_name"},
    )
