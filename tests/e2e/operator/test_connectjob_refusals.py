"""What `kubectl apply` refuses at once, in words that help; what `kubectl explain` and `kubectl get` show."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.command import Result
from tests.e2e.operator.conftest import apply_definitions
from tests.support.custom_resource import fields, schema

GOOD: Mapping[str, Any] = {
    "realm": "musterwil",
    "schedule": "H 3 * * *",
    "secrets": {"customer": "c", "database": "d", "directory": "e", "relay": "r"},
    "relay": {"transport": "gRPC", "address": "connect-relay:8443"},
}
SCHEDULE = (
    'spec.schedule: Invalid value: "string": schedule must be five fields with one blank between, such as "H 3 * * *"'
)
CRD_NAME = "connectjobs.schoolconnect.io"
LABEL = "must be a DNS label, of lower-case letters, digits and inner hyphens"


def connect_job(spec: Mapping[str, Any], name: str = "musterwil") -> str:
    metadata = {"name": name, "namespace": "default"}
    document = {"apiVersion": "schoolconnect.io/v1alpha1", "kind": "ConnectJob", "metadata": metadata, "spec": spec}
    return json.dumps(document)


def applied(cluster: Cluster, document: str, *, dry: bool = True) -> Result:
    """What kubectl says; a dry run goes through all of the API server's checks."""
    options = ("--dry-run=server",) if dry else ()
    return cluster.kubectl_result("apply", *options, "--filename=-", source=document)


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name != field}


@dataclass(frozen=True, kw_only=True)
class Refusal:
    says: str
    change: Mapping[str, Any] | None = None
    lacks: str = ""
    name: str = "musterwil"

    @property
    def document(self) -> str:
        return connect_job({**without(self.lacks), **(self.change or {})}, self.name)


