"""What Kubernetes warns of, read from a namespace's events: one list for all its runs that do not start.

A list for each run would be asked of the same events again and again while, for instance, the registry is away.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from connect_operator.cluster import Cluster
from connect_operator.core.facts import WarningEvent
from connect_operator.errors import ForbiddenError

log = structlog.stdlib.get_logger()

HOLDS = timedelta(seconds=50)
"""Less than the minute after which a run that does not start is looked at again."""
HOLDS_IN_SILENCE = timedelta(seconds=1)
"""For a Job and pod of which it says nothing: their warning may be younger, and the next look is a minute away."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    at: datetime
    warnings: Mapping[str, WarningEvent]


class WarningsWatch:
    """The newest Warning of each Job and pod, as of the last list of its namespace."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._told: dict[str, _Told] = {}
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, namespace: str, uids: Collection[str], now: datetime) -> tuple[WarningEvent, ...]:
        """The Warnings about these objects. Raises KubernetesError's kinds."""
        async with self._asking[namespace]:
            told = self._told.get(namespace)
            if told is None or now >= told.at + _holds(told, uids):
                told = _Told(at=now, warnings=await self._listed(namespace))
                self._told[namespace] = told
        return tuple(told.warnings[uid] for uid in uids if uid in told.warnings)

    async def _listed(self, namespace: str) -> Mapping[str, WarningEvent]:
        """None where they may not be read: what pods and Jobs say themselves is told all the same."""
        try:
            return await self._cluster.warnings(namespace)
        except ForbiddenError as error:
            log.warning("events cannot be read", namespace=namespace, cause=error.what)
            return {}


def _holds(told: _Told, uids: Collection[str]) -> timedelta:
    return HOLDS if any(uid in told.warnings for uid in uids) else HOLDS_IN_SILENCE
