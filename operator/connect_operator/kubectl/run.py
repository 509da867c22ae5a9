"""`kubectl connect run`."""

import click

from connect_operator.core.run_status import Request
from connect_operator.core.spec import Mode
from connect_operator.kubectl.cluster import Cluster
from connect_operator.kubectl.connection import Access
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.following import followed, tell
from connect_operator.kubectl.options import (
    Form,
    Waiting,
    access_options,
    examples,
    name_argument,
    output_option,
    style,
    waiting_options,
)
from connect_operator.kubectl.run_text import document, ending, exit_of
from connect_operator.kubectl.session import done, end, print_json, print_lines
from connect_operator.kubectl.wish import Wish, follow, make

EXAMPLES = ("run musterwil --wait", "run musterwil --plan --wait", 'run musterwil --reason "new class lists" --wait')


@click.command(epilog=examples(*EXAMPLES))
@name_argument
@click.option("--plan", is_flag=True, help="Only look what it would do to the directory.")
@click.option("--validate", is_flag=True, help="Only look for warnings.")
@click.option("--reason", default="", help="Why, for whoever reads it later.")
@click.option("--confirm-locked", is_flag=True, help="Run although it is locked.")
@waiting_options
@output_option
@access_options
def run(
    *,
    name: str,
    plan: bool,
    validate: bool,
    reason: str,
    confirm_locked: bool,
    waiting: Waiting,
    form: str,
    access: Access,
) -> None:
    """Run NAME now: the whole night, unless you say less.

    It makes a ConnectRun, and the operator starts it when no other run of NAME is under way. With --wait the exit code
    tells how the run ended. Ctrl-C ends the waiting, not the run.
    """
    if plan and validate:
        raise click.UsageError("--plan and --validate exclude each other")
    mode = Mode.PLAN if plan else Mode.VALIDATE if validate else Mode.SYNC
    wish = Wish(job=name, mode=mode, reason=reason, confirm_locked=confirm_locked)
    carry_out(wish, waiting, form, access)


def carry_out(wish: Wish, waiting: Waiting, form: str, access: Access) -> None:
    """Make the run, wait if that is asked for, and end with its code."""
    request = done(access, lambda cluster: _made(cluster, wish))
    if waiting.wanted:
        tell(f"connectrun/{request.run.name} created")
        request = followed(
            access, wish.job, lambda cluster: follow(cluster, request, longest=waiting.longest, told=tell)
        )
    _show(request, form)
    end(exit_of(request.status) if waiting.wanted else Exit.DONE)


async def _made(cluster: Cluster, wish: Wish) -> Request:
    return await make(cluster, wish, (await cluster.customer(wish.job)).job)


def _show(request: Request, form: str) -> None:
    if form == Form.JSON:
        print_json(document(request))
    elif request.status.over:
        print_lines(ending(request, style()))
    else:
        click.echo(f"connectrun/{request.run.name} created")
        click.echo(f"Look with kubectl connect status {request.run.connect_job}, or give --wait")
