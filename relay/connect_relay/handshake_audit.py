"""An audit line for each caller who fails in TLS already, and a number of them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from connect_relay import audit, native_log
from connect_relay.audit import Kind
from connect_relay.handshakes import THROUGH, Failure, Reader, Through
from connect_relay.metrics import Metrics
from connect_relay.stranger_log import StrangerLog


@contextmanager
def handshakes_audited(metrics: Metrics) -> Iterator[None]:
    """Within: failed handshakes are counted and written as audit lines."""
    keeper = _Keeper(metrics)
    with native_log.taken_over(keeper.take):
        yield
    sys.stderr.write(keeper.rest())
    keeper.strangers.sum_up()


class _Keeper:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._reader = Reader()
        self.strangers = StrangerLog(Kind.HANDSHAKE)

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

    def _note(self, failure: Failure) -> None:
        self._metrics.handshake(failure.cause)
        self.strangers.note(lambda: audit.write_handshake(failure))
