"""Lets Jobs start that were born suspended, as many at once as the cap allows."""

from collections.abc import Callable, Iterator
from datetime import datetime

import structlog

from connect_operator.cluster import Cluster
from connect_operator.core.admission import Contender, admitted
from connect_operator.errors import NotFoundError
from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.known import Key

log = structlog.stdlib.get_logger()

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

    @property
    def is_wanted(self) -> bool:
        """Whether any Job waits."""
        return self._index.waits

    async def look(self) -> None:
        """Let start whatever may. Raises KubernetesError's kinds."""
        contenders = list(self._contenders())
        self._let &= {each.job.uid for each in contenders}
        for chosen in admitted(contenders, limit=self._limit, let=self._let, now=self._clock()):
            await self._admit(chosen)

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
