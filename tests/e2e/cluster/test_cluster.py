"""The tests' cluster is a real one: what is shown on it, is shown on Kubernetes."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.command import run_command
from tests.cluster.errors import CommandError, ConditionError
from tests.e2e.cluster.conftest import GREETING
from tests.support import network_namespace
from tests.support.network_namespace import NetworkNamespace

NODE_PORT = 30080
RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
NO_LIMITS: Mapping[str, str] = {}


def pod(name: str, namespace: str, image: str, *command: str, limits: Mapping[str, str] = NO_LIMITS) -> dict[str, Any]:
    """A pod of one container that satisfies restricted Pod Security."""
    container = {
        "name": "main",
        "image": image,
        "args": command,
        "securityContext": RESTRICTED,
        "resources": {"limits": limits},
    }
    spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}
    metadata = {"name": name, "namespace": namespace, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def service(name: str, namespace: str, **spec: object) -> dict[str, Any]:
    """A service for the pod of the same name."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": {"app": name}, **spec}}


def apply(cluster: Cluster, *documents: Mapping[str, Any]) -> None:
    for document in documents:
        cluster.apply(json.dumps(document))


def serve_greeting(cluster: Cluster, namespace: str, busybox: str, **spec: object) -> None:
    """A pod and a service `greeter` that answer http://…/greeting."""
    serve = pod("greeter", namespace, busybox, "httpd", "-f", "-p", "8080", "-h", "/")
    apply(cluster, serve, service("greeter", namespace, **spec))
    wait_for_phase(cluster, namespace, "greeter", "Running")


def wait_for_phase(cluster: Cluster, namespace: str, name: str, phase: str) -> None:
    """Wait for the phase, and fail at once if the pod has ended in another."""

    def look() -> Any:
        return cluster.get_json("pod", name, "--namespace", namespace)["status"]

    phases = {phase, "Failed", "Succeeded"}
    status = cluster.wait_until(f"pod {name} is {phase}", look, lambda status: status["phase"] in phases)
    assert status["phase"] == phase, status


@pytest.fixture
def neighbour(cluster: Cluster) -> Iterator[NetworkNamespace]:
    """Another network, at the other end of a cable to the node's."""
    with closing(network_namespace.create()) as here, closing(network_namespace.held(cluster.network)) as node:
        here.run("ip", "link", "add", "here", "type", "veth", "peer", "name", "neighbour", "netns", node.path)
        for network, interface, address in ((here, "here", "192.0.2.2/30"), (node, "neighbour", "192.0.2.1/30")):
            network.run("ip", "address", "add", address, "dev", interface)
            network.run("ip", "link", "set", interface, "up")
        yield here


def test_the_node_is_ready_and_of_the_version_that_kubectl_expects(cluster: Cluster) -> None:
    """Kubectl warns of versions too far apart; it has nothing to say here."""
    (node,) = cluster.get_json("nodes")["items"]
    assert {"type": "Ready", "status": "True"}.items() <= node["status"]["conditions"][-1].items()
    versions = cluster.kubectl_result("version", "--output=json")
    told = json.loads(versions.output)
    assert told["serverVersion"]["gitVersion"] == told["clientVersion"]["gitVersion"]
    assert told["serverVersion"]["gitVersion"].startswith("v1.34.")
    assert versions.errors == ""


def test_a_pod_runs_as_nobody_special_and_its_log_is_read(cluster: Cluster, namespace: str, busybox: str) -> None:
    apply(cluster, pod("modest", namespace, busybox, "id"))
    wait_for_phase(cluster, namespace, "modest", "Succeeded")
    assert cluster.kubectl("logs", "modest", "--namespace", namespace) == "uid=1000 gid=0 groups=0\n"


