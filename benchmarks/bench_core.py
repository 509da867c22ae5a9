"""The pure core on a night with next to nothing to do: update + validate + desired + diff, without any I/O."""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.command import parse, report, tell
from benchmarks.large_school import PEOPLE
from benchmarks.measuring import Aim, Of, Row, Series, run
from benchmarks.night_input import PLANTED, write_input

NAME = "bench_core"
RUNS = 7
TIMEOUT_SECONDS = 600
CPU = Aim(text="≤ 2 s of CPU", most=2.0, of=Of.VALUE)
MEMORY = Aim(text="≤ 300 MB", most=300.0, of=Of.VALUE)
PARTS = ("update", "validate", "desired", "diff")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, check that the night found what was planted, and report."""
    order = parse(__doc__, arguments, people=PEOPLE, runs=RUNS)
    with tempfile.TemporaryDirectory(prefix="connect-bench-") as folder:
        path = Path(folder, "night.pickle")
        tell(f"{NAME}: makes a school of {order.people:,} people")
        write_input(order.people, path)
        nights = [_night(path, number, order.runs) for number in range(1, order.runs + 1)]
    report(NAME, _rows(nights), order)


def _night(path: Path, number: int, runs: int) -> dict[str, Any]:
    tell(f"{NAME}: night {number} of {runs}")
    command = [sys.executable, "-m", "benchmarks.core_night", str(path)]
    found: dict[str, Any] = json.loads(run(command, timeout=TIMEOUT_SECONDS))
    if found["changes"] != PLANTED or found["findings"]:
        raise RuntimeError(f"planted were {PLANTED} and no finding; found were {found}")
    return found


def _rows(nights: Sequence[dict[str, Any]]) -> list[Row]:
    first = nights[0]
    size = f"{first['people']:,} people, {first['memberships']:,} memberships"
    together = Series(runs=tuple(sum(night["cpu"].values()) for night in nights))
    peak = Series(runs=tuple(night["peak"] for night in nights))
    loaded = Series(runs=tuple(night["loaded"] for night in nights))
    return [
        Row(work=f"update + validate + desired + diff, pure: {size}", unit="s CPU", measured=together, aim=CPU),
        *(
            Row(work=f"… {part}", unit="s CPU", measured=Series(runs=tuple(night["cpu"][part] for night in nights)))
            for part in PARTS
        ),
        Row(work="… memory of the process at its peak", unit="MB", measured=peak, aim=MEMORY),
        Row(work="… of it before the first step: interpreter and input", unit="MB", measured=loaded),
    ]


if __name__ == "__main__":
    main()
