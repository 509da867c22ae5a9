"""What every benchmark's command line has, and how it tells what it found."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measuring import Row
from benchmarks.recording import circumstances, lines_of, record, table


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """How large the school is, how often everything is done, and whether the results are to be kept."""

    people: int
    runs: int
    recorded: bool


def parse(description: str | None, arguments: Sequence[str] | None, *, people: int, runs: int) -> Order:
    """The command line. What is tried out with other numbers than the usual ones is shown only."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--people", type=int, default=people, help=f"how many people (default: {people:,})")
    parser.add_argument("--runs", type=int, default=runs, help=f"how often everything is done (default: {runs})")
    given = parser.parse_args(arguments)
    recorded = given.people == people and given.runs >= runs
    return Order(people=given.people, runs=given.runs, recorded=recorded)


def tell(progress: str) -> None:
    """Say on stderr how far it is."""
    sys.stderr.write(f"{progress}\n")
    sys.stderr.flush()


def report(name: str, rows: Sequence[Row], order: Order) -> None:
    """Print the rows as a table, and keep them if they were measured in full."""
    lines = lines_of(rows, circumstances())
    sys.stdout.write(table({name: lines}) + "\n")
    if order.recorded:
        record(name, lines)
    else:
        tell("not recorded: docs/performance.md holds what is measured with the usual numbers")
