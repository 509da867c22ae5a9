"""Kubernetes' objects as the watch tells them, for unit tests."""

from typing import Any

Body = dict[str, Any]

NAMESPACE = "connect"
CREATED = "2026-11-22T02:00:00Z"


def metadata(name: str, uid: str, version: str = "1", **more: Any) -> Body:
    return {
        "namespace": NAMESPACE,
        "name": name,
        "uid": uid,
        "resourceVersion": version,
        "creationTimestamp": CREATED,
        **more,
    }


def connect_job_body(name: str, uid: str, *, version: str = "1", realm: str = "", **status: Any) -> Body:
    secrets = {"customer": "c", "database": "d"}
    spec = {"realm": realm or name, "schedule": "0 3 * * *", "mode": "Validate", "secrets": secrets, "relay": {}}
    return {"metadata": metadata(name, uid, version, generation=1), "spec": spec, "status": status}


def cron_job_body(name: str, uid: str, *, version: str = "1", created: str = CREATED) -> Body:
    meta = metadata(f"connect-{name}", uid, version, generation=1) | {"creationTimestamp": created}
    return {"metadata": meta, "spec": {"suspend": False}}


def job_body(name: str, uid: str, *, connect_job: str, version: str = "1") -> Body:
    return {"metadata": metadata(name, uid, version, labels=_labels(connect_job)), "status": {}}


def pod_body(name: str, uid: str, *, connect_job: str, job_uid: str, version: str = "1", **status: Any) -> Body:
    owner = {"uid": job_uid, "controller": True}
    meta = metadata(name, uid, version, labels=_labels(connect_job), ownerReferences=[owner])
    return {"metadata": meta, "status": {"phase": "Running"} | status}


def ended(message: str, exit_code: int = 0) -> Body:
    """The status of a pod whose worker has left a report."""
    state = {"terminated": {"exitCode": exit_code, "message": message}}
    return {
        "phase": "Succeeded" if exit_code == 0 else "Failed",
        "containerStatuses": [{"name": "worker", "state": state}],
    }


def _labels(connect_job: str) -> dict[str, str]:
    return {"schoolconnect.io/connectjob": connect_job}
