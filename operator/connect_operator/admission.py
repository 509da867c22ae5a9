"""Lets Jobs start that were born suspended, as many at once as the cap allows."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import structlog

from connect_operator.cluster import Cluster
from connect_operator.core.admission import Contender, admitted
from connect_operator.errors import ConflictError, ForbiddenError, NotFoundError, RefusedError
from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.known import Key

log = structlog.stdlib.get_logger()

AGAIN = timedelta(seconds=1)
"""After this time a Job is tried again that has changed meanwhile."""
REFUSAL_HOLDS = timedelta(minutes=1)
"""After this time a Job is tried again that the API server refused to let start."""
FLEET = Key(namespace="", name="")
"""In the queue: look at all Jobs that wait."""


class Admission:
    """The shell around `admitted`. It looks after every look at a ConnectJob, as long as a Job waits."""

    def __init__(self, cluster: Cluster, index: Index, *, limit: int, clock: Callable[[], datetime]) -> None:
        self._cluster = cluster
        self._index = index
        self._limit = limit
        self._clock = clock
        # A late word of the watch may still call a Job suspended: counted once more, it would break the cap.
        self._let: set[str] = set()
        self._refused: dict[str, datetime] = {}

    @property
    def is_wanted(self) -> bool:
        """Whether any Job waits."""
        return self._index.waits

    async def look(self) -> timedelta | None:
        """Let start whatever may; returns after what time to look again. Raises KubernetesError's kinds.

        Whom the API server refuses takes nobody's place: the others are looked at once more, without that one.
        """
        now = self._clock()
        self._refused = {uid: until for uid, until in self._refused.items() if until > now}
        while await self._is_anybody_refused(now):
            pass
        return min(self._refused.values()) - now if self._refused else None

    async def _is_anybody_refused(self, now: datetime) -> bool:
        contenders = [each for each in self._contenders() if each.job.uid not in self._refused]
        self._let &= {each.job.uid for each in contenders}
        before = len(self._refused)
        for chosen in admitted(contenders, limit=self._limit, let=self._let, now=now):
            try:
                await self._admit(chosen)
            except (ConflictError, ForbiddenError, RefusedError) as error:
                pause = AGAIN if isinstance(error, ConflictError) else REFUSAL_HOLDS
                self._refused[chosen.job.uid] = now + pause
                log.warning("a run could not be let start", job=chosen.job.name, cause=str(error))
        return len(self._refused) > before

    def _contenders(self) -> Iterator[Contender]:
        for key, job in self._index.open_jobs():
            known = self._index.connect_job(key)
            if known is not None and not known.job.deleting and job.created >= known.job.created:
                yield Contender(job=job, connect_job=known.job, status=known.status)

    async def _admit(self, chosen: Contender) -> None:
        namespace, job = chosen.connect_job.namespace, chosen.job
        version = self._index.version(Kind.JOB, job.uid)
        try:
            written = await self._cluster.resume(namespace, job, version)
        except NotFoundError:
            return
        self._let.add(job.uid)
        self._index.answered(Kind.JOB, written, upon=version)
        log.info("a run was let start", job=job.name, namespace=namespace)
