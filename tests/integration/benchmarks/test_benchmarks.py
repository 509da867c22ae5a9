"""Each benchmark works, with few people: it finds what it planted, and tells its rows. Nothing is timed here."""

from collections.abc import Callable, Sequence

import pytest

from benchmarks import bench_changes, bench_core, bench_first_sync, bench_night, bench_relay, bench_round_trips
from benchmarks.recording import PAGE, RESULTS

FEW = ["--people", "140", "--runs", "1"]

Benchmark = Callable[[Sequence[str]], None]


def recorded() -> dict[str, str]:
    """What the repository holds of earlier runs."""
    return {path.name: path.read_text(encoding="utf-8") for path in (PAGE, *sorted(RESULTS.glob("*.jsonl")))}


@pytest.mark.parametrize(
    ("benchmark", "works"),
    [
        (bench_core.main, ["update + validate + desired + diff, pure", "… diff", "… memory of the process"]),
        (bench_night.main, ["a night without changes, no latency", "… of it CPU", "the same with 20 ms of round trip"]),
        (bench_first_sync.main, ["first sync, 171 people with passwords"]),
        (bench_changes.main, ["85 attribute changes, 340 membership changes at 20 ms", "… of it the applying"]),
        (bench_round_trips.main, ["round trips to the database", "round trips to the directory"]),
    ],
)
def test_a_benchmark_tells_its_rows_and_a_try_is_not_recorded(
    benchmark: Benchmark, works: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = recorded()
    benchmark(FEW)
    printed = capsys.readouterr().out.splitlines()
    for work in works:
        assert [line for line in printed if line.startswith(f"| {work}")], work
    assert recorded() == before


def test_the_relays_benchmark_measures_every_figure_of_a_path(capsys: pytest.CaptureFixture[str]) -> None:
    """The direct way and ours by gRPC, on loopback: each figure has its row, and those with an aim say what it is."""
    before = recorded()
    few = ["--near", "--runs", "1", "--seconds", "0.1", "--idle", "4", "--paths", "direct TCP", "Connect, gRPC"]
    bench_relay.main(few)
    printed = capsys.readouterr().out
    ours = [line for line in printed.splitlines() if line.endswith("|") and "Connect, gRPC" in line]
    assert len(ours) == 12
    assert [line for line in ours if "100 bytes there and back" in line and "≤ 0.6 ms more" in line]
    assert [line for line in ours if "half-closes" in line and line.endswith("| yes | yes |")]
    assert recorded() == before
