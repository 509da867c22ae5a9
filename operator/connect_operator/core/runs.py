"""Jobs and pods → the run that goes on, and the history of those that have ended."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connect_operator.core.condition import Truth
from connect_operator.core.decision import Observed
from connect_operator.core.endings import JOB_DELETED, Ending, ending, shown
from connect_operator.core.facts import JobEnd, JobFacts, PodFacts
from connect_operator.core.spec import Mode
from connect_operator.core.starting import Hindrance, has_begun, hindrance, is_hindered, last_pod, late_at
from connect_operator.core.status import (
    ActiveRun,
    ConditionType,
    Evidence,
    History,
    JobFinding,
    LastRun,
    OfficeLock,
    Phase,
    Result,
    Status,
)
from connect_operator.core.withdrawal import Withdrawal, deadline, waits, withdrawal
from connect_protocol.report import OfficeLock as ReportedLock
from connect_protocol.report import Report

LAST_WORD = timedelta(seconds=10)
"""The news of a pod's end may come this much after the news of its Job's, by another watch."""

_STRENGTH = list(Evidence)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenRun:
    """A run that has not ended, by its Job, and how far it has come."""

    job: JobFacts
    phase: Phase


@dataclass(frozen=True, kw_only=True, slots=True)
class Runs:
    """What is known of the runs. `ended` are those that the status does not tell of yet, the oldest first.

    `open` are all that go on or wait, the oldest first; `over` are all that have ended and whose Jobs still stand;
    `withdrawn` are those that wait and may not start any more.

    `hindered` is why the active run does not start; None as long as it may still do so. `look_again` is when this may
    have changed without news.
    """

    active: ActiveRun | None
    phase: Phase
    history: History
    ended: tuple[LastRun, ...] = ()
    open: tuple[OpenRun, ...] = ()
    over: tuple[LastRun, ...] = ()
    withdrawn: tuple[Withdrawal, ...] = ()
    begun: bool = False
    hindered: Hindrance | None = None
    look_again: datetime | None = None


def look(observed: Observed, ready: JobFinding) -> Runs:
    """The runs of one ConnectJob, from the Jobs that still stand and what the status remembers."""
    jobs = sorted(_own_jobs(observed), key=lambda job: (job.created, job.name))
    open_jobs = [job for job in jobs if _is_open(job, observed)]
    ended = [_last_run(job, observed) for job in jobs if job not in open_jobs]
    history, news = observed.status.history, []
    for run in _tellable(ended, open_jobs):
        news += [run] if _is_new(run, history) else []
        history = _after(history, run, observed.job.mode)
    found = _with_active(open_jobs, observed, history, tuple(news))
    states = tuple(OpenRun(job=job, phase=phase(job, observed.pods)) for job in open_jobs)
    withdrawn = (withdrawal(job, observed.job, ready, observed.now) for job in open_jobs)
    return replace(found, open=states, over=tuple(ended), withdrawn=tuple(each for each in withdrawn if each))


def _tellable(ended: list[LastRun], open_jobs: list[JobFacts]) -> list[LastRun]:
    """In order of their ends; none before an earlier one whose last word is awaited, for it would be lost."""
    awaited = min((job.end.at for job in open_jobs if job.end), default=None)
    return sorted((run for run in ended if awaited is None or run.completed < awaited), key=_order)


def _own_jobs(observed: Observed) -> Iterator[JobFacts]:
    """Without Jobs that nobody owns, and those of an earlier ConnectJob of this name, which are on their way out."""
    for job in observed.jobs:
        if job.owner_uid and job.created >= observed.job.created:
            yield job
    if deleted := _deleted(observed):
        yield deleted


def _deleted(observed: Observed) -> JobFacts | None:
    """The run that went on at the last look, if somebody has deleted its Job since; its pod may take its time to go.

    Not if a later one is known: then nobody can say when this one ended.
    """
    run = observed.status.active
    if run is None or any(job.uid == run.uid or job.created > run.started for job in observed.jobs):
        return None
    pod = last_pod(run.uid, observed.pods)
    alive = pod is not None and not pod.gone and not pod.phase.ended
    return JobFacts(
        name=run.name,
        uid=run.uid,
        owner_uid=None,
        trigger=run.trigger,
        mode=run.mode,
        image=run.image,
        created=run.started,
        started=run.started,
        end=None if alive else JobEnd(complete=False, at=observed.now, reason=JOB_DELETED),
    )


def _is_open(job: JobFacts, observed: Observed) -> bool:
    """Whether a run goes on, or its pod's last word may still come."""
    if job.end is None:
        return True
    pod = last_pod(job.uid, observed.pods)
    if job.end.reason == JOB_DELETED or (pod is not None and (pod.phase.ended or pod.gone)):
        return False
    return observed.now < job.end.at + LAST_WORD


