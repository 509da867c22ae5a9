"""A bucket of bytes that fills at a steady rate."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_relay.rate import BURST_SECONDS, Bucket


@dataclass(kw_only=True)
class Clock:
    """Stands still until the test moves it."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_has_not_been_used_passes_at_once_and_the_rest_at_the_rate(clock: Clock) -> None:
    bucket = Bucket(1000, clock)
    assert bucket.take(1000) == 0
    assert bucket.take(500) == 0.5
    clock.now += 0.5
    assert bucket.take(100) == pytest.approx(0.1)


def test_who_comes_later_waits_behind_who_came_first(clock: Clock) -> None:
    bucket = Bucket(1000, clock)
    bucket.take(1000)
    assert [bucket.take(100) for _ in range(3)] == pytest.approx([0.1, 0.2, 0.3])


def test_a_long_silence_is_worth_no_more_than_the_burst(clock: Clock) -> None:
    bucket = Bucket(1000, clock)
    clock.now += 3600
    assert bucket.take(1000) == 0
    assert bucket.take(1) > 0


@given(st.lists(st.tuples(st.integers(1, 5000), st.floats(0, 2)), min_size=1, max_size=50))
def test_however_it_is_asked_no_more_passes_than_rate_and_burst_allow(takes: list[tuple[int, float]]) -> None:
    """Each taker waits as long as he is told; others may ask meanwhile."""
    clock = Clock()
    bucket = Bucket(1000, clock)
    passed: list[tuple[float, int]] = []
    for count, pause in takes:
        passed.append((clock.now + bucket.take(count), count))
        clock.now += pause
    end = max(moment for moment, _ in passed)
    assert sum(count for _, count in passed) <= 1000 * (end - 100.0 + BURST_SECONDS) + 1e-6
