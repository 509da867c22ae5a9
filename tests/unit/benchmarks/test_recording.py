"""What was measured as machines and people read it."""

import pytest

from benchmarks.measuring import Aim, Limit, Of, Row, Series
from benchmarks.recording import BEGIN, END, Circumstances, circumstances, lines_of, table, with_table

WHERE = Circumstances(machine="A processor, 2 cores, 24 GiB", date="2026-11-16", commit="0123abc")
NIGHT = Row(
    work="a night",
    unit="s",
    measured=Series(runs=(2.0, 3.14159, 4.0)),
    limit=Limit(what="by hand", measured=Series(runs=(2.0, 2.0, 2.5))),
    aim=Aim(text="≤ 2 ×", most=2.0, of=Of.RATIO),
)
MEMORY = Row(work="memory", unit="MB", measured=Series(runs=(1234.56,)))


def test_a_line_has_all_that_a_later_reader_needs() -> None:
    assert lines_of([NIGHT], WHERE) == [
        {
            "work": "a night",
            "value": 3.14,
            "unit": "s",
            "spread": [2.0, 4.0],
            "runs": 3,
            "limit": "by hand",
            "limit_value": 2.0,
            "limit_spread": [2.0, 2.5],
            "ratio": 1.57,
            "aim": "≤ 2 ×",
            "met": True,
            "machine": "A processor, 2 cores, 24 GiB",
            "date": "2026-11-16",
            "commit": "0123abc",
        }
    ]


def test_what_has_no_limit_and_no_aim_is_told_as_a_figure_alone() -> None:
    (line,) = lines_of([MEMORY], WHERE)
    assert (line["value"], line["limit"], line["ratio"], line["aim"], line["met"]) == (1235, None, None, None, None)


def test_people_read_a_table() -> None:
    assert table({"bench_night": lines_of([NIGHT, MEMORY], WHERE)}) == (
        "`benchmarks/bench_night.py` at 0123abc, 2026-11-16, A processor, 2 cores, 24 GiB:\n"
        "\n"
        "| work | value | limit | limit's value | ratio | aim | met |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| a night | 3.14 s (2–4) | by hand | 2 s (2–2.5) | 1.57 | ≤ 2 × | yes |\n"
        "| memory | 1235 MB | – | – | – | – | – |"
    )


def test_the_text_around_the_table_stays() -> None:
    page = f"# Title\n\nBefore.\n\n{BEGIN}\n\nold\n\n{END}\n\nAfter.\n"
    assert with_table(page, "new") == f"# Title\n\nBefore.\n\n{BEGIN}\n\nnew\n\n{END}\n\nAfter.\n"
    assert with_table(with_table(page, "new"), "old") == page


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="the page has no"):
        with_table("# Title\n", "new")


def test_the_machine_is_described_without_its_name() -> None:
    assert circumstances().machine.endswith("GiB")
