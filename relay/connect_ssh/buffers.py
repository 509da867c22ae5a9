"""Large buffers, lent to whoever has bytes to move right now: an idle connection has none."""

from typing import Final

BUFFER_BYTES: Final = 1024 * 1024
_SPARE: Final = 4


class Buffers:
    """Of one event loop."""

    def __init__(self) -> None:
        """None is made before it is needed."""
        self._spare: list[memoryview] = []

    def borrow(self) -> memoryview:
        """A buffer of BUFFER_BYTES, with anything in it."""
        return self._spare.pop() if self._spare else memoryview(bytearray(BUFFER_BYTES))

    def give_back(self, buffer: memoryview) -> None:
        """Nobody reads or writes the buffer any more."""
        if len(self._spare) < _SPARE:
            self._spare.append(buffer)
