"""A queue of keys to work on: each key once, never two workers on one, failures again after a while.

    add ──► waiting ──► running ──┬─ done ─────────► forgotten, or looked at again when the work asked for it
             ▲    ▲               ├─ put off ──────► again when no other has been put off for a moment
             │    │               ├─ failed ───────► again after a growing, jittered delay
             │    └── add meanwhile (at the end)
             └─────── delay over, or calm

A key stands for "look at this again": what is to be done is found by the work itself, so keys that come many times
cost one look. Time is the event loop's.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

Work = Callable[[K], Awaitable[timedelta | None]]
"""Looks at a key; returns after what time to look again without being told, or None."""

WHEN_CALM = timedelta()
"""What work returns for a key whose less urgent part it has put off, for the sake of others that may come."""

CALM = timedelta(milliseconds=300)
LONGEST_RUSH = timedelta(minutes=1)
FIRST_DELAY = timedelta(milliseconds=500)
LONGEST_DELAY = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Depth:
    """How full the queue is: keys that wait for a worker or for calm, are worked on, and wait for their time.

    `failing` are those whose last look failed; `oldest` is for how long a key has been owed a look that succeeds.
    """

    waiting: int
    running: int
    delayed: int
    failing: int
    oldest: timedelta


class Queue(Generic[K]):
    """Hands keys to `work`, on as many workers as given."""

    def __init__(
        self,
        work: Work[K],
        *,
        workers: int,
        on_failure: Callable[[K, Exception, timedelta], None],
        chance: random.Random | None = None,
    ) -> None:
        """`on_failure` hears of every failure, and after what delay the key will be tried again."""
        self._work = work
        self._workers = workers
        self._on_failure = on_failure
        self._chance = chance or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._order: asyncio.Queue[K | None] = asyncio.Queue()
        self._waiting: set[K] = set()
        self._owed: dict[K, float] = {}
        self._running: set[K] = set()
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._put_off: dict[K, float] = {}
        self._rush: asyncio.TimerHandle | None = None
        self._stopping = False

    def add(self, key: K) -> None:
        """Look at a key as soon as a worker is free; if it is worked on right now, once more afterwards."""
        if self._stopping or key in self._waiting:
            return
        if key in self._running:
            self._again.add(key)
            return
        self._owed.setdefault(key, self._put_off.pop(key, _now()))
        self._waiting.add(key)
        self._order.put_nowait(key)

    def add_after(self, key: K, delay: timedelta) -> None:
        """Look at a key when this time is over; replaces an earlier such wish."""
        self.forget_delay(key)
        if not self._stopping:
            self._timers[key] = asyncio.get_running_loop().call_later(delay.total_seconds(), self._due, key)

    def forget_delay(self, key: K) -> None:
        """Take back what `add_after` asked for."""
        timer = self._timers.pop(key, None)
        if timer:
            timer.cancel()

    def depth(self) -> Depth:
        """How full the queue is now."""
        since = [*self._owed.values(), *self._put_off.values()]
        return Depth(
            waiting=len(self._waiting) + len(self._put_off),
            running=len(self._running),
            delayed=len(self._timers),
            failing=len(self._failures),
            oldest=timedelta(seconds=_now() - min(since) if since else 0.0),
        )

    async def run(self) -> None:
        """Work until `stop`, then return when the keys that are being worked on are done."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._serve())

    def stop(self) -> None:
        """Take no more keys; what waits is left, for a level-triggered look finds it again after a restart."""
        self._stopping = True
        for key in list(self._timers):
            self.forget_delay(key)
        self._waiting.clear()
        self._put_off.clear()
        self._owed.clear()
        self._again.clear()
        while not self._order.empty():
            self._order.get_nowait()
        for _ in range(self._workers):
            self._order.put_nowait(None)

    async def _serve(self) -> None:
        while (key := await self._order.get()) is not None:
            self._waiting.remove(key)
            self._running.add(key)
            later = await self._look(key)
            self._running.discard(key)
            if later:
                self.add_after(key, later)
            if key in self._again:
                self._again.discard(key)
                self.add(key)
            elif later == WHEN_CALM:
                self._add_when_calm(key)
            self._take_up()

    async def _look(self, key: K) -> timedelta | None:
        try:
            later = await self._work(key)
        except Exception as error:  # noqa: BLE001 - whatever befalls one key, the others go on
            delay = self._delay(key)
            self._on_failure(key, error, delay)
            return delay
        self._failures.pop(key, None)
        self._owed.pop(key, None)
        self.forget_delay(key)
        return later

    def _add_when_calm(self, key: K) -> None:
        if self._stopping:
            return
        self._put_off[key] = _now()
        if self._rush:
            self._rush.cancel()
        self._rush = asyncio.get_running_loop().call_later(CALM.total_seconds(), self._calm_down)

    def _calm_down(self) -> None:
        self._rush = None
        self._take_up()

    def _take_up(self) -> None:
        """Of what was put off: what has waited for too long, and in a calm so much as there are idle workers.

        A calm may be over in a moment, and who comes then must not wait for thousands.
        """
        while self._put_off:
            key, since = next(iter(self._put_off.items()))
            is_idle = len(self._waiting) + len(self._running) < self._workers
            if not (self._rush is None and is_idle) and _now() - since < LONGEST_RUSH.total_seconds():
                return
            self.add(key)

    def _delay(self, key: K) -> timedelta:
        """Doubles with every failure in a row, and is spread by a half either way lest all come back at once."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(FIRST_DELAY * (1 << min(failures, 16)), LONGEST_DELAY)
        return delay * self._chance.uniform(0.5, 1.5)

    def _due(self, key: K) -> None:
        del self._timers[key]
        self.add(key)


def _now() -> float:
    return asyncio.get_running_loop().time()
