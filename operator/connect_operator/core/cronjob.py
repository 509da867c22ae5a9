"""ConnectJob → CronJob, as Kubernetes takes it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from connect_operator.core.facts import Gatekeeper
from connect_operator.core.names import (
    ADMISSION_ANNOTATION,
    API_VERSION,
    CONNECT_JOB_LABEL,
    CONTAINER,
    KIND,
    MANAGED_BY_LABEL,
    MANAGER,
    MODE_ANNOTATION,
    QUEUE_LABEL,
    REALM_LABEL,
    cron_job_name,
)
from connect_operator.core.pod import arguments, pod_spec
from connect_operator.core.spec import ConnectJob, Mode
from connect_protocol.exit_codes import ExitCode

RETRIES = 3
JOB_EXTRA = timedelta(minutes=20)
"""A Job's deadline bounds retries and pods that never start; with it pod and report are gone, so it comes last."""
KILLED = 137
"""SIGKILL, as from the kernel when memory runs out: another try would meet the same end."""

Manifest = dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """What a ConnectJob leaves to defaults and hashes, decided: an image, an IANA zone, five fields of plain cron.

    `capped`: how many runs go on at once is limited, and the operator lets each start.
    """

    image: str
    time_zone: str
    schedule: str
    image_pull_secrets: tuple[str, ...] = ()
    capped: bool = False


def manifest(job: ConnectJob, resolved: Resolved) -> Manifest:
    """The CronJob that one ConnectJob wants."""
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {
            "name": cron_job_name(job.name),
            "namespace": job.namespace,
            "labels": labels(job),
            "ownerReferences": [owner(job)],
        },
        "spec": {
            "schedule": resolved.schedule,
            "timeZone": resolved.time_zone,
            "concurrencyPolicy": "Forbid",
            "suspend": job.suspend,
            "startingDeadlineSeconds": _seconds(job.starting_deadline),
            "successfulJobsHistoryLimit": job.successful_runs,
            "failedJobsHistoryLimit": job.failed_runs,
            "jobTemplate": _job_template(job, resolved),
        },
    }


def fingerprint(wanted: Manifest) -> str:
    """A short hash of what is wanted; it says whether something else is wanted than before, not what stands."""
    text = json.dumps(wanted, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def labels(job: ConnectJob) -> dict[str, str]:
    """By which CronJob, Job and pod are found."""
    return {MANAGED_BY_LABEL: MANAGER, CONNECT_JOB_LABEL: job.name, REALM_LABEL: job.realm}


def job_labels(job: ConnectJob) -> dict[str, str]:
    """Of a run's Job; one of them hands it to Kueue."""
    return labels(job) | ({QUEUE_LABEL: job.queue_name} if job.queue_name else {})


def job_annotations(job: ConnectJob, resolved: Resolved, mode: Mode) -> dict[str, str]:
    """Of a run's Job: what it does, and whether the operator lets it start."""
    ours = resolved.capped and not job.queue_name
    return {MODE_ANNOTATION: mode.value} | ({ADMISSION_ANNOTATION: Gatekeeper.OPERATOR.value} if ours else {})


def owner(job: ConnectJob) -> Manifest:
    """Makes what bears it go when the ConnectJob goes."""
    # Without blockOwnerDeletion: it would need a right on the owner's finalizers, and collection works without.
    return {"apiVersion": API_VERSION, "kind": KIND, "name": job.name, "uid": job.uid, "controller": True}


def _job_template(job: ConnectJob, resolved: Resolved) -> Manifest:
    return {
        "metadata": {"labels": job_labels(job), "annotations": job_annotations(job, resolved, job.mode)},
        "spec": job_spec(job, resolved, told=arguments(job.mode), labelled=labels(job)),
    }


def job_spec(job: ConnectJob, resolved: Resolved, *, told: tuple[str, ...], labelled: Mapping[str, str]) -> Manifest:
    """The spec of one run's Job, with these labels on its pod; the worker is `told` what to do.

    A Job that somebody lets start is born suspended: its deadline counts from then, not from its birth.
    """
    return {
        "activeDeadlineSeconds": _seconds(job.timeout + JOB_EXTRA),
        "backoffLimit": RETRIES,
        **({"suspend": True} if resolved.capped or job.queue_name else {}),
        "podFailurePolicy": {"rules": _failure_rules()},
        "template": {
            "metadata": {"labels": {**job.pod.labels, **labelled}, "annotations": dict(job.pod.annotations)},
            "spec": pod_spec(
                job,
                told=told,
                image=resolved.image,
                time_zone=resolved.time_zone,
                image_pull_secrets=resolved.image_pull_secrets,
            ),
        },
    }


def _failure_rules() -> list[Manifest]:
    """The first rule that fits decides; what none fits is tried again, RETRIES times."""
    final = sorted({code.value for code in ExitCode if code and not code.retried} | {KILLED})
    return [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": final}},
    ]


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
