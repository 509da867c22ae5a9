"""Last night's run of a ConnectJob that is otherwise well: ends that come again and again in tests."""

from typing import Any

from connect_operator.core.decision import Observed
from connect_operator.core.facts import JobFacts, PodFacts
from connect_operator.core.reconcile import reconcile
from connect_operator.core.status import LastRun
from connect_protocol.counts import WarningCount
from connect_protocol.report import RunResult, StageDuration
from tests.support.connect_jobs import (
    cron_job,
    failed,
    report,
    settled,
)

BLOCKED = report(
    result=RunResult.BLOCKED,
    reason="BlockedByWarnings",
    exit_code=3,
    stages=(StageDuration(stage="update", seconds=1.5), StageDuration(stage="validate", seconds=0.5)),
    user_warnings=(WarningCount(code=3, count=12),),
    group_warnings=(WarningCount(code=7, count=1),),
    message="13 records have warnings",
    todo="The office cures them",
)
GATED = report(
    result=RunResult.BLOCKED,
    reason="BlockedBySafetyGate",
    exit_code=4,
    message="11 users to disable exceed the limit of 10",
    todo="Look at the plan; nothing was changed. If it is meant, approve it",
    plan_checksum="sha256:ab",
)
UNREACHABLE = report(result=RunResult.FAILED, reason="RelayUnreachable", exit_code=7, message="No bridge")
STOPPED = report(result=RunResult.STOPPED, reason="Stopped", exit_code=9, message="SIGTERM")
TIMED_OUT = report(result=RunResult.STOPPED, reason="DeadlineExceeded", exit_code=8)
POLICY = failed("PodFailurePolicy", "Container worker for pod … failed with exit code …")
BACKOFF = failed("BackoffLimitExceeded", "Job has reached the specified backoff limit")
DEADLINE = failed("DeadlineExceeded", "Job was active longer than specified deadline", minutes=80)


def of(run: Observed) -> LastRun:
    status = reconcile(run).status
    assert status is not None
    assert status.history.last is not None
    return status.history.last


def seen(*things: JobFacts | PodFacts, **changes: Any) -> Observed:
    """A settled ConnectJob with these Jobs and pods, at five in the afternoon unless said otherwise."""
    jobs = tuple(thing for thing in things if isinstance(thing, JobFacts))
    pods = tuple(thing for thing in things if isinstance(thing, PodFacts))
    return settled(cron_job=cron_job(), jobs=jobs, pods=pods, **changes)
