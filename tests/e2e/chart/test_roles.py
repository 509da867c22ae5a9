"""What viewers, editors and on-call may do in a real cluster, by the chart's roles and its admission policy."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.command import Result
from tests.e2e.chart.conftest import NAMESPACE
from tests.support.chart import CHART
from tests.support.custom_resource import schema
from tests.support.operator_process import connect_job
from tests.support.repository import read

VIEWER, EDITOR, ON_CALL = "vera", "edith", "otto"
ROLES = {VIEWER: "view", EDITOR: "edit", ON_CALL: f"{NAMESPACE}-schools-on-call"}
ONLY_STOPS = {"suspend", "suspendReason", "suspendedBy"}
CHANGES: Mapping[str, Any] = {
    "schedule": "H 4 * * *",
    "timeZone": "Europe/Berlin",
    "startingDeadlineSeconds": 60,
    "image": "registry.test/own:1",
    "timeout": "2h",
    "mode": "Plan",
    "secrets": {"customer": "of-another"},
    "relay": {"address": "evil.test:1"},
    "safety": {"maxDeletes": 1000},
    "successfulRunsHistoryLimit": 2,
    "failedRunsHistoryLimit": 3,
    "resources": {"limits": {"memory": "1Gi"}},
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "high",
    "podLabels": {"team": "a"},
    "podAnnotations": {"note": "b"},
    "queueName": "nights",
}
FIELDS = sorted(set(schema()["properties"]["spec"]["properties"]) - ONLY_STOPS - {"realm"})
"""All that an editor can change: the realm is nobody's to change."""
LOCKED = {"suspend": True, "suspendReason": "two classes are merged", "suspendedBy": "otto"}


@pytest.fixture(scope="module", autouse=True)
def release(chart_cluster: Cluster) -> Iterator[None]:
    """The chart's roles without its pods, and a person for each."""
    options = ("--set=operator.replicas=0", "--set=relay.enabled=false", f"--namespace={NAMESPACE}")
    chart_cluster.helm("install", "schools", str(CHART), *options)
    for user, role in ROLES.items():
        binding = ("rolebinding", user, f"--clusterrole={role}", f"--user={user}")
        chart_cluster.kubectl("create", *binding, f"--namespace={NAMESPACE}")
    yield
    chart_cluster.helm("uninstall", "schools", f"--namespace={NAMESPACE}")


@pytest.fixture(scope="module", autouse=True)
def job(chart_cluster: Cluster, release: None) -> Iterator[None]:
    """A ConnectJob to try it on, once the policy is in force."""
    del release
    applied(chart_cluster, connect_job("musterwil", secrets={"customer": "c", "database": "d", "directory": "e"}))
    chart_cluster.wait_until(
        "the policy is in force", lambda: patch(chart_cluster, ON_CALL, {"spec": {"timeout": "3h"}}).exit_code
    )
    yield
    chart_cluster.kubectl("delete", "connectjob", "musterwil", f"--namespace={NAMESPACE}")


def applied(cluster: Cluster, document: Mapping[str, Any]) -> None:
    cluster.kubectl("create", f"--namespace={NAMESPACE}", "--filename=-", source=json.dumps(document))


def patch(cluster: Cluster, user: str, change: Mapping[str, Any]) -> Result:
    """What kubectl says to a person's change of the ConnectJob; a dry run goes through all of the server's checks."""
    what = ("connectjob", "musterwil", f"--namespace={NAMESPACE}", f"--as={user}")
    return cluster.kubectl_result("patch", *what, "--type=merge", f"--patch={json.dumps(change)}", "--dry-run=server")


def may(cluster: Cluster, user: str, *what: str) -> bool:
    result = cluster.kubectl_result("auth", "can-i", *what, f"--as={user}", f"--namespace={NAMESPACE}")
    return result.output.strip() == "yes"


def test_on_call_stops_and_resumes(chart_cluster: Cluster) -> None:
    for change in (LOCKED, {"suspend": False, "suspendReason": None, "suspendedBy": None}):
        result = patch(chart_cluster, ON_CALL, {"spec": change})
        assert result.exit_code == 0, result.errors


