"""Looks at the Secrets of ConnectJobs when it is time, and keeps what was found.

Secrets are not watched: that would need the right to read all of them. They are read when the ConnectJob changes,
every minute while something is wrong with one, and once within the hour before the next run. An operator that starts
takes a status that says Ready at its word until then.

They come from the API server's cache. It may not have yet what was made a moment ago, so nothing is called wrong before
it was asked for past the cache.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from connect_operator.cluster import Cluster, Freshness
from connect_operator.core.facts import SecretFinding, SecretRole, SecretsView
from connect_operator.core.secret_needs import due, findings, look_again, needs, presumed
from connect_operator.core.spec import ConnectJob
from connect_operator.errors import ForbiddenError
from connect_operator.known import Key, KnownJob


class SecretsWatch:
    """What the last look at each ConnectJob's Secrets found."""

    def __init__(self, cluster: Cluster, *, interval: timedelta) -> None:
        """`interval` is the time between two looks while something is wrong."""
        self._cluster = cluster
        self._interval = interval
        # With the ConnectJob's uid: one that is made anew under its name begins with generation 1 again.
        self._views: dict[Key, tuple[str, SecretsView]] = {}

    async def view(self, key: Key, known: KnownJob, now: datetime) -> SecretsView:
        """What is known of them, read anew if it is time. Raises KubernetesError's kinds."""
        uid, view = self._views.get(key, ("", None))
        if view is None or uid != known.job.uid:
            view = presumed(known.job, known.status)
        if view is None or self._is_due(known, view, now):
            view = SecretsView(generation=known.job.generation, looked_at=now, findings=await self._findings(known.job))
        self._views[key] = known.job.uid, view
        return view

    def next_look(self, key: Key, next_run: datetime | None) -> datetime | None:
        """When it is time again if nobody tells of a change."""
        _, view = self._views.get(key, ("", None))
        if view is None:
            return None
        return view.looked_at + self._interval if view.findings else look_again(next_run, view)

    def forget(self, key: Key) -> None:
        """The ConnectJob is gone."""
        self._views.pop(key, None)

    def _is_due(self, known: KnownJob, view: SecretsView, now: datetime) -> bool:
        if view.generation == known.job.generation and view.findings:
            return view.looked_at + self._interval <= now
        return due(known.job, known.status.next_run, view, now)

    async def _findings(self, job: ConnectJob) -> tuple[SecretFinding, ...]:
        try:
            found = findings(job, await self._read(job, Freshness.CACHED))
            return findings(job, await self._read(job, Freshness.LATEST)) if found else ()
        except ForbiddenError as error:
            # A ConnectJob that has just been locked, of all, must not stay as it was for want of a right.
            return (SecretFinding(role=SecretRole.CUSTOMER, name=job.secrets.customer, forbidden=error.what),)

    async def _read(self, job: ConnectJob, freshness: Freshness) -> Mapping[SecretRole, Mapping[str, bytes] | None]:
        needed = needs(job)
        contents = await asyncio.gather(*(self._content(job.namespace, need.name, freshness) for need in needed))
        return dict(zip((need.role for need in needed), contents, strict=True))

    async def _content(self, namespace: str, name: str, freshness: Freshness) -> Mapping[str, bytes] | None:
        return await self._cluster.secret(namespace, name, freshness) if name else None
