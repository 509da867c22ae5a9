"""An audit line for each caller who fails in TLS already, and in a flood a line that tells how many more there were."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from connect_relay import audit, native_log
from connect_relay.handshakes import THROUGH, Failure, Reader, Through
from connect_relay.line_budget import LineBudget
from connect_relay.metrics import Metrics

SUMMARY_SECONDS = 1.0


@contextmanager
def handshakes_audited(metrics: Metrics) -> Iterator[None]:
    """Within: failed handshakes are counted and written as audit lines."""
    keeper = _Keeper(metrics)
    with native_log.taken_over(keeper.take):
        yield
    sys.stderr.write(keeper.rest())
    keeper.sum_up()


class _Keeper:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._reader = Reader()
        self._budget = LineBudget(monotonic)
        self._summary: asyncio.TimerHandle | None = None

    def take(self, text: str) -> str:
        """Read what gRPC's library and others have written; returns what is not about handshakes."""
        others: list[str] = []
        for found in self._reader.read(text):
            match found:
                case Failure():
                    self._note(found)
                case Through():
                    self._metrics.handshake(THROUGH)
                case str():
                    others.append(found)
        return "".join(others)

    def rest(self) -> str:
        """The line that had begun when everything ended."""
        return self._reader.rest()

    def sum_up(self) -> None:
        """Tell of those for whom there was no line."""
        if self._summary is not None:
            self._summary.cancel()
            self._summary = None
        if count := self._budget.left_out():
            audit.write_left_out(count)

    def _note(self, failure: Failure) -> None:
        self._metrics.handshake(failure.cause)
        if self._budget.allows():
            audit.write_handshake(failure)
        elif self._summary is None:
            self._summary = asyncio.get_running_loop().call_later(SUMMARY_SECONDS, self.sum_up)
