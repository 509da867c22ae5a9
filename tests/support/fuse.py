"""Kills a night in the middle of its writes, as a power failure would."""

from dataclasses import dataclass


class KilledError(Exception):
    """The night ends here: nothing of it runs any more."""


@dataclass(slots=True)
class Fuse:
    """Burns with every write to the database or the directory; None: there is none. Burnt down it lets nothing pass."""

    writes: int | None = None

    def burn(self) -> None:
        """Called before each write. Raises KilledError once so many were made, and from then on."""
        if self.writes is None:
            return
        if self.writes == 0:
            raise KilledError
        self.writes -= 1
