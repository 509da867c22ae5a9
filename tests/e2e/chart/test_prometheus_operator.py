"""What the chart gives to a Prometheus operator, judged by that operator's own definitions."""

import json
from collections.abc import Mapping

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.command import Result
from tests.cluster.prometheus_operator import definition
from tests.e2e.chart.conftest import NAMESPACE
from tests.support.chart import Document, render

GROUP = "monitoring.coreos.com"
KINDS = ("podmonitors", "prometheusrules")
MONITORING = {
    "podMonitors": {"enabled": True, "labels": {"release": "prometheus"}, "interval": "1m"},
    "alerts": {"enabled": True, "docsUrl": "https://git.example.org/connect/docs"},
}


@pytest.fixture(scope="module", autouse=True)
def definitions(chart_cluster: Cluster) -> None:
    """The Prometheus operator's, in the cluster."""
    files = [f"--filename={definition(plural)}" for plural in KINDS]
    # Too large for the annotation that an ordinary `kubectl apply` would leave.
    chart_cluster.kubectl("apply", "--server-side", *files)
    established = (
        "wait",
        *(f"crd/{plural}.{GROUP}" for plural in KINDS),
        "--for=condition=Established",
        "--timeout=1s",
    )
    chart_cluster.wait_until("the definitions are established", lambda: chart_cluster.kubectl(*established))


@pytest.fixture(scope="module")
def rendered() -> Mapping[str, Document]:
    """What is for the Prometheus operator, by name."""
    found = [each for each in render({"monitoring": MONITORING}) if each["apiVersion"].startswith(GROUP)]
    return {f"{each['kind']} {each['metadata']['name']}": each for each in found}


def applied(cluster: Cluster, document: Document) -> Result:
    """What the API server says, when it may overlook nothing."""
    strictly = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename=-")
    return cluster.kubectl_result(*strictly, f"--namespace={NAMESPACE}", source=json.dumps(document))


def test_it_takes_all_of_it(chart_cluster: Cluster, rendered: Mapping[str, Document]) -> None:
    assert set(rendered) == {"PodMonitor connect-operator", "PodMonitor connect-relay", "PrometheusRule connect"}
    answers = {name: applied(chart_cluster, document) for name, document in rendered.items()}
    assert {name: answer.errors for name, answer in answers.items()} == dict.fromkeys(rendered, "")


def test_it_would_refuse_what_it_does_not_know(chart_cluster: Cluster, rendered: Mapping[str, Document]) -> None:
    monitor, rule = rendered["PodMonitor connect-operator"], rendered["PrometheusRule connect"]
    misspelt = {**monitor, "spec": {**monitor["spec"], "podMetricEndpoints": []}}
    assert ".spec.podMetricEndpoints: field not declared" in applied(chart_cluster, misspelt).errors
    group = rule["spec"]["groups"][0]
    late = {**rule, "spec": {"groups": [{**group, "interval": "soon"}]}}
    assert "spec.groups[0].interval" in applied(chart_cluster, late).errors
