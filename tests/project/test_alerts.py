"""Guards over the alert rules: every one says how bad it is, what happened, and where it stands what to do."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from connect_operator.job_metrics import GAUGES
from tests.support.repository import ROOT, read, table

RULES = yaml.safe_load(read("charts/connect/files/monitoring/alerts.yaml"))
ALERTS: list[Mapping[str, Any]] = [rule for group in RULES["groups"] for rule in group["rules"]]
NAMES = [alert["alert"] for alert in ALERTS]
PAGE = "docs/how-to/on-call.md"
CASES = sorted((ROOT / "tests/integration/monitoring/alerts").glob("*.yaml"))


def runbook(alert: str) -> str:
    """What the page says of an alert."""
    section = read(PAGE).partition("\n## Alerts\n")[2].partition("\n## ")[0]
    return re.split(r"\n### ", section.partition(f"\n### {alert}\n")[2])[0].strip()


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_says_how_bad_it_is_what_happened_and_what_to_do(alert: Mapping[str, Any]) -> None:
    assert alert["labels"].keys() == {"severity"}
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"].keys() == {"summary", "description", "runbook"}
    assert alert["annotations"]["runbook"] == f"{PAGE}#{alert['alert'].lower()}"


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_the_page_says_of_an_alert_how_bad_it_is_and_what_to_do(alert: Mapping[str, Any]) -> None:
    text = runbook(alert["alert"])
    assert text.startswith(f"*{alert['labels']['severity']}.* ")
    assert len(text.split()) > 20


def test_the_page_tells_of_no_alert_that_there_is_not() -> None:
    section = read(PAGE).partition("\n## Alerts\n")[2].partition("\n## ")[0]
    assert re.findall(r"^### (\w+)$", section, re.MULTILINE) == NAMES


def test_the_operators_page_has_them_all_with_their_severity() -> None:
    rows = table(read("docs/reference/operator.md"), "## Alerts")
    assert [(name, severity) for name, severity, _ in rows] == [
        (each["alert"], each["labels"]["severity"]) for each in ALERTS
    ]


def test_every_alert_is_proven_to_end_when_its_cause_has_gone() -> None:
    cases = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in CASES]
    ended = {alert for case in cases for test in case["tests"] for alert in ends(test.get("alert_rule_test", []))}
    assert ended == set(NAMES)


def ends(steps: list[dict[str, Any]]) -> set[str]:
    """The alerts that fire in a test and do not any more at its last step."""
    fired = {step["alertname"] for step in steps if step.get("exp_alerts")}
    last = {step["alertname"]: step for step in steps}
    return {alert for alert in fired if not last[alert].get("exp_alerts")}


def test_every_alert_is_proven_to_fire() -> None:
    cases = [path.read_text(encoding="utf-8") for path in CASES]
    fired = {found for case in cases for found in re.findall(r"alertname: (\w+)\n +exp_alerts:", case)}
    assert fired == set(NAMES)


def test_a_rule_reads_only_metrics_that_are_documented() -> None:
    read_by_rules = {name for alert in ALERTS for name in re.findall(r"\bconnect_\w+", alert["expr"])}
    pages = read("docs/reference/operator.md") + read("docs/reference/relay.md")
    assert {name for name in read_by_rules if f"`{name}`" not in pages} == set()
    assert read_by_rules & {gauge.family.name for gauge in GAUGES}
