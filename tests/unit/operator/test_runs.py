"""How runs end, as a table; and what is remembered of them."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from connect_operator.decision import Decision, Observed
from connect_operator.facts import JobEnd, JobFacts, PodFacts, PodPhase, Terminated, Trigger, Waiting, WarningEvent
from connect_operator.reconcile import reconcile
from connect_operator.status import ConditionType, LastRun, Phase, Status
from connect_protocol.report import ChangeCount, RunResult, StageDuration, WarningCount
from tests.support.connect_jobs import (
    CREATED,
    LAST_NIGHT,
    NOW,
    applied,
    complete,
    cron_job,
    ended_pod,
    failed,
    job,
    pod,
    report,
    settled,
    told,
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
        result="Done",
        reason="ReportUnreadable",
        says='{"schema": 99}',
    ),
    "a report whose reason is no word": Case(
        end=POLICY,
        pods=(ended_pod(1, replace(UNREACHABLE, reason="what, <why>").to_json()),),
        result="Failed",
        reason="ReportUnreadable",
    ),
    "no report at all": Case(
        end=POLICY, pods=(ended_pod(1, ""),), result="Failed", reason="ReportMissing", says="exit code 1"
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


STUCK = {
    "no image": (pod(waiting=Waiting(reason="ErrImagePull", message="no")), None, "ImagePullBackOff"),
    "back off": (pod(waiting=Waiting(reason="ImagePullBackOff", message="no")), None, "ImagePullBackOff"),
    "no node": (pod(unscheduled=Waiting(reason="Unschedulable")), None, "Unschedulable"),
    "no Secret to mount": (
        pod(waiting=Waiting(reason="ContainerCreating")),
        WarningEvent(
            object_uid="pod-1",
            reason="FailedMount",
            message='MountVolume.SetUp failed for volume "customer" : secret "musterwil-customer" not found',
        ),
        "SecretMissing",
    ),
    "a Secret without the key": (
        pod(waiting=Waiting(reason="ContainerCreating")),
        WarningEvent(object_uid="pod-1", reason="FailedMount", message="references non-existent secret key: port"),
        "SecretKeyMissing",
    ),
    "something else is not mounted": (
        pod(waiting=Waiting(reason="ContainerCreating")),
        WarningEvent(object_uid="pod-1", reason="FailedMount", message="timed out"),
        "FailedMount",
    ),
    "Pod Security": (
        None,
        WarningEvent(object_uid="run-1", reason="FailedCreate", message='violates PodSecurity "restricted:latest"'),
        "PodSecurityRefused",
    ),
    "a quota": (
        None,
        WarningEvent(object_uid="run-1", reason="FailedCreate", message="exceeded quota: small"),
        "QuotaExceeded",
    ),
    "no pod for another cause": (
        None,
        WarningEvent(object_uid="run-1", reason="FailedCreate", message="no PriorityClass"),
        "FailedCreate",
    ),
    "nobody knows": (None, None, "NotStarted"),
    "nobody knows of the pod": (pod(), None, "NotStarted"),
}


class TestActiveRun:
    def at(self, minutes: int, *things: JobFacts | PodFacts, **changes: Any) -> Decision:
        return reconcile(seen(job(), *things, now=LAST_NIGHT + timedelta(minutes=minutes), **changes))

    def test_starts(self) -> None:
        decision = self.at(1)
        assert decision.status is not None
        assert decision.status.phase is Phase.STARTING
        assert decision.status.active is not None
        assert decision.status.active.name == "connect-musterwil-1"
        assert told(decision.status, ConditionType.RUN_STARTED) == "Unknown Starting"
        assert [event.reason for event in decision.events] == ["RunStarted"]
        assert decision.look_again == LAST_NIGHT + timedelta(minutes=5)

    def test_runs(self) -> None:
        decision = self.at(1, pod(phase=PodPhase.RUNNING))
        assert decision.status is not None
        assert decision.status.phase is Phase.RUNNING
        assert told(decision.status, ConditionType.RUN_STARTED) == "True Started"

    def test_started_by_hand(self) -> None:
        status = reconcile(seen(job(trigger=Trigger.MANUAL), now=LAST_NIGHT)).status
        assert status is not None
        assert status.active is not None
        assert status.active.trigger == "Manual"

    @pytest.mark.parametrize(("tried", "warning", "reason"), STUCK.values(), ids=STUCK.keys())
    def test_does_not_start(self, tried: PodFacts | None, warning: WarningEvent | None, reason: str) -> None:
        things, warnings = (tried,) if tried else (), (warning,) if warning else ()
        early = self.at(4, *things, warnings=warnings)
        assert told(early.status, ConditionType.RUN_STARTED) == "Unknown Starting"
        late = self.at(5, *things, warnings=warnings)
        assert told(late.status, ConditionType.RUN_STARTED) == f"False {reason}"
        assert late.status is not None
        assert (late.status.summary.result, late.status.summary.reason) == ("NotStarted", reason)
        assert "RunNotStarted" in {event.reason for event in late.events}
        assert late.look_again == LAST_NIGHT + timedelta(minutes=6)

    def test_why_it_did_not_start_outranks_the_deadline(self) -> None:
        """With the Job's deadline the pods go, so the reason is remembered from the status."""
        warning = WarningEvent(object_uid="run-1", reason="FailedCreate", message="exceeded quota: small")
        stuck = seen(job(), now=LAST_NIGHT + timedelta(minutes=10), warnings=(warning,))
        later = replace(applied(stuck, reconcile(stuck)), jobs=(job(end=DEADLINE),), warnings=(), now=NOW)
        last = of(later)
        assert (last.reason, last.begun) == ("QuotaExceeded", False)
        assert told(reconcile(later).status, ConditionType.RUN_STARTED) == "False QuotaExceeded"

    def test_when_it_is_over_its_end_shows(self) -> None:
        tried = pod(unscheduled=Waiting(reason="Unschedulable", message="no node"), gone=True)
        status = reconcile(seen(job(end=DEADLINE), tried)).status
        assert status is not None
        assert (status.summary.result, status.summary.reason) == ("Failed", "Unschedulable")

    def test_other_words_for_the_same_cause_are_no_news(self) -> None:
        stuck = seen(
            job(), pod(waiting=Waiting(reason="ErrImagePull", message="a")), now=LAST_NIGHT + timedelta(minutes=9)
        )
        other = pod(waiting=Waiting(reason="ImagePullBackOff", message="b"))
        again = reconcile(replace(applied(stuck, reconcile(stuck)), pods=(other,)))
        assert (again.status, again.events) == (None, ())

    def test_between_two_tries_it_goes_on(self) -> None:
        decision = self.at(2, ended_pod(7, UNREACHABLE.to_json()))
        assert decision.status is not None
        assert decision.status.active is not None
        assert decision.status.history.last is None

    def test_the_pods_last_word_may_come_after_the_jobs(self) -> None:
        end = LAST_NIGHT + timedelta(minutes=3)
        run = seen(job(end=complete()), pod(phase=PodPhase.RUNNING), now=end + timedelta(seconds=2))
        decision = reconcile(run)
        assert decision.status is not None
        assert decision.status.active is not None
        assert decision.status.phase is Phase.RUNNING
        assert decision.look_again == end + timedelta(seconds=10)
        known = replace(applied(run, decision), pods=(ended_pod(0, report().to_json()),))
        assert of(known).reason == "NothingToDo"
        never = replace(applied(run, decision), now=end + timedelta(seconds=10))
        assert of(never).reason == "ReportMissing"

    def test_with_two_the_older_one_shows(self) -> None:
        by_hand = job(name="by-hand", uid="run-2", created=LAST_NIGHT + timedelta(minutes=1), trigger=Trigger.MANUAL)
        status = self.at(2, by_hand, pod(phase=PodPhase.RUNNING)).status
        assert status is not None
        assert status.active is not None
        assert status.active.uid == "run-1"

    def test_whose_job_is_deleted_ends_as_its_pod_does(self) -> None:
        run = seen(job(), pod(phase=PodPhase.RUNNING), now=LAST_NIGHT + timedelta(minutes=1))
        going = replace(applied(run, reconcile(run)), jobs=())
        assert reconcile(going).status is None
        gone = replace(going, pods=(ended_pod(9, STOPPED.to_json(), gone=True),))
        last = of(gone)
        assert (last.result.value, last.reason, last.evidence.value) == ("Stopped", "Stopped", "Report")
        assert reconcile(applied(gone, reconcile(gone))).status is None

    def test_whose_job_is_deleted_with_its_pod_says_so(self) -> None:
        run = seen(job(), now=LAST_NIGHT + timedelta(minutes=1))
        gone = replace(applied(run, reconcile(run)), jobs=())
        assert (of(gone).result.value, of(gone).reason) == ("Stopped", "JobDeleted")
        assert reconcile(applied(gone, reconcile(gone))).status is None


