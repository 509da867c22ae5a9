"""The operator's one decision: observed → wanted → what to write. Pure, level-triggered, repeatable."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from connect_operator.core import secret_needs
from connect_operator.core.condition import Truth, conditions
from connect_operator.core.decision import Decision, Observed
from connect_operator.core.drift import choose, corrected, recorded
from connect_operator.core.events import events
from connect_operator.core.facts import Trigger
from connect_operator.core.findings import RUN_MISSED, findings, left_out, ready, run_missed
from connect_operator.core.names import cron_job_name
from connect_operator.core.office import office_lock
from connect_operator.core.planning import Plan, make_plan
from connect_operator.core.run_queue import orders
from connect_operator.core.runs import Runs, does_less, look
from connect_operator.core.spec import ConnectJob
from connect_operator.core.starting import LOOKS_AGAIN
from connect_operator.core.status import ActiveRun, ConditionType, History, JobFinding, Status, Wanted
from connect_operator.core.summary import summary
from connect_operator.core.withdrawal import SUSPENDED

OVERDUE = timedelta(minutes=2)
"""Kubernetes may start a run until the starting deadline, and somewhat after; then it is missed."""
_SOON = timedelta(seconds=1)


def reconcile(observed: Observed) -> Decision:
    """What to do about one ConnectJob now; nothing where nothing differs."""
    if observed.job.deleting:
        return Decision()
    observed = _settled(observed)
    plan = make_plan(observed.job, observed.defaults)
    verdict = ready(observed, plan)
    runs = look(observed, verdict)
    action = choose(observed, plan, ready=verdict.truth is Truth.TRUE)
    correction = corrected(action, observed)
    held_back = observed.not_put_back_before if correction else None
    if held_back:
        action = correction = None
    # A CronJob that is written now owes no run of before.
    due = _overdue_at(observed, plan, runs) if verdict.truth is Truth.TRUE and action is None else None
    # What is not put back yet is still to be seen as another's.
    wanted = observed.status.wanted if held_back else _wanted(observed, plan, verdict)
    status = replace(_status(observed, plan, verdict, runs, due), wanted=wanted)
    requested = orders(observed, plan, verdict, runs)
    return Decision(
        action=action,
        # What a write makes of the CronJob goes into the status, also of one that leaves all else as it was.
        status=status if action is not None or status != observed.status else None,
        events=(*([correction] if correction else []), *events(observed.status, status, runs.ended)),
        runs=requested,
        withdrawn=runs.withdrawn,
        look_again=_look_again(observed, status, runs, due, (requested.look_again, held_back)),
    )


def _settled(observed: Observed) -> Observed:
    """Whole seconds, as Kubernetes keeps them, and no refusal that is to be tried again."""
    now, refusal = observed.now.replace(microsecond=0), observed.refusal
    holds = refusal is not None and now < refusal.until
    return replace(observed, now=now, refusal=refusal if holds else None)


def _status(observed: Observed, plan: Plan, verdict: JobFinding, runs: Runs, due: datetime | None) -> Status:
    job, old, now = observed.job, observed.status, observed.now
    found = findings(observed, plan, verdict, runs, _missed(observed, runs, due))
    coming = _coming_run(observed, plan)
    status = Status(
        generation=job.generation,
        conditions=conditions(found, old.conditions, generation=job.generation, now=now),
        phase=runs.phase,
        cron_job=cron_job_name(job.name),
        image=plan.image,
        time_zone=plan.timetable.zone.key if plan.timetable else "",
        suspended_since=(old.suspended_since or now) if job.suspend else None,
        office_lock=office_lock(runs.history.last, old.office_lock),
        resolved_schedule=plan.timetable.schedule.expression if plan.timetable else "",
        next_run=coming if verdict.truth is Truth.TRUE else None,
        expected_run=_expected_run(observed, runs, coming),
        last_schedule=_last_schedule(observed),
        history=runs.history,
        active=runs.active,
    )
    zone = plan.timetable.zone if plan.timetable else None
    return replace(status, summary=summary(status, zone, release=observed.defaults.image))


def _coming_run(observed: Observed, plan: Plan) -> datetime | None:
    if observed.job.suspend or plan.timetable is None:
        return None
    return plan.timetable.next_after(observed.now)


def _expected_run(observed: Observed, runs: Runs, coming: datetime | None) -> datetime | None:
    """The run that is to bring the next success: one whose time has passed stays until there is a success since."""
    expected, succeeded = observed.status.expected_run, runs.history.last_successful
    if coming is None or expected is None or expected > observed.now:
        return coming
    return coming if succeeded is not None and succeeded >= expected else expected


def _last_schedule(observed: Observed) -> datetime | None:
    seen = observed.cron_job.last_schedule_time if _own_cron_job(observed) and observed.cron_job else None
    return max((moment for moment in (seen, observed.status.last_schedule) if moment), default=None)


def _wanted(observed: Observed, plan: Plan, verdict: JobFinding) -> Wanted | None:
    """None while Ready is False: a CronJob that is only suspended is replaced, whatever it is, when all is well."""
    if verdict.truth is not Truth.TRUE:
        return None
    if observed.cron_job is None:
        return Wanted(uid="", generation=0, hash=plan.hash)
    return recorded(observed.cron_job, plan)


def _overdue_at(observed: Observed, plan: Plan, runs: Runs) -> datetime | None:
    """When the next run after the last one, or after the CronJob's last change, counts as missed."""
    job, cron_job = observed.job, observed.cron_job
    if job.suspend or cron_job is None or plan.timetable is None:
        return None
    begun = _last_start(job, cron_job.last_schedule_time, runs.active, runs.history)
    after = max(moment for moment in (begun, cron_job.edited_at, cron_job.created) if moment)
    expected = plan.timetable.next_after(after)
    return None if expected is None else expected + job.starting_deadline + OVERDUE


