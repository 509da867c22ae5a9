"""A run from top to bottom: way → lock → migrate → names taken elsewhere → update → validate → plan → gate → apply."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog

from connect_protocol.report import PeopleCount, Report
from connect_worker.errors import (
    BlockedByWarningsError,
    ChangesFailedError,
    ConnectError,
    ConnectionFailedError,
    LockedByOfficeError,
)
from connect_worker.model.approval import ApprovalOrder
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import TakenName
from connect_worker.model.outcome import Outcome, Result
from connect_worker.model.state import State
from connect_worker.settings import DirectorySettings
from connect_worker.stages import gate, sync, update
from connect_worker.stages.context import Context
from connect_worker.stages.credentials import read_directory_settings
from connect_worker.store.connection import application_name
from connect_worker.store.lock import Holder
from connect_worker.store.repository import Store, open_store
from connect_worker.tally import Tally
from connect_worker.targets.base import Directory
from connect_worker.tunnel.way import Way, open_way

log = structlog.stdlib.get_logger()

OpenDirectory = Callable[[DirectorySettings], AbstractAsyncContextManager[Directory]]
Work = Callable[["Run"], Awaitable[None]]


class Run:
    """What a command works with: the way to the servers, the store under its lock, the directory, and the tally.

    `recorded`: connect_run has the run's beginning, and waits for its end.
    """

    def __init__(self, way: Way, store: Store, directory: OpenDirectory, context: Context, tally: Tally) -> None:
        self.way = way
        self.store = store
        self.context = context
        self.tally = tally
        self.recorded = False
        self._directory = directory

    @asynccontextmanager
    async def open_directory(self) -> AsyncIterator[Directory]:
        """Enter the customer's directory. Raises ConfigurationError, LoginRefusedError, ConnectionFailedError."""
        async with self._directory(await read_directory_settings(self.store, self.way.settings)) as directory:
            yield directory

    async def begin(self) -> None:
        """Require tables of this program's version, and record that the run has begun. Raises ConfigurationError."""
        await self.store.check_schema()
        await _record_start(self)


async def night(run: Run) -> None:
    """`run`: everything, every night."""
    await _migrate(run)
    await _update_and_sync(run)


async def approved_night(run: Run, order: ApprovalOrder) -> None:
    """`approve`: a person lets through what a run was stopped with, and the night is done at once (ruling 36)."""
    await run.begin()
    await run.store.approve(order)
    await _update_and_sync(run)


async def approve_only(run: Run, order: ApprovalOrder) -> None:
    """`approve --no-run`: the next run makes use of the approval."""
    await run.begin()
    await run.store.approve(order)
    run.tally.reason = "Approved"


async def update_only(run: Run) -> None:
    """`update`: the tables alone, validated."""
    await run.begin()
    await _update(run, None)
    run.tally.reason = "Updated"


async def validate_only(run: Run) -> None:
    """`validate`: the tables as they are. Raises BlockedByWarningsError if a sync would be blocked."""
    await run.begin()
    with run.tally.stage("validate"):
        configuration, _, validation = await update.read_validated(run.store)
    run.tally.configured(configuration)
    run.tally.validated(validation)
    run.tally.reason = "Validated"
    _require_no_warnings(run)


async def plan_only(run: Run) -> None:
    """`plan`: everything but the writing to the directory."""
    await run.begin()
    async with run.open_directory() as directory:
        updated = await _update(run, await _taken_names(run, directory))
        _require_no_warnings(run)
        planned = await _plan(run, directory, updated.state, updated.configuration)
        run.tally.reason = "Planned" if planned.plan.changes else "NothingToDo"
        await _judge(run, planned)


async def sync_only(run: Run) -> None:
    """`sync`: the tables as they are, without update."""
    await run.begin()
    async with run.open_directory() as directory:
        with run.tally.stage("validate"):
            configuration, state, validation = await update.read_validated(run.store)
        run.tally.configured(configuration)
        run.tally.validated(validation)
        _require_no_warnings(run)
        _require_unlocked(configuration)
        await _sync(run, directory, state, configuration)


