"""Why a Job that was born suspended is not to start any more: it is deleted then, whoever would have let it start.

Its ConnectJob is not what it was when the Job was made. The operator can hold back those that wait for itself, but not
those that wait for Kueue, which knows nothing of ConnectJobs.

    its ConnectJob               the operator's       Kueue's
    does less now                withdrawn            withdrawn
    is suspended                 withdrawn            withdrawn; neither what was made by hand, nor what may go
    is not Ready                 waits                withdrawn
    its deadline has passed      withdrawn            withdrawn, counted anew when Kueue has preempted it
"""

from dataclasses import dataclass
from datetime import datetime

from connect_operator.core.condition import Truth
from connect_operator.core.facts import Gatekeeper, JobFacts, Trigger
from connect_operator.core.spec import ConnectJob, Mode
from connect_operator.core.status import JobFinding

SUSPENDED = "Suspended"


@dataclass(frozen=True, kw_only=True, slots=True)
class Withdrawal:
    """A Job that waits and is to be deleted; `message` is a sentence about it."""

    job: JobFacts
    reason: str
    message: str


def withdrawal(job: JobFacts, connect_job: ConnectJob, ready: JobFinding, now: datetime) -> Withdrawal | None:
    """Why a Job is to be deleted, if it waits and is."""
    if not waits(job):
        return None
    due = deadline(job, connect_job)
    if does_too_much(job, connect_job):
        message = f"ConnectJob {connect_job.name} has mode {connect_job.mode} by now, and the run would do more."
        return Withdrawal(job=job, reason="ModeRefused", message=message)
    if is_locked(job, connect_job):
        message = f"ConnectJob {connect_job.name} was suspended before it could start."
        return Withdrawal(job=job, reason=SUSPENDED, message=message)
    late = due is not None and due <= now
    if ready.truth is not Truth.TRUE and (late or job.gatekeeper is Gatekeeper.KUEUE):
        message = f"ConnectJob {connect_job.name} is not Ready. {ready.message}"
        return Withdrawal(job=job, reason=ready.reason, message=message)
    return Withdrawal(job=job, reason="WaitedTooLong", message=_TOO_LATE[job.gatekeeper]) if late else None


def waits(job: JobFacts) -> bool:
    """Whether it waits to be let start: by the operator, or by Kueue."""
    return job.suspended and job.end is None and job.gatekeeper in _TOO_LATE


def deadline(job: JobFacts, connect_job: ConnectJob) -> datetime | None:
    """Until when it may start; None while nobody knows since when it waits. Kueue's may have run before."""
    since = job.held_since if job.gatekeeper is Gatekeeper.KUEUE else job.created
    return None if since is None else since + connect_job.starting_deadline


def does_too_much(job: JobFacts, connect_job: ConnectJob) -> bool:
    """Whether it would do more than its ConnectJob does now; what does not say what it does may do anything."""
    return connect_job.mode.does_less_than(Mode(job.mode) if job.mode in set(Mode) else Mode.SYNC)


def is_locked(job: JobFacts, connect_job: ConnectJob) -> bool:
    """Whether its ConnectJob's suspension is meant for it too."""
    if not connect_job.suspend or job.trigger is Trigger.MANUAL:
        return False
    return job.trigger is Trigger.SCHEDULED or (job.mode == Mode.SYNC and not job.confirmed)


_TOO_LATE = {
    Gatekeeper.OPERATOR: (
        "It waited for others longer than startingDeadlineSeconds. Raise the operator's cap, or spread the schedules."
    ),
    Gatekeeper.KUEUE: (
        "It waited in Kueue's queue longer than startingDeadlineSeconds. Raise the queue's quota, or that time."
    ),
}
