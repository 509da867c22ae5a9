"""One run per database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from connect_worker.errors import LockHeldError
from connect_worker.settings import DatabaseSettings
from connect_worker.store.lock import Holder
from connect_worker.store.repository import Store, open_store
from tests.support.postgres import PostgresServer

LONG = timedelta(seconds=60)


@pytest.fixture
async def first(database: DatabaseSettings) -> AsyncIterator[Store]:
    async with open_store(database, application_name="first@pod-1") as store:
        yield store


@pytest.fixture
async def second(database: DatabaseSettings) -> AsyncIterator[Store]:
    async with open_store(database, application_name="second@pod-2") as store:
        yield store


def unexpected(holder: Holder) -> None:
    raise AssertionError(holder)


async def test_the_second_run_is_told_who_holds_the_lock_and_goes_on_when_it_is_free(
    first: Store, second: Store
) -> None:
    waits = asyncio.Event()
    holders: list[Holder] = []

    def on_wait(holder: Holder) -> None:
        holders.append(holder)
        waits.set()

    async def run() -> str:
        async with second.lock(wait=LONG, on_wait=on_wait):
            return "ran"

    async with first.lock(wait=LONG, on_wait=unexpected):
        waiting = asyncio.create_task(run())
        await waits.wait()
        assert not waiting.done()
    assert await asyncio.wait_for(waiting, 30) == "ran"
    (holder,) = holders
    assert (holder.name, holder.address) == ("first@pod-1", "127.0.0.1")
    assert holder.since is not None
    assert abs(datetime.now(UTC) - holder.since) < timedelta(minutes=1)


async def test_a_run_that_waited_in_vain_names_the_holder(first: Store, second: Store) -> None:
    heard: list[Holder] = []

    async def run() -> None:
        async with second.lock(wait=timedelta(milliseconds=50), on_wait=heard.append):
            raise AssertionError("two runs at once")

    async with first.lock(wait=LONG, on_wait=unexpected):
        with pytest.raises(LockHeldError, match=r"first@pod-1 from 127\.0\.0\.1 since 20.*waited 0:00:00\.05"):
            await run()
    assert len(heard) == 1
    async with second.lock(wait=LONG, on_wait=unexpected):
        assert await second.check_schema()


async def test_the_lock_of_a_killed_run_is_free(first: Store, second: Store, postgres: PostgresServer) -> None:
    async with first.lock(wait=LONG, on_wait=unexpected):
        postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'first@pod-1'")
        async with second.lock(wait=LONG, on_wait=lambda _: None):
            assert await second.check_schema()


async def test_another_database_has_a_lock_of_its_own(first: Store, empty_database: DatabaseSettings) -> None:
    async with (
        first.lock(wait=LONG, on_wait=unexpected),
        open_store(empty_database, application_name="other") as other,
        other.lock(wait=LONG, on_wait=unexpected),
    ):
        assert await other.migrate()
