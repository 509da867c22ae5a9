"""What has come on a channel and nobody has taken yet. Pure."""

from collections import deque

LARGE = 64 * 1024
LARGEST_JOINED = 256 * 1024


class Held:
    """Bytes in their order. Small pieces are joined when they are taken; a large one is not copied for company."""

    def __init__(self) -> None:
        """Empty."""
        self._pieces: deque[bytes] = deque()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def put(self, piece: bytes) -> None:
        """Add bytes at the end."""
        self._pieces.append(piece)
        self._length += len(piece)

    def take(self, most: int) -> bytes:
        """Remove some from the beginning, at most so many; empty if there are none."""
        taken: list[bytes] = []
        length = 0
        while self._pieces and length < most and not (taken and self._ends_at(length)):
            piece = self._pieces.popleft()
            if length + len(piece) > most:
                self._pieces.appendleft(piece[most - length :])
                piece = piece[: most - length]
            taken.append(piece)
            length += len(piece)
        self._length -= length
        return taken[0] if len(taken) == 1 else b"".join(taken)

    def _ends_at(self, length: int) -> bool:
        """Whether so much is enough, with what comes next."""
        return length >= LARGE or length + len(self._pieces[0]) > LARGEST_JOINED
