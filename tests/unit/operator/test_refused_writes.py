"""What people are told when the API server does not let the operator write, or read: everything else goes on."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from connect_operator.announcement import Announcement
from connect_operator.cluster import Cluster, Freshness
from connect_operator.core.decision import Action
from connect_operator.core.facts import JobFacts
from connect_operator.errors import ForbiddenError, RefusedError
from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.known import Key, Subject
from connect_operator.kube import Body
from connect_protocol.environment import SecretKey
from tests.support.kubernetes_objects import NAMESPACE, connect_job_body, cron_job_body, job_body
from tests.support.reconciling import reconciler

KEY = Key(namespace=NAMESPACE, name="musterwil")
PRESENT = {key.value.rpartition("/")[2]: b"present" for key in SecretKey if key is not SecretKey.CUSTOMER_REALM}
FROZEN = ForbiddenError("denied by policy change-freeze")


class Freeze(Cluster):
    """Lets nobody write a CronJob."""

    def __init__(self) -> None:
        self.cause: ForbiddenError | RefusedError = FROZEN
        self.tried: list[str] = []
        self.told: list[str] = []
        self.status: Body = {}
        self.deleted: list[str] = []
        self.has_old_definition = False
        self.hides_secrets = False

    async def secret(self, namespace: str, name: str, freshness: Freshness) -> Mapping[str, bytes] | None:
        assert (namespace, bool(name), bool(freshness)) == (NAMESPACE, True, True)
        if self.hides_secrets:
            raise ForbiddenError("secrets is forbidden")
        return PRESENT

    async def write(self, key: Key, action: Action) -> Body:
        assert key == KEY
        self.tried.append(type(action).__name__)
        raise self.cause

    async def announce(self, announcement: Announcement) -> None:
        self.told.append(announcement.event.reason)

    async def delete_job(self, namespace: str, job: JobFacts, resource_version: str) -> None:
        assert (namespace, resource_version) == (NAMESPACE, "1")
        self.deleted.append(job.name)

    async def write_status(self, kind: Kind, subject: Subject, status: Body) -> Body:
        assert kind is Kind.CONNECT_JOB
        if self.has_old_definition:
            raise RefusedError("status.phase: Unsupported value")
        self.status = status
        return connect_job_body(KEY.name, subject.uid, version="2", **dict[str, Any](status))


@pytest.fixture
def cluster() -> Freeze:
    return Freeze()


@pytest.fixture
def index() -> Index:
    """Musterwil, whose CronJob stands, has just been locked; a Job of its waits for Kueue."""
    index = Index()
    locked = connect_job_body(KEY.name, "job-1", observedGeneration=1)
    locked["spec"]["suspend"] = True
    index.put(Kind.CONNECT_JOB, locked)
    cron_job = cron_job_body(KEY.name, "cron-1")
    cron_job["metadata"]["ownerReferences"] = [{"uid": "job-1", "controller": True}]
    index.put(Kind.CRON_JOB, cron_job)
    waits = job_body("waits", "run-1", connect_job=KEY.name)
    waits["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = "nightly"
    waits["metadata"]["ownerReferences"] = [{"uid": "cron-1", "controller": True}]
    index.put(Kind.JOB, waits | {"spec": {"suspend": True}})
    return index


def told(status: Body, kind: str) -> tuple[str, str, str]:
    conditions: Any = status["conditions"]
    (found,) = [each for each in conditions if each["type"] == kind]
    return found["status"], found["reason"], found["message"]


@pytest.mark.parametrize("cause", [FROZEN, RefusedError("denied by policy change-freeze")])
async def test_a_lock_that_cannot_be_written_is_told(
    cluster: Freeze, index: Index, cause: ForbiddenError | RefusedError
) -> None:
    """People are not to believe that a customer is locked whose runs still start. Nobody is sent to the spec."""
    cluster.cause = cause
    later = await reconciler(cluster, index).look(KEY)
    assert cluster.tried == ["Replace", "Suspend"]
    truth, reason, message = told(cluster.status, "Ready")
    assert (truth, reason) == ("False", "Forbidden")
    assert "runs still start" in message
    assert "change-freeze" in message
    assert told(cluster.status, "Suspended")[:2] == ("False", "SuspensionRefused")
    assert "Forbidden" in cluster.told
    assert later is not None
    assert later <= timedelta(minutes=1)


async def test_what_else_a_lock_asks_for_is_done_all_the_same(cluster: Freeze, index: Index) -> None:
    await reconciler(cluster, index).look(KEY)
    assert cluster.deleted == ["waits"]


async def test_a_refused_status_keeps_nothing_else_from_being_done(cluster: Freeze, index: Index) -> None:
    """As with a definition that is older than the operator. It is tried again."""
    cluster.has_old_definition = True
    with pytest.raises(RefusedError, match="phase"):
        await reconciler(cluster, index).look(KEY)
    assert cluster.deleted == ["waits"]


async def test_a_lock_is_tried_though_no_secret_may_be_read(cluster: Freeze, index: Index) -> None:
    cluster.hides_secrets = True
    await reconciler(cluster, index).look(KEY)
    assert cluster.tried == ["Suspend"]
    assert told(cluster.status, "Ready")[:2] == ("False", "SecretForbidden")
