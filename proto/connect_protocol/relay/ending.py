"""How a connection ends at the worker's or the bridge's side, whatever carries it there."""

from dataclasses import dataclass
from enum import StrEnum

from connect_protocol.relay.frames import Reset, ResetCode


class End(StrEnum):
    """How a connection ended."""

    CLOSED = "closed"
    """Both sides have said that no more will come, and everything has been delivered."""
    RESET_HERE = "reset_here"
    """The socket broke, or the other side broke the protocol; it has been told."""
    RESET_BY_PEER = "reset_by_peer"
    STREAM_BROKEN = "stream_broken"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """What a pump has done: bytes from socket to stream and from stream to socket, and how it ended.

    `reset` is None if and only if it ended in order.
    """

    end: End
    sent: int
    received: int
    reset: Reset | None = None


class BrokenError(Exception):
    """Ends a connection out of order."""

    def __init__(self, end: End, reset: Reset) -> None:
        super().__init__(reset.message)
        self.end = end
        self.reset = reset

    @classmethod
    def broken(cls, end: End, message: str) -> "BrokenError":
        """Somebody is gone."""
        return cls(end, Reset(code=ResetCode.BROKEN, message=message))
