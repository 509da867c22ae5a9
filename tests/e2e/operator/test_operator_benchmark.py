"""The operator's benchmark works, with a few ConnectJobs. Nothing is timed here."""

import pytest

from benchmarks import bench_operator
from benchmarks.recording import PAGE


def test_it_measures_every_figure_of_a_fleet_and_a_try_is_not_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    before = PAGE.read_text(encoding="utf-8")
    bench_operator.main(["--jobs", "3", "--ends", "0", "--rest", "0.5"])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 11
    assert [row for row in rows if row.startswith("| … requests to the API server for each of them | 7 requests")]
    assert [row for row in rows if row.startswith("| … writes | 0 requests") and row.endswith("| none | yes |")]
    assert PAGE.read_text(encoding="utf-8") == before
