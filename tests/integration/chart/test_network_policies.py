"""Who may talk to whom, by the rendered NetworkPolicies: connections, wanted and not, are judged as Kubernetes does.

The network of the test cluster enforces none; what is judged here is what is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from connect_operator.core.names import MANAGED_BY_LABEL, MANAGER
from tests.support.chart import Document, one, pod, render

NAMESPACE = "connect"
NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True, kw_only=True)
class End:
    """One end of a connection: a pod with labels, namespace and named ports, or an address outside."""

    labels: Mapping[str, str] = field(default_factory=dict)
    namespace: str = NAMESPACE
    ports: Mapping[str, int] = field(default_factory=dict)
    address: str = ""


OPERATOR = End(
    labels={
        "app.kubernetes.io/name": "connect",
        "app.kubernetes.io/instance": "connect",
        "app.kubernetes.io/component": "operator",
    },
    ports={"metrics": 8080, "health": 8081},
)
RELAY = End(
    labels={**OPERATOR.labels, "app.kubernetes.io/component": "relay"},
    ports={"relay": 8443, "ssh": 2222, "admin": 8080},
)
WORKER = End(labels={MANAGED_BY_LABEL: MANAGER, "schoolconnect.io/connectjob": "musterwil"})
STRANGER = End(labels={"app": "shop"})
PROMETHEUS = End(labels={"app": "prometheus"}, namespace="monitoring")
NAME_SERVICE = End(labels={"k8s-app": "kube-dns"}, namespace="kube-system")
API_SERVER = End(address="10.0.0.1")
BRIDGE = End(address="203.0.113.7")
SCHOOL = End(address="198.51.100.5")

WANTED = {
    "the operator asks the API server": (OPERATOR, API_SERVER, 6443),
    "the operator asks the API server by its service": (OPERATOR, API_SERVER, 443),
    "the operator asks for names": (OPERATOR, NAME_SERVICE, 53),
    "the operator asks the relay who is there": (OPERATOR, RELAY, 8080),
    "Prometheus reads the operator's metrics": (PROMETHEUS, OPERATOR, 8080),
    "Prometheus reads the relay's metrics": (PROMETHEUS, RELAY, 8080),
    "a run asks for names": (WORKER, NAME_SERVICE, 53),
    "a run goes by the relay": (WORKER, RELAY, 8443),
    "a bridge comes from outside": (BRIDGE, RELAY, 8443),
    "a run of another namespace goes by the relay": (End(labels=WORKER.labels, namespace="other"), RELAY, 8443),
}
UNWANTED = {
    "a run reaches the school by itself": (WORKER, SCHOOL, 5432),
    "a run reaches the school's directory by itself": (WORKER, SCHOOL, 636),
    "a run asks the API server": (WORKER, API_SERVER, 6443),
    "a run reads the relay's list of realms": (WORKER, RELAY, 8080),
    "a run calls another run": (WORKER, WORKER, 8443),
    "a run calls the operator": (WORKER, OPERATOR, 8080),
    "a stranger calls a run": (STRANGER, WORKER, 8080),
    "a stranger reads the relay's list of realms": (STRANGER, RELAY, 8080),
    "somebody outside reads the relay's list of realms": (BRIDGE, RELAY, 8080),
    "a stranger reads the operator's metrics": (STRANGER, OPERATOR, 8080),
    "the relay calls the school": (RELAY, SCHOOL, 5432),
    "the relay calls the API server": (RELAY, API_SERVER, 6443),
    "the relay calls a run": (RELAY, WORKER, 8080),
    "the operator reaches the school": (OPERATOR, SCHOOL, 5432),
    "the operator goes by the relay": (OPERATOR, RELAY, 8443),
    "a bridge comes by SSH though that is off": (BRIDGE, RELAY, 2222),
    "Prometheus goes by the relay's admin port to nowhere else": (PROMETHEUS, OPERATOR, 8081),
}


@pytest.fixture(scope="module")
def by_default() -> Sequence[Document]:
    return render()


def allowed(rendered: Sequence[Document], source: End, target: End, port: int) -> bool:
    """Whether both ends' policies let a TCP connection through."""
    return _lets(rendered, "Egress", source, target, port) and _lets(rendered, "Ingress", target, source, port)


