"""`connect-worker`: the commands, their options, and how they end."""

import asyncio
import getpass
import json
import os
import sys
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import NoReturn

import click
import structlog
from rich.console import Console

from connect_protocol.environment import Variable
from connect_protocol.exit_codes import ExitCode
from connect_protocol.report import Report
from connect_worker import output, pipeline
from connect_worker.collector import relax_collector
from connect_worker.config import load_settings, today
from connect_worker.errors import ConfigurationError, ConnectError
from connect_worker.log import bind_run, configure_log
from connect_worker.model.approval import ApprovalOrder
from connect_worker.progress import BarProgress, LoggedProgress
from connect_worker.sample.load import SampleOrder, load_sample
from connect_worker.sample.school import FEWEST_PUPILS
from connect_worker.settings import Settings
from connect_worker.stages.context import Context
from connect_worker.stages.doctor import Examination, examine
from connect_worker.stopping import Stop
from connect_worker.store.connection import open_session
from connect_worker.store.migrate import check_schema
from connect_worker.tally import Tally
from connect_worker.targets import open_directory
from connect_worker.tunnel.way import open_way

log = structlog.stdlib.get_logger()

DISTRIBUTION = "connect"
UNLIMITED_WIDTH = 10_000
PUPILS = click.IntRange(FEWEST_PUPILS, 100_000)
EXIT_CODES = """
\b
Exit codes:
  0  done, or nothing to do            6  some changes failed
  1  a fault in the program            7  a connection failed
  2  configuration                     8  timed out, ended in order
  3  blocked by warnings               9  stopped by a signal
  4  blocked by the safety gate       10  locked by the office
  5  another run holds the lock
"""

output_option = click.option(
    "--output",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or one JSON document on stdout for machines.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=EXIT_CODES)
@click.version_option(package_name=DISTRIBUTION, prog_name="connect-worker")
def main() -> None:
    """Keep a school's accounts and groups in step with its administration database.

    A night is `run`: it brings Connect's tables up to date from the master data, validates them, plans what the
    directory needs, stops if the plan is too dangerous, and applies it. Every part can be done alone. Nothing needs
    an earlier run: killed at any point, the next one finishes the work.

    The configuration comes from CONNECT_… variables and from files below CONNECT_SECRETS_DIR (docs: environment).
    Start with `connect-worker doctor`: it tests every link and says what to do.
    """
    relax_collector()


@main.command()
@output_option
def run(form: str) -> None:
    """Do the whole night.

    Migrate, update, validate, plan, stop if the plan is too dangerous, sync. A second run right after does nothing.
    """
    _end(_executed("run", pipeline.night, form, needs_directory=True))


@main.command()
@output_option
def update(form: str) -> None:
    """Bring Connect's tables up to date.

    Reads the master data, writes the tables and validates them; the directory is not touched.
    """
    _end(_executed("update", pipeline.update_only, form, needs_directory=False))


@main.command()
@output_option
def validate(form: str) -> None:
    """Validate Connect's tables as they are.

    Lists every warning with its solution; exit code 3 if one of them would block the sync.
    """
    _end(_executed("validate", pipeline.validate_only, form, needs_directory=False))


@main.command()
@output_option
@click.option(
    "--show",
    type=click.Choice(["table", "diff", "ldif"]),
    default="table",
    show_default=True,
    help="As a table, as a diff, or as LDIF for ldapmodify (passwords masked).",
)
def plan(form: str, show: str) -> None:
    """Show what `run` would change.

    Does all of `run` but the writing to the directory; Connect's own tables are brought up to date. Exit code 4 if
    the safety gate would stop the plan.
    """
    _end(_executed("plan", pipeline.plan_only, form, needs_directory=True, show=show))


@main.command()
@output_option
@click.argument("checksum")
@click.option("--by", help="Who approves; by default the account of the operating system.")
@click.option("--comment", help="Why, for whoever reads it later.")
@click.option("--no-run", is_flag=True, help="Leave the work to the next run.")
def approve(form: str, checksum: str, by: str | None, comment: str | None, no_run: bool) -> None:
    """Let through, once, what the safety gate stopped.

    CHECKSUM is the one that the stopped run, or `plan`, has named. The run starts at once. The approval is good for
    24 hours and one run, for exactly these changes or some of them; if there are others, the run stops again. Nothing
    else that stops a run is lifted.
    """
    try:
        order = ApprovalOrder(checksum=checksum, approved_by=by or _account(), comment=comment)
    except ConfigurationError as error:
        _fail(error, form)
    work = pipeline.approve_only if no_run else pipeline.approved_night
    _end(_executed("approve", partial(work, order=order), form, needs_directory=not no_run))


@main.command()
@output_option
def sync(form: str) -> None:
    """Write the tables to the directory.

    Like `run`, but Connect's tables are taken as they are, without an update from the master data before.
    """
    _end(_executed("sync", pipeline.sync_only, form, needs_directory=True))


@main.command()
@output_option
def migrate(form: str) -> None:
    """Create or upgrade Connect's tables.

    `run` does this by itself; a database that is newer than the program is refused.
    """
    _end(_executed("migrate", pipeline.migrate_only, form, needs_directory=False))


