"""The queue of keys: once each, one worker a key, failures again. In virtual time: nothing here waits."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from connect_operator.queue import CALM, LONGEST_DELAY, LONGEST_RUSH, WHEN_CALM, Queue
from tests.support.virtual_time import run_in_virtual_time

Body = Callable[["Bench"], Awaitable[None]]


class Bench:
    """A queue whose work is scripted, and what became of it."""

    def __init__(self, *, workers: int = 2) -> None:
        self.log: list[tuple[float, str]] = []
        self.failures: list[tuple[str, timedelta]] = []
        self.takes: dict[str, float] = {}
        self.fails: dict[str, int] = {}
        self.asks_for: dict[str, timedelta] = {}
        self.side_by_side: set[frozenset[str]] = set()
        self._running: list[str] = []
        self.queue = Queue(self._work, workers=workers, on_failure=self._failed, chance=random.Random(1))  # noqa: S311 - spreads retries

    async def _work(self, key: str) -> timedelta | None:
        assert key not in self._running, "two workers on one key"
        self._running.append(key)
        self.side_by_side.add(frozenset(self._running))
        self.log.append((round(asyncio.get_running_loop().time(), 3), key))
        try:
            await asyncio.sleep(self.takes.get(key, 0))
        finally:
            self._running.remove(key)
        if self.fails.get(key, 0):
            self.fails[key] -= 1
            raise OSError(key)
        return self.asks_for.pop(key, None)

    def _failed(self, key: str, error: Exception, delay: timedelta) -> None:
        assert isinstance(error, OSError)
        self.failures.append((key, delay))

    def looked_at(self) -> list[str]:
        return [key for _, key in self.log]


def worked(body: Body, *, workers: int = 2, seconds: float = 3600) -> Bench:
    """Run `body` beside the queue for a virtual time, then stop it."""

    async def play() -> Bench:
        bench = Bench(workers=workers)
        running = asyncio.create_task(bench.queue.run())
        await body(bench)
        await asyncio.sleep(seconds)
        bench.queue.stop()
        await running
        return bench

    return run_in_virtual_time(play())


def _looks(bench: Bench) -> dict[str, tuple[float, float]]:
    """When each key was looked at first and last, in the order in which they came."""
    first = {key: at for at, key in reversed(bench.log)}
    last = {key: at for at, key in bench.log}
    return {key: (first[key], last[key]) for key in dict.fromkeys(bench.looked_at())}


def test_a_key_that_waits_is_looked_at_once_however_often_it_comes() -> None:
    async def body(bench: Bench) -> None:
        for _ in range(50):
            bench.queue.add("a")
        bench.queue.add("b")

    assert worked(body).looked_at() == ["a", "b"]


def test_a_key_that_comes_while_it_is_worked_on_is_looked_at_once_more_afterwards() -> None:
    async def body(bench: Bench) -> None:
        bench.takes["a"] = 10
        bench.queue.add("a")
        await asyncio.sleep(5)
        for _ in range(3):
            bench.queue.add("a")

    assert worked(body).log == [(0, "a"), (10, "a")]


def test_other_keys_are_worked_on_side_by_side_up_to_the_number_of_workers() -> None:
    async def body(bench: Bench) -> None:
        for key in "abc":
            bench.takes[key] = 10
            bench.queue.add(key)

    bench = worked(body, workers=2)
    assert bench.log == [(0, "a"), (0, "b"), (10, "c")]
    assert max(len(keys) for keys in bench.side_by_side) == 2


def test_a_failure_is_tried_again_after_growing_delays_until_it_works() -> None:
    async def body(bench: Bench) -> None:
        bench.fails["a"] = 4
        bench.queue.add("a")

    bench = worked(body)
    delays = [delay.total_seconds() for _, delay in bench.failures]
    assert bench.looked_at() == ["a"] * 5
    assert all(0.5 <= delay / (0.5 * 2**number) <= 1.5 for number, delay in enumerate(delays))


def test_a_delay_is_never_longer_than_half_above_the_longest() -> None:
    async def body(bench: Bench) -> None:
        bench.fails["a"] = 30
        bench.queue.add("a")

    bench = worked(body, seconds=100_000)
    assert len(bench.failures) == 30
    assert max(delay for _, delay in bench.failures) <= LONGEST_DELAY * 1.5


def test_a_success_makes_the_next_delay_short_again() -> None:
    async def body(bench: Bench) -> None:
        bench.fails["a"] = 6
        bench.queue.add("a")
        await asyncio.sleep(600)
        bench.fails["a"] = 1
        bench.queue.add("a")

    bench = worked(body)
    assert bench.failures[-1][1] <= timedelta(seconds=0.75)


def test_an_event_does_not_wait_for_the_delay_after_a_failure() -> None:
    async def body(bench: Bench) -> None:
        bench.fails["a"] = 9
        bench.queue.add("a")
        await asyncio.sleep(100)
        bench.fails["a"] = 0
        bench.queue.add("a")

    bench = worked(body)
    assert bench.log[-1] == (100, "a")


def test_one_key_that_fails_keeps_no_other_waiting() -> None:
    async def body(bench: Bench) -> None:
        bench.fails["a"] = 1000
        for key in "abc":
            bench.queue.add(key)

    bench = worked(body, workers=1)
    assert bench.log[:3] == [(0, "a"), (0, "b"), (0, "c")]


def test_work_may_ask_to_be_looked_at_again_later() -> None:
    async def body(bench: Bench) -> None:
        bench.asks_for["a"] = timedelta(seconds=60)
        bench.queue.add("a")

    assert worked(body).log == [(0, "a"), (60, "a")]


def test_the_newest_look_says_when_the_next_one_is() -> None:
    async def body(bench: Bench) -> None:
        bench.asks_for["a"] = timedelta(seconds=60)
        bench.queue.add("a")
        await asyncio.sleep(30)
        bench.queue.add("a")

    assert worked(body).log == [(0, "a"), (30, "a")]


def test_what_was_put_off_comes_when_no_other_has_been_put_off_for_a_moment() -> None:
    """Ten come, one every 0.2 s; all of them are looked at before the first is looked at again."""
    keys = [f"k{number}" for number in range(10)]

    async def body(bench: Bench) -> None:
        for key in keys:
            bench.asks_for[key] = WHEN_CALM
            bench.queue.add(key)
            await asyncio.sleep(0.2)

    bench = worked(body)
    assert bench.looked_at() == keys + keys
    assert bench.log[10][0] == pytest.approx(1.8 + CALM.total_seconds())


def test_news_of_what_was_put_off_does_not_wait_for_calm() -> None:
    async def body(bench: Bench) -> None:
        bench.asks_for = {"a": WHEN_CALM}
        bench.queue.add("a")
        await asyncio.sleep(0.1)
        bench.queue.add("a")

    assert worked(body).log == [(0, "a"), (0.1, "a")]


def test_what_was_put_off_waits_for_calm_no_longer_than_the_longest_rush() -> None:
    async def body(bench: Bench) -> None:
        for number in range(600):
            key = f"k{number}"
            bench.asks_for[key] = WHEN_CALM
            bench.queue.add(key)
            await asyncio.sleep(0.2)

    bench = worked(body)
    waited = [again - at for at, again in _looks(bench).values()]
    assert max(waited) <= (LONGEST_RUSH + 2 * CALM).total_seconds()
    assert waited[0] == pytest.approx(LONGEST_RUSH.total_seconds(), abs=1), "the first comes alone, not with all others"
    assert waited[200] == pytest.approx(LONGEST_RUSH.total_seconds(), abs=1)
    assert len(bench.log) == 1200


def test_who_comes_after_a_calm_that_was_none_does_not_wait_for_all_that_was_put_off() -> None:
    """A calm in a rush: a thousand second looks of a second each have begun when it goes on."""
    keys = [f"k{number}" for number in range(1000)]

    async def body(bench: Bench) -> None:
        bench.asks_for = dict.fromkeys([*keys, "later"], WHEN_CALM)
        for key in keys:
            bench.queue.add(key)
        await asyncio.sleep(CALM.total_seconds() / 2)
        bench.takes = dict.fromkeys(keys, 1)
        await asyncio.sleep(10)
        bench.queue.add("later")
        await asyncio.sleep(CALM.total_seconds())

    bench = worked(body)
    came = 10 + CALM.total_seconds() / 2
    first, second = _looks(bench)["later"]
    assert first - came <= 1
    assert len(bench.log) == 2002
    assert second >= max(again for _, again in _looks(bench).values()) - 1


def test_what_was_put_off_counts_as_waiting_since_it_came() -> None:
    async def play() -> None:
        bench = Bench()
        bench.asks_for = {"a": WHEN_CALM}
        running = asyncio.create_task(bench.queue.run())
        bench.queue.add("a")
        await asyncio.sleep(0.1)
        depth = bench.queue.depth()
        assert (depth.waiting, depth.running, depth.delayed) == (1, 0, 0)
        assert depth.oldest.total_seconds() == pytest.approx(0.1)
        bench.queue.stop()
        await running
        assert bench.queue.depth().waiting == 0

    run_in_virtual_time(play())


def test_stopping_finishes_what_is_under_way_and_begins_nothing_more() -> None:
    async def play() -> Bench:
        bench = Bench(workers=1)
        bench.takes = {"a": 10}
        bench.asks_for = {"a": timedelta(seconds=1)}
        running = asyncio.create_task(bench.queue.run())
        for key in ("a", "b"):
            bench.queue.add(key)
        bench.queue.add_after("c", timedelta(seconds=1))
        await asyncio.sleep(0.5)
        bench.queue.stop()
        bench.queue.add("d")
        await running
        assert asyncio.get_running_loop().time() == pytest.approx(10)
        return bench

    assert run_in_virtual_time(play()).log == [(0, "a")]


def test_a_key_that_fails_again_and_again_grows_old_although_it_is_looked_at() -> None:
    """Else no alert could tell of it: it waits for its time, not for a worker."""

    async def play() -> None:
        bench = Bench()
        bench.fails = {"a": 1000}
        running = asyncio.create_task(bench.queue.run())
        bench.queue.add("a")
        bench.queue.add("well")
        await asyncio.sleep(600)
        bench.queue.add("a")
        await asyncio.sleep(300)
        depth = bench.queue.depth()
        assert (depth.waiting, depth.failing) == (0, 1)
        assert depth.oldest.total_seconds() == pytest.approx(900)
        bench.fails["a"] = 0
        bench.queue.add("a")
        await asyncio.sleep(1)
        depth = bench.queue.depth()
        assert (depth.failing, depth.oldest) == (0, timedelta())
        bench.queue.stop()
        await running

    run_in_virtual_time(play())


def test_the_depth_tells_what_waits_what_runs_what_is_delayed_and_for_how_long() -> None:
    async def play() -> None:
        bench = Bench(workers=1)
        bench.takes = {"a": 10}
        running = asyncio.create_task(bench.queue.run())
        for key in "abc":
            bench.queue.add(key)
        bench.queue.add_after("d", timedelta(seconds=60))
        await asyncio.sleep(4)
        depth = bench.queue.depth()
        assert (depth.waiting, depth.running, depth.delayed) == (2, 1, 1)
        assert depth.oldest.total_seconds() == pytest.approx(4)
        bench.queue.stop()
        await running

    run_in_virtual_time(play())
