"""What of a ConnectRun the API server refuses at once, in words that help; what `kubectl explain` and `get` show."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.command import Result
from tests.support.custom_resource import RUNS, fields, schema

CHECKSUM = "sha256:" + "0123456789abcdef" * 4
GOOD: Mapping[str, Any] = {"jobName": "musterwil", "mode": "Sync"}


def applied(cluster: Cluster, spec: Mapping[str, Any], name: str = "refused", *, dry: bool = True) -> Result:
    document = {
        "apiVersion": "schoolconnect.io/v1alpha1",
        "kind": "ConnectRun",
        "metadata": {"name": name, "namespace": "default"},
        "spec": spec,
    }
    options = ("--dry-run=server",) if dry else ()
    return cluster.kubectl_result("apply", *options, "--filename=-", source=json.dumps(document))


REFUSALS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "no ConnectJob": ({"mode": "Plan"}, "spec.jobName: Required value"),
    "no mode": ({"jobName": "musterwil"}, "spec.mode: Required value"),
    "an unknown mode": ({**GOOD, "mode": "plan"}, 'spec.mode: Unsupported value: "plan"'),
    "a ConnectJob elsewhere": ({**GOOD, "jobName": "../x"}, "jobName must be the name of a ConnectJob"),
    "a ConnectJob's name too long": ({**GOOD, "jobName": "x" * 45}, "spec.jobName: Too long"),
    "half a checksum": ({**GOOD, "approve": "sha256:0123"}, "approve must be a plan's checksum: sha256: and 64 hex"),
    "a checksum in capitals": ({**GOOD, "approve": CHECKSUM.upper()}, "approve must be a plan's checksum"),
    "an approval of a Plan": (
        {**GOOD, "mode": "Plan", "approve": CHECKSUM},
        'spec.approve: Invalid value: "object": approve goes with mode Sync: no other writes to the directory',
    ),
    "an endless reason": ({**GOOD, "reason": "x" * 513}, "spec.reason: Too long: may not be more than 512"),
    "a field that is none": ({**GOOD, "force": True}, 'unknown field "spec.force"'),
}


@pytest.mark.parametrize(("spec", "says"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_is_wrong_is_refused_at_once_and_said(
    operator_cluster: Cluster, spec: Mapping[str, Any], says: str
) -> None:
    result = applied(operator_cluster, spec)
    assert result.exit_code
    assert says in result.errors


def test_a_name_that_is_no_label_is_refused(operator_cluster: Cluster) -> None:
    assert "metadata.name may have 63 characters at most" in applied(operator_cluster, GOOD, "x" * 64).errors
    assert "metadata.name must be a DNS label" in applied(operator_cluster, GOOD, "muster.wil").errors


def test_its_spec_cannot_be_changed(operator_cluster: Cluster) -> None:
    full = {**GOOD, "approve": CHECKSUM, "reason": "autumn", "confirmLocked": True}
    assert applied(operator_cluster, full, "kept", dry=False).exit_code == 0
    for change in ({"mode": "Plan"}, {"reason": "winter"}, {"confirmLocked": False}):
        changed = {name: value for name, value in {**full, **change}.items() if name != "approve"}
        refused = applied(operator_cluster, changed, "kept").errors
        assert "spec cannot be changed: for another run make another ConnectRun" in refused


def test_the_columns(operator_cluster: Cluster) -> None:
    assert applied(operator_cluster, GOOD, "shown", dry=False).exit_code == 0
    narrow, _ = operator_cluster.kubectl("get", "cnr", "shown", "--namespace=default").splitlines()
    wide, _ = operator_cluster.kubectl("get", "cnr", "shown", "--namespace=default", "--output=wide").splitlines()
    columns = "NAME CONNECT JOB MODE PHASE POSITION RESULT REASON AGE"
    assert " ".join(narrow.split()) == columns
    assert " ".join(wide.split()) == f"{columns} WARNINGS CHANGES DURATION WANTED FOR"


def test_every_field_is_explained(operator_cluster: Cluster) -> None:
    text = " ".join(operator_cluster.kubectl("explain", "connectrun", "--recursive").split())
    described = " ".join(operator_cluster.kubectl("explain", "connectrun.spec").split())
    assert all(path.rpartition(".")[2] in text for path, _ in fields(schema(RUNS)))
    assert "<no description>" not in described
    assert "It may do less than its ConnectJob's mode, never more." in described