def test_a_pod_that_wants_more_than_it_may_is_refused(cluster: Cluster, namespace: str, busybox: str) -> None:
    """Pod Security `restricted` is enforced, with its own words."""
    immodest = pod("immodest", namespace, busybox, "id")
    immodest["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    with pytest.raises(CommandError, match='violates PodSecurity "restricted:latest": privileged'):
        apply(cluster, immodest)


def test_a_pod_reaches_another_by_its_services_name(cluster: Cluster, namespace: str, busybox: str) -> None:
    """Names by CoreDNS, addresses by kube-proxy."""
    serve_greeting(cluster, namespace, busybox, ports=[{"port": 80, "targetPort": 8080}])
    # The service gets its pod's address a moment after the pod runs.
    ask = f"until /bin/busybox wget -q -O - http://greeter.{namespace}.svc/greeting; do /bin/busybox sleep 0.1; done"
    apply(cluster, pod("caller", namespace, busybox, "sh", "-c", ask))
    wait_for_phase(cluster, namespace, "caller", "Succeeded")
    assert cluster.kubectl("logs", "caller", "--namespace", namespace) == GREETING


def test_a_neighbouring_network_reaches_a_node_port(
    cluster: Cluster, namespace: str, busybox: str, neighbour: NetworkNamespace
) -> None:
    """At any address that the node has, also the one at the end of a new cable."""
    ports = [{"port": 80, "targetPort": 8080, "nodePort": NODE_PORT}]
    serve_greeting(cluster, namespace, busybox, type="NodePort", ports=ports)

    def ask() -> str:
        address = f"http://192.0.2.1:{NODE_PORT}/greeting"
        return run_command(("nsenter", f"--net={neighbour.path}", "busybox", "wget", "-q", "-O", "-", address))

    assert cluster.wait_until("the node port answers", ask) == GREETING


def test_a_container_beyond_its_memory_is_killed(cluster: Cluster, namespace: str, busybox: str) -> None:
    """By the kernel, and the kubelet tells why."""
    hungry = ("dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1")
    apply(cluster, pod("hungry", namespace, busybox, *hungry, limits={"memory": "32Mi"}))
    wait_for_phase(cluster, namespace, "hungry", "Failed")
    (container,) = cluster.get_json("pod", "hungry", "--namespace", namespace)["status"]["containerStatuses"]
    assert {"reason": "OOMKilled", "exitCode": 137}.items() <= container["state"]["terminated"].items()


def test_the_audit_log_tells_who_asked_what_and_who_was_refused(cluster: Cluster, namespace: str) -> None:
    apply(cluster, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": namespace}})
    cluster.kubectl_result("get", "secrets", "--namespace", namespace, "--as=stranger")

    def seen() -> list[tuple[str, str, str, str, int]]:
        events = cluster.audit_events(
            lambda event: event.namespace == namespace and event.user in {"admin", "stranger"}
        )
        return [(event.user, event.verb, event.resource, event.name, event.code) for event in events]

    cluster.wait_until("the refusal is in the audit log", seen, lambda events: events and events[-1][0] == "stranger")
    assert ("admin", "create", "configmaps", "mine", 201) in seen()
    assert seen()[-1] == ("stranger", "list", "secrets", "", 403)


def test_helm_installs_a_chart_that_asks_for_this_kubernetes(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    chart = {"apiVersion": "v2", "name": "small", "version": "1.0.0", "kubeVersion": "~1.34.0"}
    template = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}"}}'
    (tmp_path / "Chart.yaml").write_text(json.dumps(chart))
    (tmp_path / "templates" / "map.yaml").write_text(template)
    cluster.helm("template", "release", str(tmp_path))
    cluster.helm("install", "release", str(tmp_path), "--namespace", namespace)
    assert cluster.get_json("configmap", "release", "--namespace", namespace)["kind"] == "ConfigMap"


def test_a_condition_that_does_not_come_true_shows_what_was_seen(cluster: Cluster) -> None:
    """The last state, and the cluster's pods."""
    with pytest.raises(ConditionError, match=r"(?s)a pod called Godot. Seen last: 'nobody'.*coredns"):
        cluster.wait_until("a pod called Godot", lambda: "nobody", lambda seen: seen == "Godot", timeout=0.2)
