"""What is done for a ConnectJob that is new: its CronJob first, and all else once no more are made."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connect_operator.announcement import Announcement
from connect_operator.cluster import Cluster, Freshness
from connect_operator.core.decision import Action, Suspend
from connect_operator.errors import RefusedError
from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.known import Key, Subject
from connect_operator.queue import WHEN_CALM
from connect_operator.reconciler import Reconciler
from connect_protocol.environment import SecretKey
from tests.support.kubernetes_objects import CREATED, NAMESPACE, Body, connect_job_body, cron_job_body
from tests.support.reconciling import reconciler as started

KEY = Key(namespace=NAMESPACE, name="musterwil")
NEXT_RUN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
AN_HOUR_BEFORE = NEXT_RUN - timedelta(hours=1)


class Remembering(Cluster):
    """Does what is asked, and remembers it; `lacking` has no Secret, `refusing` takes no CronJob."""

    def __init__(self) -> None:
        self.lacking = False
        self.refusing = False
        self.asked = 0
        self.written: list[str] = []
        self.told: list[str] = []
        self.status: Body = {}
        self.version = 1
        self.manifest: Body = {}

    async def secret(self, namespace: str, name: str, freshness: Freshness) -> Mapping[str, bytes] | None:
        assert (namespace, bool(name)) == (NAMESPACE, True)
        assert freshness is Freshness.CACHED or self.lacking
        self.asked += 1
        realm = SecretKey.CUSTOMER_REALM
        return None if self.lacking else {key.value.rpartition("/")[2]: b"x" for key in SecretKey if key is not realm}

    async def write(self, key: Key, action: Action) -> Body:
        assert key == KEY
        self.written.append(type(action).__name__)
        if self.refusing:
            raise RefusedError("no such field")
        self.version += 1
        if isinstance(action, Suspend):
            self.manifest["spec"]["suspend"] = True
        else:
            self.manifest = made(action.manifest, version=str(self.version))
        return self.manifest

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
    return started(cluster, index)


async def test_its_cron_job_is_made_at_once_and_told_of_when_no_more_are_made(
    cluster: Remembering, reconciler: Reconciler
) -> None:
    assert await reconciler.look(KEY) == WHEN_CALM
    assert (cluster.written, cluster.told, cluster.status) == (["Create"], [], {})
    assert cluster.asked == 0, "its Secrets are read with the second look"
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


async def test_where_a_secret_is_missing_its_cron_job_is_suspended_before_that_is_told(
    cluster: Remembering, reconciler: Reconciler
) -> None:
    cluster.lacking = True
    assert await reconciler.look(KEY) == WHEN_CALM
    await reconciler.look(KEY)
    assert (cluster.written, cluster.told) == (["Create", "Suspend"], ["SecretMissing"])
    assert cluster.manifest["spec"]["suspend"]
    assert "wanted" not in cluster.status


async def test_an_operator_killed_before_the_second_look_leaves_that_to_the_next_one(
    cluster: Remembering, reconciler: Reconciler, index: Index
) -> None:
    cluster.lacking = True
    await reconciler.look(KEY)
    await started(cluster, index).look(KEY)
    assert (cluster.written, cluster.told) == (["Create", "Suspend"], ["SecretMissing"])


async def test_within_the_hour_before_a_run_its_secrets_are_read_before_the_cron_job_is_made(
    cluster: Remembering, index: Index
) -> None:
    cluster.lacking = True
    await started(cluster, index, AN_HOUR_BEFORE).look(KEY)
    assert (cluster.written, cluster.told) == ([], ["SecretMissing"])


async def test_within_the_hour_before_a_run_the_rest_waits_for_calm_all_the_same(
    cluster: Remembering, index: Index
) -> None:
    operator = started(cluster, index, AN_HOUR_BEFORE)
    assert await operator.look(KEY) == WHEN_CALM
    assert (cluster.asked, cluster.written, cluster.told) == (2, ["Create"], [])
    await operator.look(KEY)
    assert (cluster.asked, cluster.written, cluster.told) == (2, ["Create"], ["Reconciled"])


async def test_a_refused_cron_job_is_told_at_once_with_what_else_is_wrong(
    cluster: Remembering, reconciler: Reconciler
) -> None:
    cluster.refusing = cluster.lacking = True
    await reconciler.look(KEY)
    assert (cluster.written, cluster.told) == (["Create"], ["SecretMissing"])


async def test_of_two_that_want_one_realm_the_younger_gets_no_cron_job(
    cluster: Remembering, reconciler: Reconciler, index: Index
) -> None:
    index.put(Kind.CONNECT_JOB, connect_job_body("elder", "a-job", realm=KEY.name))
    await reconciler.look(KEY)
    assert (cluster.written, cluster.told) == ([], ["RealmTaken"])
