"""What Prometheus is told of ConnectJobs: nothing but what their status says."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from connect_operator.core.condition import Condition, Finding, Truth
from connect_operator.core.facts import Trigger
from connect_operator.core.status import (
    ActiveRun,
    ConditionType,
    Evidence,
    History,
    LastRun,
    OfficeLock,
    Result,
    Status,
    Summary,
)
from connect_operator.job_metrics import AT_A_TIME, JobMetrics
from connect_operator.known import KnownJob
from connect_protocol.counts import ChangeCount, WarningCount
from tests.support.connect_jobs import MUSTERWIL

AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
RUN = LastRun(
    name="run",
    uid="run-1",
    trigger=Trigger.SCHEDULED,
    mode="Sync",
    started=AT,
    completed=AT + timedelta(seconds=90),
    result=Result.DONE,
    reason="Synced",
    evidence=Evidence.REPORT,
    begun=True,
    changes=(ChangeCount(kind="create_user", result="done", count=3),),
    user_warnings=(WarningCount(code=1, count=2), WarningCount(code=5, count=1)),
)
STATUS = Status(
    image="connect-worker:1",
    resolved_schedule="17 3 * * *",
    next_run=AT + timedelta(days=1),
    expected_run=AT + timedelta(days=1),
    history=History(last=RUN, last_successful=RUN.completed, consecutive_failures=0),
    conditions=(
        Condition(
            finding=Finding(type=ConditionType.READY, truth=Truth.TRUE, reason="Reconciled", message=""),
            generation=1,
            since=AT,
        ),
    ),
)
STATUSES = ("true", "false", "unknown")
KNOWN = KnownJob(job=MUSTERWIL, status=STATUS, resource_version="1", status_digest="")


Told = dict[tuple[str, frozenset[tuple[str, str]]], float]
"""Every series by its name and labels, as Prometheus reads them."""


def metrics(*jobs: KnownJob) -> JobMetrics:
    return JobMetrics(lambda: jobs, list, list)


def told(*jobs: KnownJob) -> Told:
    """All but the runs that wait."""
    text = asyncio.run(metrics(*jobs).exposition()).decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    series = {(each.name, frozenset(each.labels.items())): each.value for each in samples}
    assert len(series) == len(samples)
    return {which: value for which, value in series.items() if which[0] != "connect_runs_queued"}


def value(series: Told, name: str, **labels: str) -> float | None:
    """One of Musterwil's series."""
    return series.get((name, frozenset(({"namespace": "connect", "connectjob": "musterwil"} | labels).items())))


def test_a_connect_job_is_told_as_it_will_run() -> None:
    series = told(KNOWN)
    labels = {"realm": "musterwil", "image": "connect-worker:1", "schedule": "17 3 * * *", "mode": "Sync"}
    assert value(series, "connect_job_info", **labels) == 1
    assert value(series, "connect_job_suspended") == 0
    assert value(series, "connect_job_active_runs") == 0
    assert value(series, "connect_job_timeout_seconds") == 3600
    assert value(series, "connect_job_next_schedule_timestamp_seconds") == (AT + timedelta(days=1)).timestamp()


def test_the_last_run_is_told() -> None:
    series = told(KNOWN)
    assert value(series, "connect_job_last_success_timestamp_seconds") == RUN.completed.timestamp()
    assert value(series, "connect_job_last_run_duration_seconds") == 90
    assert value(series, "connect_job_last_run_objects", kind="create_user", action="done") == 3
    assert value(series, "connect_job_validation_warnings", on="users") == 3
    assert value(series, "connect_job_validation_warnings", on="groups") == 0
    assert value(series, "connect_job_consecutive_failures") == 0


def test_a_condition_is_one_for_the_status_that_it_has_and_zero_for_the_others() -> None:
    series = told(KNOWN)
    statuses = {status: value(series, "connect_job_condition", type="Ready", status=status) for status in STATUSES}
    assert statuses == {"true": 1, "false": 0, "unknown": 0}


def test_the_offices_lock_and_who_lags_are_told() -> None:
    assert value(told(KNOWN), "connect_job_office_locked") == 0
    assert value(told(KNOWN), "connect_job_lags") == 0
    other = replace(STATUS, office_lock=OfficeLock(by="K. Muster"), summary=Summary(lags="Pinned"))
    series = told(replace(KNOWN, status=other))
    assert value(series, "connect_job_office_locked") == 1
    assert value(series, "connect_job_lags") == 1


def test_what_has_not_happened_is_not_told() -> None:
    names = {name for name, _ in told(replace(KNOWN, status=Status()))}
    assert "connect_job_suspended" in names
    assert not [name for name in names if "timestamp" in name or "last_run" in name]


def test_of_a_connect_job_that_is_gone_nothing_is_told() -> None:
    assert told() == {}


def test_the_run_under_way_is_told_by_its_beginning() -> None:
    run = ActiveRun(name="run", uid="run-2", trigger=Trigger.SCHEDULED, mode="Sync", started=AT)
    series = told(replace(KNOWN, status=replace(STATUS, active=run)))
    assert value(series, "connect_job_active_runs") == 1
    assert value(series, "connect_job_active_run_start_timestamp_seconds") == AT.timestamp()


def test_how_the_last_run_ended_and_since_when_a_condition_holds_is_told() -> None:
    series = told(KNOWN)
    assert value(series, "connect_job_last_run_result", result="Done", reason="Synced") == 1
    assert value(series, "connect_job_condition_since_timestamp_seconds", type="Ready") == AT.timestamp()
    assert value(series, "connect_job_expected_run_timestamp_seconds") == (AT + timedelta(days=1)).timestamp()


def test_a_plan_since_the_night_covers_nothing_of_it() -> None:
    """What alerts on blocked and slow nights look at stays."""
    plan = replace(RUN, mode="Plan", reason="Planned", completed=RUN.started, changes=(), user_warnings=())
    series = told(replace(KNOWN, status=replace(STATUS, history=History(last=plan, last_full=RUN))))
    assert value(series, "connect_job_last_run_result", result="Done", reason="Synced") == 1
    assert value(series, "connect_job_last_run_duration_seconds") == 90
    assert value(series, "connect_job_validation_warnings", on="users") == 3


def test_what_a_label_says_arrives_as_it_is() -> None:
    odd = 'a "quoted" \\ back\nslash'
    series = told(replace(KNOWN, status=replace(STATUS, image=odd)))
    labels = {"realm": "musterwil", "image": odd, "schedule": "17 3 * * *", "mode": "Sync"}
    assert value(series, "connect_job_info", **labels) == 1


async def test_whoever_asks_keeps_nobody_waiting_for_more_than_a_few_connect_jobs() -> None:
    """The event loop comes to others' turn again and again, and what is told is of the moment of the question."""
    jobs = [replace(KNOWN, job=replace(MUSTERWIL, name=f"school-{number}")) for number in range(10 * AT_A_TIME)]
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            jobs.clear()
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    text = await JobMetrics(lambda: jobs, list, list).exposition()
    other.cancel()
    assert turns >= 10
    assert text.count(b"connect_job_suspended{") == 10 * AT_A_TIME
