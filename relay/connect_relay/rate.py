"""How fast bytes may pass: a bucket that fills at a steady rate. Pure: the clock is the caller's."""

from collections.abc import Callable

BURST_SECONDS = 1.0
"""What has not been used is kept for so long: a short exchange passes undelayed."""


class Bucket:
    """So many bytes a second, of all who take from it together.

    It may be overdrawn: who takes too much waits for the rest, and who comes after him waits behind him. So those who
    send all the time take turns, a frame each.
    """

    def __init__(self, rate: int, clock: Callable[[], float]) -> None:
        """`rate` in bytes a second, at least 1; `clock` in seconds, never going back."""
        self._rate = rate
        self._clock = clock
        self._most = rate * BURST_SECONDS
        self._left = self._most
        self._filled = clock()

    def take(self, count: int) -> float:
        """Take `count` bytes; returns how many seconds to wait until they may pass, mostly 0."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._filled) * self._rate) - count
        self._filled = now
        return max(0.0, -self._left / self._rate)
