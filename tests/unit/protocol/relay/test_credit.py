"""Both ends' accounts of what may be under way."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush
from itertools import count
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_protocol.relay.credit import (
    BASE_WINDOW,
    FIRST_STEP,
    LARGEST_BUDGET,
    LARGEST_WINDOW,
    Budget,
    ReceiveWindow,
    SendCredit,
)
from connect_protocol.relay.errors import ProtocolError


def test_credit_is_spent_and_granted() -> None:
    credit = SendCredit(10)
    credit.spend(10)
    assert credit.available == 0
    credit.grant(3)
    assert credit.available == 3


def test_who_sends_more_than_allowed_breaks_the_protocol() -> None:
    credit = SendCredit(10)
    with pytest.raises(ProtocolError, match="11 bytes sent with a credit of 10"):
        credit.spend(11)


def test_who_grants_more_than_anybody_may_have_breaks_the_protocol() -> None:
    credit = SendCredit(10)
    credit.grant(LARGEST_WINDOW - 10)
    with pytest.raises(ProtocolError, match="at most"):
        credit.grant(1)


@pytest.mark.parametrize("window", [0, -1, LARGEST_WINDOW + 1])
def test_a_window_that_cannot_be_is_refused(window: int) -> None:
    with pytest.raises(ProtocolError, match="a window of"):
        SendCredit(window)


def test_grants_are_gathered_to_a_quarter_of_the_window() -> None:
    window = ReceiveWindow(100)
    window.received(60)
    assert window.drained(24) == 0
    assert window.drained(1) == 25
    assert window.drained(25) == 25


def test_the_receiver_allows_its_window_and_what_it_has_granted() -> None:
    window = ReceiveWindow(100)
    window.received(100)
    assert window.drained(30) == 30
    window.received(30)
    with pytest.raises(ProtocolError, match="1 bytes sent with a credit of 0"):
        window.received(1)


@given(st.integers(1, 1000), st.lists(st.integers(1, 300), max_size=50))
def test_a_sender_and_a_receiver_never_wait_for_each_other(window: int, pieces: list[int]) -> None:
    """Once the socket has taken everything, the sender may send again; and it never had more under way than allowed."""
    credit, receiver = SendCredit(window), ReceiveWindow(window)
    for piece in pieces:
        left = piece
        while left:
            assert credit.available > 0
            sent = min(left, credit.available)
            credit.spend(sent)
            receiver.received(sent)
            left -= sent
            if grant := receiver.drained(sent):
                credit.grant(grant)
            assert credit.available <= window


SPEEDS = st.integers(100_000, 1_000_000_000)
ROUND_TRIPS = st.floats(0.0005, 0.3)


@settings(max_examples=30)
@given(SPEEDS, ROUND_TRIPS)
def test_a_window_grows_until_the_way_limits_and_not_the_window(speed: int, round_trip: float) -> None:
    """A few dozen round trips suffice; then it holds the bandwidth × round trip, and no more than a few times of it."""
    way = Way(speed=speed, round_trip=round_trip)
    way.carry(40 * max(round_trip, LARGEST_WINDOW / speed))
    needed = speed * round_trip
    assert way.window.size >= min(needed, LARGEST_WINDOW) * 0.9
    assert way.window.size <= max(2 * FIRST_STEP, 8 * (needed + PIECE))


@settings(max_examples=30)
@given(SPEEDS, ROUND_TRIPS, st.integers(1, 50))
def test_a_window_does_not_grow_for_a_reader_that_is_slow(speed: int, round_trip: float, slower: int) -> None:
    """What it takes within a round trip decides, whatever could come."""
    reader = speed // slower
    way = Way(speed=speed, round_trip=round_trip, reader=reader)
    way.carry(40 * max(round_trip, FIRST_STEP / reader))
    assert way.window.size <= max(2 * FIRST_STEP, 8 * (speed * round_trip + PIECE))
    assert way.under_way_at_most <= way.window.size


@settings(max_examples=30)
@given(st.integers(1_000, 500_000), ROUND_TRIPS)
def test_a_window_stays_small_where_little_is_sent(speed: int, round_trip: float) -> None:
    way = Way(speed=speed, round_trip=round_trip)
    way.carry(60)
    assert way.window.size <= FIRST_STEP


def test_a_pause_is_not_taken_for_a_round_trip() -> None:
    """Requests and their answers, with seconds of silence between: the window stays as it was."""
    clock = Clock()
    window = Budget(clock).open()
    for _ in range(100):
        clock.now += 5
        window.received(BASE_WINDOW // 2)
        window.drained(BASE_WINDOW // 2)
    assert window.size == BASE_WINDOW


def test_who_uses_up_his_first_window_gets_a_larger_one_at_once() -> None:
    """On any way: what is sent in one go, as a list of pupils is, waits for one round trip, not for five."""
    clock = Clock()
    window = Budget(clock).open()
    grown(window, clock, rounds=2)
    assert window.size >= FIRST_STEP


def test_a_window_grows_no_further_than_it_is_asked_to() -> None:
    clock = Clock()
    assert grown(Budget(clock).open(3 * FIRST_STEP), clock) == 3 * FIRST_STEP
    window = Budget(clock).open()
    window.grow_only_to(2 * FIRST_STEP)
    assert grown(window, clock) == 2 * FIRST_STEP


@given(st.integers(0, 60))
def test_a_newcomer_beside_connections_that_rest_gets_an_eighth_of_what_is_left(resting: int) -> None:
    """Each of them has got all that it could, and keeps it."""
    clock = Clock()
    budget = Budget(clock)
    for _ in range(resting):
        grown(budget.open(), clock)
    newcomer = budget.open()
    promised = LARGEST_BUDGET / 8 * (7 / 8) ** resting
    assert grown(newcomer, clock) >= min(BASE_WINDOW + promised - 1, LARGEST_WINDOW)


@settings(max_examples=30)
@given(st.integers(1, 40))
def test_connections_that_move_bytes_come_to_equal_shares_with_a_newcomer(busy: int) -> None:
    clock = Clock()
    budget = Budget(clock)
    windows = [budget.open() for _ in range(busy)]
    for window in windows:
        grown(window, clock)
    windows.append(budget.open())
    for _ in range(20):
        for window in windows:
            grown(window, clock, rounds=2)
    sizes = [window.size for window in windows]
    assert min(sizes) >= 0.9 * (BASE_WINDOW + LARGEST_BUDGET / (busy + 8))
    assert max(sizes) <= 1.1 * min(sizes)


def test_what_a_connection_had_is_there_again_when_it_is_over() -> None:
    clock = Clock()
    budget = Budget(clock)
    window = budget.open()
    assert grown(window, clock) > FIRST_STEP
    assert budget.left < LARGEST_BUDGET
    window.close()
    window.close()
    assert budget.left == LARGEST_BUDGET


class Happening(StrEnum):
    """What may happen to a window."""

    OPEN = "open"
    FILL = "fill"
    DRAIN = "drain"
    CLOSE = "close"


HAPPENINGS = st.tuples(
    st.sampled_from(Happening), st.integers(0, 7), st.floats(0, 1), st.sampled_from([0.0, 0.0001, 0.05, 2.0])
)


@settings(max_examples=300)
@given(st.integers(0, 3 * FIRST_STEP), st.lists(HAPPENINGS, max_size=120))
def test_all_that_can_be_held_is_the_budget_and_a_base_for_each(
    most: int, happenings: list[tuple[Happening, int, float, float]]
) -> None:
    """Whatever happens: no window holds, or may be sent, more than its size, nor all of them more than the sum."""
    clock = Clock()
    budget = Budget(clock, most)
    held = [Held(budget.open()) for _ in range(8)]
    for happening, number, part, seconds in happenings:
        clock.now += seconds
        held[number] = happen(happening, held[number], part, budget)
        assert all(each.holds + each.coming <= each.window.size for each in held)
        assert sum(each.window.size for each in held) == len(held) * BASE_WINDOW + most - budget.left
        assert budget.left >= 0


@dataclass
class Held:
    """A window, what is held of it and what may still come."""

    window: ReceiveWindow
    holds: int = 0
    coming: int = BASE_WINDOW


def happen(happening: Happening, held: Held, part: float, budget: Budget) -> Held:
    """The window after it."""
    match happening:
        case Happening.CLOSE:
            held.window.close()
            return Held(budget.open())
        case Happening.FILL:
            count = ceil(held.coming * part)
            held.window.received(count)
            held.coming -= count
            held.holds += count
        case Happening.DRAIN:
            count = ceil(held.holds * part)
            held.holds -= count
            held.coming += held.window.drained(count)
    return held


PIECE = 64 * 1024


@dataclass
class Clock:
    """Seconds, as the test has them pass."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def grown(window: ReceiveWindow, clock: Clock, rounds: int = 16) -> int:
    """Its size after a sender that was limited by nothing but the window, some round trips long."""
    credit = window._credit.available
    for _ in range(rounds):
        clock.now += 0.05
        window.received(credit)
        credit = window.drained(credit)
    return window.size


