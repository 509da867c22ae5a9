"""A real Prometheus reads a real operator and a real relay: metrics, rules, and every panel of the dashboard."""

import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from connect_operator.core import status_document
from connect_operator.core.facts import Trigger
from connect_operator.core.status import Evidence, History, LastRun, Result, Status
from connect_protocol.counts import ChangeCount, WarningCount
from tests.cluster.waiting import wait_until
from tests.e2e.operator.conftest import Site
from tests.support.operator_process import OperatorProcess, connect_job, secret, secrets
from tests.support.ports import HOST, reserved_port
from tests.support.promtool import complaints
from tests.support.relay import OTHER_REALM, REALM, Pki, RelayCommand, start_bridge
from tests.support.repository import ROOT, read

MONITORING = ROOT / "charts" / "connect" / "files" / "monitoring"
DASHBOARD = json.loads(read("charts/connect/files/monitoring/dashboard.json"))
QUERIES = {
    f"{panel['title']} {target['refId']}": target["expr"]
    for panel in DASHBOARD["panels"]
    for target in panel.get("targets", [])
}
GRAFANAS_OWN = {"$namespace": ".*", "$__rate_interval": "30s"}
ENDED = datetime(2026, 11, 22, 2, 20, tzinfo=UTC)
RUN = LastRun(
    name="connect-musterwil-1",
    uid="run-1",
    trigger=Trigger.SCHEDULED,
    mode="Validate",
    started=ENDED - timedelta(minutes=3),
    completed=ENDED,
    result=Result.DONE,
    reason="Validated",
    evidence=Evidence.REPORT,
    begun=True,
    changes=(ChangeCount(kind="create_user", result="planned", count=3),),
    user_warnings=(WarningCount(code=101, count=2),),
)
REMEMBERED = status_document.to_document(Status(history=History(last=RUN, last_successful=ENDED)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Prometheus:
    """A running Prometheus."""

    port: int

    def ask(self, path: str, **parameters: str) -> Any:
        """What its API answers."""
        url = f"http://{HOST}:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def result(self, expression: str) -> list[Any]:
        """The series of an expression now."""
        found: list[Any] = self.ask("query", query=expression)["result"]
        return found

    def scraped(self) -> bool:
        """Whether every target has answered."""
        try:
            targets = self.ask("targets", state="active")["activeTargets"]
        except OSError:
            return False
        return bool(targets) and all(each["health"] == "up" for each in targets)


@contextmanager
def prometheus(folder: Path, *targets: int) -> Iterator[Prometheus]:
    """Scrapes these ports every second, as the PodMonitors say it, with the chart's rules."""
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(MONITORING / "alerts.yaml")],
        "scrape_configs": [
            {
                "job_name": "connect",
                "honor_labels": True,
                "static_configs": [
                    {"targets": [f"{HOST}:{each}" for each in targets], "labels": {"namespace": "connect"}}
                ],
            }
        ],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
    command = ["prometheus", f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "prometheus.log").open("wb") as log, reserved_port() as port:
        process = subprocess.Popen([*command, f"--web.listen-address={HOST}:{port}"], stdout=log, stderr=log)
        try:
            running = Prometheus(port=port)
            wait_until("Prometheus has read all its targets", running.scraped)
            yield running
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayCommand]:
    """A relay that Musterwil's bridge is attached to."""
    pki = Pki.create(tmp_path / "pki")
    with (
        reserved_port() as database,
        RelayCommand.serve(pki) as running,
        start_bridge(pki.bridge(), running.port, {"database": database}) as bridge,
    ):
        bridge.wait_for("relay connected")
        yield running


@pytest.fixture
def operator(site: Site, relay: RelayCommand) -> Iterator[OperatorProcess]:
    """It serves one ConnectJob that runs well, by the relay, and one whose Secrets are missing."""
    names = {role: f"{REALM}-{role}" for role in ("customer", "database", "relay")}
    keys = dict.fromkeys(("tls.crt", "tls.key", "ca.crt"), "x")
    way = {"transport": "gRPC", "address": "connect-relay:8443"}
    site.apply(*secrets(REALM), secret(f"{REALM}-relay", keys), connect_job(REALM, relay=way, secrets=names))
    status = json.dumps({"status": REMEMBERED})
    site.kubectl("patch", "connectjob", REALM, "--subresource=status", "--type=merge", f"--patch={status}")
    site.apply(connect_job(OTHER_REALM))
    with site.operator(CONNECT_RELAY_ADMIN_URL=relay.admin_url, CONNECT_RELAY_INTERVAL="0.2") as running:
        site.wait_until_settled(REALM)
        site.wait_for_ready(OTHER_REALM, "False", "SecretMissing")
        yield running


def asked(expression: str) -> str:
    """A panel's query as Grafana sends it."""
    for variable, value in GRAFANAS_OWN.items():
        expression = expression.replace(variable, value)
    return expression


def test_prometheus_reads_all_that_dashboard_and_rules_ask_for(
    operator: OperatorProcess, relay: RelayCommand, tmp_path: Path
) -> None:
    """Every panel has data, no rule fails, and the one alert that there is cause for waits for its time."""
    assert complaints(operator.exposition()) == ""
    folder = tmp_path / "prometheus"
    folder.mkdir()
    with prometheus(folder, operator.metrics_port, urlsplit(relay.admin_url).port or 0) as server:
        for title, query in QUERIES.items():
            wait_until(f"there are data for {title}", partial(server.result, asked(query)))
        groups = server.ask("rules")["groups"]
        assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
        wait_until("what is not ready is noticed", lambda: server.result('ALERTS{alertname="ConnectJobNotReady"}'))
        (alert,) = server.result('ALERTS{alertname="ConnectJobNotReady"}')
        assert (alert["metric"]["connectjob"], alert["metric"]["alertstate"]) == (OTHER_REALM, "pending")


def test_the_dashboard_leaves_nothing_of_grafanas_unfilled() -> None:
    assert len(QUERIES) > 20
    assert not [title for title, query in QUERIES.items() if re.search(r"\$\w", asked(query))]
