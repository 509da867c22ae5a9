"""A night without changes, on a real PostgreSQL and a real Samba domain, beside psql and ldapsearch on the same."""

from collections.abc import Sequence

from benchmarks.command import parse, report, tell
from benchmarks.large_school import PEOPLE
from benchmarks.measuring import Aim, Limit, Of, Row, Series, Timed, alternating, timed
from benchmarks.prepared_night import PreparedNight, prepared_night
from tests.support.worker import Worker

NAME = "bench_night"
RUNS = 5
AT_MOST_TWICE = Aim(text="≤ 2 ×", most=2.0, of=Of.RATIO)
TOOLS = r"`psql \copy` of the same tables, then `ldapsearch` of the same attributes"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both in turn, and report."""
    order = parse(__doc__, arguments, people=PEOPLE, runs=RUNS)
    with prepared_night(order.people) as night:
        tell(f"{NAME}: {order.runs} nights, each beside the plain tools")
        nights, reads = alternating(
            order.runs,
            lambda: timed(lambda: run_quiet_night(night.worker)),
            lambda: timed(night.tools.read_all),
        )
        report(NAME, _rows(night, nights, reads), order)


def run_quiet_night(worker: Worker) -> None:
    """`connect-worker run`. Raises RuntimeError unless there was nothing to do."""
    ended = worker.json("run")
    if ended.exit_code != 0 or ended.report["reason"] != "NothingToDo":
        raise RuntimeError(f"not a night without changes: {ended.stdout}{ended.stderr}")


def _rows(night: PreparedNight, nights: Sequence[Timed[None]], reads: Sequence[Timed[None]]) -> list[Row]:
    return [
        Row(
            work=f"a night without changes, no latency: {night.size}",
            unit="s",
            measured=Series(runs=tuple(one.wall for one in nights)),
            limit=Limit(what=TOOLS, measured=Series(runs=tuple(one.wall for one in reads))),
            aim=AT_MOST_TWICE,
        ),
        Row(
            work="… of it on the CPU, connect-worker alone",
            unit="s CPU",
            measured=Series(runs=tuple(one.cpu for one in nights)),
            limit=Limit(what="`psql` and `ldapsearch` alone", measured=Series(runs=tuple(one.cpu for one in reads))),
        ),
    ]


if __name__ == "__main__":
    main()
