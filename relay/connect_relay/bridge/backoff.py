"""How long to pause between attempts. Pure: chance is the caller's."""

from collections.abc import Callable

FIRST = 1.0


class Backoff:
    """Pauses that grow from a second to `longest`, each anywhere between nothing and that ("full jitter").

    A hundred bridges that lost their relay at the same moment thus come back spread out, not all at once.
    """

    def __init__(self, longest: float, chance: Callable[[], float]) -> None:
        """`longest` in seconds; `chance` gives a number from 0 to below 1, anew each time."""
        self._longest = longest
        self._chance = chance
        self._ceiling = min(FIRST, longest)

    def next(self) -> float:
        """Seconds to pause now."""
        pause = self._ceiling * self._chance()
        self._ceiling = min(self._ceiling * 2, self._longest)
        return pause

    def reset(self) -> None:
        """The last attempt went well: start small again."""
        self._ceiling = min(FIRST, self._longest)
