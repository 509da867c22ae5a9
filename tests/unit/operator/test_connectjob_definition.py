"""The definition in manifests/crd and the operator's code say the same."""

import re
from dataclasses import fields as dataclass_fields
from datetime import timedelta
from typing import Any

import pytest

from connect_operator.core import names, status_document
from connect_operator.core.condition import Condition, Finding, Truth
from connect_operator.core.cronjob import Resolved, manifest
from connect_operator.core.facts import SecretRole, Trigger
from connect_operator.core.spec import ConnectJob, Mode, Transport
from connect_operator.core.status import (
    ActiveRun,
    ConditionType,
    Evidence,
    History,
    LastRun,
    OfficeLock,
    Phase,
    Result,
    Status,
    Summary,
    Wanted,
)
from connect_protocol.counts import ChangeCount, WarningCount
from connect_protocol.report import StageDuration
from tests.support.connect_jobs import LAST_NIGHT, NOW
from tests.support.custom_resource import definition, fields, schema

SENTENCE = re.compile(r"[A-Z0-9\"].*[.]", re.DOTALL)
LEAST: dict[str, Any] = {
    "metadata": {
        "namespace": "connect",
        "name": "musterwil",
        "uid": "uid",
        "generation": 1,
        "creationTimestamp": "2026-11-22T03:00:00Z",
    },
    "spec": {
        "realm": "musterwil",
        "schedule": "@daily",
        "secrets": {"customer": "c", "database": "d"},
        "relay": {"transport": "None"},
    },
}


def body(**spec: Any) -> dict[str, Any]:
    return {**LEAST, "spec": {**LEAST["spec"], **spec}}


def spec_fields() -> dict[str, Any]:
    found: dict[str, Any] = schema()["properties"]["spec"]["properties"]
    return found


def test_names() -> None:
    spec = definition()["spec"]
    assert (spec["group"], spec["names"]["plural"], spec["names"]["kind"]) == (names.GROUP, names.PLURAL, names.KIND)
    assert [version["name"] for version in spec["versions"]] == [names.VERSION]
    assert spec["names"]["shortNames"] == ["cnj"]


@pytest.mark.parametrize(("path", "field"), list(fields(schema())), ids=[path for path, _ in fields(schema())])
def test_every_field_is_explained_in_a_sentence(path: str, field: dict[str, Any]) -> None:
    assert path == "metadata" or SENTENCE.fullmatch(field["description"])


def test_every_column_is_explained() -> None:
    (version,) = definition()["spec"]["versions"]
    assert all(SENTENCE.fullmatch(column["description"]) for column in version["additionalPrinterColumns"])


def test_the_defaults_are_the_operators() -> None:
    defaults = {name: field["default"] for name, field in spec_fields().items() if "default" in field}
    assert ConnectJob.parse(body(**defaults)) == ConnectJob.parse(body())
    assert defaults.keys() == {
        "startingDeadlineSeconds",
        "timeout",
        "suspend",
        "mode",
        "successfulRunsHistoryLimit",
        "failedRunsHistoryLimit",
    }


def test_enums_are_the_operators() -> None:
    assert spec_fields()["mode"]["enum"] == list(Mode)
    assert spec_fields()["relay"]["properties"]["transport"]["enum"] == list(Transport)
    assert list(spec_fields()["secrets"]["properties"]) == list(SecretRole)
    status = schema()["properties"]["status"]["properties"]
    assert status["phase"]["enum"] == list(Phase)
    assert status["conditions"]["items"]["properties"]["status"]["enum"] == list(Truth)
    told = status["conditions"]["items"]["properties"]["type"]["description"]
    assert set(re.findall(r"[A-Z]\w+", told)) == set(ConditionType)
    run = status["lastRun"]["properties"]
    assert set(re.findall(r"[A-Z]\w+", run["result"]["description"])) >= set(Result)
    assert set(re.findall(r"[A-Z]\w+", run["evidence"]["description"])) >= set(Evidence)


EVERYTHING = {
    "timeZone": "Asia/Tokyo",
    "startingDeadlineSeconds": 60,
    "image": "worker:2",
    "timeout": "1h30m",
    "suspend": True,
    "suspendReason": "holidays",
    "suspendedBy": "on-call",
    "mode": "Plan",
    "secrets": {"customer": "c", "database": "d", "directory": "e", "relay": "f"},
    "relay": {"transport": "gRPC", "address": "relay:8443"},
    "safety": {"maxDeletes": 0, "maxDeletePercent": 100},
    "successfulRunsHistoryLimit": 2,
    "failedRunsHistoryLimit": 3,
    "resources": {"limits": {"memory": "1Gi"}},
    "nodeSelector": {"a": "b"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"podAffinity": {}},
    "priorityClassName": "high",
    "podLabels": {"c": "d"},
    "podAnnotations": {"e": "f"},
    "queueName": "nightly",
}