async def migrate_only(run: Run) -> None:
    """`migrate`: create or upgrade Connect's tables."""
    await _migrate(run)
    run.tally.reason = "Migrated"


async def execute(work: Work, context: Context, open_directory: OpenDirectory, tally: Tally) -> Report:
    """Do one command's work under the database's lock, and tell how it ended, whatever happened."""
    error: ConnectError | None = None
    try:
        with context.stop.watching(context.settings.timeout):
            await _locked(work, context, open_directory, tally)
    except ConnectError as caught:
        error = caught
    except Exception as fault:  # noqa: BLE001 - the last line of defence: a report is owed for every run
        error = _fault(fault)
    return tally.report(context.now(), error)


def _fault(fault: Exception) -> ConnectError:
    """A fault in the program: the log has the traceback, the report its kind only, for its words may hold anything."""
    log.error("fault in the program", exc_info=fault)
    return ConnectError(
        f"A fault in the program: {type(fault).__name__}",
        todo="Send the log of this run to the makers; the next run reads again and finishes the work",
    )


async def _locked(work: Work, context: Context, open_directory: OpenDirectory, tally: Tally) -> None:
    settings = context.settings
    name = application_name(settings.realm, settings.run_id, socket.gethostname())
    async with open_way(settings) as way:
        await way.probe()
        async with (
            way.explaining(),
            open_store(way.settings.database, application_name=name) as store,
            store.lock(wait=settings.lock_wait, on_wait=_log_holder),
        ):
            await _recorded(work, Run(way, store, open_directory, context, tally))


async def _recorded(work: Work, run: Run) -> None:
    """Write down in connect_run how the run ended, whatever happened, as long as the database can be reached."""
    error: ConnectError | None = None
    try:
        async with run.way.explaining():
            await work(run)
    except ConnectError as caught:
        error = caught
    except asyncio.CancelledError:
        error = run.context.stop.reason
        if error is None:
            raise
    except Exception as fault:  # noqa: BLE001 - a run without an end would look like one that was killed
        error = _fault(fault)
    with run.context.stop.finishing():
        await _record_end(run, error)
    if error is not None:
        raise error


async def _record_end(run: Run, error: ConnectError | None) -> None:
    if not run.recorded:
        return
    report = run.tally.report(run.context.now(), error)
    try:
        await run.store.finish_run(
            run.context.run_id,
            result=report.result,
            reason=report.reason,
            exit_code=report.exit_code,
            report=report.to_json(),
            plan_checksum=report.plan_checksum,
        )
    except ConnectionFailedError as broken:
        log.warning("the end of the run could not be recorded", cause=str(broken))


async def _migrate(run: Run) -> None:
    with run.tally.stage("migrate"):
        for migration in await run.store.migrate():
            log.info("migrated", version=migration.version, name=migration.name)
    await _record_start(run)


async def _record_start(run: Run) -> None:
    """Told to stop at this very moment, the run still knows whether connect_run has its beginning."""
    settings, stop = run.context.settings, run.context.stop
    with stop.finishing():
        await run.store.start_run(
            run.context.run_id,
            command=run.tally.command,
            trigger=settings.trigger,
            realm=settings.realm,
            day=run.context.today,
        )
        run.recorded = True
    stop.raise_if_requested()


async def _taken_names(run: Run, directory: Directory) -> Sequence[TakenName]:
    """The names that the whole domain holds, so that nobody is given one of them (ruling 12)."""
    with run.tally.stage("names"):
        return await directory.read_taken_names()


async def _update(run: Run, taken: Sequence[TakenName] | None) -> update.Updated:
    with run.tally.stage("update"):
        updated = await update.update(run.store, run.context, taken, judged=run.tally.judged)
    run.tally.people = PeopleCount(in_scope=updated.in_scope, out_of_scope=updated.out_of_scope)
    run.tally.configured(updated.configuration)
    run.tally.validated(updated.validation)
    log.info("updated", **{key.replace(" ", "_"): count for key, count in updated.changed.items()})
    if updated.conflicts:
        log.warning("rows changed meanwhile by somebody else were left for the next run", rows=updated.conflicts)
    return updated


