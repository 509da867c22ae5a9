"""`kubectl connect lock` and `unlock`."""

import click

from connect_operator.core.spec import ConnectJob
from connect_operator.kubectl.cluster import Cluster
from connect_operator.kubectl.connection import Access
from connect_operator.kubectl.options import access_options, examples, name_argument
from connect_operator.kubectl.session import done
from connect_operator.kubectl.table import printable

MOST_SIGNS = 128
"""Of spec.suspendedBy."""


@click.command(epilog=examples('lock musterwil --reason "two classes are merged until Friday"'))
@name_argument
@click.option("--reason", required=True, help="Why, for whoever is on call next.")
@click.option("--by", default="", help="Who has decided it; by default you, as the cluster knows you.")
@access_options
def lock(name: str, reason: str, by: str, access: Access) -> None:
    """No scheduled run of NAME until it is unlocked.

    A run under way goes on to its end. Runs that only look (--plan, --validate) go all the same. Reason and name stand
    in the ConnectJob; since when is what the operator has seen.
    """
    click.echo(done(access, lambda cluster: _lock(cluster, name, reason, by)))


@click.command(epilog=examples("unlock musterwil"))
@name_argument
@access_options
def unlock(name: str, access: Access) -> None:
    """Scheduled runs of NAME start again.

    A run whose time was less than startingDeadlineSeconds ago (half an hour, unless the ConnectJob says otherwise)
    starts now; older ones are left out, for the next one does all the work.
    """
    click.echo(done(access, lambda cluster: _unlock(cluster, name)))


async def _lock(cluster: Cluster, name: str, reason: str, by: str) -> str:
    before = (await cluster.customer(name)).job
    who = (by or await cluster.user())[:MOST_SIGNS]
    await cluster.change(name, {"suspend": True, "suspendReason": reason, "suspendedBy": who})
    told = f"{name} is locked by {who}: {reason}. Unlock it with kubectl connect unlock {name}"
    return f"{told}\nIt was locked already{_by(before)}" if before.suspend else told


async def _unlock(cluster: Cluster, name: str) -> str:
    before = (await cluster.customer(name)).job
    await cluster.change(name, {"suspend": False, "suspendReason": None, "suspendedBy": None})
    if not before.suspend:
        return f"{name} was not locked"
    return f"{name} is unlocked; it was locked{_by(before)}"


def _by(job: ConnectJob) -> str:
    """By whom and why, as far as anybody has said it."""
    words = ", ".join(word for word in (job.suspended_by, job.suspend_reason) if word)
    return f" by {printable(words)}" if words else ""
