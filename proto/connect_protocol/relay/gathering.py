"""When to let small pieces gather in a socket before it is read. Pure.

A server that sends small pieces without a pause, as a database does with its rows, is read a moment later: a frame
costs as much as the bytes of a large one. Whoever takes turns with his peer is not made to wait: his is an answer.
"""

from collections.abc import Callable

WORTH_SENDING = 64 * 1024
"""A piece as large as this is sent without waiting for more."""
AT_ONCE_SECONDS = 0.0002
"""Who has something to read after so short a time has not waited for anybody."""
GATHERING_SECONDS = 0.001


class Gathering:
    """What the last read tells of the next one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` tells seconds."""
        self._clock = clock
        self._flowing = False
        self._written = 0
        self._begun = 0.0

    def pause(self, written: int) -> float:
        """For how many seconds to leave the socket alone; `written`: bytes that have gone into it since the beginning.

        Without the look at these, two who take turns would stay as slow as the pauses: each answer has come when a
        pause is over, and so looks as if it had followed without one.
        """
        takes_turns = written != self._written
        self._written = written
        return GATHERING_SECONDS if self._flowing and not takes_turns else 0.0

    def begin(self) -> None:
        """A read begins."""
        self._begun = self._clock()

    def end(self, count: int) -> None:
        """It has brought so many bytes."""
        self._flowing = count < WORTH_SENDING and self._clock() - self._begun < AT_ONCE_SECONDS
