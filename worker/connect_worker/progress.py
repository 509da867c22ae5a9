"""How far a run is: a bar on a terminal, a line of the log every few seconds elsewhere."""

import time
from types import TracebackType
from typing import Self

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

log = structlog.stdlib.get_logger()

SECONDS_BETWEEN_LINES = 5.0


class LoggedProgress:
    """Progress as log lines, for a pod."""

    def __init__(self) -> None:
        self._work = ""
        self._total = 0
        self._done = 0
        self._told = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def begin(self, work: str, total: int) -> None:
        """A piece of work of `total` steps begins."""
        self._work, self._total, self._done, self._told = work, total, 0, time.monotonic()

    def advance(self, steps: int) -> None:
        """So many steps more are done."""
        self._done += steps
        if time.monotonic() - self._told >= SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            log.info("progress", work=self._work, done=self._done, total=self._total)


class BarProgress:
    """Progress as a bar, for a person."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True)
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, work: str, total: int) -> None:
        """A piece of work of `total` steps begins."""
        self._task = self._progress.add_task(work, total=total)

    def advance(self, steps: int) -> None:
        """So many steps more are done."""
        if self._task is not None:
            self._progress.advance(self._task, steps)
