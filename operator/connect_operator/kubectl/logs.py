"""`kubectl connect logs`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import click

from connect_operator.errors import RefusedError
from connect_operator.kubectl.cluster import Cluster, Pod
from connect_operator.kubectl.connection import Access
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.faults import CommandError
from connect_operator.kubectl.following import followed, tell
from connect_operator.kubectl.options import access_options, examples, name_argument
from connect_operator.kubectl.session import done
from connect_protocol.plan_block import is_plan_line


@dataclass(kw_only=True, slots=True)
class Reading:
    """A log as a person reads it: without the lines of a plan, of which a large school's has thousands."""

    has_plan: bool = False
    _begun: str = field(default="", init=False)

    def take(self, piece: str) -> str:
        """What is to be read of the lines that a piece ends."""
        *lines, self._begun = (self._begun + piece).split("\n")
        return "".join(map(self._readable, lines))

    def rest(self) -> str:
        """What is to be read of a last line without an end."""
        return self._readable(self._begun) if self._begun else ""

    def _readable(self, line: str) -> str:
        if is_plan_line(line):
            self.has_plan = True
            return ""
        return f"{line}\n"


@click.command(
    short_help="The log of a run: the one that goes on, else the last one.",
    epilog=examples("logs musterwil", "logs musterwil --follow", "logs musterwil --run connect-musterwil-29400123"),
)
@name_argument
@click.option("--run", "job", default="", metavar="JOB", help="The Job of another run than the latest one.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends; Ctrl-C leaves the run alone.")
@click.option("--tail", type=click.IntRange(min=0), help="The last lines only.")
@access_options
def logs(name: str, job: str, follow: bool, tail: int | None, access: Access) -> None:
    """The log of a run of NAME: the one that goes on, else the last one.

    Of several tries the last one is shown. The log ends with the run's report; a plan below it, which is for programs,
    is left out: `kubectl connect plan NAME` shows it.
    """
    if follow:
        followed(access, name, lambda cluster: _follow(cluster, name, job, tail))
    else:
        done(access, lambda cluster: _show(cluster, name, job, tail))


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


async def _show(cluster: Cluster, name: str, job: str, tail: int | None) -> None:
    pod = await latest_pod(cluster, name, job)
    reading = Reading()
    with _has_started(name):
        lines = (reading.take(await cluster.log(pod)) + reading.rest()).splitlines(keepends=True)
    click.echo("".join(lines if tail is None else lines[max(len(lines) - tail, 0) :]), nl=False)
    _tell_of_plan(reading, name)


async def _follow(cluster: Cluster, name: str, job: str, tail: int | None) -> None:
    pod = await latest_pod(cluster, name, job)
    reading = Reading()
    with _has_started(name):
        async for piece in cluster.follow(pod, tail=tail):
            click.echo(reading.take(piece), nl=False)
    click.echo(reading.rest(), nl=False)
    _tell_of_plan(reading, name)


def _tell_of_plan(reading: Reading, name: str) -> None:
    if reading.has_plan:
        tell(f"The plan is left out: kubectl connect plan {name} shows it")


@contextmanager
def _has_started(name: str) -> Iterator[None]:
    """Kubernetes refuses the log of a container that has not started."""
    try:
        yield
    except RefusedError as error:
        todo = f"Has its pod started? kubectl connect status {name} tells, after five minutes why not"
        raise CommandError(error.what, todo=todo, code=Exit.NOT_FOUND) from error
