"""The operator among many ConnectJobs, in a real cluster: how soon it is done, what it holds, what it asks."""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.command import Order, report, tell
from benchmarks.connect_fleet import connect_job, fleet, plain_cron_job, written
from benchmarks.ended_runs import Ends, ended_runs
from benchmarks.measuring import Row
from benchmarks.operator_figures import Round, applied, applied_alone, at_rest, plainly_applied
from benchmarks.operator_rows import ends_rows, fleet_rows
from benchmarks.simulated_node import built_kwok, simulated_node
from tests.support.operator_process import COMPLETE

NAME = "bench_operator"
JOBS = (1000, 5000)
ENDED_RUNS = 500
REST_SECONDS = 65.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure a fleet of each size, and report."""
    given = _parse(arguments)
    rows: list[Row] = []
    if given.ends:
        built_kwok()
    for number, jobs in enumerate(given.jobs):
        # The ends of runs depend on the runs, not on how many ConnectJobs rest: the first fleet tells them.
        rounds = [_round(jobs, given.ends if number == 0 else 0, given.rest) for _ in range(given.runs)]
        rows += fleet_rows(jobs, [measured for measured, _ in rounds])
        rows += ends_rows([ends for _, ends in rounds if ends is not None])
    usual = (tuple(given.jobs), given.ends, given.rest) == (JOBS, ENDED_RUNS, REST_SECONDS)
    report(NAME, rows, Order(people=0, runs=given.runs, recorded=usual))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line. What is tried out with other numbers than the usual ones is shown only."""
    parser = argparse.ArgumentParser(description=__doc__)
    usual = " ".join(map(str, JOBS))
    parser.add_argument("--jobs", type=int, nargs="+", default=JOBS, help=f"sizes of fleets (default: {usual})")
    parser.add_argument("--runs", type=int, default=1, help="how often everything is done (default: 1)")
    parser.add_argument(
        "--ends", type=int, default=ENDED_RUNS, help=f"runs that end, in the first fleet (default: {ENDED_RUNS})"
    )
    parser.add_argument(
        "--rest", type=float, default=REST_SECONDS, help=f"seconds of listening at rest (default: {REST_SECONDS:g})"
    )
    return parser.parse_args(arguments)


def _round(jobs: int, ends: int, rest_seconds: float) -> tuple[Round, Ends | None]:
    with tempfile.TemporaryDirectory(prefix="connect-fleet-") as folder, fleet(Path(folder)) as made:
        tell(f"{NAME}: {jobs:,} plain CronJobs, by kubectl")
        plain_seconds = plainly_applied(made, written(made.folder, "plain", map(plain_cron_job, range(jobs))))
        tell(f"… {plain_seconds:.1f} s; {jobs:,} ConnectJobs, without an operator")
        documents = written(made.folder, "connect", map(connect_job, range(jobs)))
        alone_seconds = applied_alone(made, documents)
        tell(f"… {alone_seconds:.1f} s; with one")
        stood = applied(made, documents, jobs)
        tell(f"… {stood.seconds:.1f} s, {stood.told:.1f} s until all was told; a restart")
        restart, rest = at_rest(made, jobs, rest_seconds)
        told = None
        if ends:
            tell(f"… {ends} runs that end")
            with simulated_node(made.cluster, made.folder), made.operator(until=COMPLETE):
                told = ended_runs(made, ends)
        measured = Round(
            plain_seconds=plain_seconds, alone_seconds=alone_seconds, stood=stood, restart=restart, rest=rest
        )
        return measured, told


if __name__ == "__main__":
    main()