def test_every_field_of_the_spec_is_read() -> None:
    """Each makes a difference, and there is no field but these."""
    assert EVERYTHING.keys() | {"realm", "schedule"} == spec_fields().keys()
    plain, full = ConnectJob.parse(body()), ConnectJob.parse(body(**EVERYTHING))
    same = {
        field.name for field in dataclass_fields(ConnectJob) if getattr(plain, field.name) == getattr(full, field.name)
    }
    assert same == {"namespace", "name", "uid", "generation", "created", "deleting", "realm", "schedule"}
    assert all(getattr(full.pod, field.name) for field in dataclass_fields(full.pod))
    assert (full.timeout, full.starting_deadline) == (timedelta(minutes=90), timedelta(minutes=1))
    assert (full.safety.max_deletes, full.safety.max_delete_percent) == (0, 100)


def test_a_spec_that_cannot_be_read_is_refused_with_the_fields_name() -> None:
    with pytest.raises(ValueError, match="1 day"):
        ConnectJob.parse(body(timeout="1 day"))
    with pytest.raises(ValueError, match=r"connectjob\.spec\.secrets\.customer"):
        ConnectJob.parse(body(secrets={}))


LOCK = OfficeLock(by="K. Muster", reason="classes are being merged", since=LAST_NIGHT)
RUN = LastRun(
    name="run",
    uid="uid",
    trigger=Trigger.MANUAL,
    mode="Sync",
    image="worker:0",
    started=LAST_NIGHT,
    completed=NOW,
    result=Result.BLOCKED,
    reason="BlockedByWarnings",
    evidence=Evidence.REPORT,
    begun=True,
    message="Warnings",
    todo="Cure them",
    stages=(StageDuration(stage="update", seconds=1.25), StageDuration(stage="validate", seconds=2)),
    changes=(
        ChangeCount(kind="create_user", result="done", count=3),
        ChangeCount(kind="create_user", result="failed", count=0),
    ),
    user_warnings=(WarningCount(code=3, count=12),),
    group_warnings=(WarningCount(code=7, count=1),),
    plan_checksum="sha256:1",
    office_lock=LOCK,
)
FULL = Status(
    generation=3,
    conditions=(
        Condition(
            finding=Finding(type=ConditionType.READY, truth=Truth.TRUE, reason="Reconciled", message="Well."),
            generation=3,
            since=NOW,
        ),
    ),
    phase=Phase.RUNNING,
    cron_job="connect-musterwil",
    image="worker:1",
    time_zone="Europe/Zurich",
    suspended_since=NOW,
    office_lock=LOCK,
    resolved_schedule="17 3 * * *",
    next_run=NOW,
    expected_run=NOW,
    last_schedule=LAST_NIGHT,
    history=History(
        same_second=("another",),
        last=RUN,
        last_full=RUN,
        last_successful=LAST_NIGHT,
        last_failure=NOW,
        consecutive_failures=1,
    ),
    active=ActiveRun(name="next", uid="2", trigger=Trigger.SCHEDULED, mode="Plan", image="worker:0", started=NOW),
    wanted=Wanted(uid="3", generation=4, hash="5"),
    summary=Summary(
        last_run=NOW,
        result="Blocked",
        reason="BlockedByWarnings",
        warnings="13",
        changes="+3",
        duration="1m",
        suspended="since 2026-11-22",
        next_run="2026-11-23 03:17 CET",
        lags="Pinned",
    ),
)


def test_a_status_comes_back_as_it_was_written() -> None:
    assert status_document.parse({"status": status_document.to_document(FULL)}) == FULL
    assert status_document.parse({"status": status_document.to_document(Status())}) == Status()
    assert status_document.parse({}) == Status()


def test_a_status_that_somebody_has_spoilt_is_none() -> None:
    assert status_document.parse({"status": {"activeRun": {"name": 7}}}) == Status()


def test_the_definition_has_every_field_of_a_status_and_no_other() -> None:
    """The API server drops what the definition does not know."""
    known = schema()["properties"]["status"]
    assert paths(status_document.to_document(FULL), known) == {path for path, _ in fields(known)}


def paths(value: Any, known: dict[str, Any], path: str = "") -> set[str]:
    """The fields of a document, as far as the schema names them; the free keys of a map are none."""
    if isinstance(value, list):
        return {found for element in value for found in paths(element, known["items"], path)}
    if not isinstance(value, dict) or "properties" not in known:
        return set()
    found = set()
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        found |= {here} | paths(inner, known["properties"].get(name, {}), here)
    return found


def test_what_a_connectjob_asks_for_in_full_is_in_its_cronjob() -> None:
    resolved = Resolved(image="worker:2", time_zone="Asia/Tokyo", schedule="1 2 * * *")
    text = str(manifest(ConnectJob.parse(body(**EVERYTHING)), resolved))
    for part in ("worker:2", "Asia/Tokyo", "90m0s", "relay:8443", "1Gi", "podAffinity", "high", "nightly", "'plan'"):
        assert part in text
