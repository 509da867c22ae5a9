"""Bounds how often a CronJob is put back that somebody else changes again and again.

Another controller, such as a policy that writes into every CronJob, answers at once: without a bound each would write
many times a second, with an event for every time, as long as both are there.
"""

from collections import defaultdict, deque
from collections.abc import Hashable
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

AT_ONCE = 5
WITHIN = timedelta(minutes=5)
"""So often in this time what somebody has changed is put back at once."""


class Rivals(Generic[K]):
    """When each CronJob was put back lately."""

    def __init__(self) -> None:
        self._lately: defaultdict[K, deque[datetime]] = defaultdict(partial(deque, maxlen=AT_ONCE))

    def put_back(self, key: K, now: datetime) -> None:
        """It was put back."""
        self._lately[key].append(now)

    def not_before(self, key: K, now: datetime) -> datetime | None:
        """When it may be put back again; None if it may be now."""
        lately = self._lately.get(key)
        if lately is None or len(lately) < AT_ONCE:
            return None
        until = lately[0] + WITHIN
        return until if until > now else None

    def forget(self, key: K) -> None:
        """The ConnectJob is gone."""
        self._lately.pop(key, None)
