"""`kubectl connect plan`."""

import click

from connect_operator.core.spec import Mode
from connect_operator.kubectl.cluster import Cluster
from connect_operator.kubectl.connection import Access
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.faults import CommandError
from connect_operator.kubectl.following import followed, tell
from connect_operator.kubectl.options import (
    Form,
    Waiting,
    access_options,
    examples,
    name_argument,
    output_option,
    patience_option,
    style,
)
from connect_operator.kubectl.plan_log import kept_plan, plan_of_job
from connect_operator.kubectl.plan_text import document, plan_lines
from connect_operator.kubectl.run_text import ending, exit_of
from connect_operator.kubectl.session import end, print_json, print_lines
from connect_operator.kubectl.table import Style
from connect_operator.kubectl.wish import Wish, follow, make
from connect_protocol.plan_block import PlanBlock


@click.command(epilog=examples("plan musterwil", "plan musterwil --fresh", "plan musterwil --output json"))
@name_argument
@click.option("--fresh", is_flag=True, help="Make a new one, whatever the last run has printed.")
@patience_option
@output_option
@access_options
def plan(name: str, fresh: bool, waiting: Waiting, form: str, access: Access) -> None:
    """What a run of NAME would do to the directory, change by change.

    If the last run was stopped by the safety gate, or has only planned, it is that run's plan, from its log; else a run
    that only plans is started and waited for. Exit code 3 if the safety gate stops it: look whether it is meant, then
    approve it by its checksum.
    """
    found = followed(access, name, lambda cluster: _plan(cluster, name, waiting, fresh=fresh))
    if form == Form.JSON:
        print_json(document(found))
    else:
        print_lines(plan_lines(found, style(), name=name))
    end(Exit.BLOCKED if found.blocked else Exit.DONE)


async def _plan(cluster: Cluster, name: str, waiting: Waiting, *, fresh: bool) -> PlanBlock:
    customer = await cluster.customer(name)
    kept = None if fresh else await kept_plan(cluster, customer)
    if kept is not None:
        return kept
    request = await make(cluster, Wish(job=name, mode=Mode.PLAN, reason="kubectl connect plan"), customer.job)
    tell(f"connectrun/{request.run.name} created, which only plans")
    request = await follow(cluster, request, longest=waiting.longest, told=tell)
    found = await plan_of_job(cluster, request.status.job_name) if request.status.job_name else None
    if found is None:
        what, *more = ending(request, Style(coloured=False))
        raise CommandError(
            f"there is no plan: {what}", todo="\n  ".join(more), code=exit_of(request.status) or Exit.NOT_FOUND
        )
    return found
