"""How many lines of one kind a second may have, lest a flood of callers be a flood of lines. Pure."""

from collections.abc import Callable

MOST_PER_SECOND = 20


class LineBudget:
    """Lets so many lines a second be written, and counts the others."""

    def __init__(self, clock: Callable[[], float], most: int = MOST_PER_SECOND) -> None:
        """`clock` in seconds, never going back."""
        self._clock = clock
        self._most = most
        self._second = clock()
        self._written = 0
        self._left_out = 0

    def allows(self) -> bool:
        """Whether one more line may be written now."""
        now = self._clock()
        if now - self._second >= 1:
            self._second, self._written = now, 0
        if self._written >= self._most:
            self._left_out += 1
            return False
        self._written += 1
        return True

    def left_out(self) -> int:
        """How many lines were not written since this was asked last."""
        count, self._left_out = self._left_out, 0
        return count
