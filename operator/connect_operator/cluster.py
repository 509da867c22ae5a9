"""What the operator asks of Kubernetes and writes to it, in its own words.

Every patch names the object that was looked at, by uid and resource version, so that a change made meanwhile is never
overwritten but told as ConflictError, which means: look again.
"""

import base64
import re
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from connect_operator.announcement import Announcement
from connect_operator.core.decision import Action, Create, Replace
from connect_operator.core.facts import JobFacts, WarningEvent
from connect_operator.core.names import ADMISSION_ANNOTATION, ADMITTED, MANAGER, cron_job_name
from connect_operator.errors import ConflictError, NotFoundError
from connect_operator.kind import Kind, Resource
from connect_operator.known import Key, Subject
from connect_operator.kube import Body, Kube
from connect_protocol.environment import SecretKey
from connect_protocol.json_object import JsonObject

PRESENT = b"present"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

_SECRETS = Resource(group="", version="v1", plural="secrets")
_CORE_EVENTS = Resource(group="", version="v1", plural="events")
_EVENTS = Resource(group="events.k8s.io", version="v1", plural="events")
_REALM_KEY = SecretKey.CUSTOMER_REALM.rpartition("/")[2]
_SECRET_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_WARNED_OF = {"Job", "Pod"}
_STRICT = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
"""A misspelt field in what a ConnectJob hands on is refused and told, not dropped."""
_LENIENT = {"fieldManager": MANAGER, "fieldValidation": "Ignore"}
"""A status with a field that an older CRD does not know is better than none."""


class Freshness(Enum):
    """How new an answer must be, as a query.

    The API server's cache is behind by moments, but costs neither etcd nor a round trip to it.
    """

    CACHED = MappingProxyType({"resourceVersion": "0"})
    LATEST = MappingProxyType[str, str]({})


