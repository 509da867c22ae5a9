"""The first picture: before all that was there at the start has been told, nothing is decided.

Half a picture would be taken for the whole: a run whose Job has not come yet looks deleted, a realm looks free.

What must come is listed before the watches begin, metadata only. What was deleted meanwhile will never come, so while
something is missing the lists are asked again, now and then.
"""

import asyncio
from datetime import timedelta

import structlog

from connect_operator.cluster import Cluster
from connect_operator.errors import KubernetesError, NotFoundError, SettingsError
from connect_operator.kind import Kind
from connect_operator.known import Body, identity

log = structlog.stdlib.get_logger()

PATIENCE = timedelta(seconds=15)
"""Between two looks at whether what is missing is still there."""


class Picture:
    """What was there at the start and has not been told yet."""

    def __init__(self, cluster: Cluster, namespace: str | None, *, patience: timedelta = PATIENCE) -> None:
        """`namespace` is the one that is watched, None for all."""
        self._cluster = cluster
        self._namespace = namespace
        self._patience = patience
        self._missing: dict[Kind, set[str]] = {kind: set() for kind in Kind}
        self._complete = asyncio.Event()

    @property
    def whole(self) -> bool:
        """Whether all of it has been told."""
        return self._complete.is_set()

    async def begin(self) -> None:
        """List what must come. Raises KubernetesError's kinds, and SettingsError for a kind that is not installed."""
        for kind in Kind:
            try:
                self._missing[kind] = set(await self._cluster.versions(kind, self._namespace))
            except NotFoundError as error:
                name = f"{kind.value.plural}.{kind.value.group}"
                raise SettingsError(f"the API server knows no {name}", todo="Install Connect's CRDs first") from error
        self._look()

    def told(self, kind: Kind, body: Body) -> None:
        """An object has come, or is gone."""
        if not self.whole:
            self._missing[kind].discard(identity(body)[0])
            self._look()

    async def completed(self) -> None:
        """Wait until the picture is whole."""
        while not self.whole:
            try:
                async with asyncio.timeout(self._patience.total_seconds()):
                    await self._complete.wait()
            except TimeoutError:
                await self._forget_what_is_gone()

    async def _forget_what_is_gone(self) -> None:
        try:
            for kind in [kind for kind, missing in self._missing.items() if missing]:
                self._missing[kind] &= (await self._cluster.versions(kind, self._namespace)).keys()
        except KubernetesError as error:
            log.warning("what is missing of the first picture could not be listed", cause=str(error))
        self._look()

    def _look(self) -> None:
        if not any(self._missing.values()):
            self._complete.set()
