"""What has come on a channel and nobody has taken yet. Pure.

Small pieces are joined as they come: the memory held is that of the bytes, however small the packets that brought them.
"""

from collections import deque

SMALL = 16 * 1024
LARGE = 64 * 1024
LARGEST_JOINED = 256 * 1024


class Held:
    """Bytes in their order. What is small is joined when it is taken; a large piece is not copied for company."""

    def __init__(self) -> None:
        """Empty."""
        self._pieces: deque[bytes | bytearray] = deque()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def put(self, piece: bytes) -> None:
        """Add bytes at the end."""
        last = self._pieces[-1] if self._pieces else None
        if len(piece) >= SMALL:
            self._pieces.append(piece)
        elif isinstance(last, bytearray) and len(last) + len(piece) <= LARGE:
            last += piece
        else:
            self._pieces.append(bytearray(piece))
        self._length += len(piece)

    def take(self, most: int) -> bytes:
        """Remove some from the beginning, at most so many; empty if there are none."""
        taken: list[bytes | bytearray] = []
        length = 0
        while self._pieces and length < most and not (taken and self._ends_at(length)):
            piece = self._pieces.popleft()
            if length + len(piece) > most:
                self._pieces.appendleft(piece[most - length :])
                piece = piece[: most - length]
            taken.append(piece)
            length += len(piece)
        self._length -= length
        return bytes(taken[0]) if len(taken) == 1 else b"".join(taken)

    def _ends_at(self, length: int) -> bool:
        """Whether so much is enough, with what comes next."""
        return length >= LARGE or length + len(self._pieces[0]) > LARGEST_JOINED
