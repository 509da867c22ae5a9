"""What has come on a channel is taken in order, whole or in part."""

from sys import getsizeof

from hypothesis import given
from hypothesis import strategies as st

from connect_ssh.held import LARGE, LARGEST_JOINED, Held


@given(st.lists(st.integers(0, 2 * LARGE)), st.lists(st.integers(1, LARGEST_JOINED), min_size=1))
def test_all_bytes_come_in_order_and_no_more_than_wanted(sizes: list[int], wanted: list[int]) -> None:
    held = Held()
    pieces = [bytes([number % 256]) * size for number, size in enumerate(sizes)]
    for piece in pieces:
        held.put(piece)
    assert len(held) == sum(sizes)
    taken: list[bytes] = []
    while held:
        most = wanted[len(taken) % len(wanted)]
        taken.append(held.take(most))
        assert 0 < len(taken[-1]) <= most
    assert b"".join(taken) == b"".join(pieces)
    assert held.take(1) == b""


def test_small_pieces_are_joined() -> None:
    held = Held()
    for _ in range(100):
        held.put(bytes(1000))
    assert len(held.take(LARGEST_JOINED)) >= LARGE


def test_a_large_piece_is_taken_as_it_is() -> None:
    held = Held()
    large = bytes(LARGE)
    held.put(large)
    held.put(b"more")
    assert held.take(LARGEST_JOINED) is large


def test_no_piece_is_kept_by_itself_however_small_it_came() -> None:
    """What is held may be a whole window, and a peer may fill it byte by byte."""
    held = Held()
    for _ in range(10_000):
        held.put(b"xy")
    assert size_of(held) < 2 * len(held)


def size_of(held: Held) -> int:
    """Bytes that the pieces hold."""
    return sum(getsizeof(piece) for piece in held._pieces)
