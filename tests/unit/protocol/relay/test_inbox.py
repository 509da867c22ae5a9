"""What waits for the socket is held without waste."""

from hypothesis import given
from hypothesis import strategies as st

from connect_protocol.relay.inbox import LARGEST_JOINED, SMALL, Inbox


@given(st.lists(st.binary(min_size=1, max_size=2 * SMALL), max_size=20))
def test_what_is_put_in_comes_out_in_order(pieces: list[bytes]) -> None:
    inbox = Inbox()
    for piece in pieces:
        inbox.put(memoryview(piece))
    taken = b""
    while inbox:
        taken += inbox.take()
    assert taken == b"".join(pieces)


def test_small_pieces_are_joined() -> None:
    """A hundred thousand frames of one byte are a hundred kilobytes, not as many objects."""
    inbox = Inbox()
    for _ in range(100_000):
        inbox.put(b"x")
    sizes = []
    while inbox:
        sizes.append(len(inbox.take()))
    assert sizes == [LARGEST_JOINED, 100_000 - LARGEST_JOINED]


def test_a_piece_that_has_been_taken_changes_no_more() -> None:
    inbox = Inbox()
    inbox.put(b"first")
    taken = inbox.take()
    inbox.put(b"second")
    assert (taken, inbox.take()) == (b"first", b"second")