async def _plan(run: Run, directory: Directory, state: State, configuration: Configuration) -> sync.Planned:
    assert run.tally.validation is not None, "nothing is planned that was not validated"
    with run.tally.stage("plan"):
        planned = await sync.make(
            run.store,
            directory,
            run.context,
            state=state,
            configuration=configuration,
            blocked=run.tally.validation.blocked_objects,
        )
    run.tally.planned(planned.plan)
    for note in planned.plan.notes:
        log.warning("noted", note=note)
    return planned


async def _judge(run: Run, planned: sync.Planned) -> gate.Verdict:
    """What the safety gate says of the plan. Raises BlockedBySafetyGateError."""
    gate.require_own_ground(planned)
    verdict = await gate.judge_plan(run.store, run.context, planned)
    run.tally.judged(verdict)
    verdict.require_open()
    return verdict


async def _update_and_sync(run: Run) -> None:
    async with run.open_directory() as directory:
        updated = await _update(run, await _taken_names(run, directory))
        _require_no_warnings(run)
        _require_unlocked(updated.configuration)
        await _sync(run, directory, updated.state, updated.configuration)


async def _sync(run: Run, directory: Directory, state: State, configuration: Configuration) -> None:
    if not configuration.sync_ad:
        run.tally.reason = "SyncSwitchedOff"
        return
    planned = await _plan(run, directory, state, configuration)
    verdict = await _judge(run, planned)
    if verdict.approvals:
        log.warning("approved", by=verdict.approved_by, checksum=verdict.checksum)
        await run.store.use_approvals(run.context.run_id, verdict.approvals)
    with run.tally.stage("apply"):
        outcomes = await sync.apply(run.store, directory, run.context, planned)
    run.tally.applied(outcomes)
    for outcome in outcomes:
        if outcome.result is Result.UNDELETABLE:
            log.warning("to be deleted by hand", account=str(outcome.change.key), cause=outcome.message)
    run.tally.reason = "Synced" if outcomes else "NothingToDo"
    run.context.stop.raise_if_requested()
    _require_done(outcomes)


def _require_no_warnings(run: Run) -> None:
    validation = run.tally.validation
    if validation is not None and validation.blocking:
        count = len({finding.key for finding in validation.blocking})
        records = "1 record has" if count == 1 else f"{count} records have"
        raise BlockedByWarningsError(
            f"{records} warnings, and any warning blocks the sync of everything",
            todo="Solve them as told beside each, then run again; nothing was written to the directory",
        )


def _require_unlocked(configuration: Configuration) -> None:
    if configuration.locked_by is not None:
        raise LockedByOfficeError(
            f"The sync is locked by {configuration.locked_by}: {configuration.lock_reason or 'no reason given'}",
            todo="Tables were updated and validated; the directory is written again once the lock is lifted",
        )


def _require_done(outcomes: Sequence[Outcome]) -> None:
    undone = [outcome for outcome in outcomes if outcome.result not in {Result.DONE, Result.UNDELETABLE}]
    unknown = next((outcome for outcome in undone if outcome.result is Result.UNKNOWN), None)
    if unknown is not None:
        raise ConnectionFailedError(
            f"The connection to the directory broke while changes were under way: {unknown.message}",
            todo="What was done is written back; the next run reads again and finishes the work",
            reason="DirectoryUnreachable",
        )
    if undone:
        raise ChangesFailedError(
            f"{len(undone)} of {len(outcomes)} changes were not made; the first: "
            f"{undone[0].change.sentence}: {undone[0].message}",
            todo="See connect.connect_change for each of them; the next run tries again",
        )


def _log_holder(holder: Holder) -> None:
    log.warning("another run works on this database; waiting for it", holder=str(holder))
