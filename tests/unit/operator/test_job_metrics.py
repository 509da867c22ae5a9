"""What Prometheus is told of ConnectJobs: nothing but what their status says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from connect_operator.core.facts import Trigger
from connect_operator.core.status import (
    ActiveRun,
    Condition,
    ConditionType,
    Evidence,
    Finding,
    History,
    LastRun,
    OfficeLock,
    Result,
    Status,
    Summary,
    Truth,
)
from connect_operator.job_metrics import JobCollector
from connect_operator.known import KnownJob
from connect_protocol.report import ChangeCount, WarningCount
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


def told(*jobs: KnownJob) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(JobCollector(lambda: jobs))
    return registry


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    """One of Musterwil's series, as Prometheus reads it."""
    return registry.get_sample_value(name, {"namespace": "connect", "connectjob": "musterwil"} | labels)


def test_a_connect_job_is_told_as_it_will_run() -> None:
    registry = told(KNOWN)
    labels = {"realm": "musterwil", "image": "connect-worker:1", "schedule": "17 3 * * *", "mode": "Sync"}
    assert value(registry, "connect_job_info", **labels) == 1
    assert value(registry, "connect_job_suspended") == 0
    assert value(registry, "connect_job_active_runs") == 0
    assert value(registry, "connect_job_timeout_seconds") == 3600
    assert value(registry, "connect_job_next_schedule_timestamp_seconds") == (AT + timedelta(days=1)).timestamp()


def test_the_last_run_is_told() -> None:
    registry = told(KNOWN)
    assert value(registry, "connect_job_last_success_timestamp_seconds") == RUN.completed.timestamp()
    assert value(registry, "connect_job_last_run_duration_seconds") == 90
    assert value(registry, "connect_job_last_run_objects", kind="create_user", action="done") == 3
    assert value(registry, "connect_job_validation_warnings", on="users") == 3
    assert value(registry, "connect_job_validation_warnings", on="groups") == 0
    assert value(registry, "connect_job_consecutive_failures") == 0


def test_a_condition_is_one_for_the_status_that_it_has_and_zero_for_the_others() -> None:
    registry = told(KNOWN)
    statuses = {status: value(registry, "connect_job_condition", type="Ready", status=status) for status in STATUSES}
    assert statuses == {"true": 1, "false": 0, "unknown": 0}


def test_the_offices_lock_and_who_lags_are_told() -> None:
    assert value(told(KNOWN), "connect_job_office_locked") == 0
    assert value(told(KNOWN), "connect_job_lags") == 0
    other = replace(STATUS, office_lock=OfficeLock(by="K. Muster"), summary=Summary(lags="Pinned"))
    registry = told(replace(KNOWN, status=other))
    assert value(registry, "connect_job_office_locked") == 1
    assert value(registry, "connect_job_lags") == 1


def test_what_has_not_happened_is_not_told() -> None:
    text = generate_latest(told(replace(KNOWN, status=Status()))).decode()
    series = [line for line in text.splitlines() if not line.startswith("#")]
    assert not [line for line in series if "timestamp" in line or "last_run" in line]


def test_of_a_connect_job_that_is_gone_nothing_is_told() -> None:
    text = generate_latest(told()).decode()
    assert not [line for line in text.splitlines() if not line.startswith("#")]


def test_the_run_under_way_is_told_by_its_beginning() -> None:
    run = ActiveRun(name="run", uid="run-2", trigger=Trigger.SCHEDULED, mode="Sync", started=AT)
    registry = told(replace(KNOWN, status=replace(STATUS, active=run)))
    assert value(registry, "connect_job_active_runs") == 1
    assert value(registry, "connect_job_active_run_start_timestamp_seconds") == AT.timestamp()


def test_how_the_last_run_ended_and_since_when_a_condition_holds_is_told() -> None:
    registry = told(KNOWN)
    assert value(registry, "connect_job_last_run_result", result="Done", reason="Synced") == 1
    assert value(registry, "connect_job_condition_since_timestamp_seconds", type="Ready") == AT.timestamp()
    assert value(registry, "connect_job_expected_run_timestamp_seconds") == (AT + timedelta(days=1)).timestamp()


def test_a_plan_since_the_night_covers_nothing_of_it() -> None:
    """What alerts on blocked and slow nights look at stays."""
    plan = replace(RUN, mode="Plan", reason="Planned", completed=RUN.started, changes=(), user_warnings=())
    registry = told(replace(KNOWN, status=replace(STATUS, history=History(last=plan, last_full=RUN))))
    assert value(registry, "connect_job_last_run_result", result="Done", reason="Synced") == 1
    assert value(registry, "connect_job_last_run_duration_seconds") == 90
    assert value(registry, "connect_job_validation_warnings", on="users") == 3
