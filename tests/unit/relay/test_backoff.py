"""Pauses between attempts."""

from connect_relay.bridge.backoff import Backoff


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(60, lambda: 1.0)
    assert [backoff.next() for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_chance_spreads_them_from_nothing_on() -> None:
    chances = iter([0.0, 0.5, 0.25])
    backoff = Backoff(60, lambda: next(chances))
    assert [backoff.next() for _ in range(3)] == [0, 1, 1]


def test_after_a_success_they_start_small_again() -> None:
    backoff = Backoff(60, lambda: 1.0)
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert backoff.next() == 1


def test_a_longest_pause_below_a_second_holds_at_once() -> None:
    assert Backoff(0.2, lambda: 1.0).next() == 0.2
