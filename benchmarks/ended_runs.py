"""Many runs that end within a minute: how soon each one's end is told, by Kubernetes and by the ConnectJob's status."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.api_client import api_client
from benchmarks.command import tell
from benchmarks.connect_fleet import Fleet

AT_ONCE = 8
WAIT_SECONDS = 300.0
TELL_SECONDS = 15.0
JOB_LABEL = "batch.kubernetes.io/job-name"
Document = dict[str, Any]
Named = Callable[[Document], str | None]
"""The name of the run whose end an object tells of, or None."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ends:
    """When each run's end was told, by its name: by its pod, its Job, its ConnectJob's status."""

    pods: dict[str, float] = field(default_factory=dict)
    jobs: dict[str, float] = field(default_factory=dict)
    statuses: dict[str, float] = field(default_factory=dict)

    def after_pod(self, told: Mapping[str, float]) -> list[float]:
        """Seconds from each pod's end, in order of size."""
        return sorted(told[name] - self.pods[name] for name in told)


def ended_runs(fleet: Fleet, runs: int) -> Ends:
    """Start a run for each of so many ConnectJobs, as `kubectl create job --from` does, and see all of them end."""
    ends = Ends()
    with (
        _watching(fleet, fleet.pods, _ended_pod, ends.pods),
        _watching(fleet, fleet.batch("jobs"), _ended_job, ends.jobs),
        _watching(fleet, fleet.connect_jobs, _told_run, ends.statuses),
    ):
        documents = [_run_of(cron_job) for cron_job in fleet.api.objects(fleet.batch("cronjobs"))[:runs]]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            list(threads.map(lambda document: fleet.api.create(fleet.batch("jobs"), document), documents))
        _wait_for(ends, runs)
    return ends


def _wait_for(ends: Ends, runs: int) -> None:
    start = told = time.monotonic()
    while min(len(ends.pods), len(ends.jobs), len(ends.statuses)) < runs:
        now = time.monotonic()
        seen = f"{len(ends.pods)} pods, {len(ends.jobs)} Jobs and {len(ends.statuses)} statuses"
        if now - start > WAIT_SECONDS:
            raise RuntimeError(f"of {runs} runs only {seen} have told their end within {WAIT_SECONDS:g} s")
        if now - told > TELL_SECONDS:
            told = now
            tell(f"… of {runs} runs {seen} have told their end")
        time.sleep(0.2)


@contextmanager
def _watching(fleet: Fleet, path: str, named: Named, told: dict[str, float]) -> Iterator[None]:
    """Within: the first moment at which an object tells of a run's end is noted."""
    begun = threading.Event()

    def watch() -> None:
        # The way to end a watch is to close its client.
        with suppress(httpx.HTTPError, httpx.StreamError, OSError, RuntimeError):
            for event in api.watch(path, begun):
                name = named(event["object"])
                if name is not None:
                    told.setdefault(name, time.monotonic())

    with api_client(fleet.cluster) as api:
        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        if not begun.wait(TELL_SECONDS):
            raise RuntimeError(f"the watch of {path} does not begin")
        yield


def _run_of(cron_job: Document) -> Document:
    meta, template = cron_job["metadata"], cron_job["spec"]["jobTemplate"]
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": meta["name"], "uid": meta["uid"], "controller": True}
    annotations = {"cronjob.kubernetes.io/instantiate": "manual"} | template["metadata"].get("annotations", {})
    metadata = {
        "name": f"{meta['name']}-now",
        "labels": template["metadata"]["labels"],
        "annotations": annotations,
        "ownerReferences": [owner],
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]}


def _ended_pod(pod: Document) -> str | None:
    ended = pod["status"].get("phase") in {"Succeeded", "Failed"}
    return str(pod["metadata"]["labels"][JOB_LABEL]) if ended else None


def _ended_job(job: Document) -> str | None:
    conditions = job["status"].get("conditions", [])
    ended = any(each["type"] in {"Complete", "Failed"} and each["status"] == "True" for each in conditions)
    return str(job["metadata"]["name"]) if ended else None


def _told_run(connect_job: Document) -> str | None:
    run = connect_job.get("status", {}).get("lastRun")
    return str(run["name"]) if run else None
