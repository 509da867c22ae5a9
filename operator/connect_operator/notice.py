"""What becomes of the news: into the index, and the ConnectJobs that it matters to into the queue."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import structlog

from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.known import Body, Key
from connect_operator.metrics import OperatorMetrics
from connect_operator.picture import Picture
from connect_operator.queue import Queue
from connect_operator.recheck import Recheck

log = structlog.stdlib.get_logger()


class Notice:
    """Where the watch tells its news."""

    def __init__(
        self, *, index: Index, queue: Queue[Key], picture: Picture, recheck: Recheck, metrics: OperatorMetrics
    ) -> None:
        self._index = index
        self._queue = queue
        self._recheck = recheck
        self._metrics = metrics
        self._picture = picture

    def there(self, kind: Kind, body: Body) -> None:
        """An object is there, or has changed."""
        self._take(kind, body, self._index.put)

    def gone(self, kind: Kind, body: Body) -> None:
        """An object was deleted."""
        self._take(kind, body, self._index.drop)

    def began_anew(self) -> None:
        """A watch has just begun with a list. The first ones need no comparison: they are what there is."""
        if self._picture.whole:
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
            keys = frozenset()
        self._picture.told(kind, body)
        for key in keys:
            self._queue.add(key)
