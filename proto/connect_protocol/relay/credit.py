"""Back-pressure from end to end: how many bytes may still be sent, and when the receiver grants more. Pure.

A window is what may be under way in one direction of a connection; the receiver holds at most that much when its socket
takes nothing. It begins small and grows with what the way carries within a round trip, as TCP's receivers do ("dynamic
right-sizing"): so a distant connection is as fast as a near one, and a slow or idle one stays small. What windows have
grown by comes from one budget of the process, an eighth of what the others have left at most: so there is always some
for who comes next, and many stalled connections hold no more than the budget and what each began with.
"""

from collections.abc import Callable
from dataclasses import dataclass

from connect_protocol.relay.errors import ProtocolError

BASE_WINDOW = 64 * 1024
"""How large every window is at first. It is never refused: how many connections there may be is what bounds the sum."""
FIRST_STEP = 1024 * 1024
"""To so much a window grows at least, if at all: what is sent in one go once is worth a round trip saved."""
LARGEST_WINDOW = 32 * 1024 * 1024
"""More than this is never under way in one direction, whatever the two ends grant each other."""
LARGEST_BUDGET = 256 * 1024 * 1024
"""Bytes by which all windows of a process together may have grown."""
LONGEST_ROUND_TRIP = 1.0
"""Seconds. What takes longer than that to come had not waited for a grant."""

_HEADROOM = 4
"""So many times what a round trip brings: a sender that is stopped by the window always gets a larger one."""
_SHARE = 8
_SHORTEST = 1e-6

Clock = Callable[[], float]


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


class Budget:
    """What the windows of a process may have grown by.

    Each may have an eighth of what the others have left. Those who move bytes keep to that as it changes, who rests
    keeps what he has: of N that grow, each comes to `most` / (N + 7) in the end, and beside N that rest with all that
    they could get, a newcomer gets `most` / 8 × (7/8)^N at once.
    """

    def __init__(self, clock: Clock, most: int = LARGEST_BUDGET) -> None:
        """`clock` tells seconds; `most` in bytes."""
        self._clock = clock
        self._left = most

    @property
    def left(self) -> int:
        """Bytes that no window has; never below zero."""
        return self._left

    def open(self, largest: int = LARGEST_WINDOW) -> "ReceiveWindow":
        """The window of a new connection, which whoever asks for it has to close; it grows to `largest` bytes."""
        return ReceiveWindow(BASE_WINDOW, self, largest)

    def share(self, own: int) -> int:
        """How much a window that has grown by `own` may have grown by now."""
        return (self._left + own) // _SHARE

    def take(self, count: int) -> None:
        """A window grows, within its share; with less than nothing it shrinks."""
        self._left -= count

    def now(self) -> float:
        """The clock."""
        return self._clock()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Round:
    """From a grant to the first byte that could be sent only because of it: a round trip, or longer.

    `received`: bytes until then; `mark`: the last byte that was allowed before.
    """

    begun: float
    received: int
    mark: int


class ReceiveWindow:
    """The receiver's account: what the sender may still send, and what has gone on to the socket since the last grant.

    Grants are gathered until a quarter of the window is free: one Credit frame for many small pieces of data, and never
    a sender that waits while the receiver has room. Counts are of bytes since the beginning.
    """

    def __init__(self, size: int, budget: Budget | None = None, largest: int = LARGEST_WINDOW) -> None:
        """Without a budget it stays as large as it is. Raises ProtocolError for a window that nobody may open."""
        self._credit = SendCredit(size)
        self._size = size
        self._largest = largest
        self._grown = 0
        self._budget = budget
        self._allowed = size
        self._received = 0
        self._drained = 0
        self._round: _Round | None = None
        self._round_trip = LONGEST_ROUND_TRIP

    @property
    def size(self) -> int:
        """Bytes that may be under way."""
        return self._size

    def grow_only_to(self, largest: int) -> None:
        """Grow to so many bytes at most, FIRST_STEP or more, from now on."""
        self._largest = largest

    def received(self, count: int) -> None:
        """Data have come in. Raises ProtocolError where they were more than the window had room for."""
        self._credit.spend(count)
        self._received += count
        if self._budget is not None and self._round is not None and self._received > self._round.mark:
            self._grow(self._round, self._budget)
            self._round = None

    def drained(self, count: int) -> int:
        """The socket has taken so many bytes; returns how many to grant to the sender now, often 0."""
        self._drained += count
        if self._budget is not None:
            self._yield(count, self._budget)
        granted = self._drained + self._size - self._allowed
        if granted < max(1, self._size // 4):
            return 0
        if self._budget is not None and self._round is None:
            self._round = _Round(begun=self._budget.now(), received=self._received, mark=self._allowed)
        self._allowed += granted
        self._credit.grant(granted)
        return granted

    def close(self) -> None:
        """The connection is over: what it had is others' now."""
        if self._budget is not None:
            self._resize(-self._grown, self._budget)
            self._budget = None

    def _yield(self, count: int, budget: Budget) -> None:
        """Leave to others what is more than the share. What has been granted stays so: only what is drained can go."""
        surplus = self._grown - budget.share(self._grown)
        if surplus > 0:
            self._resize(-min(surplus, count), budget)

    def _grow(self, over: _Round, budget: Budget) -> None:
        wanted = self._wanted(self._received - over.received, max(budget.now() - over.begun, _SHORTEST))
        more = min(wanted - self._size, budget.share(self._grown) - self._grown)
        if more > 0:
            self._resize(more, budget)

    def _wanted(self, received: int, seconds: float) -> int:
        """How large the window should be after a round.

        The shortest round counts as the round trip: longer ones have waited in queues, which no window shortens. Rounds
        of a window that is still small do not: they are shorter than any that brings much.
        """
        if self._size < FIRST_STEP and seconds < LONGEST_ROUND_TRIP:
            return FIRST_STEP
        self._round_trip = min(self._round_trip, seconds)
        return min(int(_HEADROOM * received * self._round_trip / seconds), self._largest)

    def _resize(self, by: int, budget: Budget) -> None:
        budget.take(by)
        self._grown += by
        self._size += by
