"""Back-pressure from end to end: how many bytes may still be sent, and when the receiver grants more. Pure.

The window is what may be under way in one direction of a connection; the receiver holds at most that much when its
socket takes nothing. 4 MiB carry 80 MB/s over a round trip of 50 ms, and a thousand stalled connections would still fit
a small machine's memory. A receiver that wants more under way grants more than it has drained, up to LARGEST_WINDOW.
"""

from connect_protocol.relay.errors import ProtocolError

WINDOW = 4 * 1024 * 1024
LARGEST_WINDOW = 32 * 1024 * 1024
"""More than this is never under way in one direction, whatever the two ends grant each other."""


class SendCredit:
    """How many bytes one direction of a connection may still carry before its receiver grants more."""

    def __init__(self, window: int) -> None:
        """Raises ProtocolError for a window that nobody may open."""
        if not 0 < window <= LARGEST_WINDOW:
            raise ProtocolError(f"a window of {window} bytes; 1 to {LARGEST_WINDOW} are allowed")
        self._available = window

    @property
    def available(self) -> int:
        """Bytes that may be sent now."""
        return self._available

    def spend(self, count: int) -> None:
        """Bytes have been sent. Raises ProtocolError where they were more than allowed."""
        if count > self._available:
            raise ProtocolError(f"{count} bytes sent with a credit of {self._available}")
        self._available -= count

    def grant(self, count: int) -> None:
        """The receiver allows more. Raises ProtocolError where it allows more than anybody may have under way."""
        if self._available + count > LARGEST_WINDOW:
            raise ProtocolError(f"a credit of {self._available + count} bytes; at most {LARGEST_WINDOW} are allowed")
        self._available += count


class ReceiveWindow:
    """The receiver's account: what the sender may still send, and what has gone on to the socket since the last grant.

    Grants are gathered until a quarter of the window is free: one Credit frame for many small pieces of data, and never
    a sender that waits while the receiver has room.
    """

    def __init__(self, window: int) -> None:
        self._allowed = SendCredit(window)
        self._worth_granting = max(1, window // 4)
        self._drained = 0

    def received(self, count: int) -> None:
        """Data have come in. Raises ProtocolError where they were more than the window had room for."""
        self._allowed.spend(count)

    def drained(self, count: int) -> int:
        """The socket has taken so many bytes; returns how many to grant to the sender now, often 0."""
        self._drained += count
        if self._drained < self._worth_granting:
            return 0
        granted, self._drained = self._drained, 0
        self._allowed.grant(granted)
        return granted
