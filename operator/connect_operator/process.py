"""The running operator: its parts put together, started in order, and stopped within seconds.

kopf ──► Notice ──► Index ◄──── Recheck, JobMetrics          (Picture: nothing before all has been told)
           │          ▲
           ▼          │
         Queue ──► Reconciler ──► Cluster ──► API server
           ▲          ├── SecretsWatch
           └───────── └── RelayWatch ──► relay
"""

import asyncio
import platform
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import httpx
import kopf
import structlog
from prometheus_client import CollectorRegistry

from connect_operator.admission import FLEET, Admission
from connect_operator.announcer import Announcer
from connect_operator.cluster import Cluster
from connect_operator.core.facts import Defaults
from connect_operator.errors import ConflictError, OperatorError, WatchLostError
from connect_operator.handlers import kopf_settings, register
from connect_operator.index import Index
from connect_operator.job_metrics import JobMetrics
from connect_operator.known import Key
from connect_operator.kube import open_kube
from connect_operator.metrics import OperatorMetrics, QueueCollector, RecheckCollector
from connect_operator.metrics_server import serve_metrics
from connect_operator.notice import Notice
from connect_operator.picture import Picture
from connect_operator.queue import Queue
from connect_operator.recheck import Recheck
from connect_operator.reconciler import Reconciler
from connect_operator.relay_watch import RelayWatch
from connect_operator.secrets_watch import SecretsWatch
from connect_operator.settings import Settings

log = structlog.stdlib.get_logger()

WORKERS = 16
GRACE_SECONDS = 5.0
EVERYWHERE = "0.0.0.0"  # noqa: S104 - the kubelet asks from outside of the pod


async def operate(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises OperatorError if it cannot start or go on."""
    registry = CollectorRegistry()
    metrics = OperatorMetrics(registry)
    async with open_kube(metrics.requested) as kube, httpx.AsyncClient() as http:
        cluster = Cluster(kube)
        picture = Picture(cluster, settings.namespace)
        await picture.begin()
        operator = Operator(settings, cluster=cluster, picture=picture, http=http, metrics=metrics)
        operator.collect_in(registry)
        try:
            await operator.run(registry)
        except ExceptionGroup as group:
            cause = group.exceptions[0]
            raise WatchLostError(f"listening has ended: {type(cause).__name__}: {cause}") from cause


class Operator:
    """The parts, and the tasks that they run in."""

    def __init__(
        self,
        settings: Settings,
        *,
        cluster: Cluster,
        picture: Picture,
        http: httpx.AsyncClient,
        metrics: OperatorMetrics,
    ) -> None:
        self._settings = settings
        self._picture = picture
        self._metrics = metrics
        self._index = Index()
        secrets = SecretsWatch(cluster, interval=settings.unwatched_interval)
        url = settings.relay_admin_url
        names = settings.relay_names
        self._relay = RelayWatch(http, url, interval=settings.relay_interval, names=names) if url else None
        self._reconciler = Reconciler(
            cluster=cluster,
            index=self._index,
            secrets=secrets,
            relay=self._relay,
            announcer=Announcer(cluster, instance=platform.node(), clock=_now),
            defaults=_defaults(settings),
            unwatched_interval=settings.unwatched_interval,
            clock=_now,
        )
        self._admission = Admission(cluster, self._index, limit=settings.max_concurrent_runs, clock=_now)
        self._queue = Queue(self._look, workers=WORKERS, on_failure=_failed)
        self._recheck = Recheck(
            cluster,
            self._index,
            namespace=settings.namespace,
            interval=settings.recheck_interval,
            changed=self._look_at,
        )
        self._notice = Notice(
            index=self._index, queue=self._queue, picture=picture, recheck=self._recheck, metrics=metrics
        )
        self._open = AsyncExitStack()

    def collect_in(self, registry: CollectorRegistry) -> None:
        """Have the gauges that are read when somebody asks."""
        registry.register(QueueCollector(self._queue.depth))
        registry.register(RecheckCollector(lambda: self._recheck.succeeded))

    async def run(self, registry: CollectorRegistry) -> None:
        """Work until kopf ends: by a signal, or because it cannot go on."""
        jobs = JobMetrics(self._index.connect_jobs, self._index.connect_runs, self._index.open_jobs)
        await self._open.enter_async_context(serve_metrics(registry, jobs.exposition, self._settings.metrics_port))
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self._work())
            background = [working, group.create_task(self._recheck.run())]
            if self._relay is not None:
                background.append(group.create_task(self._relay.run(self._bridges_changed)))
            await self._watch(working)
            for task in background:
                task.cancel()

    async def _work(self) -> None:
        """Nothing is looked at before the first picture is whole."""
        await self._picture.completed()
        log.info("the first picture is whole", connectjobs=len(list(self._index.connect_jobs())))
        await self._queue.run()

    async def _watch(self, working: asyncio.Task[None]) -> None:
        # kopf ends by cancelling every task that began after it: what is ours must be over by then.
        async def stop() -> None:
            self._queue.stop()
            if self._picture.whole:
                await asyncio.wait({working}, timeout=GRACE_SECONDS)
            await self._open.aclose()

        await kopf.operator(
            registry=register(self._notice, stop=stop),
            settings=kopf_settings(),
            clusterwide=self._settings.namespace is None,
            namespaces=[self._settings.namespace] if self._settings.namespace else [],
            liveness_endpoint=f"http://{EVERYWHERE}:{self._settings.health_port}/healthz",
        )

    async def _look(self, key: Key) -> timedelta | None:
        if key == FLEET:
            return await self._admission.look()
        start = time.perf_counter()
        result = "failed"
        try:
            later = await self._reconciler.look(key)
            result = "done"
            if self._admission.is_wanted:
                self._queue.add(FLEET)
        finally:
            self._metrics.looked(time.perf_counter() - start, result=result)
        return later

    def _look_at(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._queue.add(key)

    def _bridges_changed(self, realms: frozenset[str] | None) -> None:
        known = self._index.connect_jobs()
        self._look_at(
            Key(namespace=job.namespace, name=job.name)
            for job in (each.job for each in known)
            if realms is None or job.realm in realms
        )


def _now() -> datetime:
    return datetime.now(UTC)


def _defaults(settings: Settings) -> Defaults:
    return Defaults(
        image=settings.worker_image,
        time_zone=settings.time_zone,
        image_pull_secrets=settings.image_pull_secrets,
        patience=settings.start_patience,
        max_concurrent_runs=settings.max_concurrent_runs,
    )


def _failed(key: Key, error: Exception, delay: timedelta) -> None:
    told = log.bind(connectjob=key.name, namespace=key.namespace, again_in=round(delay.total_seconds(), 1))
    if isinstance(error, ConflictError):
        told.info("changed meanwhile: will look again", cause=str(error))
    elif isinstance(error, OperatorError):
        told.warning("could not be looked at", cause=str(error))
    else:
        told.error("could not be looked at", exc_info=error)
