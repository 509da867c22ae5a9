"""Compares what the watch has told with what the API server holds, now and then.

A watch that has to begin anew after a long silence lists what is there, and says nothing of what was deleted
meanwhile: such ghosts are found here and forgotten. And a watch that is silent although something happened has lost
its way: found twice, that is told to the liveness probe, for a new start is the cure.

Only metadata is listed, page by page: five requests in minutes, however many events there are.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import structlog

from connect_operator.cluster import Cluster
from connect_operator.errors import KubernetesError
from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.known import Key

log = structlog.stdlib.get_logger()

TOLERANCE = timedelta(seconds=30)
"""After what time to look once more when the watch seems to be late."""
PATIENCE = 3
"""So many intervals without a comparison are too many."""

Late = dict[tuple[Kind, str], str | None]
"""Objects that are newer on the API server than in the index, and the version that the index has."""


class Recheck:
    """The comparison, and what came of it."""

    def __init__(
        self,
        cluster: Cluster,
        index: Index,
        *,
        namespace: str | None,
        interval: timedelta,
        changed: Callable[[Iterable[Key]], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`changed` hears of the ConnectJobs whose ghosts were found."""
        self._cluster = cluster
        self._index = index
        self._namespace = namespace
        self._interval = interval
        self._changed = changed
        self._clock = clock
        self._hurry = asyncio.Event()
        self._late: Late = {}
        self._lost: Late = {}
        self.succeeded = clock()
        """When the last comparison was made; before the first, when this began."""

    def hurry(self) -> None:
        """The watch began anew: compare at once."""
        self._hurry.set()

    def fault(self) -> str | None:
        """Why the process should be started again, or None."""
        if self._lost:
            kinds = sorted({kind.value.plural for kind, _ in self._lost})
            return f"the watch of {', '.join(kinds)} has missed changes"
        if self._clock() - self.succeeded > PATIENCE * self._interval:
            return f"the API server could not be compared with since {self.succeeded.isoformat(timespec='seconds')}"
        return None

    async def run(self) -> None:
        """Compare for ever."""
        pause = self._interval
        while True:
            await self._wait(pause)
            try:
                await self.compare()
                pause = min(TOLERANCE, self._interval) if self._late else self._interval
            except KubernetesError as error:
                log.warning("the watch could not be compared with the API server", cause=str(error))
                pause = min(TOLERANCE, self._interval)

    async def compare(self) -> None:
        """Compare once. Raises KubernetesError's kinds."""
        late: Late = {}
        for kind in Kind:
            late |= await self._compare(kind)
        self._lost = {which: version for which, version in late.items() if self._late.get(which, "") == version}
        self._late = late
        self.succeeded = self._clock()
        if self._lost:
            log.error("the watch has missed changes", objects=[f"{kind.name} {uid}" for kind, uid in self._lost])

    async def _compare(self, kind: Kind) -> Late:
        # What is known before the list begins cannot be newer than the list: what the list lacks is gone.
        known = self._index.versions(kind)
        there = await self._cluster.versions(kind, self._namespace)
        for uid in known.keys() - there.keys():
            self._forget(kind, uid)
        return {(kind, uid): known.get(uid) for uid, version in there.items() if known.get(uid) != version}

    def _forget(self, kind: Kind, uid: str) -> None:
        keys = self._index.forget(kind, uid)
        if keys:
            log.info("deleted unnoticed", kind=kind.name, uid=uid)
            self._changed(keys)

    async def _wait(self, pause: timedelta) -> None:
        if self._late:  # what seems late must have its time, however often the watches begin anew
            await asyncio.sleep(pause.total_seconds())
            return
        try:
            async with asyncio.timeout(pause.total_seconds()):
                await self._hurry.wait()
        except TimeoutError:
            return
        self._hurry.clear()
