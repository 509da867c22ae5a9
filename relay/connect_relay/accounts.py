"""What each realm has used of the relay since it started. Pure."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from connect_protocol.relay.frames import ResetCode
from connect_relay.rate import Bucket
from connect_relay.settings import Limits

NOBODY = "(nobody)"
"""Stands for the realm of a caller whose certificate names none."""
OTHERS = "(others)"
"""Stands for all realms beyond as many as the relay is meant for: their accounts would fill its memory."""


@dataclass(kw_only=True, slots=True, eq=False)
class Account:
    """One realm's: bytes to and from its targets, seconds that its data have waited, attempts that were not granted.

    `buckets`: what its data must pass by, one after the other; its own, and that for all.
    """

    realm: str
    buckets: tuple[Bucket, ...]
    sent: int = 0
    received: int = 0
    waited: float = 0.0
    refusals: Counter[ResetCode] = field(default_factory=Counter)

    def delays(self, count: int) -> Iterator[float]:
        """Seconds for which `count` bytes must wait, one wait after the other; none if they may pass at once."""
        for bucket in self.buckets:
            if seconds := bucket.take(count):
                self.waited += seconds
                yield seconds


class Accounts:
    """Every realm's that has called."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        """`clock` in seconds, never going back."""
        self._most = limits.realms
        self._rate = limits.bytes_per_second_per_realm
        self._clock = clock
        self._for_all = (Bucket(limits.bytes_per_second, clock),) if limits.bytes_per_second else ()
        self._accounts: dict[str, Account] = {}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts.values())

    def of(self, realm: str | None) -> Account:
        """A realm's account; None for a caller who has no realm."""
        name = NOBODY if realm is None else realm
        if (account := self._accounts.get(name)) is not None:
            return account
        return self._opened(name if len(self._accounts) < self._most else OTHERS)

    def _opened(self, name: str) -> Account:
        own = (Bucket(self._rate, self._clock),) if self._rate else ()
        return self._accounts.setdefault(name, Account(realm=name, buckets=(*own, *self._for_all)))