REFUSALS = {
    "no realm": Refusal(lacks="realm", says="spec.realm: Required value"),
    "a realm in capitals": Refusal(
        change={"realm": "Musterwil"}, says=f'spec.realm: Invalid value: "string": realm {LABEL}'
    ),
    "a realm with a dot": Refusal(change={"realm": "muster.wil"}, says=f"realm {LABEL}"),
    "a realm of 64 characters": Refusal(
        change={"realm": "x" * 64}, says="spec.realm: Too long: may not be more than 63"
    ),
    "a name of 45 characters": Refusal(
        name="x" * 45, says="metadata.name may have 44 characters at most, since the CronJob is named after it"
    ),
    "a name with a dot": Refusal(name="muster.wil", says=f"metadata.name {LABEL}"),
    "no schedule": Refusal(lacks="schedule", says="spec.schedule: Required value"),
    "an empty schedule": Refusal(change={"schedule": ""}, says="spec.schedule in body should be at least 1 chars long"),
    "six fields": Refusal(change={"schedule": "0 0 3 * * *"}, says=SCHEDULE),
    "two blanks": Refusal(change={"schedule": "0  3 * * *"}, says=SCHEDULE),
    "an interval": Refusal(change={"schedule": "@every 5m"}, says=SCHEDULE),
    "at boot": Refusal(change={"schedule": "@reboot"}, says=SCHEDULE),
    "a zone in the schedule": Refusal(change={"schedule": "TZ=UTC 0 3 * * *"}, says=SCHEDULE),
    "an endless time zone": Refusal(change={"timeZone": "x" * 65}, says="spec.timeZone: Too long"),
    "a timeout in words": Refusal(
        change={"timeout": "1 day"}, says='spec.timeout: Invalid value: "1 day": spec.timeout in body should match'
    ),
    "a timeout in days": Refusal(change={"timeout": "1d"}, says='spec.timeout: Invalid value: "1d"'),
    "a timeout of no time": Refusal(change={"timeout": "0h"}, says="timeout must be from 1m to 24h"),
    "a timeout of 59 seconds": Refusal(change={"timeout": "59s"}, says="timeout must be from 1m to 24h"),
    "a timeout of more than a day": Refusal(change={"timeout": "24h1s"}, says="timeout must be from 1m to 24h"),
    "a deadline of seconds": Refusal(
        change={"startingDeadlineSeconds": 59},
        says="spec.startingDeadlineSeconds in body should be greater than or equal to 60",
    ),
    "no history": Refusal(
        change={"successfulRunsHistoryLimit": 0},
        says="spec.successfulRunsHistoryLimit in body should be greater than or equal to 1",
    ),
    "a long history of failures": Refusal(
        change={"failedRunsHistoryLimit": 11},
        says="spec.failedRunsHistoryLimit in body should be less than or equal to 10",
    ),
    "an image with a blank": Refusal(change={"image": "worker :1"}, says="image must be a reference such as"),
    "an unknown mode": Refusal(
        change={"mode": "sync"},
        says='spec.mode: Unsupported value: "sync": supported values: "Sync", "Plan", "Validate"',
    ),
    "no Secrets": Refusal(lacks="secrets", says="spec.secrets: Required value"),
    "no Secret of the customer": Refusal(
        change={"secrets": {"database": "d"}}, says="spec.secrets.customer: Required value"
    ),
    "no Secret of the directory": Refusal(
        change={"secrets": {"customer": "c", "database": "d", "relay": "r"}},
        says="secrets.directory must name a Secret unless mode is Validate: Sync and Plan read the directory",
    ),
    "no Secret of the relay": Refusal(
        change={"secrets": {"customer": "c", "database": "d", "directory": "e"}},
        says="secrets.relay must name a Secret unless relay.transport is None",
    ),
    "a Secret of another namespace": Refusal(
        change={"secrets": {"customer": "../../other/secrets/c", "database": "d", "directory": "e", "relay": "r"}},
        says="a Secret's name has lower-case letters, digits, and inner hyphens and dots",
    ),
    "no word of a relay": Refusal(lacks="relay", says="spec.relay: Required value"),
    "a relay without an address": Refusal(
        change={"relay": {"transport": "gRPC"}}, says="relay.address must be given unless transport is None"
    ),
    "a relay without a port": Refusal(
        change={"relay": {"transport": "gRPC", "address": "connect-relay"}},
        says="relay.address must be a host and a port, such as connect-relay:8443",
    ),
    **{
        f"port {port} of a relay": Refusal(
            change={"relay": {"transport": "gRPC", "address": f"connect-relay:8443,other:{port}"}},
            says="relay.address must have ports from 1 to 65535",
        )
        for port in ("0", "65536", "70000", "99999")
    },
    "an address without brackets": Refusal(
        change={"relay": {"transport": "gRPC", "address": "2001:db8::1:8443"}},
        says="relay.address must be a host and a port, such as connect-relay:8443",
    ),
    "a transport that is not built": Refusal(
        change={"relay": {"transport": "Telnet", "address": "a:1"}},
        says='spec.relay.transport: Unsupported value: "Telnet": supported values: "gRPC", "SSH", "JumpHost", "None"',
    ),
    "deleting more than all": Refusal(
        change={"safety": {"maxDeletePercent": 101}},
        says="spec.safety.maxDeletePercent in body should be less than or equal to 100",
    ),
    "deleting less than nothing": Refusal(
        change={"safety": {"maxDeletes": -1}},
        says="spec.safety.maxDeletes in body should be greater than or equal to 0",
    ),
    "memory in words": Refusal(
        change={"resources": {"limits": {"memory": "a lot"}}},
        says='spec.resources.limits.memory: Invalid value: "a lot"',
    ),
    "a toleration by an unknown operator": Refusal(
        change={"tolerations": [{"operator": "Like"}]}, says='spec.tolerations[0].operator: Unsupported value: "Like"'
    ),
    "a label that is a number": Refusal(
        change={"podLabels": {"a": 1}}, says='spec.podLabels.a in body must be of type string: "integer"'
    ),
    "a field that is none": Refusal(change={"queue": "x"}, says='unknown field "spec.queue"'),
    "a queue's name in capitals": Refusal(
        change={"queueName": "Nightly"}, says="queueName must be the name of a LocalQueue, of lower-case letters"
    ),
    "a field that is none, deeper": Refusal(
        change={"safety": {"maxdeletes": 3}}, says='unknown field "spec.safety.maxdeletes"'
    ),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
def test_what_is_wrong_is_refused_at_once_and_said(operator_cluster: Cluster, refusal: Refusal) -> None:
    result = applied(operator_cluster, refusal.document)
    assert result.exit_code
    assert refusal.says in result.errors


def test_a_wrong_type_hides_what_else_is_wrong(operator_cluster: Cluster) -> None:
    """The API server checks rules only once every value is of its type, and says so."""
    result = applied(operator_cluster, connect_job({**GOOD, "realm": "A", "mode": "sync"}))
    assert 'spec.mode: Unsupported value: "sync"' in result.errors
    assert "some validation rules were not checked" in result.errors
    assert LABEL not in result.errors


ACCEPTED: dict[str, Mapping[str, Any]] = {
    "the least": GOOD,
    "a validation without directory, relay and their Secrets": {
        **GOOD,
        "mode": "Validate",
        "secrets": {"customer": "c", "database": "d"},
        "relay": {"transport": "None"},
    },
    "everything": {
        **GOOD,
        "schedule": "@daily",
        "timeZone": "Europe/Zurich",
        "startingDeadlineSeconds": 60,
        "image": "registry.example:5000/connect/worker@sha256:0123",
        "timeout": "1h30m",
        "suspend": True,
        "suspendReason": "holidays",
        "suspendedBy": "on-call",
        "mode": "Plan",
        "safety": {"maxDeletes": 0, "maxDeletePercent": 100},
        "successfulRunsHistoryLimit": 10,
        "failedRunsHistoryLimit": 1,
        "resources": {"limits": {"memory": "512Mi", "cpu": 1}, "requests": {"memory": "256Mi"}},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "school", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {"podAntiAffinity": {}},
        "priorityClassName": "nightly",
        "podLabels": {"team": "schools"},
        "podAnnotations": {"note": "anything goes"},
        "queueName": "nightly",
    },
    "relays by their addresses": {**GOOD, "relay": {"transport": "SSH", "address": "[2001:db8::1]:65535,192.0.2.1:1"}},
    "the shortest timeout": {**GOOD, "timeout": "60s"},
    "the longest timeout": {**GOOD, "timeout": "24h"},
}


@pytest.mark.parametrize("spec", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_is_right_is_taken(operator_cluster: Cluster, spec: Mapping[str, Any]) -> None:
    result = applied(operator_cluster, connect_job(spec))
    assert (result.exit_code, result.errors) == (0, "")


@pytest.fixture(scope="module")
def musterwil(operator_cluster: Cluster) -> str:
    """A ConnectJob that no operator has seen."""
    assert applied(operator_cluster, connect_job(GOOD, "definition"), dry=False).exit_code == 0
    return "definition"


def test_the_realm_cannot_be_changed(operator_cluster: Cluster, musterwil: str) -> None:
    result = applied(operator_cluster, connect_job({**GOOD, "realm": "other"}, musterwil))
    assert "realm cannot be changed: another realm is another ConnectJob" in result.errors


def test_what_was_taken_before_a_rule_was_made_can_be_suspended_and_told_of(operator_cluster: Cluster) -> None:
    """And its other fields mended, all but the one that is wrong."""
    port_rule = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/relay/properties/address"
    lax = [{"op": "remove", "path": f"{port_rule}/x-kubernetes-validations"}]
    operator_cluster.kubectl("patch", "crd", CRD_NAME, "--type=json", f"--patch={json.dumps(lax)}")
    wrong = {**GOOD, "relay": {"transport": "gRPC", "address": "connect-relay:99999"}}
    old = connect_job(wrong, "old")
    operator_cluster.wait_until(
        "the rule is away", lambda: applied(operator_cluster, old, dry=False), lambda result: result.exit_code == 0
    )
    apply_definitions(operator_cluster)
    operator_cluster.wait_until(
        "the rule is back",
        lambda: applied(operator_cluster, old.replace("old", "new")),
        lambda result: result.exit_code,
    )
    patch = ("patch", "connectjob", "old", "--namespace=default", "--type=merge")
    operator_cluster.kubectl(*patch, '--patch={"spec": {"suspend": true}}')
    operator_cluster.kubectl(*patch, '--patch={"status": {"phase": "Idle"}}', "--subresource=status")
    worse = operator_cluster.kubectl_result(*patch, '--patch={"spec": {"relay": {"address": "connect-relay:99998"}}}')
    assert "relay.address must have ports from 1 to 65535" in worse.errors
    operator_cluster.kubectl("delete", "connectjob", "old", "--namespace=default")


def test_defaults_are_filled_in(operator_cluster: Cluster, musterwil: str) -> None:
    spec = operator_cluster.get_json("connectjob", musterwil, "--namespace=default")["spec"]
    assert (spec["timeout"], spec["mode"], spec["suspend"]) == ("1h", "Sync", False)
    assert spec["startingDeadlineSeconds"] == 1800
    assert (spec["successfulRunsHistoryLimit"], spec["failedRunsHistoryLimit"]) == (1, 2)


def test_the_columns(operator_cluster: Cluster, musterwil: str) -> None:
    narrow, _ = operator_cluster.kubectl("get", "cnj", musterwil, "--namespace=default").splitlines()
    wide, _ = operator_cluster.kubectl("get", "cnj", musterwil, "--namespace=default", "--output=wide").splitlines()
    assert narrow.split("  ") != wide.split("  ")
    assert _words(narrow) == "NAME REALM SCHEDULE SUSPENDED LAST RUN RESULT REASON WARNINGS NEXT RUN AGE"
    assert _words(wide) == f"{_words(narrow)} TIME ZONE IMAGE CHANGES DURATION LAGS"


def test_it_is_listed_with_all_that_is_connects(operator_cluster: Cluster, musterwil: str) -> None:
    assert operator_cluster.kubectl("get", "connect", "--namespace=default", "--output=name").split() == [
        f"connectjob.schoolconnect.io/{musterwil}"
    ]


def test_its_status_is_written_apart_from_its_spec(operator_cluster: Cluster, musterwil: str) -> None:
    patch = json.dumps({"spec": {"timeout": "2h"}, "status": {"phase": "Idle"}})
    arguments = ("patch", "cnj", musterwil, "--namespace=default", "--type=merge", f"--patch={patch}", "--output=json")
    patched = json.loads(operator_cluster.kubectl(*arguments, "--subresource=status"))
    assert (patched["spec"]["timeout"], patched["status"]["phase"]) == ("1h", "Idle")


OBJECTS = ["", *(path for path, field in fields(schema()) if any(fields(field)) or any(fields(field.get("items", {}))))]


@pytest.mark.parametrize("path", OBJECTS)
def test_every_field_is_explained(operator_cluster: Cluster, path: str) -> None:
    """`kubectl explain` of each object: what it is itself, then each of its fields with its own words."""
    told = _words(operator_cluster.kubectl("explain", ".".join(filter(None, ["connectjob", path]))))
    field = _at(path)
    assert "<no description>" not in told
    assert _words(field["description"]) in told
    of = field.get("items", field)
    for name, inner in of["properties"].items():
        assert name in told
        if name not in {"apiVersion", "kind", "metadata"}:  # the API server has words of its own for these
            assert _words(inner["description"]) in told, name


def _at(path: str) -> dict[str, Any]:
    """The schema of a field by its path."""
    return dict(fields(schema()))[path] if path else schema()


def _words(line: str) -> str:
    return " ".join(line.split())
