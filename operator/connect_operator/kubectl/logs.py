"""`kubectl connect logs`."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from connect_operator.errors import RefusedError
from connect_operator.kubectl.cluster import Cluster, Pod
from connect_operator.kubectl.connection import Access
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.faults import CommandError
from connect_operator.kubectl.following import followed
from connect_operator.kubectl.options import access_options, examples
from connect_operator.kubectl.session import done


@click.command(
    short_help="The log of a run: the one that goes on, else the last one.",
    epilog=examples("logs musterwil", "logs musterwil --follow", "logs musterwil --run connect-musterwil-29400123"),
)
@click.argument("name")
@click.option("--run", "job", default="", metavar="JOB", help="The Job of another run than the latest one.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends; Ctrl-C leaves the run alone.")
@click.option("--tail", type=click.IntRange(min=0), help="The last lines only.")
@access_options
def logs(name: str, job: str, follow: bool, tail: int | None, access: Access) -> None:
    """The log of a run of NAME: the one that goes on, else the last one.

    Of several tries the last one is shown. The log ends with the run's report.
    """
    if follow:
        followed(access, name, lambda cluster: _follow(cluster, name, job))
    else:
        click.echo(done(access, lambda cluster: _log(cluster, name, job, tail)), nl=False)


async def latest_pod(cluster: Cluster, name: str, job: str = "") -> Pod:
    """The last pod of a run, by default of the latest one. Raises CommandError if there is none (any more)."""
    job = job or (await cluster.customer(name)).last_job
    pods = await cluster.pods(job) if job else ()
    if not pods:
        raise CommandError(
            f"{job} has no pod any more, and its log went with it" if job else f"{name} has had no run yet",
            todo=f"Start one with kubectl connect run {name}",
            code=Exit.NOT_FOUND,
        )
    return pods[-1]


async def _log(cluster: Cluster, name: str, job: str, tail: int | None) -> str:
    pod = await latest_pod(cluster, name, job)
    with _has_started(name):
        return await cluster.log(pod, tail=tail)


async def _follow(cluster: Cluster, name: str, job: str) -> None:
    pod = await latest_pod(cluster, name, job)
    with _has_started(name):
        async for piece in cluster.follow(pod):
            click.echo(piece, nl=False)


@contextmanager
def _has_started(name: str) -> Iterator[None]:
    """Kubernetes refuses the log of a container that has not started."""
    try:
        yield
    except RefusedError as error:
        todo = f"Has its pod started? kubectl connect status {name} tells, after five minutes why not"
        raise CommandError(error.what, todo=todo, code=Exit.NOT_FOUND) from error
