"""What kopf tells us, and how kopf is told to keep out of everything else.

kopf only notices. It keeps no state on objects: without handlers for changes, deletions, timers or daemons it sets
neither finalizer nor annotation. Its indices are not used: to hold the handlers back until all is indexed, each object
wakes all others, which for thousands takes minutes (`connect_operator.picture` does this instead).
"""

from collections.abc import Awaitable, Callable
from typing import Any

import kopf

from connect_operator.core.names import GROUP, MANAGER
from connect_operator.kind import Kind
from connect_operator.kube import is_in_cluster
from connect_operator.notice import Notice

Stop = Callable[[], Awaitable[None]]


PAGE = 100
"""Objects of a first list that are in memory at once."""
IDLE_SECONDS = 0.2
"""For how long kopf keeps a task, and the last news, of an object that nothing happens to."""


class NoDiffBase(kopf.DiffBaseStorage):
    """For handlers that kopf tells of changes; there are none, and a copy of each object that comes would cost most."""

    def build(self, **_: Any) -> Any:
        """Of an object, nothing."""
        return {}

    def fetch(self, **_: Any) -> None:
        """Nothing is kept."""

    def store(self, **_: Any) -> None:
        """Keep nothing."""


def kopf_settings() -> kopf.OperatorSettings:
    """Watches that notice their end, alone, silent, and without rights beyond the watched kinds."""
    settings = kopf.OperatorSettings()
    settings.watching.chunk_size = PAGE
    settings.queueing.idle_timeout = IDLE_SECONDS
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 310
    settings.watching.connect_timeout = 30
    settings.watching.inactivity_timeout = 70
    settings.networking.request_timeout = 60
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.persistence.finalizer = f"{GROUP}/{MANAGER}"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=f"{MANAGER}.{GROUP}")
    settings.persistence.diffbase_storage = NoDiffBase()
    for kind in Kind:
        if kind.value.selector:
            settings.watching.label_selectors[kopf_selector(kind)] = kind.value.selector
    return settings


def kopf_selector(kind: Kind) -> tuple[str, str, str]:
    """A kind as kopf names it."""
    return kind.value.group, kind.value.version, kind.value.plural


def register(notice: Notice, *, stop: Stop) -> kopf.OperatorRegistry:
    """Everything that kopf calls; `stop` ends our own work once the watches have ended."""
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(_login)
    kopf.on.cleanup(registry=registry)(_stopping(stop))
    kopf.on.probe(registry=registry, id="watch")(_probe(notice))
    for kind in Kind:
        kopf.on.event(*kopf_selector(kind), registry=registry, id=kind.value.plural)(_told(notice, kind))
    return registry


def _login(**context: Any) -> kopf.ConnectionInfo | None:
    return kopf.login_with_service_account(**context) if is_in_cluster() else kopf.login_with_kubeconfig(**context)


def _told(notice: Notice, kind: Kind) -> Any:
    async def told(event: kopf.RawEvent, **_: Any) -> None:
        if event["type"] is None:  # it was there when a watch began
            notice.began_anew()
        if event["type"] == "DELETED":
            notice.gone(kind, event["object"])
        else:
            notice.there(kind, event["object"])

    return told


def _stopping(stop: Stop) -> Any:
    async def stopping(**_: Any) -> None:
        await stop()

    return stopping


def _probe(notice: Notice) -> Any:
    async def probe(**_: Any) -> str:
        fault = notice.fault()
        if fault:
            raise kopf.PermanentError(fault)
        return "hears what the API server tells"

    return probe
