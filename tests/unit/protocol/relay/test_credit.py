"""Both ends' accounts of what may be under way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_protocol.relay.credit import LARGEST_WINDOW, ReceiveWindow, SendCredit
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