def night(number: int, *, succeeded: bool = True) -> JobFacts:
    """The Job of a night some days ago; 0 is the last."""
    begun = LAST_NIGHT - timedelta(days=number)
    end = JobEnd(complete=succeeded, at=begun + timedelta(minutes=3))
    return job(name=f"night-{number}", uid=f"night-{number}", created=begun, started=begun, end=end)


def history(run: Observed) -> Status:
    return reconcile(run).status or run.status


class TestHistory:
    def test_nothing_is_lost_while_the_operator_is_away(self) -> None:
        run = seen(night(0, succeeded=False), night(2), night(1, succeeded=False))
        status = history(run)
        assert status.history.last is not None
        assert status.history.last.name == "night-0"
        assert status.history.consecutive_failures == 2
        assert status.history.last_successful == LAST_NIGHT - timedelta(days=2) + timedelta(minutes=3)
        assert status.history.last_failure == LAST_NIGHT + timedelta(minutes=3)
        told_of = [event.message.partition(":")[0] for event in reconcile(run).events if "Run" in event.reason]
        assert told_of == ["night-2", "night-1", "night-0"]

    def test_a_run_stays_when_its_job_is_gone(self) -> None:
        run = seen(night(0))
        assert history(replace(applied(run, reconcile(run)), jobs=())).history == history(run).history

    def test_an_older_run_never_comes_back(self) -> None:
        run = seen(night(0))
        older = replace(applied(run, reconcile(run)), jobs=(night(1, succeeded=False), night(2)))
        assert reconcile(older).status is None

    def test_a_report_is_not_forgotten_when_the_pod_goes(self) -> None:
        run = seen(job(end=complete()), ended_pod(0, report().to_json()))
        assert reconcile(replace(applied(run, reconcile(run)), pods=())).status is None

    def test_a_report_that_comes_late_is_taken_and_not_counted_twice(self) -> None:
        run = seen(job(end=POLICY))
        late = replace(applied(run, reconcile(run)), pods=(ended_pod(3, BLOCKED.to_json()),))
        decision = reconcile(late)
        assert decision.status is not None
        assert decision.status.history.last is not None
        assert decision.status.history.last.reason == "BlockedByWarnings"
        assert decision.status.history.consecutive_failures == 1

    def test_a_job_that_only_seemed_to_be_deleted_is_not_counted_twice(self) -> None:
        run = seen(job(), now=LAST_NIGHT + timedelta(minutes=1))
        gone = replace(applied(run, reconcile(run)), jobs=())
        back = replace(applied(gone, reconcile(gone)), jobs=(job(end=POLICY),), pods=(ended_pod(3, BLOCKED.to_json()),))
        status = history(replace(back, now=NOW))
        assert [event.reason for event in reconcile(back).events] == ["WarningsPresent"]
        assert status.history.last is not None
        assert status.history.last.reason == "BlockedByWarnings"
        assert status.history.consecutive_failures == 1

    def test_success_ends_a_row_of_failures(self) -> None:
        run = seen(night(2, succeeded=False), night(1, succeeded=False))
        status = history(replace(applied(run, reconcile(run)), jobs=(night(0),)))
        assert status.history.consecutive_failures == 0

    def test_jobs_of_an_earlier_connectjob_and_of_nobody_are_none_of_ours(self) -> None:
        earlier = replace(night(0), created=CREATED - timedelta(seconds=1))
        assert history(seen(earlier)).history.last is None
        assert history(seen(replace(night(0), owner_uid=None))).history.last is None
