"""What is measured of every path through the relay, and of the peers' paths: one round of all figures."""

import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from statistics import mean

from benchmarks.measuring import alternating
from benchmarks.traffic import (
    MEGABYTE,
    Pace,
    Path,
    Reader,
    closes_half,
    departed,
    download,
    held_for_busy,
    held_for_idle,
    held_for_stalled,
    opening,
    round_trip,
    stalled,
    upload,
)
from connect_worker.settings import DatabaseSettings
from tests.support.postgres import ROLE, PostgresServer

ROWS = 100_000
COLUMN_BYTES = 1_000
TABLE = "measured"
COPY_SECONDS = 120
SETTLING_SECONDS = 0.7
PAIRS_NEAR = 4

OpenNew = Callable[[], AbstractContextManager[Path]]
"""A path, made anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """How long is measured: `seconds` for each stream; `openings` and `round_trips` are how often.

    `pairs`: so many series of round trips, with a stalled reader and without. `settling`: seconds after a stream.
    """

    pace: Pace
    openings: int
    round_trips: int
    pairs: int
    settling: float

    @classmethod
    def of(cls, round_trip_seconds: float, seconds: float) -> "Extent":
        """For a way of this length: windows grow with each round trip, and many round trips take their time."""
        warm_up = min(seconds, 0.3) + 25 * round_trip_seconds
        times, pairs = (100, PAIRS_NEAR) if not round_trip_seconds else (15, 1)
        return cls(
            pace=Pace(warm_up=warm_up, seconds=seconds),
            openings=min(times, 15),
            round_trips=times,
            pairs=pairs,
            settling=min(seconds, SETTLING_SECONDS),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """One round of a path: megabytes a second, CPU seconds a GiB, milliseconds."""

    one: float
    eight: float
    upload: float
    copy: float
    cpu: float
    opening: float
    round_trip: float
    beside_stalled: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What a path's processes hold for a stalled reader (megabytes), and whether it passes on a half-close as one."""

    stalled: float
    half_closes: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """What a path's processes hold for each of many connections (kilobytes)."""

    idle: float
    busy: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table in a PostgreSQL behind every path, large enough to take its time."""

    settings: DatabaseSettings
    authority: str

    @classmethod
    def create(cls, server: PostgresServer, authority: str) -> "Table":
        """Fill it. `authority`: a file with the authority of the server's certificate."""
        settings = server.create_database()
        rows = f"SELECT repeat('x', {COLUMN_BYTES}) FROM generate_series(1, {ROWS})"  # noqa: S608 - constants
        script = f"CREATE UNLOGGED TABLE {TABLE} AS {rows}; GRANT SELECT ON {TABLE} TO {ROLE};"
        server.run(script, database=settings.name)
        return cls(settings=settings, authority=authority)

    def copy(self, port: int) -> float:
        """Read it whole by `COPY`, with TLS from end to end; returns megabytes a second."""
        settings = self.settings
        connection = (
            f"hostaddr={settings.host} host={settings.server_name} port={port} dbname={settings.name} "
            f"user={settings.username} sslmode=verify-full sslrootcert={self.authority}"
        )
        begun = time.monotonic()
        subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", f"COPY {TABLE} TO STDOUT", connection],
            env={"PGPASSWORD": settings.password.reveal(), "PATH": "/usr/bin:/bin"},
            stdout=subprocess.DEVNULL, timeout=COPY_SECONDS, check=True,
        )  # fmt: skip
        return ROWS * (COLUMN_BYTES + 1) / (time.monotonic() - begun) / MEGABYTE


def measured(path: Path, extent: Extent, table: Table) -> Round:
    """One round of everything that is measured more than once."""
    one = download(path, extent.pace, streams=1)
    eight = download(path, extent.pace, streams=8)
    written = upload(path, extent.pace, streams=1)
    alone, beside_stalled = _round_trips(path, extent)
    return Round(
        one=one.speed,
        eight=eight.speed,
        upload=written.speed,
        copy=table.copy(path.database_port),
        cpu=one.cpu,
        opening=1000 * opening(path, times=extent.openings),
        round_trip=1000 * alone,
        beside_stalled=1000 * beside_stalled,
    )


def _round_trips(path: Path, extent: Extent) -> tuple[float, float]:
    """Without and with a stalled reader: the mean of several series, in turn, each after the same traffic and rest.

    On which CPUs the kernel has put the processes makes one series half as slow again as the next.
    """

    def beside(reader: Reader) -> float:
        with reader(path, before=extent.pace.warm_up, after=extent.settling):
            return round_trip(path, times=extent.round_trips)

    alone, beside_stalled = alternating(extent.pairs, lambda: beside(departed), lambda: beside(stalled))
    return mean(alone), mean(beside_stalled)


def held(path: Path, extent: Extent) -> Held:
    """What is measured once, on either way."""
    grown = extent.pace.warm_up + extent.pace.seconds
    return Held(
        half_closes=closes_half(path),
        stalled=held_for_stalled(path, before=grown, after=extent.settling) / MEGABYTE,
    )


def crowd(open_new: OpenNew, extent: Extent, *, idle: int, busy: int) -> Crowd:
    """Each on a path that has carried nothing yet; on the short way only: connections are made sooner there."""
    with open_new() as path:
        for_idle = held_for_idle(path, connections=idle)
    with open_new() as path:
        for_busy = held_for_busy(path, extent.pace, connections=busy)
    return Crowd(idle=for_idle / 1000, busy=for_busy / 1000)