@main.command()
@output_option
def doctor(form: str) -> None:
    """Test every link, say what to do.

    Configuration, relay and bridge, database with its rights and views, directory with its rights: each on its own,
    changing nothing.
    """
    examination = _examined()
    if form == "json":
        click.echo(examination.to_json())
    else:
        output.print_examination(_console(), examination)
    sys.exit(examination.exit_code)


@main.command()
@output_option
@click.option("--pupils", type=PUPILS, default=200, show_default=True, help="How many pupils.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another number makes another school.")
@click.option("--base-dn", default="DC=school,DC=test", show_default=True, help="The directory's base DN.")
@click.option("--replace", is_flag=True, help="Replace a sample school that is there already.")
def sample(form: str, pupils: int, seed: int, base_dn: str, replace: bool) -> None:
    """Make a sample school to try things out.

    With all the odd cases that real schools have. It is only made in a database without other master data.
    """
    try:
        settings = load_settings(os.environ, needs_directory=False)
        _start_logging(settings)
        order = SampleOrder(pupils=pupils, seed=seed, today=today(settings, _now()), base_dn=base_dn)
        asyncio.run(_load_sample(settings, order, replace=replace))
    except ConnectError as error:
        _fail(error, form)
    if form == "json":
        click.echo(json.dumps({"database": settings.database.name, "pupils": pupils, "seed": seed, "baseDn": base_dn}))
    else:
        click.echo(f"A school of {pupils} pupils stands in {settings.database.name}; see schema administration.")


async def _load_sample(settings: Settings, order: SampleOrder, *, replace: bool) -> None:
    async with open_way(settings) as way:
        await way.probe()
        database = way.settings.database
        async with way.explaining(), open_session(database, application_name="connect-worker sample") as session:
            await check_schema(session)
            await load_sample(session, order, replace=replace)


def _examined() -> Examination:
    examination = Examination()
    with examination.of("configuration"):
        settings = load_settings(os.environ, needs_directory=True)
        _start_logging(settings)
        return asyncio.run(examine(settings, open_directory))
    return examination


def _executed(command: str, work: pipeline.Work, form: str, *, needs_directory: bool, show: str = "table") -> Report:
    """Do a command's work, print how it ended, and leave the report where the pod's supervisor looks."""
    now = _now()
    tally = Tally(
        run_id=os.environ.get(Variable.RUN_ID, ""),
        realm=os.environ.get(Variable.REALM, ""),
        command=command,
        started_at=now,
    )
    try:
        settings = load_settings(os.environ, needs_directory=needs_directory)
    except ConfigurationError as error:
        report = tally.report(now, error)
    else:
        _start_logging(settings)
        tally.run_id = settings.run_id
        report = asyncio.run(_execute(settings, work, tally, now))
    _leave_termination_message(report)
    _print(report, tally, form, show)
    return report


def _print(report: Report, tally: Tally, form: str, show: str) -> None:
    plan = tally.plan if tally.command == "plan" else None
    if form == "json":
        verdict = tally.verdict
        click.echo(output.document(report, validation=tally.validation, plan=plan, verdict=verdict))
        return
    console = _console()
    if plan is not None:
        output.print_plan(console, plan, show)
    output.print_report(console, report, validation=tally.validation, plan=tally.plan)


async def _execute(settings: Settings, work: pipeline.Work, tally: Tally, now: datetime) -> Report:
    terminal = Console(stderr=True)
    progress = BarProgress(terminal) if terminal.is_terminal else LoggedProgress()
    with progress:
        context = Context(
            settings=settings,
            today=today(settings, now),
            now=_now,
            stop=Stop(),
            progress=progress,
            version=metadata.version(DISTRIBUTION),
        )
        return await pipeline.execute(work, context, open_directory, tally)


def _start_logging(settings: Settings) -> None:
    configure_log(os.environ, sys.stderr)
    bind_run(run_id=settings.run_id, realm=settings.realm)


def _leave_termination_message(report: Report) -> None:
    path = os.environ.get(Variable.TERMINATION_MESSAGE)
    if not path:
        return
    try:
        Path(path).write_text(report.to_termination_message(), encoding="utf-8")
    except OSError as error:
        log.warning("the termination message could not be written", path=path, cause=error.strerror)


def _account() -> str:
    """Who runs this command. Raises ConfigurationError where the operating system has no name for the account."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise ConfigurationError(
            "Who approves is not known: this account has no name", todo="Name yourself: --by NAME"
        ) from None


def _fail(error: ConnectError, form: str) -> NoReturn:
    """End a command that makes no report."""
    if form == "json":
        click.echo(output.error_document(error))
    else:
        output.print_error(Console(stderr=True), error)
    sys.exit(error.exit_code)


def _end(report: Report) -> NoReturn:
    sys.exit(ExitCode(report.exit_code))


def _console() -> Console:
    """Stdout: as wide as the terminal, and in a file or pipe as wide as the longest line."""
    return Console() if sys.stdout.isatty() else Console(width=UNLIMITED_WIDTH)


def _now() -> datetime:
    return datetime.now(UTC)
