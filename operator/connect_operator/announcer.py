"""Tells people of transitions."""

from collections.abc import Callable, Iterable
from datetime import datetime

import structlog

from connect_operator.announcement import Announcement
from connect_operator.cluster import Cluster
from connect_operator.core.decision import Event
from connect_operator.errors import ForbiddenError, NotFoundError, RefusedError
from connect_operator.known import Subject

log = structlog.stdlib.get_logger()


class Announcer:
    """Posts events; what the API server does not take as an event is no reason to keep the status from people."""

    def __init__(self, cluster: Cluster, *, instance: str, clock: Callable[[], datetime]) -> None:
        """`instance` names this process in events."""
        self._cluster = cluster
        self._instance = instance
        self._clock = clock

    async def announce(self, subject: Subject, events: Iterable[Event]) -> None:
        """Post events about an object. Raises KubernetesError's kinds where it may help to try again."""
        for event in events:
            announcement = Announcement(subject=subject, event=event, at=self._clock(), instance=self._instance)
            try:
                await self._cluster.announce(announcement)
            except (RefusedError, ForbiddenError, NotFoundError) as error:
                told = log.bind(kind=subject.kind, name=subject.name, reason=event.reason)
                told.warning("an event was refused", cause=str(error))
