"""A real Kueue beside a test cluster.

It runs on the host with the administrator's kubeconfig. Its webhooks are not registered: they would suspend Jobs at
birth, which is the operator's to do, and check Kueue's own objects.
"""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.cluster import Cluster
from tests.cluster.kueue_program import built_kueue, definitions
from tests.cluster.waiting import wait_until
from tests.support.certificates import create_authority, issue

END_SECONDS = 10
VERSION = "kueue.x-k8s.io/v1beta1"
SETTLED = "Starting workers"
"""What it logs once it works."""


@contextmanager
def kueue(cluster: Cluster, folder: Path) -> Iterator[None]:
    """Within: Kueue works in the cluster. Its log goes to `folder`."""
    program = built_kueue()
    cluster.kubectl("create", f"--filename={definitions()}")
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
    cluster.create_namespace("kueue-system")
    log_file = folder / "kueue.log"
    with log_file.open("wb") as log:
        command = [str(program), f"--config={_configuration(folder)}", "--feature-gates=VisibilityOnDemand=false"]
        process = subprocess.Popen(command, env=dict(cluster.environment), stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until("Kueue works", lambda: process.poll() is not None or SETTLED in log_file.read_text())
        assert process.poll() is None, log_file.read_text()
        yield
    finally:
        process.terminate()
        process.wait(END_SECONDS)


def queue_of_one(namespace: str, *, cpu: str) -> list[dict[str, object]]:
    """A LocalQueue `nightly` that lets runs start for so much CPU, and two priorities of which the higher preempts."""
    covered = {"coveredResources": ["cpu"], "flavors": [_flavor(namespace, cpu)]}
    cluster_queue = {
        "namespaceSelector": {},
        "resourceGroups": [covered],
        "preemption": {"withinClusterQueue": "LowerPriority"},
    }
    return [
        {"apiVersion": VERSION, "kind": "ResourceFlavor", "metadata": {"name": namespace}},
        {"apiVersion": VERSION, "kind": "ClusterQueue", "metadata": {"name": namespace}, "spec": cluster_queue},
        {
            "apiVersion": VERSION,
            "kind": "LocalQueue",
            "metadata": {"name": "nightly", "namespace": namespace},
            "spec": {"clusterQueue": namespace},
        },
    ]


def _flavor(name: str, cpu: str) -> dict[str, object]:
    return {"name": name, "resources": [{"name": "cpu", "nominalQuota": cpu}]}


def _configuration(folder: Path) -> Path:
    certificates = folder / "webhook"
    certificates.mkdir()
    server = issue(create_authority(), folder, dns_names=["localhost"])
    (certificates / "tls.crt").write_bytes(server.certificate.read_bytes())
    (certificates / "tls.key").write_bytes(server.key.read_bytes())
    configuration = {
        "apiVersion": "config.kueue.x-k8s.io/v1beta1",
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": "0"},
        "metrics": {"bindAddress": "0"},
        "webhook": {"host": "127.0.0.1", "port": _free_port(), "certDir": str(certificates)},
        "leaderElection": {"leaderElect": False},
        "internalCertManagement": {"enable": False},
        "integrations": {"frameworks": ["batch/job"]},
    }
    path = folder / "kueue.json"
    path.write_text(json.dumps(configuration))
    return path


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
