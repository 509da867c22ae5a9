"""A night without changes, on a real PostgreSQL and a real Samba domain, beside psql and ldapsearch on the same."""

from collections.abc import Sequence

from benchmarks.command import parse, report, tell
from benchmarks.large_school import PEOPLE
from benchmarks.measuring import Aim, Limit, Of, Row, Series, Timed, alternating, timed
from benchmarks.prepared_night import PreparedNight, prepared_night, quiet_night

NAME = "bench_night"
RUNS = 5
ROUND_TRIP_SECONDS = 0.02
AT_MOST_TWICE = Aim(text="≤ 2 ×", most=2.0, of=Of.RATIO)
TEN_SECONDS_MORE = Aim(text="≤ 10 s more", most=10.0, of=Of.EXCESS)
TOOLS = r"`psql \copy` of the same tables, then `ldapsearch` of the same attributes"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each pair in turn, and report."""
    order = parse(__doc__, arguments, people=PEOPLE, runs=RUNS)
    with prepared_night(order.people) as night:
        rows = [*_beside_tools(night, order.runs), _far_away(night, order.runs)]
    report(NAME, rows, order)


def _beside_tools(night: PreparedNight, runs: int) -> list[Row]:
    tell(f"{NAME}: {runs} nights, each beside the plain tools")
    nights, reads = alternating(
        runs, lambda: timed(lambda: quiet_night(night.worker)), lambda: timed(night.tools.read_all)
    )
    return [
        Row(
            work=f"a night without changes, no latency: {night.size}",
            unit="s",
            measured=_walls(nights),
            limit=Limit(what=TOOLS, measured=_walls(reads)),
            aim=AT_MOST_TWICE,
        ),
        Row(
            work="… of it CPU of connect-worker",
            unit="s CPU",
            measured=Series(runs=tuple(one.cpu for one in nights)),
            limit=Limit(what="`psql` and `ldapsearch`", measured=Series(runs=tuple(one.cpu for one in reads))),
        ),
    ]


def _far_away(night: PreparedNight, runs: int) -> Row:
    tell(f"{NAME}: {runs} nights at {ROUND_TRIP_SECONDS * 1000:g} ms, each beside one without")
    with night.far_away(round_trip=ROUND_TRIP_SECONDS) as far, night.far_away(round_trip=0) as near:
        far_nights, near_nights = alternating(
            runs, lambda: timed(lambda: quiet_night(far.worker)), lambda: timed(lambda: quiet_night(near.worker))
        )
    return Row(
        work=f"the same with {ROUND_TRIP_SECONDS * 1000:g} ms of round trip on both links",
        unit="s",
        measured=_walls(far_nights),
        limit=Limit(what="the same without, over the same relays", measured=_walls(near_nights)),
        aim=TEN_SECONDS_MORE,
    )


def _walls(times: Sequence[Timed[None]]) -> Series:
    return Series(runs=tuple(one.wall for one in times))


if __name__ == "__main__":
    main()
