"""So many lines a second, and a count of the others."""

from connect_relay.line_budget import LineBudget


def test_what_is_too_much_for_a_second_is_counted_and_the_next_second_begins_anew() -> None:
    moments = iter([0.0, 0.0, 0.1, 0.2, 0.9, 1.0, 1.5, 1.9])
    budget = LineBudget(lambda: next(moments), most=2)
    assert [budget.allows() for _ in range(7)] == [True, True, False, False, True, True, False]
    assert budget.left_out() == 3
    assert budget.left_out() == 0
