import pytest

from connect_protocol.relay.gathering import AT_ONCE_SECONDS, GATHERING_SECONDS, WORTH_SENDING, Gathering


class Clock:
    """Seconds that pass when a test lets them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gathering(clock: Clock) -> Gathering:
    return Gathering(clock)


def read(gathering: Gathering, clock: Clock, count: int, seconds: float = 0.0) -> None:
    gathering.begin()
    clock.now += seconds
    gathering.end(count)


def test_the_first_read_waits_for_nothing(gathering: Gathering) -> None:
    assert gathering.pause(0) == 0


def test_small_pieces_without_a_pause_gather(gathering: Gathering, clock: Clock) -> None:
    for _ in range(3):
        read(gathering, clock, 100)
        assert gathering.pause(0) == GATHERING_SECONDS


def test_a_piece_that_is_worth_sending_is_followed_at_once(gathering: Gathering, clock: Clock) -> None:
    read(gathering, clock, WORTH_SENDING)
    assert gathering.pause(0) == 0


def test_who_pauses_himself_is_not_waited_for(gathering: Gathering, clock: Clock) -> None:
    read(gathering, clock, 100, seconds=2 * AT_ONCE_SECONDS)
    assert gathering.pause(0) == 0


def test_who_takes_turns_with_his_peer_is_not_waited_for(gathering: Gathering, clock: Clock) -> None:
    """Though each of his words is there at once when it is looked for."""
    for turn in range(1, 4):
        read(gathering, clock, 100)
        assert gathering.pause(written=100 * turn) == 0


def test_a_long_answer_to_one_question_gathers(gathering: Gathering, clock: Clock) -> None:
    read(gathering, clock, 100)
    assert gathering.pause(written=50) == 0
    read(gathering, clock, 100)
    assert gathering.pause(written=50) == GATHERING_SECONDS
