"""Round trips of a night without changes: they do not grow with the number of people, pages of 1,000 aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from benchmarks.command import parse, report, tell
from benchmarks.measuring import Aim, Limit, Of, Row, Series
from benchmarks.prepared_night import prepared_night, quiet_night
from connect_worker.targets.active_directory.read import PAGE_ENTRIES

NAME = "bench_round_trips"
FEW = 140
MANY = 1_000
RUNS = 3
ROUND_TRIP_SECONDS = 0.02
"""Long enough for the order in which the packets pass to be the same each time."""
HANGING_UP = 1
"""At the end of TLS both sides take their leave, and not always in the same order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """What nights of one school took, night by night."""

    people: int
    to_database: Series
    to_directory: Series


def main(arguments: Sequence[str] | None = None) -> None:
    """Count for a small school and a larger one, and report."""
    order = parse(__doc__, arguments, people=MANY, runs=RUNS)
    few, many = _count(FEW, order.runs), _count(order.people, order.runs)
    # Two searches read everybody: for names, and for users and groups; objects are fewer than twice the people.
    pages = 2 * ceil(2 * many.people / PAGE_ENTRIES)
    report(
        NAME,
        [
            _row("database", few.people, few.to_database, many.people, many.to_database, more=HANGING_UP),
            _row("directory", few.people, few.to_directory, many.people, many.to_directory, more=pages),
        ],
        order,
    )


def _count(people: int, runs: int) -> Counted:
    to_database: list[float] = []
    to_directory: list[float] = []
    with prepared_night(people) as night, night.far_away(round_trip=ROUND_TRIP_SECONDS) as far:
        for number in range(1, runs + 1):
            tell(f"{NAME}: night {number} of {runs} with {night.people:,} people")
            before = far.to_database.round_trips, far.to_directory.round_trips
            quiet_night(far.worker)
            to_database.append(far.to_database.round_trips - before[0])
            to_directory.append(far.to_directory.round_trips - before[1])
        return Counted(
            people=night.people,
            to_database=Series(runs=tuple(to_database)),
            to_directory=Series(runs=tuple(to_directory)),
        )


def _row(server: str, few: int, at_few: Series, many: int, at_many: Series, *, more: int) -> Row:
    return Row(
        work=f"round trips to the {server} in a night without changes, {many:,} people",
        unit="round trips",
        measured=at_many,
        limit=Limit(what=f"{few:,} people", measured=at_few),
        aim=Aim(text=f"≤ {more} more", most=more, of=Of.EXCESS),
    )


if __name__ == "__main__":
    main()
