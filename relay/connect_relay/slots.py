"""How many of something may be under way, for each realm and for all. Pure."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from connect_protocol.relay.frames import ResetCode
from connect_relay.errors import RefusedError


class Slots:
    """Counts what is under way, and refuses what would be too much."""

    def __init__(self, what: str, *, limit: int, limit_per_realm: int) -> None:
        """`what` names the things in messages: "connections", "dials"."""
        self._what = what
        self._limit = limit
        self._limit_per_realm = limit_per_realm
        self._taken: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """How many are under way."""
        return self._taken.total()

    def taken_of(self, realm: str) -> int:
        """How many of one realm are under way."""
        return self._taken[realm]

    def has_room(self, realm: str) -> bool:
        """Whether one more may be under way for this realm."""
        return self._taken[realm] < self._limit_per_realm and self.taken < self._limit

    @contextmanager
    def taken_by(self, realm: str) -> Iterator[None]:
        """Within: one more is under way. Raises RefusedError (LIMIT)."""
        if self._taken[realm] >= self._limit_per_realm:
            raise RefusedError(ResetCode.LIMIT, f"realm {realm} has {self._limit_per_realm} {self._what} already")
        if self.taken >= self._limit:
            raise RefusedError(ResetCode.LIMIT, f"the relay has {self._limit} {self._what} already")
        self._taken[realm] += 1
        try:
            yield
        finally:
            self._taken[realm] -= 1
            if not self._taken[realm]:
                del self._taken[realm]
