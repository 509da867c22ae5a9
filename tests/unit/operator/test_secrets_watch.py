"""When the Secrets of a ConnectJob are read, and for whom what was found holds."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from connect_operator.cluster import Cluster, Freshness
from connect_operator.core.condition import Condition, Finding, Truth
from connect_operator.core.status import ConditionType, JobFinding, Status
from connect_operator.known import Key, KnownJob
from connect_operator.kube import Body, Kube
from connect_operator.secrets_watch import SecretsWatch
from connect_protocol.environment import SecretKey
from tests.support.connect_jobs import MUSTERWIL, NOW

INTERVAL = timedelta(minutes=5)
KEY = Key(namespace="connect", name="musterwil")
KNOWN = KnownJob(job=MUSTERWIL, status=Status(), resource_version="1", status_digest="")


ALL_KEYS = {key.value.rpartition("/")[2]: b"present" for key in SecretKey if key is not SecretKey.CUSTOMER_REALM}


class Secrets(Cluster):
    """Has those that it is given, each with every key, in the cache or behind it; and counts the questions."""

    def __init__(self) -> None:
        self.there: dict[Freshness, bool] = {Freshness.CACHED: False, Freshness.LATEST: False}
        self.asked: Counter[Freshness] = Counter()

    async def secret(self, namespace: str, name: str, freshness: Freshness) -> Mapping[str, bytes] | None:
        assert (namespace, bool(name)) == ("connect", True)
        self.asked[freshness] += 1
        return ALL_KEYS if self.there[freshness] else None


@pytest.fixture
def cluster() -> Secrets:
    return Secrets()


@pytest.fixture
def watch(cluster: Secrets) -> SecretsWatch:
    return SecretsWatch(cluster, interval=INTERVAL)


async def test_what_is_wrong_is_looked_at_again_after_the_interval(cluster: Secrets, watch: SecretsWatch) -> None:
    await watch.view(KEY, KNOWN, NOW)
    assert watch.next_look(KEY, None) == NOW + INTERVAL
    await watch.view(KEY, KNOWN, NOW + INTERVAL - timedelta(seconds=1))
    assert cluster.asked[Freshness.LATEST] == 4
    await watch.view(KEY, KNOWN, NOW + INTERVAL)
    assert cluster.asked[Freshness.LATEST] == 8


async def test_a_connect_job_made_anew_has_its_own_secrets_though_its_generation_is_the_same(
    cluster: Secrets, watch: SecretsWatch
) -> None:
    await watch.view(KEY, KNOWN, NOW)
    await watch.view(KEY, replace(KNOWN, job=replace(MUSTERWIL, uid="another")), NOW)
    assert cluster.asked[Freshness.LATEST] == 8


async def test_what_is_well_in_the_cache_is_asked_for_nowhere_else(cluster: Secrets, watch: SecretsWatch) -> None:
    cluster.there[Freshness.CACHED] = True
    assert (await watch.view(KEY, KNOWN, NOW)).findings == ()
    assert cluster.asked == {Freshness.CACHED: 4}


async def test_what_the_cache_does_not_have_yet_is_not_missing(cluster: Secrets, watch: SecretsWatch) -> None:
    cluster.there[Freshness.LATEST] = True
    assert (await watch.view(KEY, KNOWN, NOW)).findings == ()
    assert cluster.asked == {Freshness.CACHED: 4, Freshness.LATEST: 4}


READY_SINCE = NOW - timedelta(days=9)
READY = Finding(type=ConditionType.READY, truth=Truth.TRUE, reason="Reconciled", message="")


def told(
    finding: JobFinding, *, generation: int = MUSTERWIL.generation, next_run: timedelta = timedelta(days=1)
) -> KnownJob:
    """Musterwil as an earlier operator has left it."""
    condition = Condition(finding=finding, generation=generation, since=READY_SINCE)
    return replace(KNOWN, status=Status(conditions=(condition,), next_run=NOW + next_run))


async def test_an_operator_that_starts_takes_ready_at_its_word_until_the_hour_before_the_run(
    cluster: Secrets, watch: SecretsWatch
) -> None:
    known = told(READY)
    assert (await watch.view(KEY, known, NOW)).findings == ()
    assert watch.next_look(KEY, known.status.next_run) == NOW + timedelta(hours=23)
    assert cluster.asked[Freshness.LATEST] == 0
    await watch.view(KEY, known, NOW + timedelta(hours=23))
    assert cluster.asked[Freshness.LATEST] == 4


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(told(replace(READY, truth=Truth.FALSE)), id="it was not ready"),
        pytest.param(told(READY, generation=MUSTERWIL.generation - 1), id="its spec has changed"),
        pytest.param(told(READY, next_run=timedelta(minutes=59)), id="it runs within the hour"),
        pytest.param(KNOWN, id="it is new"),
    ],
)
async def test_an_operator_that_starts_looks_where_the_status_does_not_tell(
    cluster: Secrets, watch: SecretsWatch, known: KnownJob
) -> None:
    await watch.view(KEY, known, NOW)
    assert cluster.asked[Freshness.LATEST] == 4


class Unasked(Kube):
    """Must not be asked."""

    def __init__(self) -> None:
        pass

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Body:
        raise AssertionError((path, query))


@pytest.mark.parametrize("name", ["../../other/secrets/theirs", "..", "a/b", "a?b", "A", ""])
async def test_a_name_that_no_secret_can_have_leads_nowhere(name: str) -> None:
    assert await Cluster(Unasked()).secret("connect", name, Freshness.LATEST) is None
