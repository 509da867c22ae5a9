"""How a run ends when something happens that nobody foresaw, and when it is told to stop."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from os import getpid, kill
from uuid import uuid4
from zoneinfo import ZoneInfo

from connect_protocol.report import Report
from connect_worker import pipeline
from connect_worker.model.secret import Secret
from connect_worker.progress import LoggedProgress
from connect_worker.settings import DatabaseSettings, DirectorySecret, Settings
from connect_worker.stages.context import Context
from connect_worker.stopping import Stop
from connect_worker.tally import Tally
from connect_worker.targets import open_directory
from tests.support.postgres import PostgresServer
from tests.support.worker import ENCRYPTION_KEY

NOW = datetime(2026, 11, 16, 2, tzinfo=UTC)


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
        settings=settings,
        today=date(2026, 11, 16),
        now=lambda: NOW,
        stop=Stop(),
        progress=LoggedProgress(),
        version="0.1.0",
    )


async def ended(work: pipeline.Work, context: Context) -> Report:
    tally = Tally(run_id=context.settings.run_id, realm="musterwil", command="run", started_at=NOW)
    return await pipeline.execute(work, context, open_directory, tally)


def recorded(postgres: PostgresServer, context: Context) -> str:
    query = (
        f"SELECT result, reason, exit_code, report ->> 'reason' FROM connect.connect_run WHERE id = '{context.run_id}'"  # noqa: S608
    )
    return postgres.run(query, database=context.settings.database.name)


def after_migrating(act: Callable[[], None]) -> pipeline.Work:
    async def work(run: pipeline.Run) -> None:
        await pipeline.migrate_only(run)
        act()
        await asyncio.Event().wait()

    return work


async def test_an_unforeseen_fault_is_reported_by_its_kind_and_recorded(
    database: DatabaseSettings, postgres: PostgresServer
) -> None:
    def break_down() -> None:
        raise ZeroDivisionError("with words that may hold anything")

    context = context_of(database)
    report = await ended(after_migrating(break_down), context)
    assert (report.exit_code, report.reason) == (1, "Fault")
    assert report.message == "A fault in the program: ZeroDivisionError"
    assert recorded(postgres, context) == "failed|Fault|1|Fault"


async def test_a_signal_breaks_off_what_waits_and_is_recorded(
    database: DatabaseSettings, postgres: PostgresServer
) -> None:
    context = context_of(database)
    report = await ended(after_migrating(lambda: kill(getpid(), signal.SIGTERM)), context)
    assert (report.exit_code, report.reason, report.message) == (9, "Stopped", "Stopped by SIGTERM")
    assert recorded(postgres, context) == "stopped|Stopped|9|Stopped"


async def test_the_time_limit_breaks_off_what_waits_and_is_recorded(
    database: DatabaseSettings, postgres: PostgresServer
) -> None:
    context = context_of(database)
    context = replace(context, settings=replace(context.settings, timeout=timedelta(milliseconds=500)))
    report = await ended(after_migrating(lambda: None), context)
    assert (report.exit_code, report.reason) == (8, "DeadlineExceeded")
    assert recorded(postgres, context) == "stopped|DeadlineExceeded|8|DeadlineExceeded"


async def test_a_directory_that_is_not_configured_is_a_configuration_fault(database: DatabaseSettings) -> None:
    """Neither its Secret nor the configurator's tables name one."""
    context = context_of(database)
    silent = replace(context, settings=replace(context.settings, directory=DirectorySecret()))
    report = await ended(pipeline.night, silent)
    assert (report.exit_code, report.reason) == (2, "DirectoryLoginMissing")
    assert "directory/url is missing, and connect.connect_config.ad_hostname is empty" in report.message
