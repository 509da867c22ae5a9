"""Kubernetes' objects, as its API server answers them, trimmed to facts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connect_operator.core.facts import Gatekeeper, JobEnd, PodPhase, RealmClaim, Trigger, Waiting
from connect_operator.core.realm import rival
from connect_operator.core.trim import cron_job_facts, job_facts, pod_facts

AT = "2026-11-22T02:17:00Z"
MOMENT = datetime(2026, 11, 22, 2, 17, tzinfo=UTC)


def meta(**more: Any) -> dict[str, Any]:
    return {
        "namespace": "connect",
        "name": "it",
        "uid": "its-uid",
        "resourceVersion": "42",
        "generation": 2,
        "creationTimestamp": AT,
        "ownerReferences": [
            {"uid": "a-friend", "kind": "ConfigMap"},
            {"uid": "the-owner", "kind": "ConnectJob", "controller": True},
        ],
        **more,
    }


def edit(manager: str, time: str, subresource: str | None = None, *, of: str = "f:spec") -> dict[str, Any]:
    written = {"manager": manager, "time": time, "fieldsV1": {of: {}}}
    return written | ({"subresource": subresource} if subresource else {})


class TestCronJob:
    def test_its_facts(self) -> None:
        edits = [
            edit("connect-operator", "2026-11-22T01:00:00Z"),
            edit("kubectl-edit", "2026-11-22T01:30:00Z"),
            edit("kube-controller-manager", AT, "status"),
        ]
        facts = cron_job_facts(
            {
                "metadata": meta(managedFields=edits, labels={"a": "b"}),
                "spec": {"suspend": True},
                "status": {"lastScheduleTime": AT},
            }
        )
        assert (facts.uid, facts.generation, facts.resource_version) == ("its-uid", 2, "42")
        assert (facts.owner_uid, facts.labels, facts.suspended, facts.deleting) == (
            "the-owner",
            {"a": "b"},
            True,
            False,
        )
        assert facts.last_schedule_time == MOMENT
        assert (facts.edited_by, facts.edited_at) == ("kubectl-edit", datetime(2026, 11, 22, 1, 30, tzinfo=UTC))

    def test_who_only_annotates_changes_no_schedule(self) -> None:
        edits = [
            edit("connect-operator", "2026-11-22T01:00:00Z"),
            edit("kubectl-annotate", "2026-11-22T01:30:00Z", of="f:metadata"),
        ]
        facts = cron_job_facts({"metadata": meta(managedFields=edits), "spec": {}})
        assert (facts.edited_by, facts.edited_at) == ("kubectl-annotate", datetime(2026, 11, 22, 1, tzinfo=UTC))

    def test_one_without_owner_labels_or_history(self) -> None:
        bare = meta(deletionTimestamp=AT)
        del bare["ownerReferences"]
        facts = cron_job_facts({"metadata": bare, "spec": {}})
        assert (facts.owner_uid, facts.labels, facts.suspended, facts.deleting) == (None, {}, False, True)
        assert (facts.edited_by, facts.edited_at, facts.last_schedule_time) == ("", None, None)

    @pytest.mark.parametrize("managers", [("connect-operator", "kubectl-edit"), ("kubectl-edit", "connect-operator")])
    def test_of_two_edits_in_one_second_somebody_elses_is_the_last(self, managers: tuple[str, str]) -> None:
        edits = [{"manager": manager, "operation": "Update", "time": "2026-11-22T01:30:00Z"} for manager in managers]
        facts = cron_job_facts({"metadata": meta(managedFields=edits), "spec": {"suspend": False}})
        assert facts.edited_by == "kubectl-edit"


class TestJob:
    def test_made_by_the_schedule(self) -> None:
        body = {"metadata": meta(annotations={"schoolconnect.io/mode": "Plan"}), "status": {"startTime": AT}}
        facts = job_facts(body)
        assert (facts.trigger, facts.mode, facts.started, facts.end) == (Trigger.SCHEDULED, "Plan", MOMENT, None)

    def test_made_by_hand(self) -> None:
        body = {"metadata": meta(annotations={"cronjob.kubernetes.io/instantiate": "manual"})}
        assert job_facts(body).trigger is Trigger.MANUAL

    @pytest.mark.parametrize(
        ("mark", "held", "status", "gatekeeper"),
        [
            ("operator", True, {}, Gatekeeper.OPERATOR),
            ("admitted", False, {}, Gatekeeper.NONE),
            ("admitted", True, {}, Gatekeeper.PERSON),
            ("operator", False, {"startTime": AT}, Gatekeeper.NONE),
            ("operator", True, {"startTime": AT}, Gatekeeper.PERSON),
        ],
        ids=["born so", "let start", "let start, and suspended", "started by hand", "started by hand, and suspended"],
    )
    def test_who_lets_it_start(self, mark: str, held: bool, status: dict[str, Any], gatekeeper: Gatekeeper) -> None:
        body = {"metadata": meta(annotations={"schoolconnect.io/admission": mark}), "spec": {"suspend": held}}
        assert job_facts(body | {"status": status}).gatekeeper is gatekeeper

    def test_since_when_it_is_held(self) -> None:
        condition = {"type": "Suspended", "status": "True", "lastTransitionTime": AT}
        facts = job_facts({"metadata": meta(), "spec": {"suspend": True}, "status": {"conditions": [condition]}})
        assert facts.held_since == datetime.fromisoformat(AT)

    def test_about_to_fail_it_has_not_ended(self) -> None:
        """Kubernetes says FailureTarget first, and Failed when the pods have ended."""
        conditions = [{"type": "FailureTarget", "status": "True", "lastTransitionTime": AT}]
        assert job_facts({"metadata": meta(), "status": {"conditions": conditions}}).end is None

    @pytest.mark.parametrize(("kind", "complete"), [("Complete", True), ("Failed", False)])
    def test_ended(self, kind: str, complete: bool) -> None:
        conditions = [
            {"type": "Suspended", "status": "False", "lastTransitionTime": AT},
            {"type": kind, "status": "True", "lastTransitionTime": AT, "reason": "R", "message": "M"},
        ]
        facts = job_facts({"metadata": meta(), "status": {"conditions": conditions}})
        assert facts.end == JobEnd(complete=complete, at=MOMENT, reason="R", message="M")


class TestPod:
    def body(self, **status: Any) -> dict[str, Any]:
        return {"metadata": meta(), "status": status}

    def test_new(self) -> None:
        facts = pod_facts({"metadata": meta()})
        assert (facts.phase, facts.waiting, facts.terminated, facts.gone) == (PodPhase.PENDING, None, None, False)
        assert facts.job_uid == "the-owner"

    def test_waiting(self) -> None:
        state = {"waiting": {"reason": "ErrImagePull", "message": "not found"}}
        facts = pod_facts(self.body(phase="Pending", containerStatuses=[{"name": "worker", "state": state}]))
        assert facts.waiting == Waiting(reason="ErrImagePull", message="not found")

    def test_unschedulable(self) -> None:
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
        facts = pod_facts(self.body(phase="Pending", conditions=[condition]))
        assert facts.unscheduled == Waiting(reason="Unschedulable", message="0/1 nodes")

    def test_ended(self) -> None:
        state = {"terminated": {"exitCode": 3, "reason": "Error", "message": "{}", "startedAt": AT, "finishedAt": AT}}
        facts = pod_facts(
            self.body(phase="Failed", startTime=AT, containerStatuses=[{"name": "worker", "state": state}])
        )
        assert facts.terminated is not None
        assert (facts.terminated.exit_code, facts.terminated.message, facts.terminated.finished) == (3, "{}", MOMENT)
        assert (facts.phase, facts.gone, facts.started) == (PodPhase.FAILED, False, MOMENT)

    def test_beside_a_sidecar_the_worker_counts(self) -> None:
        states = [{"name": "istio-proxy", "state": {"terminated": {"exitCode": 0}}}]
        states += [{"name": "worker", "state": {"terminated": {"exitCode": 3}}}]
        facts = pod_facts(self.body(phase="Failed", containerStatuses=states))
        assert facts.terminated is not None
        assert facts.terminated.exit_code == 3

    def test_what_could_not_be_started_has_never_started(self) -> None:
        """The kubelet then says 1970."""
        state = {"terminated": {"exitCode": 128, "reason": "StartError", "startedAt": "1970-01-01T00:00:00Z"}}
        facts = pod_facts(self.body(phase="Failed", containerStatuses=[{"name": "worker", "state": state}]))
        assert facts.terminated is not None
        assert facts.terminated.started is None

    def test_evicted(self) -> None:
        condition = {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}
        facts = pod_facts(self.body(phase="Failed", reason="Evicted", message="low on memory", conditions=[condition]))
        assert (facts.reason, facts.message, facts.disrupted) == ("Evicted", "low on memory", "TerminationByKubelet")


def claim(name: str, *, created: datetime = MOMENT, realm: str = "musterwil") -> RealmClaim:
    return RealmClaim(realm=realm, namespace="connect", name=name, uid=name, created=created)


class TestRealm:
    older = claim("the-older", created=MOMENT - timedelta(days=300))
    younger = claim("a-younger")

    def test_belongs_to_the_oldest(self) -> None:
        everybody = [self.younger, self.older, claim("another", realm="elsewhere")]
        assert rival(self.younger, everybody) == self.older
        assert rival(self.older, everybody) is None

    def test_between_two_of_one_age_the_uid_decides(self) -> None:
        twins = [claim("b"), claim("a")]
        assert [rival(twin, twins) for twin in twins] == [claim("a"), None]

    def test_heals_when_the_oldest_goes(self) -> None:
        assert rival(self.younger, [self.younger]) is None
