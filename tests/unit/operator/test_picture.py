"""The first picture: what was there at the start, and has been told or is gone."""

import asyncio
from datetime import timedelta

import pytest

from connect_operator.cluster import Cluster
from connect_operator.errors import NotFoundError, SettingsError, UnreachableError
from connect_operator.kind import Kind
from connect_operator.picture import Picture
from tests.support.kubernetes_objects import NAMESPACE, connect_job_body, job_body

PATIENCE = timedelta(milliseconds=1)
MUSTERWIL = connect_job_body("musterwil", "job-1")
RUN = job_body("run", "run-1", connect_job="musterwil")


class Listing(Cluster):
    """Lists what the test says, or fails as it says."""

    def __init__(self, there: dict[Kind, set[str]]) -> None:
        self.there = there
        self.asked = asyncio.Event()
        self.failures: list[Exception] = []

    async def versions(self, kind: Kind, namespace: str | None) -> dict[str, str]:
        assert namespace == NAMESPACE
        self.asked.set()
        if self.failures:
            raise self.failures.pop()
        return dict.fromkeys(self.there.get(kind, ()), "1")


@pytest.fixture
def cluster() -> Listing:
    """Musterwil and a run of it."""
    return Listing({Kind.CONNECT_JOB: {"job-1"}, Kind.JOB: {"run-1"}})


@pytest.fixture
def picture(cluster: Listing) -> Picture:
    return Picture(cluster, NAMESPACE, patience=PATIENCE)


async def test_where_nothing_is_there_it_is_whole_at_once() -> None:
    picture = Picture(Listing({}), NAMESPACE)
    await picture.begin()
    assert picture.whole


async def test_it_is_whole_when_all_that_was_there_has_been_told(picture: Picture) -> None:
    await picture.begin()
    picture.told(Kind.JOB, RUN)
    picture.told(Kind.JOB, job_body("another", "run-2", connect_job="musterwil"))
    assert not picture.whole
    picture.told(Kind.CONNECT_JOB, MUSTERWIL)
    assert picture.whole


async def test_while_nothing_is_gone_it_waits_for_what_is_missing(cluster: Listing, picture: Picture) -> None:
    await picture.begin()
    waiting = asyncio.create_task(picture.completed())
    for _ in range(4):
        cluster.asked.clear()
        await cluster.asked.wait()
    assert not waiting.done()
    picture.told(Kind.JOB, RUN)
    picture.told(Kind.CONNECT_JOB, MUSTERWIL)
    await waiting


async def test_what_was_deleted_before_the_watch_began_is_not_waited_for(cluster: Listing, picture: Picture) -> None:
    await picture.begin()
    picture.told(Kind.CONNECT_JOB, MUSTERWIL)
    cluster.there[Kind.JOB] = set()
    cluster.failures = [UnreachableError("the API server does not answer")]
    await picture.completed()
    assert picture.whole


async def test_a_kind_that_is_not_installed_is_named(cluster: Listing, picture: Picture) -> None:
    cluster.failures = [NotFoundError("the server could not find the requested resource")]
    with pytest.raises(SettingsError, match=r"the API server knows no connectjobs\.schoolconnect\.io"):
        await picture.begin()
