"""What has come in and waits for the socket to take it. Pure.

Small pieces are joined: the memory held is that of the bytes, however small the frames that brought them.
"""

from collections import deque

SMALL = 16 * 1024
LARGEST_JOINED = 64 * 1024


class Inbox:
    """Bytes in their order, taken out in pieces."""

    def __init__(self) -> None:
        self._pieces: deque[bytes | memoryview | bytearray] = deque()

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def put(self, payload: bytes | memoryview) -> None:
        """Add bytes at the end."""
        if len(payload) >= SMALL:
            self._pieces.append(payload)
            return
        last = self._pieces[-1] if self._pieces else None
        if isinstance(last, bytearray) and len(last) + len(payload) <= LARGEST_JOINED:
            last += payload
        else:
            self._pieces.append(bytearray(payload))

    def take(self) -> bytes | memoryview | bytearray:
        """Remove the first piece; there must be one."""
        return self._pieces.popleft()