def _lets(rendered: Sequence[Document], direction: str, subject: End, peer: End, port: int) -> bool:
    """What the policies that select an end say of its peer: all is allowed where none selects it."""
    chosen = [
        each["spec"]
        for each in rendered
        if each["kind"] == "NetworkPolicy" and direction in each["spec"]["policyTypes"] and _selected(each, subject)
    ]
    rules = [rule for spec in chosen for rule in spec[direction.lower()]]
    target = subject if direction == "Ingress" else peer
    return not chosen or any(_peers(rule, direction, peer) and _ports(rule, target, port) for rule in rules)


def _selected(policy: Document, end: End) -> bool:
    return not end.address and end.namespace == NAMESPACE and _matches(policy["spec"]["podSelector"], end.labels)


def _peers(rule: Mapping[str, Any], direction: str, peer: End) -> bool:
    named = rule.get("from" if direction == "Ingress" else "to")
    return not named or any(_peer(one, peer) for one in named)


def _peer(said: Mapping[str, Any], peer: End) -> bool:
    if "ipBlock" in said:
        return bool(peer.address) and ip_address(peer.address) in ip_network(said["ipBlock"]["cidr"])
    if peer.address:
        return False
    if "namespaceSelector" in said:
        inside = _matches(said["namespaceSelector"], {NAME: peer.namespace})
    else:
        inside = peer.namespace == NAMESPACE
    return inside and _matches(said.get("podSelector", {}), peer.labels)


def _ports(rule: Mapping[str, Any], target: End, port: int) -> bool:
    tcp = [each["port"] for each in rule.get("ports", []) if each["protocol"] == "TCP"]
    return "ports" not in rule or any(port == target.ports.get(each, each) for each in tcp)


def _matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    assert selector.keys() <= {"matchLabels"}, "this judge knows nothing else"
    return bool(selector.get("matchLabels", {}).items() <= labels.items())


@pytest.mark.parametrize(("source", "target", "port"), WANTED.values(), ids=WANTED)
def test_a_connection_that_is_wanted_is_let_through(
    by_default: Sequence[Document], source: End, target: End, port: int
) -> None:
    assert allowed(by_default, source, target, port)


@pytest.mark.parametrize(("source", "target", "port"), UNWANTED.values(), ids=UNWANTED)
def test_a_connection_that_is_not_wanted_is_not(
    by_default: Sequence[Document], source: End, target: End, port: int
) -> None:
    assert not allowed(by_default, source, target, port)


def test_ssh_is_let_in_where_it_is_on() -> None:
    rendered = render({"relay": {"ssh": {"enabled": True}}})
    assert allowed(rendered, BRIDGE, RELAY, 2222)
    assert allowed(rendered, WORKER, RELAY, 2222)


def test_what_runs_may_call_besides_can_be_listed() -> None:
    school = {"to": [{"ipBlock": {"cidr": "198.51.100.0/24"}}], "ports": [{"port": 5432, "protocol": "TCP"}]}
    rendered = render({"networkPolicy": {"workerEgress": [school]}})
    assert allowed(rendered, WORKER, SCHOOL, 5432)
    assert not allowed(rendered, WORKER, SCHOOL, 636)


def test_metrics_may_be_for_nobody() -> None:
    rendered = render({"networkPolicy": {"metricsFrom": []}})
    assert not allowed(rendered, PROMETHEUS, OPERATOR, 8080)
    assert not allowed(rendered, PROMETHEUS, RELAY, 8080)
    assert allowed(rendered, OPERATOR, RELAY, 8080)


def test_without_policies_everybody_may_talk_to_everybody() -> None:
    rendered = render({"networkPolicy": {"enabled": False}})
    assert all(allowed(rendered, *connection) for connection in (*WANTED.values(), *UNWANTED.values()))


def test_the_policies_are_about_the_pods_that_there_are() -> None:
    """Labels and ports above are the chart's, so that the judgement is about real pods."""
    rendered = render({"relay": {"ssh": {"enabled": True}}})
    for end, name in ((OPERATOR, "connect-operator"), (RELAY, "connect-relay")):
        labels = one(rendered, "Deployment", name)["spec"]["template"]["metadata"]["labels"]
        (container,) = pod(rendered, name)["containers"]
        assert end.labels.items() <= labels.items()
        assert {each["name"]: each["containerPort"] for each in container["ports"]} == end.ports