class Way:
    """A sender with endless data, a way of a certain speed and length, and a reader, in virtual time.

    Pieces queue before the way, as they do in its routers; grants come back after half of the round trip.
    """

    def __init__(self, *, speed: int, round_trip: float, reader: int | None = None) -> None:
        self._clock = Clock()
        self._delay = round_trip / 2
        self._speed, self._reader = speed, reader
        self._events: list[tuple[float, int, Callable[[int], None], int]] = []
        self._way_free = self._reader_free = 0.0
        self._numbers = count()
        self.window = Budget(self._clock).open()
        self._credit = SendCredit(self.window.size)
        self._under_way = 0
        self.under_way_at_most = 0

    def carry(self, seconds: float, *, most_events: int = 6000) -> None:
        self._send(0)
        for _ in range(most_events):
            at, _, happens, size = heappop(self._events)
            if at > seconds:
                break
            self._clock.now = at
            happens(size)

    def _send(self, granted: int) -> None:
        if granted:
            self._credit.grant(granted)
        while size := min(PIECE, self._credit.available):
            self._credit.spend(size)
            self._under_way += size
            self.under_way_at_most = max(self.under_way_at_most, self._under_way)
            self._way_free = max(self._way_free, self._clock.now) + size / self._speed
            self._at(self._way_free + self._delay, self._arrive, size)

    def _arrive(self, size: int) -> None:
        self.window.received(size)
        taking = size / self._reader if self._reader else 0.0
        self._reader_free = max(self._reader_free, self._clock.now) + taking
        self._at(self._reader_free, self._drain, size)

    def _drain(self, size: int) -> None:
        self._under_way -= size
        if grant := self.window.drained(size):
            self._at(self._clock.now + self._delay, self._send, grant)

    def _at(self, when: float, happens: Callable[[int], None], size: int) -> None:
        heappush(self._events, (when, next(self._numbers), happens, size))
