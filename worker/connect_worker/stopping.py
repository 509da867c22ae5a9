"""Ending a run in order: by a signal, or by its own time limit."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from connect_worker.errors import ConnectError, StoppedError, TimedOutError

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Asked to stop, a run breaks off what it reads and finishes what it writes.

    The first request counts. Outside `finishing` it cancels the run's task; inside, the code asks `requested` itself.
    """

    def __init__(self) -> None:
        self._reason: ConnectError | None = None
        self._task: asyncio.Task[object] | None = None
        self._finishing = False

    @property
    def requested(self) -> bool:
        """Whether the run should end."""
        return self._reason is not None

    @property
    def reason(self) -> ConnectError | None:
        """Why the run should end."""
        return self._reason

    def raise_if_requested(self) -> None:
        """Raise StoppedError or TimedOutError if the run should end."""
        if self._reason is not None:
            raise self._reason

    def request(self, reason: ConnectError) -> None:
        """End the run for this reason."""
        if self._reason is None:
            self._reason = reason
            if self._task is not None and not self._finishing:
                self._task.cancel()

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """Within: a request does not break off, but is asked for."""
        self._finishing = True
        try:
            yield
        finally:
            self._finishing = False

    @contextmanager
    def watching(self, timeout: timedelta) -> Iterator[None]:
        """Within: signals and the time limit end the current task, as the error that says so."""
        loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.request, _stopped(number))
        timer = loop.call_later(timeout.total_seconds(), self.request, _timed_out(timeout))
        try:
            yield
        except asyncio.CancelledError:
            self.raise_if_requested()
            raise
        finally:
            timer.cancel()
            for number in SIGNALS:
                loop.remove_signal_handler(number)
            self._task = None


def _stopped(number: signal.Signals) -> StoppedError:
    return StoppedError(
        f"Stopped by {number.name}", todo="The next run reads again and finishes the work; start it at any time"
    )


def _timed_out(timeout: timedelta) -> TimedOutError:
    return TimedOutError(
        f"The run took longer than its limit of {timeout}",
        todo="The next run goes on where this one ended; raise the timeout if this happens every night",
    )
