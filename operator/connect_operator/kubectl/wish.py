"""A run that somebody wants: its ConnectRun is made, and followed to its end if he waits."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from connect_operator.core.names import API_VERSION, RUN_KIND
from connect_operator.core.run_status import Request, RunPhase
from connect_operator.core.spec import ConnectJob, Mode
from connect_operator.errors import KubernetesError, UnreachableError
from connect_operator.kubectl.cluster import Cluster
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.faults import CommandError
from connect_operator.kubectl.run_text import progress
from connect_operator.kubectl.stage import LINES, stage_of

LOOK_EVERY_SECONDS = 1.0
MOST_SIGNS = 512
"""Of spec.reason."""

Told = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """One run of a ConnectJob; `approve` is a plan's checksum, or empty."""

    job: str
    mode: Mode
    reason: str = ""
    approve: str = ""
    confirm_locked: bool = False


async def make(cluster: Cluster, wish: Wish, job: ConnectJob) -> Request:
    """Make its ConnectRun. Raises CommandError if its ConnectJob is locked, and the wish does not know of it."""
    if job.suspend and wish.mode is Mode.SYNC and not wish.confirm_locked:
        words = ", ".join(word for word in (job.suspended_by, job.suspend_reason) if word)
        raise CommandError(
            f"{wish.job} is locked" + (f" by {words}" if words else ""),
            todo="Ask who has locked it; if the run is meant all the same, say --confirm-locked",
            code=Exit.BLOCKED,
        )
    return await cluster.create_run(_manifest(wish))


async def follow(cluster: Cluster, request: Request, *, longest: timedelta, told: Told) -> Request:
    """Wait until a run is over; `told` hears how far it is, whenever that changes.

    An API server that does not answer for a while is waited for. Raises CommandError when the time is over.
    """
    deadline = time.monotonic() + longest.total_seconds()
    last = ""
    while not request.status.over:
        if time.monotonic() > deadline:
            raise CommandError(
                f"{request.run.name} is not over: {last}",
                todo=f"It goes on; look with kubectl connect status {request.run.connect_job}",
                code=Exit.WAITING,
            )
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        try:
            request = await cluster.run(request.run.name)
            now = progress(request.status, await _stage(cluster, request))
        except UnreachableError:
            now = "the API server does not answer; the run goes on without it"
        if now != last:
            told(f"{request.run.name}: {now}")
            last = now
    return request


async def _stage(cluster: Cluster, request: Request) -> str:
    if request.status.phase is not RunPhase.RUNNING:
        return ""
    try:
        pods = await cluster.pods(request.status.job_name)
        return stage_of(await cluster.log(pods[-1], tail=LINES)) if pods else ""
    except UnreachableError:
        raise
    except KubernetesError:
        return ""


def _manifest(wish: Wish) -> dict[str, object]:
    spec: dict[str, object] = {
        "jobName": wish.job,
        "mode": wish.mode.value,
        "approve": wish.approve,
        "reason": wish.reason[:MOST_SIGNS],
        "confirmLocked": wish.confirm_locked,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": RUN_KIND,
        "metadata": {"generateName": f"{wish.job}-"},
        "spec": {name: value for name, value in spec.items() if value},
    }
