"""What Prometheus is told of the ConnectJobs.

All of it is read from their status whenever somebody asks: a restart loses nothing, and of a ConnectJob that is gone
nothing is told any more. Thousands of ConnectJobs have a hundred thousand series: they are told of a few at a time, as
they were at the moment of the question, and in between the event loop does what else there is to do.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from connect_operator.core.condition import Truth
from connect_operator.core.facts import JobFacts, Trigger
from connect_operator.core.run_status import RunPhase
from connect_operator.core.status import ConditionType, LastRun
from connect_operator.exposition import Family, labelled
from connect_operator.known import Key, KnownJob, KnownRun

Sample = tuple[tuple[str, ...], float]
"""Values of the labels beyond namespace and connectjob, and the gauge's own."""

AT_A_TIME = 20
"""ConnectJobs between two pauses: a millisecond or two."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauge:
    """A family of gauges of ConnectJobs, and how it is read."""

    family: Family
    read: Callable[[KnownJob], Iterable[Sample]]

    def lines(self, known: KnownJob, labels: str) -> Iterator[str]:
        """Its series of one ConnectJob, which is known by these labels."""
        return (self.family.line(labels, values, value) for values, value in self.read(known))


class JobMetrics:
    """The gauges of all ConnectJobs at the moment of the question."""

    def __init__(
        self,
        jobs: Callable[[], Iterable[KnownJob]],
        wanted: Callable[[], Iterable[KnownRun]],
        under_way: Callable[[], Iterable[tuple[Key, JobFacts]]],
    ) -> None:
        """`wanted` are the ConnectRuns, `under_way` the Jobs that have not ended."""
        self._jobs = jobs
        self._wanted = wanted
        self._under_way = under_way

    async def exposition(self) -> bytes:
        """Every family with all its series, as Prometheus reads them."""
        jobs, queued = list(self._jobs()), self._queued()
        told = [[gauge.family.head.encode()] for gauge in GAUGES]
        for start in range(0, len(jobs), AT_A_TIME):
            await asyncio.sleep(0)
            few = [(known, _labels(_key(known))) for known in jobs[start : start + AT_A_TIME]]
            for gauge, pieces in zip(GAUGES, told, strict=True):
                lines = (line for known, labels in few for line in gauge.lines(known, labels))
                pieces.append("".join(lines).encode())
        return b"".join([QUEUED.head.encode(), queued.encode(), *(piece for pieces in told for piece in pieces)])

    def _queued(self) -> str:
        """A series for each ConnectJob, also of those for which none waits, and for those that are not there."""
        waiting = Counter({_key(known): 0 for known in self._jobs()})
        for known in self._wanted():
            if known.request.status.phase in {None, RunPhase.QUEUED}:
                waiting[Key(namespace=known.request.run.namespace, name=known.request.run.connect_job)] += 1
        for key, job in self._under_way():
            if job.suspended and job.trigger is not Trigger.REQUESTED:
                waiting[key] += 1
        return "".join(QUEUED.line(_labels(key), (), count) for key, count in waiting.items())


def _key(known: KnownJob) -> Key:
    return Key(namespace=known.job.namespace, name=known.job.name)


def _labels(key: Key) -> str:
    return labelled(namespace=key.namespace, connectjob=key.name)


def _info(known: KnownJob) -> Iterator[Sample]:
    status = known.status
    yield (known.job.realm, status.image, status.resolved_schedule, known.job.mode.value), 1


def _suspended(known: KnownJob) -> Iterator[Sample]:
    yield (), float(known.status.truth(ConditionType.SUSPENDED) is Truth.TRUE)


def _office_locked(known: KnownJob) -> Iterator[Sample]:
    yield (), float(known.status.office_lock is not None)


def _lags(known: KnownJob) -> Iterator[Sample]:
    yield (), float(bool(known.status.summary.lags))


def _active(known: KnownJob) -> Iterator[Sample]:
    yield (), float(known.status.active is not None)


def _last_success(known: KnownJob) -> Iterator[Sample]:
    return _moment(known.status.history.last_successful)


def _last_failure(known: KnownJob) -> Iterator[Sample]:
    return _moment(known.status.history.last_failure)


def _next_run(known: KnownJob) -> Iterator[Sample]:
    return _moment(known.status.next_run)


def _expected_run(known: KnownJob) -> Iterator[Sample]:
    return _moment(known.status.expected_run)


def _active_since(known: KnownJob) -> Iterator[Sample]:
    if known.status.active is not None:
        yield (), known.status.active.started.timestamp()


def _result(known: KnownJob) -> Iterator[Sample]:
    for run in _last_run(known):
        yield (run.result.value, run.reason), 1


def _failures(known: KnownJob) -> Iterator[Sample]:
    yield (), known.status.history.consecutive_failures


def _duration(known: KnownJob) -> Iterator[Sample]:
    for run in _last_run(known):
        yield (), (run.completed - run.started).total_seconds()


def _timeout(known: KnownJob) -> Iterator[Sample]:
    yield (), known.job.timeout.total_seconds()


def _objects(known: KnownJob) -> Iterator[Sample]:
    for run in _last_run(known):
        for row in run.changes:
            yield (row.kind, row.result), row.count


def _warnings(known: KnownJob) -> Iterator[Sample]:
    for run in _last_run(known):
        for whose, rows in (("users", run.user_warnings), ("groups", run.group_warnings)):
            yield (whose,), sum(row.count for row in rows)


def _conditions(known: KnownJob) -> Iterator[Sample]:
    for condition in known.status.conditions:
        for truth in Truth:
            yield (condition.finding.type.value, truth.value.lower()), float(condition.finding.truth is truth)


def _conditions_since(known: KnownJob) -> Iterator[Sample]:
    for condition in known.status.conditions:
        yield (condition.finding.type.value,), condition.since.timestamp()


def _last_run(known: KnownJob) -> Iterator[LastRun]:
    """The last run, if there was one; before a lesser one, the one that did all that the mode asks."""
    if known.status.history.deciding is not None:
        yield known.status.history.deciding


def _moment(moment: datetime | None) -> Iterator[Sample]:
    if moment is not None:
        yield (), moment.timestamp()


QUEUED = Family(
    name="connect_runs_queued", meaning="Runs that wait: for others of their ConnectJob, or to be let start"
)
GAUGES = (
    Gauge(
        family=Family(
            name="connect_job_info",
            meaning="A ConnectJob: its realm, and what its next run will be",
            labels=("realm", "image", "schedule", "mode"),
        ),
        read=_info,
    ),
    Gauge(
        family=Family(name="connect_job_suspended", meaning="1 if no scheduled run starts until revoked"),
        read=_suspended,
    ),
    Gauge(
        family=Family(
            name="connect_job_office_locked",
            meaning="1 if the school's office has locked the sync, as the last run found",
        ),
        read=_office_locked,
    ),
    Gauge(
        family=Family(
            name="connect_job_lags",
            meaning="1 if the next run, or the one under way, has another image than the operator's release",
        ),
        read=_lags,
    ),
    Gauge(family=Family(name="connect_job_active_runs", meaning="1 while a run goes on"), read=_active),
    Gauge(
        family=Family(name="connect_job_active_run_start_timestamp_seconds", meaning="When that run began"),
        read=_active_since,
    ),
    Gauge(
        family=Family(name="connect_job_last_success_timestamp_seconds", meaning="When a run last ended well"),
        read=_last_success,
    ),
    Gauge(
        family=Family(name="connect_job_last_failure_timestamp_seconds", meaning="When a run last failed"),
        read=_last_failure,
    ),
    Gauge(
        family=Family(name="connect_job_next_schedule_timestamp_seconds", meaning="When the next run starts"),
        read=_next_run,
    ),
    Gauge(
        family=Family(
            name="connect_job_expected_run_timestamp_seconds",
            meaning="The scheduled run that is to bring the next success; past, if it has not",
        ),
        read=_expected_run,
    ),
    Gauge(
        family=Family(
            name="connect_job_last_run_result",
            meaning="1 for how the last run ended, and why",
            labels=("result", "reason"),
        ),
        read=_result,
    ),
    Gauge(
        family=Family(name="connect_job_consecutive_failures", meaning="Failures since the last good run"),
        read=_failures,
    ),
    Gauge(
        family=Family(name="connect_job_last_run_duration_seconds", meaning="How long the last run took"),
        read=_duration,
    ),
    Gauge(family=Family(name="connect_job_timeout_seconds", meaning="How long a run may take"), read=_timeout),
    Gauge(
        family=Family(
            name="connect_job_last_run_objects",
            meaning="Changes of the last run by kind, and what became of them",
            labels=("kind", "action"),
        ),
        read=_objects,
    ),
    Gauge(
        family=Family(
            name="connect_job_validation_warnings", meaning="Warnings that the last run found", labels=("on",)
        ),
        read=_warnings,
    ),
    Gauge(
        family=Family(
            name="connect_job_condition",
            meaning="1 for the status that a condition has, 0 for the others",
            labels=("type", "status"),
        ),
        read=_conditions,
    ),
    Gauge(
        family=Family(
            name="connect_job_condition_since_timestamp_seconds",
            meaning="Since when a condition has had the status that it has",
            labels=("type",),
        ),
        read=_conditions_since,
    ),
)
"""Gauges of ConnectJobs; their labels are beyond namespace and connectjob."""
