"""What becomes of the news: into the index, and the ConnectJobs that it matters to into the queue."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import structlog

from connect_operator.index import Body, Index, Key
from connect_operator.kind import Kind
from connect_operator.metrics import OperatorMetrics
from connect_operator.queue import Queue
from connect_operator.recheck import Recheck

log = structlog.stdlib.get_logger()


class Notice:
    """Where the watch tells its news. `complete` is set once the first picture of all kinds is whole."""

    def __init__(self, *, index: Index, queue: Queue[Key], recheck: Recheck, metrics: OperatorMetrics) -> None:
        self._index = index
        self._queue = queue
        self._recheck = recheck
        self._metrics = metrics
        self.complete = asyncio.Event()

    def there(self, kind: Kind, body: Body) -> None:
        """An object is there, or has changed."""
        self._take(kind, body, self._index.put)

    def gone(self, kind: Kind, body: Body) -> None:
        """An object was deleted."""
        self._take(kind, body, self._index.drop)

    def pictured(self, *, anew: bool) -> None:
        """All objects of the first lists have come; `anew`: this one is from a list, so a watch has just begun."""
        self.complete.set()
        if anew:
            self._recheck.hurry()

    def fault(self) -> str | None:
        """Why the process should be started again, or None."""
        return self._recheck.fault()

    def _take(self, kind: Kind, body: Body, take: Callable[[Kind, Body], Iterable[Key]]) -> None:
        self._metrics.told(kind, datetime.now(UTC))
        try:
            keys = take(kind, body)
        except ValueError as error:
            log.warning("an object cannot be read", kind=kind.value.plural, fault=str(error))
            return
        for key in keys:
            self._queue.add(key)
