"""How long something takes: wall clock and CPU, over several runs, beside a limit that is measured in the same run."""

import math
import os
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One figure, measured several times."""

    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one: on a shared machine single runs are disturbed, and never in the good direction only."""
        return median(self.runs)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest."""
        return min(self.runs), max(self.runs)


class Of(StrEnum):
    """What an aim is about: the value itself, the value divided by the limit, or the value less the limit."""

    VALUE = "value"
    RATIO = "ratio"
    EXCESS = "excess"


@dataclass(frozen=True, kw_only=True, slots=True)
class Aim:
    """What should be reached, in words, and as the least and the most that it may be."""

    text: str
    of: Of
    least: float = -math.inf
    most: float = math.inf


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """What a figure is held against: the same work done by something that does nothing else."""

    what: str
    measured: Series


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table: a piece of work, its figure, and what it is held against."""

    work: str
    unit: str
    measured: Series
    limit: Limit | None = None
    aim: Aim | None = None

    @property
    def value(self) -> float:
        """The median."""
        return self.measured.median

    @property
    def ratio(self) -> float | None:
        """How many times the limit; None without one."""
        return self.value / self.limit.measured.median if self.limit is not None else None

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None where there is none."""
        if self.aim is None:
            return None
        reached: Mapping[Of, float | None] = {
            Of.VALUE: self.value,
            Of.RATIO: self.ratio,
            Of.EXCESS: self.value - self.limit.measured.median if self.limit is not None else None,
        }
        figure = reached[self.aim.of]
        if figure is None:
            raise ValueError(f"{self.work}: an aim about the {self.aim.of.value} needs a limit")
        return self.aim.least <= figure <= self.aim.most


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed(Generic[T]):
    """Seconds that something took: on the clock, and of the CPU of the processes started (user and system)."""

    wall: float
    cpu: float
    result: T


def timed(work: Callable[[], T]) -> Timed[T]:
    """Do something that starts processes and waits for their end."""
    before = _cpu_of_children()
    start = time.monotonic()
    result = work()
    wall = time.monotonic() - start
    return Timed(wall=wall, cpu=_cpu_of_children() - before, result=result)


def run(
    command: Sequence[str], *, timeout: float, script: str = "", environment: Mapping[str, str] = os.environ
) -> str:
    """Run a command to its end, and return what it printed. Raises RuntimeError with its own words if it fails."""
    done = subprocess.run(
        command, env=environment, input=script, capture_output=True, text=True, timeout=timeout, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def alternating(runs: int, first: Callable[[], T], second: Callable[[], T]) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """Do both in turn, A B A B, so that what disturbs the machine meets both."""
    rounds = [(first(), second()) for _ in range(runs)]
    return tuple(one for one, _ in rounds), tuple(other for _, other in rounds)


def _cpu_of_children() -> float:
    """Of the children that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
