"""The relay beside its peers: speed, times, CPU and memory, on loopback and with 50 ms between relay and customer."""

import argparse
import resource
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path as Folder

from benchmarks.command import Order, report, tell
from benchmarks.connect_paths import OURS
from benchmarks.measuring import Row
from benchmarks.processes import telling_ports
from benchmarks.relay_figures import Crowd, Extent, Round, Table, crowd, held, measured
from benchmarks.relay_paths import DIRECT, OPENSSH, OPENSSH_GCM, RATHOLE, open_path
from benchmarks.relay_rows import crowd_rows, held_rows, round_rows
from benchmarks.site import Site
from benchmarks.traffic import Path, Servers
from tests.support.postgres import running_postgres

NAME = "bench_relay"
PATHS = (DIRECT, OPENSSH, OPENSSH_GCM, RATHOLE, *OURS)
RUNS = 3
SECONDS = 1.0
ROUND_TRIP_SECONDS = 0.05
IDLE, BUSY = 1000, 100
FILES = 16384
"""Sockets of a thousand connections, in every process that they pass."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every path in turn, several rounds, first on loopback and then over the long way, and report."""
    order, given = _parse(arguments)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="connect-relay-") as folder, _servers(Folder(folder)) as (servers, table):
        for round_trip in (0.0,) if given.near else (0.0, ROUND_TRIP_SECONDS):
            tell(f"{NAME}: {round_trip * 1000:g} ms of round trip, {order.runs} rounds of {', '.join(given.paths)}")
            extent = Extent.of(round_trip, given.seconds)
            with _paths(Folder(folder), servers, round_trip, given.paths) as paths:
                rounds = _rounds(paths, extent, table, order.runs)
                rows += round_rows(rounds, far=bool(round_trip))
                # The direct way has no processes that could hold anything.
                tunnels = {name: path for name, path in paths.items() if path.processes}
                rows += held_rows({name: held(path, extent) for name, path in tunnels.items()}, far=bool(round_trip))
        crowds = _Crowds(folder=Folder(folder), servers=servers, idle=given.idle)
        rows += crowd_rows(crowds.measured(given.paths, order.runs, Extent.of(0.0, given.seconds)))
    report(NAME, rows, order)


def _parse(arguments: Sequence[str] | None) -> tuple[Order, argparse.Namespace]:
    """The command line. What is tried out with other numbers than the usual ones is shown only."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"how many rounds (default: {RUNS})")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"for each stream (default: {SECONDS:g})")
    parser.add_argument("--idle", type=int, default=IDLE, help=f"idle connections (default: {IDLE})")
    parser.add_argument("--paths", nargs="+", default=PATHS, choices=PATHS, help="those to measure (default: all)")
    parser.add_argument("--near", action="store_true", help="on loopback only")
    given = parser.parse_args(arguments)
    whole = not given.near and tuple(given.paths) == PATHS and given.idle == IDLE
    usual = whole and given.runs >= RUNS and given.seconds >= SECONDS
    return Order(people=0, runs=given.runs, recorded=usual), given


@contextmanager
def _servers(folder: Folder) -> Iterator[tuple[Servers, Table]]:
    """Within: what every path leads to."""
    with telling_ports("benchmarks.traffic_server") as (_, (traffic,)), running_postgres() as postgres:
        authority = folder / "database.pem"
        authority.write_text(postgres.authority.pem, encoding="utf-8")
        yield Servers(traffic=traffic, database=postgres.port), Table.create(postgres, str(authority))


@contextmanager
def _paths(folder: Folder, servers: Servers, round_trip: float, names: Sequence[str]) -> Iterator[Mapping[str, Path]]:
    """Within: all paths stand; those that are not measured at the moment do nothing."""
    with ExitStack() as stack:
        paths: dict[str, Path] = {}
        for number, name in enumerate(names):
            place = folder / f"{round_trip:g}-{number}"
            place.mkdir()
            site = Site(servers=servers, folder=place, round_trip=round_trip)
            paths[name] = stack.enter_context(open_path(name, site))
        yield paths


def _rounds(paths: Mapping[str, Path], extent: Extent, table: Table, runs: int) -> dict[str, list[Round]]:
    """In turn, A B C A B C, so that what disturbs the machine meets all."""
    rounds: dict[str, list[Round]] = {name: [] for name in paths}
    for number in range(runs):
        for name, path in paths.items():
            tell(f"{NAME}: round {number + 1}, {name}")
            rounds[name].append(measured(path, extent, table))
    return rounds


@dataclass(frozen=True, kw_only=True, slots=True)
class _Crowds:
    """Many connections at once, on loopback, and each time on a path of their own."""

    folder: Folder
    servers: Servers
    idle: int

    def measured(self, names: Sequence[str], runs: int, extent: Extent) -> dict[str, list[Crowd]]:
        """In turn, as the rounds. A cipher changes nothing of it, and the direct way has nothing that could hold."""
        crowds: dict[str, list[Crowd]] = {name: [] for name in names if name not in {DIRECT, OPENSSH_GCM}}
        for number in range(runs):
            for name, found in crowds.items():
                tell(f"{NAME}: crowd {number + 1}, {name}")
                found.append(crowd(partial(self._open, name), extent, idle=self.idle, busy=min(BUSY, self.idle)))
        return crowds

    @contextmanager
    def _open(self, name: str) -> Iterator[Path]:
        place = Folder(tempfile.mkdtemp(prefix="crowd-", dir=self.folder))
        with open_path(name, Site(servers=self.servers, folder=place, round_trip=0.0)) as path:
            yield path


if __name__ == "__main__":
    main()
