"""Carries out what is decided about ConnectRuns.

What is written, in this order, and what a crash in between costs: the Job, whose name no second one can have, so that
the next look finds it; the events, under names that no second look can use; the status, which ends the transition.
"""

from collections.abc import Iterable

import structlog

from connect_operator.announcer import Announcer
from connect_operator.cluster import Cluster
from connect_operator.core import run_document
from connect_operator.core.decision import Event, StartRun, Told
from connect_operator.core.events import left_out
from connect_operator.core.run_status import Request
from connect_operator.core.withdrawal import Withdrawal
from connect_operator.errors import ConflictError, NotFoundError
from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.known import Subject

log = structlog.stdlib.get_logger()


class RunWriter:
    """Writes Jobs, events and statuses of ConnectRuns, and deletes those that nobody keeps."""

    def __init__(self, cluster: Cluster, index: Index, announcer: Announcer) -> None:
        self._cluster = cluster
        self._index = index
        self._announcer = announcer

    async def start(self, namespace: str, start: StartRun) -> None:
        """Create a run's Job. Raises RefusedError or ForbiddenError if the API server does not let it be."""
        written = await self._cluster.start(namespace, start.manifest)
        self._index.answered(Kind.JOB, written)
        log.info("a run on request was started", uid=start.uid, namespace=namespace)

    async def tell(self, told: Iterable[Told]) -> None:
        """Post events and write statuses. Raises KubernetesError's kinds."""
        for each in told:
            known = self._index.connect_run(each.request.run.uid)
            if known is not None:
                await self._tell(known.subject, each)

    async def _tell(self, subject: Subject, told: Told) -> None:
        events: tuple[Event, ...] = (told.event,) if told.event else ()
        await self._announcer.announce(subject, events)
        try:
            document = run_document.to_document(told.status)
            written = await self._cluster.write_status(Kind.CONNECT_RUN, subject, document)
        except NotFoundError:
            return
        self._index.answered(Kind.CONNECT_RUN, written, upon=subject.resource_version)

    async def leave_out(self, connect_job: Subject, withdrawn: Iterable[Withdrawal]) -> None:
        """Delete Jobs that are not to start any more, but none that has been let start since.

        Raises ConflictError if one may have been.
        """
        for each in withdrawn:
            version = self._index.version(Kind.JOB, each.job.uid)
            if not self._index.knows(each.job):
                continue
            try:
                await self._cluster.delete_job(connect_job.namespace, each.job, version)
            except NotFoundError:
                continue
            log.warning("a run was left out", job=each.job.name, namespace=connect_job.namespace, cause=each.message)
            await self._announcer.announce(connect_job, (left_out(each),))

    async def delete(self, requests: Iterable[Request]) -> None:
        """Delete ConnectRuns. One that is gone already, or another by now, is none of ours."""
        for request in requests:
            known = self._index.connect_run(request.run.uid)
            if known is None:
                continue
            try:
                await self._cluster.delete_run(known.subject)
            except (NotFoundError, ConflictError):
                continue
            log.info("deleted an old ConnectRun", connectrun=request.run.name, namespace=request.run.namespace)
