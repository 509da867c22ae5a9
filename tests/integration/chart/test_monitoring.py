"""What the chart gives to Prometheus and Grafana, for those who have them."""

import json

import pytest
import yaml

from tests.support.chart import one, pod, render
from tests.support.repository import read

ON = {part: {"enabled": True} for part in ("podMonitors", "alerts", "dashboard")}


def test_a_cluster_without_them_gets_nothing_that_it_does_not_know() -> None:
    kinds = {each["kind"] for each in render()}
    assert not kinds & {"PodMonitor", "ServiceMonitor", "PrometheusRule"}


@pytest.mark.parametrize("part", ["operator", "relay"])
def test_prometheus_reads_a_port_that_the_pods_have(part: str) -> None:
    rendered = render({"monitoring": ON})
    monitor = one(rendered, "PodMonitor", f"connect-{part}")["spec"]
    (endpoint,) = monitor["podMetricsEndpoints"]
    labels = one(rendered, "Deployment", f"connect-{part}")["spec"]["template"]["metadata"]["labels"]
    (container,) = pod(rendered, f"connect-{part}")["containers"]
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    assert endpoint["port"] in {each["name"] for each in container["ports"]}
    assert endpoint["honorLabels"], "else a ConnectJob's namespace is the operator's"


def test_the_rule_holds_the_alerts_as_they_stand_in_the_file() -> None:
    rule = one(render({"monitoring": ON}), "PrometheusRule", "connect")
    assert rule["spec"] == yaml.safe_load(read("charts/connect/files/monitoring/alerts.yaml"))


def test_alerts_lead_to_the_pages_where_these_can_be_read() -> None:
    docs = "https://git.example.org/connect/docs"
    alerts = {"enabled": True, "docsUrl": docs, "labels": {"release": "prometheus"}}
    rule = one(render({"monitoring": {"alerts": alerts}}), "PrometheusRule", "connect")
    annotations = [each["annotations"] for group in rule["spec"]["groups"] for each in group["rules"]]
    assert annotations[0]["runbook_url"] == f"{docs}/how-to/on-call.md#connectjoblate"
    assert not any("runbook" in each for each in annotations)
    assert rule["metadata"]["labels"]["release"] == "prometheus"


def test_grafana_finds_the_dashboard_by_its_label() -> None:
    dashboard = one(render({"monitoring": ON}), "ConfigMap", "connect-dashboard")
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(dashboard["data"]["connect.json"])["title"] == "Connect"


def test_without_a_relay_none_is_looked_for() -> None:
    rendered = render({"monitoring": ON, "relay": {"enabled": False}})
    assert [each["metadata"]["name"] for each in rendered if each["kind"] == "PodMonitor"] == ["connect-operator"]