def _missed(observed: Observed, runs: Runs, due: datetime | None) -> JobFinding | None:
    """A run that did not start. Once told, only another start makes it good: no write to the CronJob does."""
    old = observed.status
    for each in runs.withdrawn:
        if each.job.trigger is not Trigger.REQUESTED and each.reason != SUSPENDED:
            return left_out(each)
    told = old.condition(ConditionType.LAST_RUN_SUCCEEDED)
    if told is not None and told.finding.reason == RUN_MISSED:
        known = _last_start(observed.job, old.last_schedule, old.active, old.history)
        latest = _last_start(observed.job, _last_schedule(observed), runs.active, runs.history)
        if latest is None or (known is not None and latest <= known):
            return told.finding
    return run_missed(due - OVERDUE - observed.job.starting_deadline) if due and due <= observed.now else None


def _last_start(
    job: ConnectJob, scheduled: datetime | None, active: ActiveRun | None, history: History
) -> datetime | None:
    """Of the runs that do all that the mode asks: a Plan makes no missed night good."""
    starts = [run.started for run in (active, history.deciding) if run is not None and not does_less(run, job.mode)]
    return max([*starts, *([scheduled] if scheduled else [])], default=None)


def _own_cron_job(observed: Observed) -> bool:
    return observed.cron_job is not None and observed.cron_job.owner_uid == observed.job.uid


def _look_again(
    observed: Observed, status: Status, runs: Runs, due: datetime | None, more: tuple[datetime | None, ...]
) -> datetime | None:
    moments = [*_moments(observed, status, runs, due), *(moment for moment in more if moment)]
    return min((max(moment, observed.now + _SOON) for moment in moments), default=None)


def _moments(observed: Observed, status: Status, runs: Runs, due: datetime | None) -> Iterator[datetime]:
    """When something becomes otherwise although nobody tells."""
    now, refusal = observed.now, observed.refusal
    secrets = secret_needs.look_again(status.next_run, observed.secrets)
    if secrets is not None:
        yield secrets
    if status.next_run is not None:
        yield status.next_run
    if due is not None and due > now:
        yield due
    if runs.look_again is not None:
        yield runs.look_again if runs.look_again > now else now + LOOKS_AGAIN
    if refusal is not None:
        yield refusal.until
    if observed.unsuspended:
        yield now + LOOKS_AGAIN
