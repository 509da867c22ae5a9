"""The watch tells more of an object while the operator waits for the answer to its own write of it."""

from collections.abc import Mapping

from connect_operator.announcement import Announcement
from connect_operator.cluster import Cluster, Freshness
from connect_operator.core.decision import Action
from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.known import Key, Subject
from connect_operator.kube import Body
from tests.support.kubernetes_objects import NAMESPACE, connect_job_body, cron_job_body
from tests.support.reconciling import reconciler

KEY = Key(namespace=NAMESPACE, name="musterwil")


class Slow(Cluster):
    """While it writes a status, somebody locks the customer; while it writes a CronJob, somebody deletes that."""

    def __init__(self, index: Index) -> None:
        self.index = index

    async def secret(self, namespace: str, name: str, freshness: Freshness) -> Mapping[str, bytes] | None:
        assert (namespace, bool(name), bool(freshness)) == (NAMESPACE, True, True)
        return None

    async def write(self, key: Key, action: Action) -> Body:
        assert (key, type(action).__name__) == (KEY, "Suspend")
        written = cron_job_body(KEY.name, "cron-1", version="2")
        written["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "connect-operator"}
        self.index.drop(Kind.CRON_JOB, cron_job_body(KEY.name, "cron-1", version="3"))
        return written

    async def announce(self, announcement: Announcement) -> None:
        assert announcement.namespace == NAMESPACE

    async def write_status(self, kind: Kind, subject: Subject, status: Body) -> Body:
        assert (kind, subject.resource_version, bool(status)) == (Kind.CONNECT_JOB, "1", True)
        locked = connect_job_body(KEY.name, subject.uid, version="3")
        locked["spec"]["suspend"] = True
        self.index.put(kind, locked)
        return connect_job_body(KEY.name, subject.uid, version="2")


async def test_what_the_watch_has_told_meanwhile_stays() -> None:
    """A lock that is overwritten so would not be seen before the night."""
    index = Index()
    index.put(Kind.CONNECT_JOB, connect_job_body(KEY.name, "job-1", observedGeneration=1))
    cron_job = cron_job_body(KEY.name, "cron-1")
    cron_job["metadata"]["ownerReferences"] = [{"uid": "job-1", "controller": True}]
    index.put(Kind.CRON_JOB, cron_job)
    await reconciler(Slow(index), index).look(KEY)
    known = index.connect_job(KEY)
    assert known is not None
    assert known.job.suspend
    assert index.cron_job(KEY) is None
