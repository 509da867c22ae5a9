"""The comparison of what the watch has told with what the API server holds."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from connect_operator.cluster import Cluster
from connect_operator.errors import UnreachableError
from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.known import Key
from connect_operator.recheck import Recheck
from tests.support.kubernetes_objects import NAMESPACE, connect_job_body, cron_job_body

INTERVAL = timedelta(minutes=5)
MUSTERWIL = Key(namespace=NAMESPACE, name="musterwil")


class Listing(Cluster):
    """Lists what the test says."""

    def __init__(self) -> None:
        self.there: dict[Kind, dict[str, str]] = {kind: {} for kind in Kind}
        self.answers = True

    async def versions(self, kind: Kind, namespace: str | None) -> dict[str, str]:
        assert namespace == NAMESPACE
        if not self.answers:
            raise UnreachableError("the API server does not answer")
        return self.there[kind]


class Bench:
    """An index that knows Musterwil and its CronJob, as does the API server."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
        self.index = Index()
        self.index.put(Kind.CONNECT_JOB, connect_job_body("musterwil", "job-1"))
        self.index.put(Kind.CRON_JOB, cron_job_body("musterwil", "cron-1"))
        self.cluster = Listing()
        self.cluster.there[Kind.CONNECT_JOB] = {"job-1": "1"}
        self.cluster.there[Kind.CRON_JOB] = {"cron-1": "1"}
        self.looked_at: list[Key] = []
        self.recheck = Recheck(
            self.cluster,
            self.index,
            namespace=NAMESPACE,
            interval=INTERVAL,
            changed=self._changed,
            clock=lambda: self.now,
        )

    def _changed(self, keys: Iterable[Key]) -> None:
        self.looked_at += keys


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_where_both_agree_nothing_happens(bench: Bench) -> None:
    for _ in range(3):
        await bench.recheck.compare()
    assert (bench.looked_at, bench.recheck.fault()) == ([], None)


async def test_what_is_there_no_more_is_forgotten_and_its_connect_job_looked_at(bench: Bench) -> None:
    bench.cluster.there[Kind.CRON_JOB] = {}
    await bench.recheck.compare()
    assert bench.looked_at == [MUSTERWIL]
    assert bench.index.cron_job(MUSTERWIL) is None
    assert bench.recheck.fault() is None


async def test_what_the_watch_is_about_to_tell_is_no_fault(bench: Bench) -> None:
    bench.cluster.there[Kind.CRON_JOB] = {"cron-1": "2"}
    await bench.recheck.compare()
    bench.index.put(Kind.CRON_JOB, cron_job_body("musterwil", "cron-1", version="2"))
    bench.cluster.there[Kind.CRON_JOB] = {"cron-1": "3"}
    await bench.recheck.compare()
    assert bench.recheck.fault() is None


@pytest.mark.parametrize("there", [{"cron-1": "2"}, {"cron-1": "1", "cron-2": "1"}], ids=["changed", "new"])
async def test_what_the_watch_does_not_tell_until_the_next_comparison_is_a_fault(
    bench: Bench, there: dict[str, str]
) -> None:
    bench.cluster.there[Kind.CRON_JOB] = there
    await bench.recheck.compare()
    assert bench.recheck.fault() is None
    await bench.recheck.compare()
    assert bench.recheck.fault() == "the watch of cronjobs has missed changes"


async def test_a_watch_that_tells_it_after_all_is_well_again(bench: Bench) -> None:
    bench.cluster.there[Kind.CRON_JOB] = {"cron-1": "2"}
    for _ in range(2):
        await bench.recheck.compare()
    bench.index.put(Kind.CRON_JOB, cron_job_body("musterwil", "cron-1", version="2"))
    await bench.recheck.compare()
    assert bench.recheck.fault() is None


async def test_an_api_server_that_cannot_be_asked_for_three_intervals_is_a_fault(bench: Bench) -> None:
    bench.cluster.answers = False
    bench.now += 3 * INTERVAL
    with pytest.raises(UnreachableError):
        await bench.recheck.compare()
    assert bench.recheck.fault() is None
    bench.now += timedelta(seconds=1)
    assert bench.recheck.fault() is not None
    bench.cluster.answers = True
    await bench.recheck.compare()
    assert bench.recheck.fault() is None


async def test_watches_that_begin_anew_hurry_nobody_while_something_is_late(bench: Bench) -> None:
    """They are late because they begin anew: two comparisons in a row would prove nothing."""
    bench.cluster.there[Kind.CRON_JOB] = {"cron-1": "2"}
    running = asyncio.create_task(bench.recheck.run())
    for _ in range(20):
        bench.recheck.hurry()
        await asyncio.sleep(0)
    running.cancel()
    assert bench.recheck.fault() is None
