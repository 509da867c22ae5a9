"""ConnectRun → Job, as Kubernetes takes it: the nightly run's, but for what the worker is told to do."""

from datetime import timedelta

from connect_operator.core.connect_run import ConnectRun
from connect_operator.core.cronjob import Manifest, Resolved, job_annotations, job_labels, job_spec, labels, owner
from connect_operator.core.names import CONFIRMED_ANNOTATION, CONNECT_RUN_LABEL, REASON_ANNOTATION
from connect_operator.core.pod import approval, arguments
from connect_operator.core.spec import ConnectJob

KEPT = timedelta(days=7)
"""How long a Job is kept with its pod and log once it has ended: Kubernetes itself deletes it then."""


def run_manifest(run: ConnectRun, job: ConnectJob, resolved: Resolved) -> Manifest:
    """The Job of one ConnectRun. Its ConnectJob owns it, so that it ends with it."""
    mark = {CONNECT_RUN_LABEL: run.name}
    noted = {REASON_ANNOTATION: run.reason} if run.reason else {}
    if run.confirm_locked:
        noted |= {CONFIRMED_ANNOTATION: "true"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": run.job_name,
            "namespace": run.namespace,
            "labels": job_labels(job) | mark,
            "annotations": job_annotations(job, resolved, run.mode) | noted,
            "ownerReferences": [owner(job)],
        },
        "spec": {
            **job_spec(job, resolved, told=_told(run), labelled=labels(job) | mark),
            "ttlSecondsAfterFinished": int(KEPT.total_seconds()),
        },
    }


def _told(run: ConnectRun) -> tuple[str, ...]:
    if not run.approve:
        return arguments(run.mode)
    return approval(run.approve, by=f"ConnectRun {run.name}", comment=run.reason)
