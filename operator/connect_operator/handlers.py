"""What kopf tells us, and how kopf is told to keep out of everything else.

kopf only notices. It keeps no state on objects: without handlers for changes, deletions, timers or daemons it sets
neither finalizer nor annotation. The index functions see every object of the first lists before kopf calls the first
event handler, so that nothing is decided upon half a picture.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

import kopf

from connect_operator.core.names import GROUP, MANAGER
from connect_operator.kind import Kind
from connect_operator.kube import is_in_cluster
from connect_operator.notice import Notice

EventType = Literal["ADDED", "MODIFIED", "DELETED"] | None
"""None for what was there when a watch began."""
Stop = Callable[[], Awaitable[None]]


def kopf_settings() -> kopf.OperatorSettings:
    """Watches that notice their end, alone, silent, and without rights beyond the watched kinds."""
    settings = kopf.OperatorSettings()
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
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=f"{MANAGER}.{GROUP}")
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
        kopf.index(*kopf_selector(kind), registry=registry, id=kind.value.plural)(_indexed(notice, kind))
        kopf.on.event(*kopf_selector(kind), registry=registry, id=kind.value.plural)(_told(notice, kind))
    return registry


def _login(**context: Any) -> kopf.ConnectionInfo | None:
    return kopf.login_with_service_account(**context) if is_in_cluster() else kopf.login_with_kubeconfig(**context)


def _indexed(notice: Notice, kind: Kind) -> Any:
    async def indexed(body: kopf.Body, **_: Any) -> None:
        notice.there(kind, body)

    return indexed


def _told(notice: Notice, kind: Kind) -> Any:
    async def told(type: EventType, body: kopf.Body, **_: Any) -> None:  # noqa: A002 - kopf passes it by this name
        notice.pictured(anew=type is None)
        if type == "DELETED":
            notice.gone(kind, body)

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
