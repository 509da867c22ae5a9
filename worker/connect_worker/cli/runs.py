"""The night's run and its parts."""

from functools import partial

import click

from connect_worker import pipeline
from connect_worker.cli.execution import end, executed, fail
from connect_worker.cli.options import account_name, by_option, examples, output_option
from connect_worker.errors import ConfigurationError
from connect_worker.model.approval import ApprovalOrder


@click.command(epilog=examples("run", "run --output json"))
@output_option
def run(form: str) -> None:
    """Do the whole night.

    Migrate, update, validate, plan, stop if the plan is too dangerous, sync. A second run right after does nothing.
    """
    end(executed("run", pipeline.night, form, needs_directory=True))


@click.command(epilog=examples("update"))
@output_option
def update(form: str) -> None:
    """Bring Connect's tables up to date.

    Reads the master data, writes the tables and validates them; the directory is not touched.
    """
    end(executed("update", pipeline.update_only, form, needs_directory=False))


@click.command(epilog=examples("validate", "validate --output json"))
@output_option
def validate(form: str) -> None:
    """Validate Connect's tables as they are.

    Lists every warning with its solution; exit code 3 if one of them would block the sync.
    """
    end(executed("validate", pipeline.validate_only, form, needs_directory=False))


@click.command(epilog=examples("plan", "plan --show diff"))
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
    end(executed("plan", pipeline.plan_only, form, needs_directory=True, show=show))


@click.command(
    epilog=examples(
        "approve sha256:0123… --comment 'the school in the village closes'",
        "approve sha256:0123… --by k.muster --no-run",
    )
)
@output_option
@click.argument("checksum")
@by_option
@click.option("--comment", help="Why, for whoever reads it later.")
@click.option("--no-run", is_flag=True, help="Leave the work to the next run.")
def approve(form: str, checksum: str, by: str | None, comment: str | None, no_run: bool) -> None:
    """Let through, once, what the safety gate stopped.

    CHECKSUM is the one that the stopped run, or `plan`, has named. The run starts at once. The approval is good for
    24 hours and one run, for exactly these changes or some of them; if there are others, the run stops again. Nothing
    else that stops a run is lifted.
    """
    try:
        order = ApprovalOrder(checksum=checksum, approved_by=by or account_name(), comment=comment)
    except ConfigurationError as error:
        fail(error, form)
    work = pipeline.approve_only if no_run else pipeline.approved_night
    end(executed("approve", partial(work, order=order), form, needs_directory=not no_run))


@click.command(epilog=examples("sync"))
@output_option
def sync(form: str) -> None:
    """Write the tables to the directory.

    Like `run`, but Connect's tables are taken as they are, without an update from the master data before.
    """
    end(executed("sync", pipeline.sync_only, form, needs_directory=True))


@click.command(epilog=examples("migrate"))
@output_option
def migrate(form: str) -> None:
    """Create or upgrade Connect's tables.

    `run` does this by itself; a database that is newer than the program is refused.
    """
    end(executed("migrate", pipeline.migrate_only, form, needs_directory=False))
