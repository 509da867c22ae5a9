"""Which write, if any, makes the CronJob what it should be.

    CronJob                      ConnectJob ready               not ready
    none                         create                         –
    ours, as we left it          –  (replace if more is wanted) suspend, if it is not
    ours, changed by somebody    replace                        suspend, if it is not
    ours, being deleted          –                              –
    nobody's, with our label     suspend, if it is not          likewise
    anybody else's               –                              –

Fields are never compared one by one, since the API server fills in and normalises them: uid, generation and hash of
our last write tell whether anything differs, and one PUT replaces all, foreign additions too.
"""

from connect_operator.core.condition import Truth
from connect_operator.core.cronjob import labels
from connect_operator.core.decision import (
    DRIFT_CORRECTED,
    Action,
    Create,
    Event,
    EventType,
    Observed,
    Replace,
    Suspend,
)
from connect_operator.core.facts import CronJobFacts
from connect_operator.core.names import CONNECT_JOB_LABEL, MANAGER
from connect_operator.core.planning import Plan
from connect_operator.core.spec import ConnectJob
from connect_operator.core.status import ConditionType, Status, Wanted


def choose(observed: Observed, plan: Plan, *, ready: bool) -> Action | None:
    """The write that is due; what may not be suspended is left to people."""
    action = _due(observed, plan, ready=ready)
    return None if isinstance(action, Suspend) and observed.unsuspended else action


def _due(observed: Observed, plan: Plan, *, ready: bool) -> Action | None:
    cron_job = observed.cron_job
    if cron_job is None:
        return Create(manifest=plan.manifest, hash=plan.hash) if ready and plan.manifest is not None else None
    if cron_job.deleting:
        return None
    if cron_job.owner_uid != observed.job.uid:
        return left_behind(cron_job) if cron_job.labels.get(CONNECT_JOB_LABEL) == observed.job.name else None
    if not ready or plan.manifest is None:
        return _suspend(cron_job)
    if observed.status.wanted == recorded(cron_job, plan) and _is_labelled(observed.job, cron_job):
        return None
    return Replace(manifest=plan.manifest, hash=plan.hash, uid=cron_job.uid, resource_version=cron_job.resource_version)


def left_behind(cron_job: CronJobFacts, *, by: str | None = None) -> Suspend | None:
    """For a CronJob with our label that must not go on by itself, since its ConnectJob is gone or about to go.

    Gone with `--cascade=orphan`; or `by` is the uid of one that is being deleted, which a foreign finalizer may hold
    for days while somebody else has its realm already.
    """
    return _suspend(cron_job) if cron_job.owner_uid in {None, by} and not cron_job.deleting else None


def reported(cron_job: CronJobFacts) -> Event:
    """The event for a CronJob that is suspended since it was left behind, or is about to be."""
    name = cron_job.name
    why = "has gone without it" if cron_job.owner_uid is None else "is being deleted"
    message = f"Suspended: its ConnectJob {why}. If it stays, delete it: kubectl delete cronjob {name}"
    return Event(type=EventType.WARNING, reason="LeftBehind", message=message)


def recorded(cron_job: CronJobFacts, plan: Plan) -> Wanted:
    """What the status notes of a CronJob that is as the plan wants it."""
    return Wanted(uid=cron_job.uid, generation=cron_job.generation, hash=plan.hash)


def corrected(action: Action | None, observed: Observed) -> Event | None:
    """The event for a write that undoes what somebody else did; none for one that follows the ConnectJob."""
    old, cron_job = observed.status, observed.cron_job
    if isinstance(action, Create) and old.wanted is not None:
        return _event("The CronJob had been deleted; it was made again", about=old.wanted.uid)
    if cron_job is None or cron_job.edited_by == MANAGER or cron_job.owner_uid != observed.job.uid:
        return None
    by = f" by {cron_job.edited_by}" if cron_job.edited_by else ""
    change = f"{cron_job.uid}/{cron_job.generation}"
    if isinstance(action, Replace) and old.wanted is not None and old.wanted.hash == action.hash:
        return _event(f"CronJob {cron_job.name} had been changed{by}; it was put back", about=change)
    if isinstance(action, Suspend) and _was_suspended_for_cause(old):
        resumed = f"CronJob {cron_job.name} had been resumed{by}; it was suspended again, as Ready is False"
        return _event(resumed, about=change)
    return None


def _is_labelled(job: ConnectJob, cron_job: CronJobFacts) -> bool:
    """Labels raise no generation; without ours the CronJob falls out of the watch."""
    return labels(job).items() <= cron_job.labels.items()


def _was_suspended_for_cause(old: Status) -> bool:
    return old.wanted is None and old.truth(ConditionType.READY) is Truth.FALSE


def _suspend(cron_job: CronJobFacts) -> Suspend | None:
    if cron_job.suspended:
        return None
    return Suspend(uid=cron_job.uid, resource_version=cron_job.resource_version)


def _event(message: str, *, about: str) -> Event:
    """`about` is the change that is undone: a status of one that is not Ready stays the same from one to the next."""
    told = f"{message}. Change the ConnectJob instead."
    return Event(type=EventType.WARNING, reason=DRIFT_CORRECTED, message=told, about=about)
