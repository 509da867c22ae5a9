"""A release over its life, with its pods, and one customer in it whose runs are played by the stand-in."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.cluster import Cluster
from tests.cluster.images import REGISTRY, Images
from tests.support.operator_process import NIGHT, Document, connect_job
from tests.support.stand_in import leaves, report, secrets_with

RELEASE = "schools"
CUSTOMER = "musterwil"
WORKER = "stand-in"
PARTS = "app.kubernetes.io/component in (operator,relay)"
TOLD = "/tmp/told"  # noqa: S108 - in a pod's own /tmp
UNTIL_TOLD = f"until test -e {TOLD}; do /bin/busybox sleep 0.1; done\n" + leaves(report().to_json(), 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What no step may touch: ConnectJob, CronJob and Secrets by their uids, and the last run."""

    uids: tuple[str, ...]
    schedule: str
    last_run: tuple[str, str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Life:
    """A release at whatever point of its life."""

    cluster: Cluster
    images: Images
    namespace: str

    @property
    def _where(self) -> str:
        return f"--namespace={self.namespace}"

    def helm(self, verb: str, *arguments: str) -> None:
        """Have Helm do this with the release, and wait for its pods."""
        self.cluster.helm(verb, RELEASE, *arguments, self._where, "--wait", "--timeout=120s")

    def deploy(self, verb: str, chart: Path, tag: str) -> None:
        """Install this chart, or upgrade to it, with the images of this tag."""
        values = {"image.registry": REGISTRY, "image.tag": tag, "worker.image.repository": WORKER}
        self.helm(verb, str(chart), *(f"--set={name}={value}" for name, value in values.items()))

    def worker(self, tag: str) -> str:
        """The image of runs with this tag."""
        return f"{REGISTRY}/{WORKER}:{tag}"

    def kubectl(self, *arguments: str, source: str | None = None) -> str:
        return self.cluster.kubectl(self._where, *arguments, source=source)

    def get(self, *what: str) -> Any:
        return self.cluster.get_json(*what, self._where)

    def names(self, kind: str) -> set[str]:
        """The chart's objects of a kind."""
        listed = self.kubectl("get", kind, "--output=name", "--selector=app.kubernetes.io/name=connect")
        return {line.rpartition("/")[2] for line in listed.splitlines()}

    def pods(self) -> dict[str, str]:
        """The image of each part whose pod is ready."""
        found = self.get("pods", f"--selector={PARTS}")["items"]
        return {
            pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod["spec"]["containers"][0]["image"]
            for pod in found
            if {"type": "Ready", "status": "True"}.items() <= condition(pod, "Ready").items()
        }

    def enrol(self) -> None:
        """Make the customer, and wait until his CronJob stands."""
        for document in (*secrets_with(CUSTOMER, UNTIL_TOLD), connect_job(CUSTOMER, schedule=f"H {NIGHT + 1} * * *")):
            self.kubectl("create", "--filename=-", source=json.dumps(document))
        self.kubectl("wait", f"connectjob/{CUSTOMER}", "--for=condition=Ready", "--timeout=60s")

    def status(self) -> Document:
        found: Document = self.get("connectjob", CUSTOMER).get("status", {})
        return found

    def schema(self) -> set[str]:
        """What the cluster knows of a ConnectJob's status."""
        (version,) = self.cluster.get_json("crd", "connectjobs.schoolconnect.io")["spec"]["versions"]
        return set(version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"])

    def kept(self) -> Kept:
        """What is to be kept, as it is now."""
        job, status = self.get("connectjob", CUSTOMER), self.status()
        objects = [job, self.get("cronjob", f"connect-{CUSTOMER}"), *self.get("secrets")["items"]]
        own = [each for each in objects if CUSTOMER in each["metadata"]["name"]]
        last = status["lastRun"]
        return Kept(
            uids=tuple(each["metadata"]["uid"] for each in own),
            schedule=job["spec"]["schedule"],
            last_run=(last["name"], last["result"], last["completionTime"]),
        )

    def start_run(self, name: str) -> str:
        """A run by hand, whose pod runs; returns its image."""
        self.kubectl("create", "job", name, f"--from=cronjob/connect-{CUSTOMER}")
        self.kubectl("wait", "job", name, "--for=jsonpath={.status.ready}=1", "--timeout=60s")
        (pod,) = self.get("pods", f"--selector=job-name={name}")["items"]
        return str(pod["spec"]["containers"][0]["image"])

    def tell_to_end(self, name: str) -> None:
        self.kubectl("exec", f"job/{name}", "--", "/bin/busybox", "touch", TOLD)

    def wait_for_told(self, name: str) -> None:
        """Until the operator tells how a run has ended: well."""
        self.cluster.wait_until(
            f"the end of {name} is told",
            lambda: self.status().get("lastRun", {}),
            lambda last: (last.get("name"), last.get("result"), last.get("reason")) == (name, "Done", "Synced"),
        )

    def run(self, name: str) -> str:
        """A run from its start to what the operator tells of it; returns its image."""
        image = self.start_run(name)
        self.cluster.wait_until(f"{name} is seen", lambda: self.status().get("activeRun", {}).get("name") == name)
        self.tell_to_end(name)
        self.wait_for_told(name)
        return image


def condition(pod: Document, kind: str) -> dict[str, str]:
    (found,) = [each for each in pod["status"]["conditions"] if each["type"] == kind]
    return dict(found)
