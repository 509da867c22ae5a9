"""What was measured, for machines (benchmarks/results/NAME.jsonl) and for people (the table in docs/performance.md).

Both hold the last recorded run only; what was before is in the history.
"""

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measuring import Row

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin (make bench writes what stands here) -->", "<!-- measured: end -->"

_MEASURED_PARTS = ("worker", "operator", "proto", "relay", "benchmarks/*.py", "tests/support")
_HEAD = "| work | value | limit | limit's value | ratio | aim | met |\n| --- | --- | --- | --- | --- | --- | --- |"


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """Where, when and of what something was measured."""

    machine: str
    date: str
    commit: str


def circumstances() -> Circumstances:
    """Here and now."""
    return Circumstances(machine=_machine(), date=datetime.now(UTC).date().isoformat(), commit=_commit())


def lines_of(rows: Iterable[Row], where: Circumstances) -> list[dict[str, Any]]:
    """The rows as they are stored, figures rounded to what is meaningful."""
    return [
        {
            "work": row.work,
            "value": _rounded(row.value),
            "unit": row.unit,
            "spread": [_rounded(end) for end in row.measured.spread],
            "runs": len(row.measured.runs),
            "limit": row.limit.what if row.limit else None,
            "limit_value": _rounded(row.limit.measured.median) if row.limit else None,
            "limit_spread": [_rounded(end) for end in row.limit.measured.spread] if row.limit else None,
            "ratio": _rounded(row.ratio) if row.ratio is not None else None,
            "aim": row.aim.text if row.aim else None,
            "met": row.met,
            "machine": where.machine,
            "date": where.date,
            "commit": where.commit,
        }
        for row in rows
    ]


def record(name: str, lines: Sequence[dict[str, Any]]) -> None:
    """Replace the results of one benchmark, and the table of all of them."""
    RESULTS.mkdir(exist_ok=True)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (RESULTS / f"{name}.jsonl").write_text(text, encoding="utf-8")
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), table(stored())), encoding="utf-8")


def stored() -> dict[str, list[dict[str, Any]]]:
    """All recorded lines by benchmark."""
    files = sorted(RESULTS.glob("*.jsonl"))
    return {path.stem: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in files}


def with_table(page: str, text: str) -> str:
    """The page with this text between the marks, all else as it is. Raises ValueError for a page without them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} with {END} after it")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    """The table of each benchmark, with its circumstances."""
    return "\n\n".join(_section(name, lines) for name, lines in results.items() if lines)


def _section(name: str, lines: Sequence[dict[str, Any]]) -> str:
    last = lines[-1]
    where = f"`benchmarks/{name}.py` at {last['commit']}, {last['date']}, {last['machine']}:"
    return "\n".join([where, "", _HEAD, *map(_row, lines)])


def _row(line: dict[str, Any]) -> str:
    unit = line["unit"]
    cells = [
        line["work"],
        _figure(line["value"], line["spread"], unit),
        line["limit"] or "–",
        _figure(line["limit_value"], line["limit_spread"], unit) if line["limit"] else "–",
        f"{line['ratio']:g}" if line["ratio"] is not None else "–",
        line["aim"] or "–",
        {True: "yes", False: "**no**", None: "–"}[line["met"]],
    ]
    return f"| {' | '.join(cells)} |"


def _figure(value: float, spread: Sequence[float], unit: str) -> str:
    low, high = spread
    return f"{value:g} {unit}" if low == high else f"{value:g} {unit} ({low:g}–{high:g})"


def _rounded(value: float) -> float:
    """Three digits, and all of those before the point."""
    return round(value) if abs(value) >= 100 else float(f"{value:.3g}")


def _machine() -> str:
    """Processor, cores and memory; nothing that names the machine."""
    fields = (line.partition(":") for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines())
    model = next((value.strip() for name, _, value in fields if name.strip() == "model name"), "unknown processor")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB"


def _commit() -> str:
    """The short commit; with a `+` where what is measured has been changed since."""
    commit = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", *_MEASURED_PARTS)
    return f"{commit}+" if changed else commit or "no commit"


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), "-c", "safe.directory=*", *arguments],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    return done.stdout.strip()