def _with_active(open_jobs: list[JobFacts], observed: Observed, history: History, news: tuple[LastRun, ...]) -> Runs:
    if not open_jobs:
        return Runs(active=None, phase=Phase.IDLE, history=history, ended=news)
    begun = [job for job in open_jobs if not job.suspended]
    if not begun:
        deadlines = (deadline(job, observed.job) for job in open_jobs if waits(job))
        due = min((moment for moment in deadlines if moment), default=None)
        return Runs(active=None, phase=Phase.QUEUED, history=history, ended=news, look_again=due)
    job = begun[0]
    pod = last_pod(job.uid, observed.pods)
    late = None if job.end else late_at(job, observed.pods, observed.defaults.patience)
    return Runs(
        active=_active(job),
        phase=phase(job, observed.pods),
        history=history,
        ended=news,
        begun=has_begun(pod),
        hindered=hindrance(job, pod, observed.warnings) if late is not None and late <= observed.now else None,
        look_again=job.end.at + LAST_WORD if job.end else late,
    )


def phase(job: JobFacts, pods: Iterable[PodFacts]) -> Phase:
    """How far a run has come that has not ended, or whose last word is awaited.

    A worker that has ended counts as running until its Job has ended, or another pod tries again: it is no news.
    """
    if job.suspended and job.end is None:
        return Phase.QUEUED
    running = job.end is not None or has_begun(last_pod(job.uid, pods))
    return Phase.RUNNING if running else Phase.STARTING


def _active(job: JobFacts) -> ActiveRun:
    return ActiveRun(
        name=job.name,
        uid=job.uid,
        trigger=job.trigger,
        mode=job.mode,
        image=job.image,
        started=job.started or job.created,
    )


def _last_run(job: JobFacts, observed: Observed) -> LastRun:
    assert job.end is not None  # an open Job is none that has ended
    pod = last_pod(job.uid, observed.pods)
    end = ending(pod, job.end, connect_job=observed.job.name)
    hindered = _never_started(job, pod, observed.status) if end.evidence is not Evidence.REPORT else None
    return _made(_active(job), hindered or end, completed=job.end.at, begun=hindered is None)


def _never_started(job: JobFacts, pod: PodFacts | None, old: Status) -> Ending | None:
    """Why the worker never ran, if that is known; it says more than the deadline that ended the waiting."""
    if has_begun(pod) or (job.end is not None and job.end.complete):
        return None
    if pod is not None and is_hindered(pod):
        found = hindrance(job, pod, ())
        return _hindered(found.reason, found.message, found.todo)
    remembered = old.condition(ConditionType.RUN_STARTED)
    if remembered is None or old.active is None or old.active.uid != job.uid:
        return None
    known = remembered.finding
    return _hindered(known.reason, known.message, "") if known.truth is Truth.FALSE else None


def _hindered(reason: str, message: str, todo: str) -> Ending:
    return Ending(result=Result.FAILED, reason=reason, evidence=Evidence.POD, message=message, todo=todo)


def _made(run: ActiveRun, end: Ending, *, completed: datetime, begun: bool) -> LastRun:
    last = LastRun(
        name=run.name,
        uid=run.uid,
        trigger=run.trigger,
        mode=run.mode,
        image=run.image,
        started=run.started,
        completed=completed,
        result=end.result,
        reason=end.reason,
        evidence=end.evidence,
        begun=begun,
        message=end.message,
        todo=end.todo,
    )
    return last if end.report is None else _counted(last, end.report)


def _counted(run: LastRun, report: Report) -> LastRun:
    return replace(
        run,
        stages=report.stages,
        changes=report.changes,
        user_warnings=report.user_warnings,
        group_warnings=report.group_warnings,
        plan_checksum=report.plan_checksum or "",
        office_lock=_office_lock(report.office_lock),
    )


def _office_lock(told: ReportedLock | None) -> OfficeLock | None:
    """A moment that cannot be read is none."""
    if told is None:
        return None
    try:
        since = datetime.fromisoformat(told.since).astimezone(UTC)
    except ValueError:
        since = None
    return OfficeLock(by=shown(told.by), reason=shown(told.reason), since=since)


def does_less(run: ActiveRun | LastRun, mode: Mode) -> bool:
    """Whether a run leaves out what a ConnectJob's mode asks for, as a Plan in between does."""
    return run.mode in set(Mode) and Mode(run.mode).does_less_than(mode)


def _order(run: LastRun) -> tuple[datetime, str]:
    return run.completed, run.uid


def _is_new(run: LastRun, history: History) -> bool:
    last = history.last
    if last is None:
        return True
    return run.completed >= last.completed and run.uid not in {last.uid, *history.same_second}


def _after(history: History, run: LastRun, mode: Mode) -> History:
    """The history with one run more; an older run changes nothing, and the last one only if more is known of it now.

    Its end stays where it was told to be: were it moved back, an older run could take its place. One that did less than
    the ConnectJob's mode, as a Plan in between, is neither the success that is awaited nor its failure.
    """
    last = history.last
    if last is not None and run.uid == last.uid:
        better = _STRENGTH.index(run.evidence) > _STRENGTH.index(last.evidence)
        return replace(history, last=replace(run, completed=last.completed)) if better else history
    if not _is_new(run, history):
        return history
    told = (*history.same_second, last.uid) if last is not None and run.completed == last.completed else ()
    full = history.deciding
    history = replace(history, last=run, last_full=None, same_second=told)
    if does_less(run, mode):
        return history if full is None or does_less(full, mode) else replace(history, last_full=full)
    if run.succeeded:
        return replace(history, last_successful=run.completed, consecutive_failures=0)
    return replace(history, last_failure=run.completed, consecutive_failures=history.consecutive_failures + 1)
