"""A real Kueue beside a test cluster, with its webhooks and the certificate that it makes for them.

It runs in the node's network, where the API server finds it by a service, with the administrator's rights. Where it
looks for its certificate is the test's folder, into which its Secret is put as the kubelet would mount it.
"""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.cluster.cluster import Cluster
from tests.cluster.identities import API_URL
from tests.cluster.kueue_program import built_kueue, definitions, webhooks
from tests.cluster.machine import NODE_ADDRESS
from tests.cluster.waiting import wait_until
from tests.support.operator_process import Document

END_SECONDS = 10
VERSION = "kueue.x-k8s.io/v1beta1"
NAMESPACE = "kueue-system"
# Names and places that are fixed in Kueue.
WEBHOOKS = "kueue-webhook-service"
SECRET = "kueue-webhook-server-cert"
CERTIFICATE = Path("/tmp/k8s-webhook-server/serving-certs")  # noqa: S108 - each Kueue sees a folder of its own there
PORT = 9443
SERVED = {"batch", "kueue.x-k8s.io"}
"""The API groups of what it is configured for; for the others it would have to be installed whole."""


@contextmanager
def kueue(cluster: Cluster, folder: Path) -> Iterator[None]:
    """Within: Kueue works in the cluster. Its log goes to `folder`."""
    program, own, log_file = built_kueue(), folder / "kueue-certificate", folder / "kueue.log"
    own.mkdir()
    _prepare(cluster, folder)
    within = ("nsenter", f"--net={cluster.network}", "unshare", "--mount", "--propagation=private")
    CERTIFICATE.mkdir(parents=True, exist_ok=True)
    mounted = ("sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', str(own), str(CERTIFICATE), str(program))
    options = (f"--config={folder / 'kueue-configuration'}", "--feature-gates=VisibilityOnDemand=false")
    environment = {"PATH": os.environ["PATH"], "KUBECONFIG": str(folder / "kueue-kubeconfig")}
    with log_file.open("wb") as log:
        process = subprocess.Popen([*within, *mounted, *options], env=environment, stdout=log, stderr=log)
    try:
        _mount_certificate(cluster, own, process)
        assert process.poll() is None, log_file.read_text()
        flavor = json.dumps({"apiVersion": VERSION, "kind": "ResourceFlavor", "metadata": {"name": "any"}})
        wait_until(
            "Kueue answers the API server",
            lambda: process.poll() or cluster.kubectl("create", "--dry-run=server", "--filename=-", source=flavor),
        )
        assert process.poll() is None, log_file.read_text()
        yield
    finally:
        # First they, or nobody could make a Job any more.
        kinds = "mutatingwebhookconfigurations,validatingwebhookconfigurations"
        cluster.kubectl("delete", kinds, "--selector=app=kueue")
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


def _prepare(cluster: Cluster, folder: Path) -> None:
    """What its installation brings, and files for it."""
    (folder / "kueue-configuration").write_text(json.dumps(_configuration()))
    kubeconfig = json.loads(cluster.kubeconfig.read_text())
    kubeconfig["clusters"][0]["cluster"]["server"] = API_URL
    (folder / "kueue-kubeconfig").write_text(json.dumps(kubeconfig))
    cluster.kubectl("create", f"--filename={definitions()}")
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
    cluster.create_namespace(NAMESPACE)
    for document in (*_service(), *_registrations()):
        cluster.kubectl("create", "--filename=-", source=json.dumps(document))


def _configuration() -> Document:
    return {
        "apiVersion": "config.kueue.x-k8s.io/v1beta1",
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": "0"},
        "metrics": {"bindAddress": "0"},
        "webhook": {"port": PORT},
        "leaderElection": {"leaderElect": False},
        "integrations": {"frameworks": ["batch/job"]},
    }


def _service() -> list[Document]:
    """Where the API server finds its webhooks, and the Secret for their certificate."""
    metadata = {"name": WEBHOOKS, "namespace": NAMESPACE}
    labels = {"kubernetes.io/service-name": WEBHOOKS}
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata | {"name": SECRET}},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 443}]}},
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": metadata | {"labels": labels},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [NODE_ADDRESS]}],
            "ports": [{"name": "", "port": PORT, "protocol": "TCP"}],
        },
    ]


def _registrations() -> Iterator[Document]:
    """Its own, with the names of an installation."""
    for document in yaml.safe_load_all(webhooks().read_text()):
        hooks = [hook for hook in document["webhooks"] if SERVED.issuperset(hook["rules"][0]["apiGroups"])]
        for hook in hooks:
            hook["clientConfig"]["service"] |= {"name": WEBHOOKS, "namespace": NAMESPACE}
        metadata = {"name": f"kueue-{document['metadata']['name']}", "labels": {"app": "kueue"}}
        yield document | {"metadata": metadata, "webhooks": hooks}


def _mount_certificate(cluster: Cluster, folder: Path, process: "subprocess.Popen[bytes]") -> None:
    """Once Kueue has made it; nothing if Kueue has ended before."""
    made = cluster.wait_until(
        "Kueue's certificate",
        lambda: cluster.get_json("secret", SECRET, f"--namespace={NAMESPACE}").get("data", {}),
        lambda data: "tls.crt" in data or process.poll() is not None,
    )
    # The certificate is what Kueue waits for: it comes last.
    for name in sorted(made, key="tls.crt".__eq__):
        (folder / name).write_bytes(base64.b64decode(made[name]))
