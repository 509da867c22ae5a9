"""Runs that go on: whether they start, and why not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connect_operator.core.decision import Decision
from connect_operator.core.facts import JobFacts, PodFacts, PodPhase, Terminated, Trigger, Waiting, WarningEvent
from connect_operator.core.reconcile import reconcile
from connect_operator.core.status import ConditionType, Phase
from tests.support.connect_jobs import (
    LAST_NIGHT,
    NOW,
    applied,
    complete,
    ended_pod,
    job,
    pod,
    report,
    told,
)
from tests.support.last_night import DEADLINE, STOPPED, UNREACHABLE, of, seen

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
    "an image, as events tell": (
        pod(waiting=Waiting(reason="ContainerCreating")),
        WarningEvent(object_uid="pod-1", reason="Failed", message='Failed to pull image "registry.test/nowhere:1"'),
        "ImagePullBackOff",
    ),
    "another failure, as events tell": (
        pod(waiting=Waiting(reason="ContainerCreating")),
        WarningEvent(object_uid="pod-1", reason="Failed", message="Error: context deadline exceeded"),
        "Failed",
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

    @pytest.mark.parametrize("code", [0, 9])
    def test_that_its_worker_has_ended_is_no_news_before_its_job_has_or_another_pod_tries(self, code: int) -> None:
        runs = seen(job(), pod(phase=PodPhase.RUNNING), now=LAST_NIGHT + timedelta(minutes=2))
        stored = applied(runs, reconcile(runs))
        assert reconcile(replace(stored, pods=(ended_pod(code),))).status is None
        again = pod(name="connect-musterwil-1-xyz", uid="pod-2", created=LAST_NIGHT + timedelta(minutes=1))
        status = reconcile(replace(stored, pods=(ended_pod(code), again))).status
        assert status is not None
        assert status.phase is Phase.STARTING

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

    @pytest.mark.parametrize("gone", [False, True])
    def test_a_pod_that_is_put_away_without_having_run_takes_nothing_back(self, *, gone: bool) -> None:
        """The kubelet's last word on it, some moments before the Job's own end."""
        stuck = seen(
            job(), pod(waiting=Waiting(reason="ImagePullBackOff", message="no")), now=LAST_NIGHT + timedelta(minutes=10)
        )
        last_word = Terminated(exit_code=137, reason="ContainerStatusUnknown")
        put_away = pod(phase=PodPhase.FAILED, terminated=last_word, gone=gone)
        between = replace(applied(stuck, reconcile(stuck)), pods=(put_away,), now=NOW)
        assert told(applied(between, reconcile(between)).status, ConditionType.RUN_STARTED) == "False ImagePullBackOff"
        over = replace(applied(between, reconcile(between)), jobs=(job(end=DEADLINE),))
        assert (of(over).result, of(over).reason, of(over).begun) == ("Failed", "ImagePullBackOff", False)

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

    def test_whose_job_is_deleted_before_its_pod_ran_says_so(self) -> None:
        """The kubelet ends such a pod with a container state of its own making."""
        run = seen(job(), pod(), now=LAST_NIGHT + timedelta(minutes=1))
        never = Terminated(exit_code=137, reason="ContainerStatusUnknown", message="could not be located")
        ended = pod(phase=PodPhase.FAILED, terminated=never, gone=True)
        last = of(replace(applied(run, reconcile(run)), jobs=(), pods=(ended,)))
        assert (last.result.value, last.reason) == ("Stopped", "JobDeleted")