class Cluster:
    """The API server, as far as the operator needs it. Every method raises KubernetesError's kinds."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    async def versions(self, kind: Kind, namespace: str | None) -> dict[str, str]:
        """The resource version of every watched object of a kind, by uid, of a namespace or (None) of all."""
        query = {"labelSelector": kind.value.selector} if kind.value.selector else {}
        found = self._kube.listed(kind.value.path(namespace), query, accept=METADATA_ONLY)
        metadata = [JsonObject(item, kind.value.plural).object("metadata") async for item in found]
        return {meta.text("uid"): meta.text("resourceVersion") for meta in metadata}

    async def find_cron_job(self, key: Key) -> Body | None:
        """Whatever CronJob has the name of a ConnectJob's; None if there is none."""
        try:
            return await self._kube.get(_cron_job_path(key))
        except NotFoundError:
            return None

    async def write(self, key: Key, action: Action) -> Body:
        """Do an action to a ConnectJob's CronJob, and return what it has become."""
        if isinstance(action, Create):
            return await self._kube.create(Kind.CRON_JOB.value.path(key.namespace), action.manifest, _STRICT)
        changes = _replacement(action.manifest) if isinstance(action, Replace) else [_SUSPENSION]
        same = _same(action.uid, action.resource_version)
        return await self._kube.patch(_cron_job_path(key), same + changes, _STRICT)

    async def start(self, namespace: str, manifest: Body) -> Body:
        """Create a run's Job, and return it. ConflictError: it has been made, and the watch will tell."""
        return await self._kube.create(Kind.JOB.value.path(namespace), manifest, _STRICT)

    async def resume(self, namespace: str, job: JobFacts, resource_version: str) -> Body:
        """Let a suspended Job start, if it is as it was, mark it as one that was, and return it."""
        path = Kind.JOB.value.path(namespace, job.name)
        return await self._kube.patch(path, [*_same(job.uid, resource_version), *_ADMISSION], _STRICT)

    async def delete_job(self, namespace: str, job: JobFacts, resource_version: str) -> None:
        """Delete a Job, if it is as it was: nobody has let it start meanwhile."""
        same = {"uid": job.uid, "resourceVersion": resource_version}
        options: Body = {"preconditions": same, "propagationPolicy": "Background"}
        await self._kube.delete(Kind.JOB.value.path(namespace, job.name), options)

    async def write_status(self, kind: Kind, subject: Subject, status: Body) -> Body:
        """Put a status in the place of the one that was looked at, and return what the object has become."""
        path = kind.value.path(subject.namespace, subject.name) + "/status"
        change: Body = {"op": "add", "path": "/status", "value": status}
        return await self._kube.patch(path, [*_same(subject.uid, subject.resource_version), change], _LENIENT)

    async def delete_run(self, subject: Subject) -> None:
        """Delete a ConnectRun, if it is still this one."""
        path = Kind.CONNECT_RUN.value.path(subject.namespace, subject.name)
        await self._kube.delete(path, {"preconditions": {"uid": subject.uid}})

    async def announce(self, announcement: Announcement) -> None:
        """Post an event, unless it was posted before."""
        try:
            await self._kube.create(_EVENTS.path(announcement.namespace), announcement.body(), _STRICT)
        except ConflictError:
            return

    async def secret(self, namespace: str, name: str, freshness: Freshness) -> Mapping[str, bytes] | None:
        """What there is in a Secret: PRESENT under each key with a value, and the realm as it stands.

        None if there is no such Secret. Its values go no further than this function. A name that no Secret can have is
        not asked for: with slashes and dots it would lead into another namespace.
        """
        if not _SECRET_NAME.fullmatch(name):
            return None
        try:
            answer = await self._kube.get(_SECRETS.path(namespace, name), freshness.value)
        except NotFoundError:
            return None
        data = JsonObject(answer, "secret").object("data")
        return {key: _covered(key, base64.b64decode(data.text(key))) for key in data.names()}

    async def warnings(self, namespace: str) -> Mapping[str, WarningEvent]:
        """The newest Warning event of each Job and pod, by its uid."""
        newest: dict[str, tuple[str, WarningEvent]] = {}
        async for body in self._kube.listed(_CORE_EVENTS.path(namespace), {"fieldSelector": "type=Warning"}):
            event = JsonObject(body, "event")
            about = event.object("involvedObject")
            uid, seen = about.optional_text("uid"), _last_seen(event)
            if uid and about.optional_text("kind") in _WARNED_OF and seen >= newest.get(uid, ("",))[0]:
                newest[uid] = seen, _warning(uid, event)
        return {uid: warning for uid, (_, warning) in newest.items()}


_SUSPENSION: Body = {"op": "add", "path": "/spec/suspend", "value": True}
_ADMISSION: list[Body] = [
    {"op": "replace", "path": "/spec/suspend", "value": False},
    {"op": "add", "path": f"/metadata/annotations/{ADMISSION_ANNOTATION.replace('/', '~1')}", "value": ADMITTED},
]


def _cron_job_path(key: Key) -> str:
    return Kind.CRON_JOB.value.path(key.namespace, cron_job_name(key.name))


def _same(uid: str, resource_version: str) -> list[Body]:
    """Makes a patch end in a conflict if the object is another, or is not as it was."""
    return [
        {"op": "replace", "path": "/metadata/uid", "value": uid},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": resource_version},
    ]


def _replacement(manifest: Body) -> list[Body]:
    labels = JsonObject(manifest, "manifest").object("metadata").members("labels")
    return [
        {"op": "add", "path": "/metadata/labels", "value": labels},
        {"op": "replace", "path": "/spec", "value": manifest["spec"]},
    ]


def _covered(key: str, value: bytes) -> bytes:
    if key == _REALM_KEY:
        return value
    return PRESENT if value.strip() else b""


def _warning(uid: str, event: JsonObject) -> WarningEvent:
    return WarningEvent(object_uid=uid, reason=event.optional_text("reason"), message=event.optional_text("message"))


def _last_seen(event: JsonObject) -> str:
    """The latest of the moments that an event may carry; they compare as text."""
    series = event.object("series").optional_text("lastObservedTime") if event.has("series") else ""
    moments = (series, event.optional_text("lastTimestamp"), event.optional_text("eventTime"))
    created = event.object("metadata").text("creationTimestamp")
    return max((moment for moment in moments if moment), default=created)