@pytest.mark.parametrize("field", FIELDS)
def test_on_call_changes_no_other_field_and_an_editor_does(chart_cluster: Cluster, field: str) -> None:
    refused = patch(chart_cluster, ON_CALL, {"spec": {**LOCKED, field: CHANGES[field]}})
    assert f"spec.{field} is for those who have the verb edit on connectjobs" in refused.errors
    taken = patch(chart_cluster, EDITOR, {"spec": {field: CHANGES[field]}})
    assert taken.exit_code == 0, taken.errors


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("labels", {"a": "b"}),
        ("annotations", {"a": "b"}),
        ("finalizers", ["example.org/stay"]),
        ("ownerReferences", [{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "1"}]),
    ],
)
def test_on_call_changes_nothing_around_it(chart_cluster: Cluster, field: str, value: object) -> None:
    result = patch(chart_cluster, ON_CALL, {"metadata": {field: value}})
    assert f"metadata.{field} is for those who have the verb edit on connectjobs" in result.errors


@pytest.mark.parametrize("field", ["finalizers", "ownerReferences"])
def test_on_call_takes_nothing_away_that_others_hold_it_by(chart_cluster: Cluster, field: str) -> None:
    found = chart_cluster.get_json("connectjob", "musterwil", f"--namespace={NAMESPACE}")
    owner = {"apiVersion": found["apiVersion"], "kind": found["kind"], "name": "musterwil"}
    owned = [{**owner, "uid": found["metadata"]["uid"]}]
    held: Mapping[str, Any] = {"finalizers": ["example.org/stay"], "ownerReferences": owned}
    document = connect_job("held")
    document["metadata"][field] = held[field]
    what = ("connectjob", "held", f"--namespace={NAMESPACE}")
    applied(chart_cluster, document)
    change = ("--type=merge", f"--patch={json.dumps({'metadata': {field: None}})}")
    refused = chart_cluster.kubectl_result("patch", *what, *change, f"--as={ON_CALL}")
    chart_cluster.kubectl("patch", *what, *change)
    chart_cluster.kubectl("delete", *what, "--ignore-not-found")
    assert f"metadata.{field} is for those who have the verb edit on connectjobs" in refused.errors


def test_a_viewer_changes_nothing(chart_cluster: Cluster) -> None:
    assert "cannot patch resource" in patch(chart_cluster, VIEWER, {"spec": LOCKED}).errors


def test_who_may_what(chart_cluster: Cluster) -> None:
    asked = {
        "get connectjobs.schoolconnect.io": {VIEWER, EDITOR, ON_CALL},
        "get connectruns.schoolconnect.io": {VIEWER, EDITOR, ON_CALL},
        "create connectruns.schoolconnect.io": {EDITOR, ON_CALL},
        "create connectjobs.schoolconnect.io": {EDITOR},
        "delete connectjobs.schoolconnect.io": {EDITOR},
        "edit connectjobs.schoolconnect.io": {EDITOR},
        "patch connectjobs.schoolconnect.io --subresource=status": set(),
        "delete connectruns.schoolconnect.io": {EDITOR},
        "get pods --subresource=log": {VIEWER, EDITOR, ON_CALL},
        "create jobs.batch": {EDITOR},
        "get secrets": {EDITOR},
        "create pods --subresource=exec": {EDITOR},
    }
    found = {what: {user for user in ROLES if may(chart_cluster, user, *what.split())} for what in asked}
    assert found == asked


def test_on_call_orders_a_run(chart_cluster: Cluster) -> None:
    source = read("manifests/samples/connectrun.yaml")
    order = ("create", f"--namespace={NAMESPACE}", "--filename=-", "--dry-run=server")
    assert "created" in chart_cluster.kubectl(*order, f"--as={ON_CALL}", source=source)
    assert "cannot create resource" in chart_cluster.kubectl_result(*order, f"--as={VIEWER}", source=source).errors


def test_an_end_in_the_foreground_is_not_held_up(chart_cluster: Cluster) -> None:
    """The garbage collector, which has not the verb either, takes its finalizer away."""
    applied(chart_cluster, connect_job("brief"))
    away = ("connectjob", "brief", "--cascade=foreground", "--timeout=30s", f"--namespace={NAMESPACE}")
    assert "deleted" in chart_cluster.kubectl("delete", *away)
