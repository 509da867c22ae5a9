"""The figures of many runs that end."""

from benchmarks.ended_runs import Ends
from benchmarks.operator_rows import ends_rows


def test_ends_are_told_by_their_median_and_by_what_all_but_one_in_a_hundred_do_not_exceed() -> None:
    names = [str(number) for number in range(200)]
    ends = Ends(
        pods=dict.fromkeys(names, 100.0),
        jobs=dict.fromkeys(names, 101.0),
        statuses={name: 100.0 + int(name) / 100 for name in names},
    )
    middle, late = ends_rows([ends])
    assert (round(middle.value, 3), round(late.value, 2)) == (0.995, 1.97)
    assert middle.limit is not None
    assert middle.limit.measured.median == 1.0


def test_where_no_runs_were_asked_for_there_is_nothing_to_tell() -> None:
    assert ends_rows([]) == []
