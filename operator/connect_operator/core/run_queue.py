"""The ConnectRuns of one ConnectJob: which may start now, where the others wait, and what came of those that ran.

    its Job                      it waits for            then
    waits to be let start        runs of other customers Queued; Cancelled when it may not start any more
    goes on, or has ended        –                       Starting, Running, Finished
    is gone, having stood        –                       Finished: Stopped
    none yet                     an obstacle             Queued for a minute, then Cancelled; or Cancelled at once
    none yet                     runs that go on         Queued behind those that are older
    none yet                     nothing                 its Job is made

A scheduled run waits for nobody: Kubernetes starts it, and the lock in the customer's database parts the two.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from connect_operator.core.condition import Truth
from connect_operator.core.connect_run import ConnectRun
from connect_operator.core.decision import Event, EventType, Observed, RunOrders, StartRun, Told
from connect_operator.core.endings import JOB_DELETED
from connect_operator.core.events import ended
from connect_operator.core.planning import Plan
from connect_operator.core.run_job import run_manifest
from connect_operator.core.run_states import (
    ACCEPTED,
    PATIENCE,
    Obstacle,
    cancelled,
    finished,
    is_obstructed,
    lost,
    made,
    obstructed,
    queued,
    under_way,
)
from connect_operator.core.run_status import Request, RunPhase, RunStatus
from connect_operator.core.runs import Runs
from connect_operator.core.spec import ConnectJob, Mode
from connect_operator.core.status import JobFinding

KEPT = 20
"""So many of a ConnectJob's ConnectRuns that are over are kept."""

_PAUSES = {False: timedelta(), True: timedelta(seconds=10)}
"""After a refusal: until the next ConnectRun's turn, or until what was forbidden is tried again."""
_BEGUN = {RunPhase.STARTING, RunPhase.RUNNING}


def orders(observed: Observed, plan: Plan, ready: JobFinding, runs: Runs) -> RunOrders:
    """What to do about the ConnectRuns of a ConnectJob."""
    requests = sorted(observed.requests, key=_order)
    statuses: dict[str, RunStatus] = {}
    waiting: list[Request] = []
    for request in requests:
        if request.status.over:
            continue
        followed = _followed(request, runs, observed.now)
        if followed is None and (obstacle := _obstacle(request, observed, ready)):
            followed = obstructed(request, obstacle, observed.now)
        if followed is None:
            waiting.append(request)
        else:
            statuses[request.run.uid] = followed
    start = _start(waiting, observed, plan, runs)
    for position, request in enumerate(waiting[1:] if start else waiting, start=1):
        statuses[request.run.uid] = queued(request, position, observed.now)
    if start:
        waits = observed.defaults.max_concurrent_runs > 0 or observed.job.queue_name
        statuses[start.uid] = made(waiting[0], RunPhase.QUEUED if waits else RunPhase.STARTING, observed.now)
    found, refusal = _orders(requests, statuses, start, observed.now), observed.run_refusal
    return found if refusal is None else replace(found, look_again=observed.now + _PAUSES[refusal.forbidden])


def orphaned(requests: Iterable[Request], now: datetime) -> RunOrders:
    """What to do about ConnectRuns whose ConnectJob is not there, or is being deleted, and whose Jobs go with it."""
    ordered = sorted(requests, key=_order)
    now = now.replace(microsecond=0)
    statuses = {each.run.uid: _orphan(each, now) for each in ordered if not each.status.over}
    return _orders(ordered, statuses, None, now)


def _order(request: Request) -> tuple[datetime, str]:
    return request.run.created, request.run.name


def _orders(
    requests: Sequence[Request], statuses: dict[str, RunStatus], start: StartRun | None, now: datetime
) -> RunOrders:
    after = [(request, statuses.get(request.run.uid, request.status)) for request in requests]
    told = (_told(request, status) for request, status in after if status != request.status)
    looks = (request.run.created + PATIENCE for request, status in after if is_obstructed(status))
    return RunOrders(
        start=start,
        told=tuple(told),
        deleted=tuple(_superfluous(after)),
        look_again=min((moment for moment in looks if moment > now), default=None),
    )


