"""The school office's lock: told by runs, kept until one finds it lifted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connect_operator.core.decision import Observed
from connect_operator.core.reconcile import reconcile
from connect_operator.core.status import ConditionType, OfficeLock, Status
from connect_protocol.report import OfficeLock as ReportedLock
from connect_protocol.report import Report, RunResult, StageDuration
from tests.support.connect_jobs import LAST_NIGHT, applied, complete, ended_pod, failed, job, report, told
from tests.support.last_night import POLICY, UNREACHABLE, seen

UPDATED = StageDuration(stage="update", seconds=1)
PLANNED = StageDuration(stage="plan", seconds=1)
LOCKED = report(
    result=RunResult.BLOCKED,
    reason="Locked",
    exit_code=10,
    stages=(UPDATED,),
    office_lock=ReportedLock(by="K. Muster", reason="classes are being merged", since="2026-11-20T09:00:00+01:00"),
)
SYNCED = report(reason="Synced", stages=(UPDATED, PLANNED))
END = LAST_NIGHT + timedelta(minutes=3)


def locked(**lock: str) -> Observed:
    """A ConnectJob whose run of last night has found the lock, as its status tells."""
    told_lock = replace(LOCKED, office_lock=replace(LOCKED.office_lock or ReportedLock(by=""), **lock))
    run = seen(job(end=POLICY), ended_pod(10, told_lock.to_json()))
    return applied(run, reconcile(run))


def next_night(before: Observed, ends: Report) -> Status:
    """The status after another run, a day later."""
    day = timedelta(days=1)
    end = complete() if ends.exit_code == 0 else failed("PodFailurePolicy")
    run = job(uid="run-2", name="next", created=LAST_NIGHT + day, started=LAST_NIGHT + day)
    pod = ended_pod(ends.exit_code, ends.to_json(), uid="pod-2", name="pod-2", job_uid="run-2")
    after = replace(before, now=before.now + day, jobs=(replace(run, end=replace(end, at=end.at + day)),), pods=(pod,))
    status = reconcile(after).status
    assert status is not None
    return status


def test_it_is_told_with_who_why_and_since_when() -> None:
    run = locked()
    since = datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert run.status.office_lock == OfficeLock(by="K. Muster", reason="classes are being merged", since=since)
    assert told(run.status, ConditionType.LAST_RUN_SUCCEEDED) == "False Locked"
    assert run.status.summary.suspended == "by office, since 2026-11-20"
    assert (run.status.summary.result, run.status.summary.reason) == ("Blocked", "Locked")


@pytest.mark.parametrize("since", ["", "lately"])
def test_without_a_moment_it_dates_from_the_run_that_first_saw_it(since: str) -> None:
    first = locked(since=since)
    assert first.status.office_lock is not None
    assert first.status.office_lock.since == END
    again = replace(LOCKED, office_lock=ReportedLock(by="K. Muster", reason="classes are being merged"))
    second = next_night(first, again)
    assert second.office_lock == first.status.office_lock
    by_another = next_night(first, replace(LOCKED, office_lock=ReportedLock(by="B. Muster")))
    assert by_another.office_lock == OfficeLock(by="B. Muster", since=END + timedelta(days=1))


@pytest.mark.parametrize(
    "ends",
    [
        SYNCED,
        report(reason="SyncSwitchedOff", stages=(UPDATED,)),
        report(reason="Validated", stages=(StageDuration(stage="validate", seconds=1),)),
        report(result=RunResult.BLOCKED, reason="BlockedBySafetyGate", exit_code=4, stages=(UPDATED, PLANNED)),
    ],
    ids=lambda ends: str(ends.reason),
)
def test_it_ends_with_a_run_that_finds_it_lifted(ends: Report) -> None:
    after = next_night(locked(), ends)
    assert after.office_lock is None
    assert after.summary.suspended == "No"


@pytest.mark.parametrize(
    "ends",
    [
        UNREACHABLE,
        report(reason="Migrated", stages=(StageDuration(stage="migrate", seconds=1),)),
        report(result=RunResult.BLOCKED, reason="BlockedBySafetyGate", exit_code=4, stages=(UPDATED,)),
    ],
    ids=lambda ends: str(ends.reason),
)
def test_a_run_that_did_not_get_so_far_says_nothing_of_it(ends: Report) -> None:
    before = locked()
    assert next_night(before, ends).office_lock == before.status.office_lock


def test_a_dry_run_finds_it_too() -> None:
    dry = report(reason="Planned", stages=(UPDATED, PLANNED), office_lock=LOCKED.office_lock)
    assert next_night(locked(), dry).office_lock == locked().status.office_lock
