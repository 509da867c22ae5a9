"""What is measured of the operator: how soon it is done, what it holds, and what it asks of the API server."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from benchmarks.command import tell
from benchmarks.connect_fleet import Fleet
from benchmarks.processes import cpu_seconds
from tests.support.operator_process import COMPLETE, OperatorProcess

WAIT_SECONDS = 900.0
PAUSE_SECONDS = 0.05
TELL_SECONDS = 15.0
AGENTS = ("connect-operator", "kopf")
OF_ALL = {"list", "watch"}
Seen = TypeVar("Seen")


@dataclass(frozen=True, kw_only=True, slots=True)
class Requests:
    """What the operator asked between two moments: of single objects, by resource and verb; and lists, page by page.

    `comparisons` is how often it began to list everything.
    """

    single: Counter[str]
    pages: int
    comparisons: int
    seconds: float

    @property
    def writes(self) -> int:
        """How many of them changed something."""
        return sum(count for what, count in self.single.items() if not what.endswith(" get"))


class Meter:
    """The operator's requests since it was made, from the API server's audit log."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._since = datetime.now(UTC)

    def read(self) -> Requests:
        """So far. The discovery of what API there is, once at each start, is not counted."""
        events = self._fleet.cluster.audit_events(
            lambda event: event.at >= self._since and event.user_agent.startswith(AGENTS) and bool(event.resource)
        )
        lists = [event for event in events if event.verb == "list"]
        return Requests(
            single=Counter(f"{event.resource} {event.verb}" for event in events if event.verb not in OF_ALL),
            pages=len(lists),
            comparisons=sum(event.resource == "batch/cronjobs" and "continue=" not in event.uri for event in lists),
            seconds=(datetime.now(UTC) - self._since).total_seconds(),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Stood:
    """How long it took until all CronJobs stood, and until all was told of them; what the operator had used by then."""

    seconds: float
    told: float
    cpu: float
    requests: Requests


@dataclass(frozen=True, kw_only=True, slots=True)
class Restart:
    """How long it took from a process's start until it had looked at all; its writes; its memory then (bytes)."""

    seconds: float
    cpu: float
    writes: int
    resident: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """Everything that was measured of one fleet.

    What kubectl took for as many plain CronJobs, and for the ConnectJobs while no operator ran: `plain_seconds`,
    `alone_seconds`.
    """

    plain_seconds: float
    alone_seconds: float
    stood: Stood
    restart: Restart
    rest: Requests


def applied(fleet: Fleet, documents: Path, jobs: int) -> Stood:
    """With an operator at work: apply all ConnectJobs at once."""
    with fleet.operator(until=COMPLETE) as operator:
        meter, start = Meter(fleet), time.monotonic()
        fleet.apply(documents, fleet.namespace)
        _wait_for_cron_jobs(fleet, jobs)
        stood = time.monotonic() - start
        _wait_until_idle(operator, jobs)
        told = time.monotonic() - start
        return Stood(seconds=stood, told=told, cpu=cpu_seconds([operator.process.pid]), requests=meter.read())


def plainly_applied(fleet: Fleet, documents: Path) -> float:
    """Seconds that `kubectl apply --server-side` takes for as many plain CronJobs; they are gone afterwards."""
    return _applied_and_deleted(fleet, documents, fleet.plain, fleet.batch("cronjobs", fleet.plain))


def applied_alone(fleet: Fleet, documents: Path) -> float:
    """Seconds that it takes for the ConnectJobs while no operator runs; they are gone afterwards."""
    return _applied_and_deleted(fleet, documents, fleet.namespace, fleet.connect_jobs)


def at_rest(fleet: Fleet, jobs: int, seconds: float) -> tuple[Restart, Requests]:
    """A restart, and what is asked from then on, in some seconds."""
    with _started(fleet, jobs) as (operator, restart):
        meter = Meter(fleet)
        tell(f"… listening for {seconds:g} s to what it asks at rest")
        # The silence itself is what is measured.
        time.sleep(seconds)
        assert operator.process.poll() is None
        return restart, meter.read()


def resident_bytes(process: int) -> int:
    """All memory of a process that is in RAM, with what belongs to files."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def _applied_and_deleted(fleet: Fleet, documents: Path, namespace: str, path: str) -> float:
    start = time.monotonic()
    fleet.apply(documents, namespace)
    took = time.monotonic() - start
    fleet.api.delete_all(path)
    return took


@contextmanager
def _started(fleet: Fleet, jobs: int) -> Iterator[tuple[OperatorProcess, Restart]]:
    meter, start = Meter(fleet), time.monotonic()
    with fleet.operator(until=COMPLETE) as operator:
        _wait_until_idle(operator, jobs)
        seconds = time.monotonic() - start
        yield (
            operator,
            Restart(
                seconds=seconds,
                cpu=cpu_seconds([operator.process.pid]),
                writes=meter.read().writes,
                resident=resident_bytes(operator.process.pid),
            ),
        )


def _wait_for_cron_jobs(fleet: Fleet, jobs: int) -> None:
    path = fleet.batch("cronjobs")
    _wait(f"{jobs:,} CronJobs", lambda: fleet.api.count(path), lambda count: count >= jobs)


def _wait_until_idle(operator: OperatorProcess, jobs: int) -> None:
    """Until the operator has looked at every ConnectJob, and none is left to be looked at."""

    def looked() -> tuple[float, float]:
        metrics = operator.metrics()
        queued = [metrics[f'connect_operator_queue_keys{{state="{state}"}}'] for state in ("waiting", "running")]
        return metrics['connect_operator_reconcile_total{result="done"}'], sum(queued)

    _wait(f"looks at {jobs:,} ConnectJobs", looked, lambda seen: seen[0] >= jobs and seen[1] == 0, pause=0.5)


def _wait(what: str, look: Callable[[], Seen], holds: Callable[[Seen], bool], *, pause: float = PAUSE_SECONDS) -> None:
    start = told = time.monotonic()
    while not holds(seen := look()):
        now = time.monotonic()
        if now - start > WAIT_SECONDS:
            raise RuntimeError(f"not within {WAIT_SECONDS:g} s: {what}; seen last: {seen}")
        if now - told > TELL_SECONDS:
            told = now
            tell(f"… {now - start:.0f} s: waiting for {what}; so far {seen}")
        time.sleep(pause)
