"""`kubectl connect approve`."""

import sys

import click

from connect_operator.core.spec import Mode
from connect_operator.kubectl.cluster import Cluster
from connect_operator.kubectl.connection import Access
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.faults import CommandError
from connect_operator.kubectl.options import (
    Waiting,
    access_options,
    examples,
    name_argument,
    output_option,
    style,
    waiting_options,
)
from connect_operator.kubectl.plan_log import kept_plan
from connect_operator.kubectl.plan_text import plan_lines
from connect_operator.kubectl.run import carry_out
from connect_operator.kubectl.session import done, fail, print_lines
from connect_operator.kubectl.wish import Wish
from connect_protocol.plan_block import PlanBlock


@click.command(
    short_help="Let through, once, the plan that the last run was stopped with.",
    epilog=examples('approve musterwil sha256:… --reason "the school closes"', 'approve musterwil --reason "…" --wait'),
)
@name_argument
@click.argument("checksum", required=False)
@click.option("--reason", required=True, help="Why it is meant; it is kept with your name beside the approval.")
@click.option("--confirm-locked", is_flag=True, help="Run although it is locked.")
@waiting_options
@output_option
@access_options
def approve(
    *,
    name: str,
    checksum: str | None,
    reason: str,
    confirm_locked: bool,
    waiting: Waiting,
    form: str,
    access: Access,
) -> None:
    """Let through, once, exactly the plan that the last run of NAME was stopped with.

    CHECKSUM is the one that `plan` has shown; without it the plan is shown, and you are asked. A run starts that
    carries it out. If something else would be taken away by then, it stops again and says so.
    """
    found, user = done(access, lambda cluster: _stopped(cluster, name))
    try:
        _require_same(found, name, checksum)
    except CommandError as error:
        fail(error)
    if checksum is None:
        print_lines(plan_lines(found, style(), name=name))
        click.confirm("Is exactly this meant?", abort=True, err=True)
    wish = Wish(
        job=name,
        mode=Mode.SYNC,
        reason=f"{user}: {reason}",
        approve=found.checksum,
        confirm_locked=confirm_locked,
    )
    carry_out(wish, waiting, form, access)


async def _stopped(cluster: Cluster, name: str) -> tuple[PlanBlock, str]:
    """The plan that was printed, and who asks."""
    found = await kept_plan(cluster, await cluster.customer(name))
    if found is None or not found.blocked:
        raise CommandError(
            f"the last run of {name} has printed no plan that the safety gate has stopped within a day",
            todo=f"Look what a run would do today with kubectl connect plan {name}",
            code=Exit.NOT_FOUND,
        )
    return found, await cluster.user()


def _require_same(found: PlanBlock, name: str, checksum: str | None) -> None:
    """Raise CommandError if it is not the plan that somebody has seen, whole."""
    look = f"Look at it with kubectl connect plan {name}"
    if checksum is not None and checksum != found.checksum:
        raise CommandError(
            f"the last run of {name} was stopped with another plan, {found.checksum}", todo=look, code=Exit.REFUSED
        )
    if not found.shows_what_is_gated:
        raise CommandError(
            "the plan is so large that its log does not show all that would be approved",
            todo="Somebody with the customer's database approves it with connect-worker approve",
            code=Exit.REFUSED,
        )
    if checksum is None and not sys.stdin.isatty():
        raise CommandError("nobody is there to be asked", todo=f"{look}, and give its checksum", code=Exit.USAGE)
