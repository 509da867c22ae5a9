"""Writes CronJobs, and lets the index know what has become of them before the watch tells."""

import structlog

from connect_operator.cluster import Cluster
from connect_operator.core.decision import Action, Create
from connect_operator.core.facts import CronJobFacts
from connect_operator.core.names import MANAGED_BY_LABEL, MANAGER
from connect_operator.core.trim import cron_job_facts
from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.known import Key

log = structlog.stdlib.get_logger()


class CronJobWriter:
    """Does what is decided to the CronJob of a ConnectJob."""

    def __init__(self, cluster: Cluster, index: Index) -> None:
        self._cluster = cluster
        self._index = index

    async def write(self, key: Key, action: Action) -> CronJobFacts:
        """What the CronJob has become. Raises KubernetesError's kinds."""
        written = await self._cluster.write(key, action)
        did = type(action).__name__.lower()
        log.info("the CronJob was written", connectjob=key.name, namespace=key.namespace, action=did)
        facts = cron_job_facts(written)
        if facts.labels.get(MANAGED_BY_LABEL) == MANAGER:
            upon = "" if isinstance(action, Create) else action.resource_version
            self._index.answered(Kind.CRON_JOB, written, upon=upon)
        return facts
