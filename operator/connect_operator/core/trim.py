"""Trims Kubernetes' objects to what is decided upon. Raises ValueError that names the missing field."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from connect_operator.core.facts import (
    CronJobFacts,
    Gatekeeper,
    JobEnd,
    JobFacts,
    PodFacts,
    PodPhase,
    Terminated,
    Trigger,
    Waiting,
)
from connect_operator.core.names import (
    ADMISSION_ANNOTATION,
    CONFIRMED_ANNOTATION,
    CONNECT_RUN_LABEL,
    CONTAINER,
    INSTANTIATE_ANNOTATION,
    MANAGER,
    MODE_ANNOTATION,
    QUEUE_LABEL,
)
from connect_protocol.json_object import JsonObject

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When a container has started, in the kubelet's words, that could not be started."""


def cron_job_facts(body: Mapping[str, object]) -> CronJobFacts:
    """What matters of a CronJob."""
    cron_job = JsonObject(body, "cronjob")
    meta = cron_job.object("metadata")
    edit, spec_edit = _last_edit(_edits(meta)), _last_edit(_edits_of_spec(meta))
    return CronJobFacts(
        namespace=meta.text("namespace"),
        name=meta.text("name"),
        uid=meta.text("uid"),
        resource_version=meta.text("resourceVersion"),
        generation=meta.integer("generation"),
        owner_uid=_owner(meta),
        labels={name: meta.object("labels").text(name) for name in meta.object("labels").names()},
        suspended=cron_job.object("spec").flag("suspend"),
        created=meta.moment("creationTimestamp"),
        deleting=meta.has("deletionTimestamp"),
        edited_by=edit.optional_text("manager") if edit else "",
        edited_at=spec_edit.optional_moment("time") if spec_edit else None,
        last_schedule_time=cron_job.object("status").optional_moment("lastScheduleTime"),
    )


def job_facts(body: Mapping[str, object]) -> JobFacts:
    """What matters of a Job."""
    job = JsonObject(body, "job")
    meta, status = job.object("metadata"), job.object("status")
    annotations = meta.object("annotations")
    spec = job.object("spec")
    pod = spec.object("template").object("spec")
    return JobFacts(
        name=meta.text("name"),
        uid=meta.text("uid"),
        owner_uid=_owner(meta),
        trigger=_trigger(meta),
        mode=annotations.optional_text(MODE_ANNOTATION),
        image=next((each.optional_text("image") for each in _worker(pod.elements("containers"))), ""),
        created=meta.moment("creationTimestamp"),
        started=status.optional_moment("startTime"),
        end=_job_end(status),
        suspended=spec.flag("suspend") or any(_held(status, "Suspended")),
        held_since=next((each.optional_moment("lastTransitionTime") for each in _held(status, "Suspended")), None),
        confirmed=annotations.has(CONFIRMED_ANNOTATION),
        gatekeeper=_gatekeeper(meta, held=spec.flag("suspend"), started=status.has("startTime")),
    )


def pod_facts(body: Mapping[str, object]) -> PodFacts:
    """What matters of a pod, as it was last seen."""
    pod = JsonObject(body, "pod")
    meta, status = pod.object("metadata"), pod.object("status")
    state = next((container.object("state") for container in _worker(status.elements("containerStatuses"))), None)
    return PodFacts(
        name=meta.text("name"),
        uid=meta.text("uid"),
        job_uid=_owner(meta),
        phase=PodPhase(status.optional_text("phase") or PodPhase.PENDING),
        created=meta.moment("creationTimestamp"),
        started=status.optional_moment("startTime"),
        reason=status.optional_text("reason"),
        message=status.optional_text("message"),
        waiting=_waiting(state.object("waiting")) if state and state.has("waiting") else None,
        terminated=_terminated(state.object("terminated")) if state and state.has("terminated") else None,
        unscheduled=_unscheduled(status),
        disrupted=next((condition.optional_text("reason") for condition in _held(status, "DisruptionTarget")), ""),
    )


def _worker(containers: Iterable[JsonObject]) -> Iterator[JsonObject]:
    """Of a pod's containers the one that is ours; somebody's admission webhook may have added others."""
    return (container for container in containers if container.optional_text("name") == CONTAINER)


def _trigger(meta: JsonObject) -> Trigger:
    if meta.object("labels").has(CONNECT_RUN_LABEL):
        return Trigger.REQUESTED
    return Trigger.MANUAL if meta.object("annotations").has(INSTANTIATE_ANNOTATION) else Trigger.SCHEDULED


def _gatekeeper(meta: JsonObject, *, held: bool, started: bool) -> Gatekeeper:
    """The operator's until it is let start: by the operator, which marks it then, or by a person, and it `started`."""
    if meta.object("labels").optional_text(QUEUE_LABEL):
        return Gatekeeper.KUEUE
    if meta.object("annotations").optional_text(ADMISSION_ANNOTATION) == Gatekeeper.OPERATOR and not started:
        return Gatekeeper.OPERATOR
    return Gatekeeper.PERSON if held else Gatekeeper.NONE


def _owner(meta: JsonObject) -> str | None:
    return next((owner.text("uid") for owner in meta.elements("ownerReferences") if owner.flag("controller")), None)


def _edits(meta: JsonObject) -> Iterator[JsonObject]:
    return (entry for entry in meta.elements("managedFields") if not entry.optional_text("subresource"))


def _edits_of_spec(meta: JsonObject) -> Iterator[JsonObject]:
    """A scanner that annotates every CronJob once an hour changes no schedule."""
    return (entry for entry in _edits(meta) if entry.object("fieldsV1").has("f:spec"))


def _last_edit(edits: Iterable[JsonObject]) -> JsonObject | None:
    """The newest; of two in one second somebody else's, for ours is not the one that has to be explained."""
    return max(edits, key=_edit_order, default=None)


def _edit_order(entry: JsonObject) -> tuple[str, bool]:
    return entry.optional_text("time"), entry.optional_text("manager") != MANAGER


def _job_end(status: JsonObject) -> JobEnd | None:
    for complete, word in ((True, "Complete"), (False, "Failed")):
        for condition in _held(status, word):
            return JobEnd(
                complete=complete,
                at=condition.moment("lastTransitionTime"),
                reason=condition.optional_text("reason"),
                message=condition.optional_text("message"),
            )
    return None


def _held(status: JsonObject, kind: str) -> Iterator[JsonObject]:
    """The conditions of a type that are True; there is one at most."""
    return (
        condition
        for condition in status.elements("conditions")
        if condition.text("type") == kind and condition.text("status") == "True"
    )


def _unscheduled(status: JsonObject) -> Waiting | None:
    for condition in status.elements("conditions"):
        if condition.text("type") == "PodScheduled" and condition.text("status") == "False":
            return _waiting(condition)
    return None


def _waiting(state: JsonObject) -> Waiting:
    return Waiting(reason=state.optional_text("reason"), message=state.optional_text("message"))


def _terminated(state: JsonObject) -> Terminated:
    started = state.optional_moment("startedAt")
    return Terminated(
        exit_code=state.integer("exitCode"),
        reason=state.optional_text("reason"),
        message=state.optional_text("message"),
        started=started if started != _NEVER else None,
        finished=state.optional_moment("finishedAt"),
    )
