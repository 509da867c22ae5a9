"""How a command is done: settings, log, run, report, exit code."""

import os
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import NoReturn, Protocol

import click
import structlog
import uvloop
from rich.console import Console

from connect_protocol.environment import Variable
from connect_protocol.exit_codes import ExitCode
from connect_protocol.plan_block import encode
from connect_protocol.report import Report
from connect_worker import output, pipeline
from connect_worker.config import load_settings, today
from connect_worker.errors import ConfigurationError, ConnectError
from connect_worker.log import bind_run, configure_log
from connect_worker.planned import plan_block
from connect_worker.progress import BarProgress, LoggedProgress
from connect_worker.settings import Settings
from connect_worker.stages.context import Context
from connect_worker.stopping import Stop
from connect_worker.tally import Tally
from connect_worker.targets import open_directory

log = structlog.stdlib.get_logger()

DISTRIBUTION = "connect"
UNLIMITED_WIDTH = 10_000


class Work(Protocol):
    """A command's work that tells more than the report."""

    async def __call__(self, run: pipeline.Run) -> None:
        """Do it."""

    def as_json(self) -> Mapping[str, object]:
        """What belongs beside the report, by its name in the document."""

    def lines(self) -> Iterable[str]:
        """The same for people."""


def executed(command: str, work: pipeline.Work, form: str, *, needs_directory: bool, show: str = "table") -> Report:
    """Do a command's work, print how it ended, and leave the report where the pod's supervisor looks."""
    tally, report = _done(command, work, needs_directory=needs_directory)
    _print(report, tally, form, show)
    return report


def executed_in_detail(command: str, work: Work, form: str, *, needs_directory: bool) -> Report:
    """Likewise, for work that tells more than the report."""
    tally, report = _done(command, work, needs_directory=needs_directory)
    if form == "json":
        click.echo(output.document(report, validation=None, plan=None, more=work.as_json()))
        return report
    output.print_report(console(), report, validation=None, plan=tally.plan)
    for line in work.lines():
        click.echo(line)
    return report


def _done(command: str, work: pipeline.Work, *, needs_directory: bool) -> tuple[Tally, Report]:
    started_at = now()
    tally = Tally(
        run_id=os.environ.get(Variable.RUN_ID, ""),
        realm=os.environ.get(Variable.REALM, ""),
        command=command,
        started_at=started_at,
    )
    try:
        settings = load_settings(os.environ, needs_directory=needs_directory)
    except ConfigurationError as error:
        report = tally.report(started_at, error)
    else:
        start_logging(settings)
        tally.run_id = settings.run_id
        report = uvloop.run(_execute(settings, work, tally, started_at))
    _leave_termination_message(report)
    return tally, report


def _print(report: Report, tally: Tally, form: str, show: str) -> None:
    plan = tally.plan if tally.command == "plan" else None
    if form == "json":
        verdict = tally.verdict
        click.echo(output.document(report, validation=tally.validation, plan=plan, verdict=verdict))
        return
    screen = console()
    if plan is not None:
        output.print_plan(screen, plan, show)
    output.print_report(screen, report, validation=tally.validation, plan=tally.plan)
    if os.environ.get(Variable.PLAN_IN_LOG):
        _print_plan_block(report, tally)
    elif tally.verdict is not None and tally.verdict.blocked:
        output.print_way_through(screen, tally.verdict)


def _print_plan_block(report: Report, tally: Tally) -> None:
    """Last, so that the end of the log holds it."""
    block = plan_block(report, tally)
    if block is not None:
        click.echo("\n".join(encode(block)))


async def _execute(settings: Settings, work: pipeline.Work, tally: Tally, started_at: datetime) -> Report:
    terminal = Console(stderr=True)
    progress = BarProgress(terminal) if terminal.is_terminal else LoggedProgress()
    with progress:
        context = Context(
            settings=settings,
            today=today(settings, started_at),
            now=now,
            stop=Stop(),
            progress=progress,
            version=metadata.version(DISTRIBUTION),
        )
        return await pipeline.execute(work, context, open_directory, tally)


def start_logging(settings: Settings) -> None:
    """Log to stderr, with run and realm on every line."""
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


def fail(error: ConnectError, form: str) -> NoReturn:
    """End a command that makes no report."""
    if form == "json":
        click.echo(output.error_document(error))
    else:
        output.print_error(Console(stderr=True), error)
    sys.exit(error.exit_code)


def ask(lines: Iterable[str], question: str) -> None:
    """Show on stderr what is about to happen, and go on only if somebody wants it.

    Raises ConfigurationError where nobody is there to be asked.
    """
    for line in lines:
        click.echo(f"  {line}", err=True)
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{question} Nobody is there to be asked", todo="Say --yes in a script")
    click.confirm(question, abort=True, err=True)


def end(report: Report) -> NoReturn:
    """End a command with its report's exit code."""
    sys.exit(ExitCode(report.exit_code))


def console() -> Console:
    """Stdout: as wide as the terminal, and in a file or pipe as wide as the longest line."""
    return Console() if sys.stdout.isatty() else Console(width=UNLIMITED_WIDTH)


def now() -> datetime:
    """The clock, UTC."""
    return datetime.now(UTC)
