"""Audit lines of callers who have not shown who they are; in a flood, a line that tells how many more there were."""

import asyncio
from collections.abc import Callable
from time import monotonic

from connect_relay import audit
from connect_relay.audit import Kind
from connect_relay.line_budget import LineBudget

SUMMARY_SECONDS = 1.0


class StrangerLog:
    """Of one port."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._budget = LineBudget(monotonic)
        self._summary: asyncio.TimerHandle | None = None

    def note(self, write: Callable[[], None]) -> None:
        """Write a line, unless there have been too many in this second."""
        if self._budget.allows():
            write()
        elif self._summary is None:
            self._summary = asyncio.get_running_loop().call_later(SUMMARY_SECONDS, self.sum_up)

    def sum_up(self) -> None:
        """Tell of those for whom there was no line."""
        if self._summary is not None:
            self._summary.cancel()
            self._summary = None
        if count := self._budget.left_out():
            audit.write_left_out(self._kind, count)
