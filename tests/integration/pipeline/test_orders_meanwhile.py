"""Orders of people while somebody else works in the tables: nothing of anybody's is overwritten."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from connect_protocol.report import Report
from connect_worker import pipeline
from connect_worker.core.password_reset import ResetOrder
from connect_worker.model.secret import Secret
from connect_worker.model.state import State
from connect_worker.progress import LoggedProgress
from connect_worker.settings import DatabaseSettings, Settings
from connect_worker.stages.context import Context
from connect_worker.stopping import Stop
from connect_worker.store.connection import open_session
from connect_worker.store.crypto import Keyring, user_owner
from connect_worker.store.repository import Store
from connect_worker.store.secrets import SECRET_COLUMNS
from connect_worker.tally import Tally
from connect_worker.targets import open_directory
from connect_worker.works.configure import Assignment, Configure, Day, Edit, propose
from connect_worker.works.reset_passwords import Fate, PasswordReset
from tests.support.builders import linked, student_key
from tests.support.postgres import PostgresServer
from tests.support.school import stored_account
from tests.support.worker import ENCRYPTION_KEY, NEXT_ENCRYPTION_KEY

NOW = datetime(2026, 11, 16, 2, tzinfo=UTC)
WAIT_SECONDS = 30
TODAY = date(2026, 11, 16)
ANNA = student_key(1)
NOTHING = State(accounts=(), groups=(), memberships={})
OLD = Keyring((Secret(ENCRYPTION_KEY),))


def context_of(database: DatabaseSettings) -> Context:
    settings = Settings(
        realm="musterwil",
        run_id=str(uuid4()),
        encryption_keys=(Secret(ENCRYPTION_KEY),),
        database=database,
        directory=None,
        time_zone=ZoneInfo("Europe/Zurich"),
        timeout=timedelta(minutes=1),
        lock_wait=timedelta(seconds=1),
    )
    return Context(
        settings=settings, today=TODAY, now=lambda: NOW, stop=Stop(), progress=LoggedProgress(), version="0.1.0"
    )


async def ended(work: pipeline.Work, context: Context) -> Report:
    tally = Tally(run_id=context.settings.run_id, realm="musterwil", command="order", started_at=NOW)
    return await pipeline.execute(work, context, open_directory, tally)


async def waiting_for_the_row(postgres: PostgresServer) -> None:
    """Until a session waits for what another one has changed and not committed yet."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = 'transactionid'"
    async with asyncio.timeout(WAIT_SECONDS):
        while await asyncio.to_thread(postgres.run, waiting) != "1":
            pass


@pytest.fixture
async def anna(store: Store) -> None:
    """One linked pupil with an initial password."""
    sealed = OLD.seal(Secret("Blu382me"), owner=user_owner(ANNA))
    record = linked(stored_account(1, initial_password=sealed))
    await store.write_state(NOTHING, State(accounts=(record,), groups=(), memberships={}))


async def test_settings_that_somebody_has_changed_since_they_were_shown_are_not_overwritten(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    edit = Edit(assignments=(Assignment(path="state", text="ZH"),))
    proposal = await propose(store, edit, Day(today=TODAY, now=NOW, version="1"))
    postgres.run("UPDATE connect.connect_config SET reserve_days = 400", database=school.name)
    report = await ended(Configure(proposal, edit, by="tests"), context_of(school))
    assert (report.exit_code, report.reason) == (2, "ConfigurationChangedMeanwhile")
    assert postgres.run("SELECT state IS NULL, reserve_days FROM connect.connect_config", database=school.name) == (
        "t|400"
    )


@pytest.mark.usefixtures("anna")
async def test_a_record_that_somebody_changes_at_the_moment_of_the_order_is_left_and_that_is_said(
    school: DatabaseSettings, postgres: PostgresServer
) -> None:
    order = PasswordReset(ResetOrder(users=(ANNA,)), now=False, by="tests")
    async with open_session(school, application_name="office") as office:
        async with office.transaction():
            await office.execute("UPDATE connect.main_connect_user SET user_title = 'Neu'")
            ordered = asyncio.create_task(ended(order, context_of(school)))
            await waiting_for_the_row(postgres)
        report = await ordered
    assert (report.exit_code, report.reason) == (6, "ChangesFailed")
    assert [told.fate for told in order.told] == [Fate.LEFT]
    acts = "SELECT count(*) FROM connect.connect_change"
    assert postgres.run(acts, database=school.name) == "0"


@pytest.mark.usefixtures("anna")
async def test_a_rotation_replaces_only_the_secret_that_it_has_read(store: Store) -> None:
    """Whoever gives a new password at that moment wins."""
    column = SECRET_COLUMNS[0]
    session = store._session
    new = OLD.seal(Secret("Fah764ne"), owner=user_owner(ANNA))
    assert await session.fetch(column.replace, ["v1.another.AAAA"], [new]) == []
    rotation = await store.rotate_keys(Keyring((Secret(NEXT_ENCRYPTION_KEY), Secret(ENCRYPTION_KEY))))
    assert (rotation.resealed, rotation.left, rotation.faults) == (1, 0, ())


async def test_every_column_that_may_hold_nothing_but_sealed_secrets_is_rotated(
    school: DatabaseSettings, postgres: PostgresServer
) -> None:
    """The tables refuse anything else in them: that is how they are found."""
    found = postgres.run(
        """
        SELECT c.relname || '.' || a.attname
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(k.conkey)
        WHERE k.contype = 'c' AND pg_get_expr(k.conbin, k.conrelid) LIKE '%^v[0-9]+%' ORDER BY 1""",
        database=school.name,
    )
    assert found.splitlines() == sorted(f"{column.table}.{column.name}" for column in SECRET_COLUMNS)
