"""What is done for a ConnectJob that is new: its CronJob first, and all else once no more are made."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connect_operator.announcement import Announcement
from connect_operator.announcer import Announcer
from connect_operator.cluster import Cluster, Freshness
from connect_operator.core.decision import Action, Create
from connect_operator.core.facts import Defaults
from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.known import Key, Subject
from connect_operator.queue import WHEN_CALM
from connect_operator.reconciler import Reconciler
from connect_operator.secrets_watch import SecretsWatch
from connect_protocol.environment import SecretKey
from tests.support.kubernetes_objects import CREATED, NAMESPACE, Body, connect_job_body, cron_job_body

KEY = Key(namespace=NAMESPACE, name="musterwil")
NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)


class Remembering(Cluster):
    """Does what is asked, and remembers it."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.told: list[str] = []
        self.status: Body = {}
        self.version = 1

    async def secret(self, namespace: str, name: str, freshness: Freshness) -> Mapping[str, bytes] | None:
        assert (namespace, bool(name), freshness) == (NAMESPACE, True, Freshness.CACHED)
        realm = SecretKey.CUSTOMER_REALM
        return {key.value.rpartition("/")[2]: b"present" for key in SecretKey if key is not realm}

    async def write(self, key: Key, action: Action) -> Body:
        assert key == KEY
        assert isinstance(action, Create)
        self.written.append("Create")
        self.version += 1
        return made(action.manifest, version=str(self.version))

    async def announce(self, announcement: Announcement) -> None:
        self.told.append(announcement.event.reason)

    async def write_status(self, kind: Kind, subject: Subject, status: Mapping[str, object]) -> Body:
        assert (kind, subject.name) == (Kind.CONNECT_JOB, KEY.name)
        self.status = dict(status)
        return connect_job_body(KEY.name, subject.uid, version="2", **self.status)


def made(manifest: Mapping[str, Any], *, version: str = "1") -> Body:
    """A CronJob as the API server has made it."""
    meta = {"uid": f"cron-{version}", "resourceVersion": version, "generation": 1, "creationTimestamp": CREATED}
    return {**manifest, "metadata": {**manifest["metadata"], **meta}}


@pytest.fixture
def cluster() -> Remembering:
    return Remembering()


@pytest.fixture
def index() -> Index:
    """Musterwil is new."""
    index = Index()
    index.put(Kind.CONNECT_JOB, connect_job_body(KEY.name, "job-1"))
    return index


@pytest.fixture
def reconciler(cluster: Remembering, index: Index) -> Reconciler:
    return Reconciler(
        cluster=cluster,
        index=index,
        secrets=SecretsWatch(cluster, interval=timedelta(minutes=1)),
        relay=None,
        announcer=Announcer(cluster, instance="test", clock=lambda: NOW),
        defaults=Defaults(image="connect-worker:1", time_zone="Europe/Zurich"),
        unwatched_interval=timedelta(minutes=1),
        clock=lambda: NOW,
    )


async def test_its_cron_job_is_made_at_once_and_told_of_when_no_more_are_made(
    cluster: Remembering, reconciler: Reconciler
) -> None:
    assert await reconciler.look(KEY) == WHEN_CALM
    assert (cluster.written, cluster.told, cluster.status) == (["Create"], [], {})
    assert await reconciler.look(KEY) != WHEN_CALM
    assert (cluster.written, cluster.told) == (["Create"], ["Reconciled"])
    assert cluster.status["wanted"]["uid"] == "cron-2"
    await reconciler.look(KEY)
    assert (cluster.written, cluster.told) == (["Create"], ["Reconciled"])


async def test_what_somebody_does_to_it_before_it_is_told_of_is_undone_and_told(
    cluster: Remembering, reconciler: Reconciler, index: Index
) -> None:
    await reconciler.look(KEY)
    index.drop(Kind.CRON_JOB, cron_job_body(KEY.name, "cron-2"))
    await reconciler.look(KEY)
    assert (cluster.written, cluster.told) == (["Create", "Create"], ["DriftCorrected", "Reconciled"])
    assert cluster.status["wanted"]["uid"] == "cron-3"


async def test_of_one_that_was_made_anew_meanwhile_nothing_is_known(
    cluster: Remembering, reconciler: Reconciler, index: Index
) -> None:
    await reconciler.look(KEY)
    index.drop(Kind.CONNECT_JOB, connect_job_body(KEY.name, "job-1"))
    index.drop(Kind.CRON_JOB, cron_job_body(KEY.name, "cron-2"))
    index.put(Kind.CONNECT_JOB, connect_job_body(KEY.name, "job-2"))
    assert await reconciler.look(KEY) == WHEN_CALM
    assert (cluster.written, cluster.told) == (["Create", "Create"], [])
