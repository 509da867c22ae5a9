"""Many ConnectJobs in a real cluster, and the operator that serves them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from benchmarks.api_client import ApiClient, api_client
from benchmarks.simulated_node import NODE
from tests.cluster.cluster import Cluster
from tests.cluster.start import start_cluster
from tests.support.operator_process import IMAGE, STARTING, OperatorProcess, secret, start_operator
from tests.support.repository import ROOT

DEFINITIONS = sorted((ROOT / "manifests" / "crd").glob("*.schoolconnect.io.yaml"))
APPLY_SECONDS = 900.0
RECHECK_SECONDS = 20
SECRETS: Mapping[str, Mapping[str, str]] = {
    "customer": {"customerNumber": "1", "encryptionKey": "never.used"},
    "database": dict.fromkeys(("host", "port", "dbname", "username", "password"), "x"),
    "directory": {"username": "x", "password": "x"},
    "relay": dict.fromkeys(("tls.crt", "tls.key", "ca.crt"), "x"),
}
"""All ConnectJobs have the same four: they are read once for each all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """A namespace with ConnectJobs, and one beside it with plain CronJobs."""

    cluster: Cluster
    api: ApiClient
    folder: Path
    namespace: str

    @property
    def connect_jobs(self) -> str:
        """The path of the ConnectJobs."""
        return f"/apis/schoolconnect.io/v1alpha1/namespaces/{self.namespace}/connectjobs"

    def batch(self, plural: str, namespace: str = "") -> str:
        """The path of CronJobs or Jobs."""
        return f"/apis/batch/v1/namespaces/{namespace or self.namespace}/{plural}"

    @property
    def pods(self) -> str:
        """The path of the runs' pods."""
        return f"/api/v1/namespaces/{self.namespace}/pods"

    @property
    def plain(self) -> str:
        """The namespace of the plain CronJobs."""
        return f"{self.namespace}-plain"

    def apply(self, documents: Path, namespace: str) -> None:
        """`kubectl apply --server-side` of a file."""
        arguments = ("apply", "--server-side", f"--namespace={namespace}", f"--filename={documents}")
        self.cluster.kubectl(*arguments, timeout=APPLY_SECONDS)

    def operator(self, *, until: str = STARTING) -> AbstractContextManager[OperatorProcess]:
        """The operator, for this namespace."""
        environment = {"CONNECT_NAMESPACE": self.namespace, "CONNECT_RECHECK_INTERVAL": str(RECHECK_SECONDS)}
        return start_operator(self.folder, self.cluster.kubeconfig, environment, until=until)


@contextmanager
def fleet(folder: Path) -> Iterator[Fleet]:
    """Within: a cluster with Connect's definitions, and the Secrets of every ConnectJob to come."""
    with start_cluster() as cluster, api_client(cluster) as api:
        files = [f"--filename={path}" for path in DEFINITIONS]
        cluster.kubectl("apply", *files)
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", *files)
        made = Fleet(cluster=cluster, api=api, folder=folder, namespace=f"fleet-{token_hex(3)}")
        for namespace in (made.namespace, made.plain):
            cluster.create_namespace(namespace)
        documents = "\n---\n".join(json.dumps(secret(name, data)) for name, data in SECRETS.items())
        cluster.kubectl("apply", f"--namespace={made.namespace}", "--filename=-", source=documents)
        yield made


def name_of(number: int) -> str:
    """The name of a ConnectJob, and of its realm."""
    return f"school-{number:05d}"


def connect_job(number: int) -> dict[str, Any]:
    """A ConnectJob that lacks nothing; its runs come to the simulated node."""
    spec = {
        "realm": name_of(number),
        "schedule": "H 3 * * *",
        "secrets": {role: role for role in SECRETS},
        "relay": {"transport": "gRPC", "address": "connect-relay:8443"},
        "nodeSelector": {"kubernetes.io/hostname": NODE},
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"memory": "512Mi"}},
    }
    return {
        "apiVersion": "schoolconnect.io/v1alpha1",
        "kind": "ConnectJob",
        "metadata": {"name": name_of(number)},
        "spec": spec,
    }


def plain_cron_job(number: int) -> dict[str, Any]:
    """A CronJob without Connect, that never comes to run."""
    container = {"name": "worker", "image": IMAGE, "resources": {"limits": {"memory": "512Mi"}}}
    pod = {"restartPolicy": "Never", "containers": [container], "nodeSelector": {"kubernetes.io/hostname": NODE}}
    spec = {
        "schedule": "0 3 * * *",
        "timeZone": "Europe/Zurich",
        "suspend": True,
        "jobTemplate": {"spec": {"template": {"spec": pod}}},
    }
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name_of(number)}, "spec": spec}


def written(folder: Path, name: str, documents: Iterable[dict[str, Any]]) -> Path:
    """A file of YAML documents."""
    path = folder / f"{name}.yaml"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"---\n{json.dumps(document)}\n" for document in documents)
    return path
