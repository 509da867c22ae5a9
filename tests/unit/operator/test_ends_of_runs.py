"""How runs end, as a table, and what is told of it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from connect_operator.core.facts import JobEnd, PodFacts, PodPhase, Terminated, Trigger, Waiting
from connect_operator.core.reconcile import reconcile
from connect_operator.core.status import ConditionType
from connect_protocol.counts import ChangeCount, WarningCount
from connect_protocol.report import StageDuration
from tests.support.connect_jobs import (
    LAST_NIGHT,
    NOW,
    applied,
    complete,
    ended_pod,
    job,
    message,
    pod,
    report,
    told,
)
from tests.support.last_night import (
    BACKOFF,
    BLOCKED,
    DEADLINE,
    GATED,
    POLICY,
    STOPPED,
    TIMED_OUT,
    UNREACHABLE,
    of,
    seen,
)


def waiting(reason: str, text: str = "", **changes: Any) -> PodFacts:
    return pod(waiting=Waiting(reason=reason, message=text), **changes)


@dataclass(frozen=True, kw_only=True)
class Case:
    end: JobEnd
    pods: tuple[PodFacts, ...]
    result: str
    reason: str
    evidence: str = "Pod"
    says: str = ""
    started: str = "True Started"


ENDS = {
    "nothing to do": Case(
        end=complete(), pods=(ended_pod(0, report().to_json()),), result="Done", reason="NothingToDo", evidence="Report"
    ),
    "blocked by warnings": Case(
        end=POLICY,
        pods=(ended_pod(3, BLOCKED.to_json()),),
        result="Blocked",
        reason="BlockedByWarnings",
        evidence="Report",
        says="The office cures them",
    ),
    "stopped by the safety gate": Case(
        end=POLICY,
        pods=(ended_pod(4, GATED.to_json()),),
        result="Blocked",
        reason="BlockedBySafetyGate",
        evidence="Report",
        says="kubectl connect plan musterwil shows it, kubectl connect approve musterwil sha256:ab --reason WHY",
    ),
    "stopped by the safety gate where nobody can approve": Case(
        end=POLICY,
        pods=(ended_pod(4, replace(GATED, reason="OutsideOUs", todo="Check the DNs").to_json()),),
        result="Blocked",
        reason="OutsideOUs",
        evidence="Report",
        says="limit of 10. Check the DNs.",
    ),
    "the relay was never reached, four times": Case(
        end=BACKOFF,
        pods=(
            ended_pod(9, STOPPED.to_json()),
            ended_pod(7, UNREACHABLE.to_json(), name="second", created=LAST_NIGHT + timedelta(minutes=1)),
        ),
        result="Failed",
        reason="RelayUnreachable",
        evidence="Report",
        says="No bridge",
    ),
    "the worker's own time limit": Case(
        end=POLICY,
        pods=(ended_pod(8, TIMED_OUT.to_json()),),
        result="Stopped",
        reason="DeadlineExceeded",
        evidence="Report",
    ),
    "a worker that hangs past its limit is killed with its pod": Case(
        end=BACKOFF,
        pods=(ended_pod(137, "", reason="DeadlineExceeded"),),
        result="Stopped",
        reason="DeadlineExceeded",
        says="raise spec.timeout",
    ),
    "stopped by the Job's deadline, as the report cannot know": Case(
        end=DEADLINE,
        pods=(ended_pod(9, STOPPED.to_json(), gone=True),),
        result="Stopped",
        reason="DeadlineExceeded",
        evidence="Report",
    ),
    "stopped by a signal that nobody explains": Case(
        end=BACKOFF,
        pods=(ended_pod(9, STOPPED.to_json()),),
        result="Stopped",
        reason="Stopped",
        evidence="Report",
    ),
    "out of memory": Case(
        end=POLICY,
        pods=(ended_pod(137, "", container="OOMKilled"),),
        result="Failed",
        reason="OutOfMemory",
        says="spec.resources.limits.memory",
    ),
    "killed": Case(end=POLICY, pods=(ended_pod(137, ""),), result="Stopped", reason="Killed"),
    "ended by a signal before it could catch one": Case(
        end=BACKOFF, pods=(ended_pod(143, ""),), result="Stopped", reason="Killed"
    ),
    "evicted by the node": Case(
        end=BACKOFF,
        pods=(pod(phase=PodPhase.FAILED, reason="Evicted", message="The node was low on resource: memory."),),
        result="Stopped",
        reason="Evicted",
        says="low on resource: memory",
    ),
    "driven off its node": Case(
        end=BACKOFF,
        pods=(ended_pod(137, "", disrupted="EvictionByEvictionAPI"),),
        result="Stopped",
        reason="Disrupted",
        says="EvictionByEvictionAPI",
    ),
    "the container could not be started": Case(
        end=BACKOFF,
        pods=(
            pod(
                phase=PodPhase.FAILED,
                terminated=Terminated(exit_code=128, reason="StartError", message='exec: "connect-worker": not found'),
            ),
        ),
        result="Failed",
        reason="StartError",
        says="connect-worker",
    ),
    "a report that is none": Case(
        end=POLICY,
        pods=(ended_pod(1, "Traceback: boom"),),
        result="Failed",
        reason="ReportUnreadable",
        says="left: Traceback: boom",
    ),
    "a report of a schema to come": Case(
        end=complete(),
        pods=(ended_pod(0, '{"schema": 99}'),),
        result="Failed",
        reason="ReportUnreadable",
        says='{"schema": 99}',
    ),
    "a report whose reason is no word": Case(
        end=POLICY,
        pods=(ended_pod(1, replace(UNREACHABLE, reason="what, <why>").to_json()),),
        result="Failed",
        reason="ReportUnreadable",
    ),
    "a report with a number that Kubernetes refuses": Case(
        end=complete(),
        pods=(ended_pod(0, report().to_json()[:-1] + ', "stages": {"plan": NaN}}'),),
        result="Failed",
        reason="ReportUnreadable",
    ),
    "no report at all": Case(
        end=POLICY, pods=(ended_pod(1, ""),), result="Failed", reason="ReportMissing", says="exit code 1"
    ),
    "exit code 0 and no report, as of another program": Case(
        end=complete(), pods=(ended_pod(0, ""),), result="Failed", reason="ReportMissing", says="exit code 0"
    ),
    "a good end whose pod is gone": Case(
        end=complete(), pods=(), result="Done", reason="ReportMissing", evidence="Job"
    ),
    "a bad end whose pod is gone": Case(
        end=BACKOFF, pods=(), result="Failed", reason="BackoffLimitExceeded", evidence="Job", says="backoff limit"
    ),
    "the Job's deadline, and no pod left": Case(
        end=DEADLINE, pods=(), result="Stopped", reason="DeadlineExceeded", evidence="Job"
    ),
    "no image until the Job's deadline": Case(
        end=DEADLINE,
        pods=(waiting("ErrImagePull", "not found: connect-worker:9", gone=True),),
        result="Failed",
        reason="ImagePullBackOff",
        says="Check spec.image",
        started="False ImagePullBackOff",
    ),
    "a node was never found": Case(
        end=DEADLINE,
        pods=(pod(unscheduled=Waiting(reason="Unschedulable", message="0/1 nodes available"), gone=True),),
        result="Failed",
        reason="Unschedulable",
        says="0/1 nodes available",
        started="False Unschedulable",
    ),
    "a Secret is not there for a variable": Case(
        end=DEADLINE,
        pods=(waiting("CreateContainerConfigError", 'secret "x" not found', gone=True),),
        result="Failed",
        reason="SecretMissing",
        started="False SecretMissing",
    ),
}


@pytest.mark.parametrize("case", ENDS.values(), ids=ENDS.keys())
def test_a_run_ends_with_a_result_and_a_reason(case: Case) -> None:
    run = seen(job(end=case.end), *case.pods)
    last, status = of(run), reconcile(run).status
    assert (last.result.value, last.reason, last.evidence.value) == (case.result, case.reason, case.evidence)
    assert case.says in last.words
    truth = "True" if case.result == "Done" else "False"
    assert told(status, ConditionType.LAST_RUN_SUCCEEDED) == f"{truth} {case.reason}"
    assert told(status, ConditionType.RUN_STARTED) == case.started


EVENTS = {"Done": "RunSucceeded", "Blocked": "RunBlocked", "Failed": "RunFailed", "Stopped": "RunStopped"}


@pytest.mark.parametrize("case", ENDS.values(), ids=ENDS.keys())
def test_an_end_is_told_once(case: Case) -> None:
    run = seen(job(end=case.end), *case.pods)
    decision = reconcile(run)
    assert [event.reason for event in decision.events if event.reason.startswith("Run")][-1] == EVENTS[case.result]
    again = reconcile(applied(run, decision))
    assert (again.status, again.events) == (None, ())


def test_the_report_fills_the_status_and_the_columns() -> None:
    synced = report(
        reason="Synced",
        changes=(
            ChangeCount(kind="create_user", result="done", count=3),
            ChangeCount(kind="create_user", result="failed", count=1),
            ChangeCount(kind="modify", result="done", count=10),
            ChangeCount(kind="delete", result="done", count=2),
        ),
        stages=(StageDuration(stage="validate", seconds=0.25),),
        user_warnings=(WarningCount(code=102, count=4),),
        plan_checksum="sha256:abc",
    )
    status = reconcile(seen(job(end=complete()), ended_pod(0, synced.to_json()))).status
    assert status is not None
    last = status.history.last
    assert last is not None
    assert (last.plan_checksum, last.mode, last.trigger) == ("sha256:abc", "Sync", Trigger.SCHEDULED)
    assert (last.started, last.completed) == (LAST_NIGHT, LAST_NIGHT + timedelta(minutes=3))
    summary = status.summary
    assert (summary.result, summary.reason, summary.warnings) == ("Done", "Synced", "4")
    assert (summary.changes, summary.duration) == ("+3 ~10 -2", "3m0s")
    assert summary.next_run == "2026-11-23 03:17 CET"
    assert told(status, ConditionType.VALIDATED) == "True NoWarnings"


def test_a_run_without_report_has_counted_nothing() -> None:
    status = reconcile(seen(job(end=POLICY), ended_pod(137, "", container="OOMKilled"))).status
    assert status is not None
    assert (status.summary.warnings, status.summary.changes, status.summary.duration) == ("", "", "3m0s")


def test_half_a_surrogate_pair_in_a_report_breaks_neither_status_nor_event() -> None:
    broken = UNREACHABLE.to_json().replace("No bridge", "No \\ud800 bridge")
    decision = reconcile(seen(job(end=POLICY), ended_pod(7, broken)))
    assert "No ? bridge" in message(decision.status, ConditionType.LAST_RUN_SUCCEEDED)
    assert "No ? bridge" in decision.events[-1].message


def test_a_good_end_is_told_in_a_word() -> None:
    decision = reconcile(seen(job(end=complete()), ended_pod(0, report().to_json())))
    assert decision.events[-1].message == "connect-musterwil-1: NothingToDo."


def test_warnings_show_by_number_until_a_run_validates_without() -> None:
    blocked = seen(job(end=POLICY), ended_pod(3, BLOCKED.to_json()))
    first = reconcile(blocked)
    assert first.status is not None
    validated = first.status.condition(ConditionType.VALIDATED)
    assert validated is not None
    assert validated.finding.reason == "WarningsPresent"
    assert "3 on 12 users, 7 on 1 group" in validated.finding.message
    assert "WarningsPresent" in {event.reason for event in first.events}
    later = job(name="2", uid="run-2", created=NOW, started=NOW, end=JobEnd(complete=False, at=NOW, reason="x"))
    unreached = replace(
        applied(blocked, first), jobs=(later,), pods=(ended_pod(7, UNREACHABLE.to_json(), job_uid="run-2"),)
    )
    second = reconcile(unreached)
    assert told(second.status, ConditionType.VALIDATED) == "False WarningsPresent"
    assert told(second.status, ConditionType.LAST_RUN_SUCCEEDED) == "False RelayUnreachable"


def test_a_good_run_has_no_warnings_whatever_its_stages_and_one_that_came_nowhere_changes_nothing() -> None:
    well = seen(job(end=complete()), ended_pod(0, report().to_json()))
    first = reconcile(well)
    assert of(well).stages == ()
    assert told(first.status, ConditionType.VALIDATED) == "True NoWarnings"
    later = job(name="2", uid="run-2", created=NOW, started=NOW, end=JobEnd(complete=False, at=NOW, reason="x"))
    unreached = replace(
        applied(well, first), jobs=(later,), pods=(ended_pod(7, UNREACHABLE.to_json(), job_uid="run-2"),)
    )
    second = reconcile(unreached)
    assert told(second.status, ConditionType.LAST_RUN_SUCCEEDED) == "False RelayUnreachable"
    assert told(second.status, ConditionType.VALIDATED) == "True NoWarnings"
