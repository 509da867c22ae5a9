"""Jobs that are let start, or left out, while the API server refuses some and the world moves on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connect_operator.admission import REFUSAL_HOLDS, Admission
from connect_operator.announcement import Announcement
from connect_operator.announcer import Announcer
from connect_operator.cluster import Cluster
from connect_operator.core.facts import JobFacts
from connect_operator.core.withdrawal import Withdrawal
from connect_operator.errors import ConflictError, ForbiddenError, KubernetesError, RefusedError
from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.known import Key
from connect_operator.kube import Body
from connect_operator.run_writer import RunWriter
from tests.support.kubernetes_objects import NAMESPACE, connect_job_body, job_body

NOW = datetime(2026, 11, 22, 2, 1, tzinfo=UTC)
READY = {
    "type": "Ready",
    "status": "True",
    "reason": "Reconciled",
    "message": "Well.",
    "lastTransitionTime": "2026-11-22T01:00:00Z",
}


class Jobs(Cluster):
    """Lets start what it does not refuse, and deletes what is asked for."""

    def __init__(self) -> None:
        self.refusals: dict[str, KubernetesError] = {}
        self.started: list[str] = []
        self.deleted: list[tuple[str, str]] = []

    async def resume(self, namespace: str, job: JobFacts, resource_version: str) -> Body:
        assert namespace == NAMESPACE
        if job.name in self.refusals:
            raise self.refusals[job.name]
        self.started.append(job.name)
        return body(job.name, version=f"{int(resource_version) + 1}", suspend=False)

    async def delete_job(self, namespace: str, job: JobFacts, resource_version: str) -> None:
        assert namespace == NAMESPACE
        self.deleted.append((job.name, resource_version))

    async def announce(self, announcement: Announcement) -> None:
        assert announcement.event.reason == "RunLeftOut"


def body(name: str, *, version: str = "1", suspend: bool = True, second: int = 0) -> dict[str, Any]:
    made = job_body(name, f"{name}-job", connect_job=name, version=version)
    made["metadata"] |= {
        "creationTimestamp": f"2026-11-22T02:00:{second:02}Z",
        "annotations": {"schoolconnect.io/admission": "operator" if suspend else "admitted"},
        "ownerReferences": [{"uid": "cron-job", "controller": True}],
    }
    return made | {"spec": {"suspend": suspend}}


@pytest.fixture
def cluster() -> Jobs:
    return Jobs()


@pytest.fixture
def index() -> Index:
    """Three customers whose Jobs wait, the oldest first."""
    index = Index()
    for second, name in enumerate(("first", "second", "third")):
        index.put(Kind.CONNECT_JOB, connect_job_body(name, name, conditions=[READY]))
        made = body(name, second=second)
        made["metadata"]["annotations"]["schoolconnect.io/mode"] = "Validate"
        index.put(Kind.JOB, made)
    return index


def admission(cluster: Cluster, index: Index) -> Admission:
    return Admission(cluster, index, limit=1, clock=lambda: NOW)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ForbiddenError("denied by somebody's policy"), REFUSAL_HOLDS),
        (RefusedError("spec is immutable"), REFUSAL_HOLDS),
        (ConflictError("changed meanwhile"), timedelta(seconds=1)),
    ],
)
async def test_one_that_may_not_be_let_start_holds_up_no_other(
    cluster: Jobs, index: Index, error: KubernetesError, again: timedelta
) -> None:
    """It takes none of the cap's places, and is tried again later."""
    cluster.refusals["first"] = error
    assert await admission(cluster, index).look() == again
    assert cluster.started == ["second"]


async def test_where_nothing_is_refused_nothing_is_tried_again(cluster: Jobs, index: Index) -> None:
    assert await admission(cluster, index).look() is None
    assert cluster.started == ["first"]


async def test_what_is_refused_is_left_in_peace_meanwhile(cluster: Jobs, index: Index) -> None:
    cluster.refusals = {name: ForbiddenError("denied") for name in ("first", "second", "third")}
    letting = admission(cluster, index)
    await letting.look()
    cluster.refusals.clear()
    await letting.look()
    assert cluster.started == []


async def test_what_was_let_start_meanwhile_is_not_left_out(cluster: Jobs, index: Index) -> None:
    """Between the decision and the deletion there are other writes."""
    (waits,) = index.jobs(Key(namespace=NAMESPACE, name="first"))
    known = index.connect_job(Key(namespace=NAMESPACE, name="first"))
    assert known is not None
    writer = RunWriter(cluster, index, Announcer(cluster, instance="", clock=lambda: NOW))
    late = Withdrawal(job=waits, reason="WaitedTooLong", message="It waited.")
    index.put(Kind.JOB, body("first", version="2", suspend=False))
    await writer.leave_out(known.subject, (late,))
    assert cluster.deleted == []
    index.put(Kind.JOB, {**body("first", version="3"), "spec": {"suspend": True}})
    (again,) = index.jobs(Key(namespace=NAMESPACE, name="first"))
    await writer.leave_out(known.subject, (Withdrawal(job=again, reason="WaitedTooLong", message="It waited."),))
    assert cluster.deleted == [("first", "3")]