def _superfluous(after: Iterable[tuple[Request, RunStatus]]) -> Iterator[Request]:
    """All that are over but the newest."""
    over = [(status.completed or request.run.created, request) for request, status in after if status.over]
    over.sort(key=lambda pair: (pair[0], _order(pair[1])), reverse=True)
    return (request for _, request in over[KEPT:] if not request.run.deleting)


def _followed(request: Request, runs: Runs, now: datetime) -> RunStatus | None:
    """What its Job tells; None if it never had one."""
    name = request.run.job_name
    for run in runs.open:
        if run.job.name == name:
            for each in runs.withdrawn:
                if each.job == run.job:
                    return cancelled(request, Obstacle(reason=each.reason, message=each.message), now)
            return under_way(request, run, now)
    last = runs.history.last
    for over in (*runs.over, *([last] if last else [])):
        if over.name == name:
            return finished(request, over, now)
    if not request.status.job_name:
        return None
    return lost(request, JOB_DELETED, "Somebody deleted the run's Job before its end", now)


def _gone(run: ConnectRun, job: ConnectJob) -> Obstacle | None:
    """What asks for it, or what it was asked of, is there no more."""
    if run.deleting:
        return Obstacle(reason="Deleted", message="Somebody deleted it before its turn came.")
    if run.created + PATIENCE < job.created:
        return Obstacle(reason="ConnectJobDeleted", message=f"It was wanted of an earlier ConnectJob {job.name}.")
    return None


def _obstacle(request: Request, observed: Observed, ready: JobFinding) -> Obstacle | None:
    run, job, refusal = request.run, observed.job, observed.run_refusal
    if gone := _gone(run, job):
        return gone
    if job.mode.does_less_than(run.mode):
        return Obstacle(
            reason="ModeRefused",
            message=(
                f"ConnectJob {job.name} has mode {job.mode}, and a run on request may not do more than that. "
                f"Order one with mode {job.mode}, or change spec.mode of the ConnectJob."
            ),
        )
    if job.suspend and run.mode is Mode.SYNC and not run.confirm_locked:
        return Obstacle(
            reason="Suspended",
            message=f"ConnectJob {job.name} is suspended. Set confirmLocked to write to the directory nevertheless.",
        )
    if ready.truth is not Truth.TRUE:
        message = f"ConnectJob {job.name} is not Ready. {ready.message}"
        return Obstacle(reason=ready.reason, message=message, final=False)
    if refusal is not None and refusal.uid == run.uid:
        message = f"Kubernetes refuses the Job: {refusal.message}"
        return Obstacle(reason="JobRefused", message=message, final=not refusal.forbidden)
    return None


def _orphan(request: Request, now: datetime) -> RunStatus:
    name, status = request.run.connect_job, request.status
    if status.job_name:
        return lost(request, "ConnectJobDeleted", f"ConnectJob {name} was deleted, and the run's Job with it", now)
    if any(each.finding == ACCEPTED for each in status.conditions):
        message = f"ConnectJob {name} was deleted before the run's turn came."
        return obstructed(request, Obstacle(reason="ConnectJobDeleted", message=message), now)
    message = f"There is no ConnectJob {name} in {request.run.namespace}. Correct spec.jobName in another ConnectRun."
    return obstructed(request, Obstacle(reason="ConnectJobMissing", message=message, final=False), now)


def _start(waiting: Sequence[Request], observed: Observed, plan: Plan, runs: Runs) -> StartRun | None:
    """The next one's Job, if no run of the ConnectJob is under way; after a refusal at the next look."""
    if not waiting or runs.open or plan.resolved is None or observed.run_refusal is not None:
        return None
    run = waiting[0].run
    return StartRun(manifest=run_manifest(run, observed.job, plan.resolved), uid=run.uid)


def _told(request: Request, status: RunStatus) -> Told:
    return Told(request=request, status=status, event=_event(request.status, status))


def _event(old: RunStatus, status: RunStatus) -> Event | None:
    """That it has begun, and how it ended."""
    if status.phase in _BEGUN:
        if old.phase in _BEGUN:
            return None
        return Event(type=EventType.NORMAL, reason="RunStarted", message=f"Its Job is {status.job_name}.")
    if status.outcome is None:
        return None
    message = f"{status.outcome.reason}. {status.outcome.advice}".strip()
    if status.outcome.result is None:
        return Event(type=EventType.WARNING, reason="RunCancelled", message=message)
    return ended(status.outcome.result, message)
