"""What every stage of a run is given."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from connect_worker.model.ids import RunId
from connect_worker.settings import Settings
from connect_worker.stopping import Stop


class Progress(Protocol):
    """Shows how far a long piece of work is."""

    def begin(self, work: str, total: int) -> None:
        """A piece of work of `total` steps begins."""

    def advance(self, steps: int) -> None:
        """So many steps more are done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """One run: its settings, its day (fixed at the start, ruling 2), the clock (UTC), and how it is told to stop."""

    settings: Settings
    today: date
    now: Callable[[], datetime]
    stop: Stop
    progress: Progress
    version: str

    @property
    def run_id(self) -> RunId:
        """The run, as the audit tables know it."""
        return RunId(UUID(self.settings.run_id))
