"""Making changes: many conversations at once over one channel, one outcome for each change."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from connect_worker.errors import ConnectError, ConnectionFailedError
from connect_worker.model.change import Change, CreateContainer
from connect_worker.model.outcome import Outcome, Result
from connect_worker.targets.active_directory.answers import Answer
from connect_worker.targets.active_directory.channel import WINDOW, Channel
from connect_worker.targets.active_directory.requests import Request
from connect_worker.targets.active_directory.steps import Steps, UndeletableError
from connect_worker.targets.base import Stopped

Begin = Callable[[Change], Steps]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    place: int
    change: Change
    steps: Steps


class Wave:
    """Makes changes that do not depend on each other. Used once."""

    def __init__(self, channel: Channel, begin: Begin, stopped: Stopped) -> None:
        self._channel = channel
        self._begin = begin
        self._stopped = stopped
        self._under_way: dict[int, _Job] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._broken: ConnectionFailedError | None = None

    def run(self, changes: Sequence[Change]) -> tuple[Outcome, ...]:
        """One outcome for each change, in order. What is under way when the run is stopped is finished."""
        for batch in _batches(changes):
            self._run(deque(batch))
        why = str(self._broken) if self._broken else ""
        rest = Result.NOT_STARTED
        return tuple(
            self._outcomes.get(place) or Outcome(change=change, result=rest, message=why)
            for place, change in enumerate(changes)
        )

    @property
    def broken(self) -> ConnectionFailedError | None:
        """Why the connection cannot be used any more."""
        return self._broken

    def _run(self, waiting: deque[tuple[int, Change]]) -> None:
        while True:
            while waiting and len(self._under_way) < WINDOW and not self._broken and not self._stopped():
                self._start(*waiting.popleft())
            if not self._under_way:
                return
            self._receive()

    def _start(self, place: int, change: Change) -> None:
        try:
            job = _Job(place=place, change=change, steps=self._begin(change))
        except Exception as fault:  # noqa: BLE001 - one change's fault must not lose what the others have done
            self._outcomes[place] = Outcome(change=change, result=Result.FAILED, message=_words(fault))
            return
        self._advance(job, None)

    def _receive(self) -> None:
        try:
            answer = self._channel.receive()
        except ConnectionFailedError as broken:
            self._broken = broken
            for lost in self._under_way.values():
                self._lose(lost, broken)
            self._under_way.clear()
        else:
            if job := self._under_way.pop(answer.request_id, None):
                self._advance(job, answer)

    def _advance(self, job: _Job, answer: Answer | None) -> None:
        try:
            request = next(job.steps) if answer is None else job.steps.send(answer)
        except StopIteration:
            self._finish(job, Result.DONE)
        except UndeletableError as refused:
            self._finish(job, Result.UNDELETABLE, message=str(refused))
        except Exception as fault:  # noqa: BLE001 - one change's fault must not lose what the others have done
            self._finish(job, Result.FAILED, message=_words(fault))
        else:
            self._send(job, request)

    def _send(self, job: _Job, request: Request) -> None:
        """Answers to earlier requests may still come in after sending has failed: they are waited for."""
        try:
            self._under_way[self._channel.send(request)] = job
        except ConnectionFailedError as broken:
            self._broken = broken
            self._lose(job, broken)

    def _lose(self, job: _Job, broken: ConnectionFailedError) -> None:
        self._finish(job, Result.UNKNOWN, message=str(broken))

    def _finish(self, job: _Job, result: Result, *, message: str = "") -> None:
        self._outcomes[job.place] = Outcome(change=job.change, result=result, message=message)


def _batches(changes: Sequence[Change]) -> list[list[tuple[int, Change]]]:
    """The changes with their places; a container waits until those above it are there."""
    ranked = sorted(enumerate(changes), key=lambda numbered: _rank(numbered[1]))
    return [list(batch) for _, batch in groupby(ranked, key=lambda numbered: _rank(numbered[1]))]


def _words(fault: Exception) -> str:
    """Our own errors speak for themselves; of an unforeseen one only its kind is told: its words may hold a value."""
    if isinstance(fault, ConnectError | ValueError):
        return str(fault)
    return f"a fault in the program: {type(fault).__name__}"


def _rank(change: Change) -> int:
    return change.dn.count(",") if isinstance(change, CreateContainer) else 0
