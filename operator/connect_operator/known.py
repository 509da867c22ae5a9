"""One object as the API server tells of it: trimmed to facts, with the ConnectJob that it belongs to.

It is a ConnectRun's by the ConnectJob that it names, a CronJob's by the name that the operator gives it, a Job's and a
pod's by their label.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connect_operator.core import run_document, status_document
from connect_operator.core.connect_run import ConnectRun
from connect_operator.core.facts import CronJobFacts, JobFacts, PodFacts, RealmClaim
from connect_operator.core.names import API_VERSION, CONNECT_JOB_LABEL, KIND, RUN_KIND, cron_job_name
from connect_operator.core.run_status import Request
from connect_operator.core.spec import ConnectJob
from connect_operator.core.status import Status
from connect_operator.core.trim import cron_job_facts, job_facts, pod_facts
from connect_operator.kind import Kind
from connect_protocol.json_object import JsonObject

Body = Mapping[str, object]

_CRON_JOB_PREFIX = cron_job_name("")


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Key:
    """Names one ConnectJob."""

    namespace: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What an event is about. `status_digest` tells one written status from another."""

    api_version: str = API_VERSION
    kind: str
    namespace: str
    name: str
    uid: str
    resource_version: str
    status_digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownJob:
    """A ConnectJob as the API server has it; `status_digest` tells one written status from another."""

    job: ConnectJob
    status: Status
    resource_version: str
    status_digest: str

    @property
    def is_new(self) -> bool:
        """Whether nobody has written a status yet."""
        return self.status.generation == 0

    @property
    def claim(self) -> RealmClaim:
        """Its claim to its realm."""
        job = self.job
        return RealmClaim(realm=job.realm, namespace=job.namespace, name=job.name, uid=job.uid, created=job.created)

    @property
    def subject(self) -> Subject:
        """It, as events name it."""
        return _subject(KIND, self.job, self.resource_version, self.status_digest)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownRun:
    """A ConnectRun as the API server has it."""

    request: Request
    resource_version: str
    status_digest: str

    @property
    def subject(self) -> Subject:
        """It, as events name it."""
        return _subject(RUN_KIND, self.request.run, self.resource_version, self.status_digest)


def _subject(kind: str, named: ConnectJob | ConnectRun, resource_version: str, status_digest: str) -> Subject:
    return Subject(
        kind=kind,
        namespace=named.namespace,
        name=named.name,
        uid=named.uid,
        resource_version=resource_version,
        status_digest=status_digest,
    )


def identity(body: Body) -> tuple[str, str]:
    """An object's uid and resource version. Raises ValueError if it has none."""
    meta = JsonObject(body, "object").object("metadata")
    return meta.text("uid"), meta.text("resourceVersion")


def _connect_job(body: Body) -> tuple[Key, KnownJob]:
    job = ConnectJob.parse(body)
    known = KnownJob(
        job=job,
        status=status_document.parse(body),
        resource_version=identity(body)[1],
        status_digest=_digest(body),
    )
    return Key(namespace=job.namespace, name=job.name), known


def _connect_run(body: Body) -> tuple[Key, KnownRun]:
    run = ConnectRun.parse(body)
    known = KnownRun(
        request=Request(run=run, status=run_document.parse(body)),
        resource_version=identity(body)[1],
        status_digest=_digest(body),
    )
    return Key(namespace=run.namespace, name=run.connect_job), known


def _digest(body: Body) -> str:
    return hashlib.sha256(json.dumps(body.get("status", {}), sort_keys=True).encode()).hexdigest()


def _cron_job(body: Body) -> tuple[Key, CronJobFacts]:
    facts = cron_job_facts(body)
    if not facts.name.startswith(_CRON_JOB_PREFIX):
        raise ValueError(f"object.metadata.name should begin with {_CRON_JOB_PREFIX}, unlike {facts.name}")
    return Key(namespace=facts.namespace, name=facts.name.removeprefix(_CRON_JOB_PREFIX)), facts


def _job(body: Body) -> tuple[Key, JobFacts]:
    return _labelled(body), job_facts(body)


def _pod(body: Body) -> tuple[Key, PodFacts]:
    return _labelled(body), pod_facts(body)


def _labelled(body: Body) -> Key:
    meta = JsonObject(body, "object").object("metadata")
    return Key(namespace=meta.text("namespace"), name=meta.object("labels").text(CONNECT_JOB_LABEL))


READERS: Mapping[Kind, Callable[[Body], tuple[Key, Any]]] = {
    Kind.CONNECT_JOB: _connect_job,
    Kind.CONNECT_RUN: _connect_run,
    Kind.CRON_JOB: _cron_job,
    Kind.JOB: _job,
    Kind.POD: _pod,
}
"""By kind: an object's ConnectJob and facts. Each raises ValueError for one that cannot be read."""
