"""The definition of the ConnectRun in manifests/crd is explained field by field."""

import re
from typing import Any

import pytest

from connect_operator.core import names, run_document
from connect_operator.core.condition import Condition, Finding, Truth
from connect_operator.core.connect_run import ConnectRun
from connect_operator.core.run_status import Outcome, RunConditionType, RunPhase, RunStatus
from connect_operator.core.spec import Mode
from connect_operator.core.status import Result
from connect_protocol.counts import ChangeCount, WarningCount
from tests.support.connect_jobs import LAST_NIGHT, NOW
from tests.support.custom_resource import RUNS, definition, fields, schema
from tests.unit.operator.test_connectjob_definition import SENTENCE, paths

WORD = re.compile(r"[A-Z]\w+")


def test_names() -> None:
    spec = definition(RUNS)["spec"]
    assert (spec["group"], spec["names"]["plural"], spec["names"]["shortNames"]) == (names.GROUP, RUNS, ["cnr"])
    assert [version["name"] for version in spec["versions"]] == [names.VERSION]


@pytest.mark.parametrize(("path", "field"), list(fields(schema(RUNS))), ids=[path for path, _ in fields(schema(RUNS))])
def test_every_field_is_explained_in_a_sentence(path: str, field: dict[str, Any]) -> None:
    assert path == "metadata" or SENTENCE.fullmatch(field["description"])


def test_every_column_is_explained() -> None:
    (version,) = definition(RUNS)["spec"]["versions"]
    assert all(SENTENCE.fullmatch(column["description"]) for column in version["additionalPrinterColumns"])


def test_enums_are_the_operators() -> None:
    assert schema(RUNS)["properties"]["spec"]["properties"]["mode"]["enum"] == list(Mode)
    condition = schema(RUNS)["properties"]["status"]["properties"]["conditions"]["items"]["properties"]
    assert condition["status"]["enum"] == list(Truth)
    assert set(RunConditionType) <= set(WORD.findall(condition["type"]["description"]))
    assert schema(RUNS)["properties"]["status"]["properties"]["phase"]["enum"] == list(RunPhase)


def test_every_field_of_the_spec_is_read() -> None:
    spec = {"jobName": "musterwil", "mode": "Sync", "approve": "sha256:1", "reason": "autumn", "confirmLocked": True}
    assert spec.keys() == schema(RUNS)["properties"]["spec"]["properties"].keys()
    metadata = {"namespace": "a", "name": "b", "uid": "c", "generation": 1, "creationTimestamp": "2026-11-22T03:00:00Z"}
    run = ConnectRun.parse({"metadata": metadata, "spec": spec})
    assert (run.connect_job, run.mode, run.approve, run.reason, run.confirm_locked) == tuple(spec.values())


FULL = RunStatus(
    phase=RunPhase.FINISHED,
    position=1,
    job_name="run-wanted-01234567",
    started=LAST_NIGHT,
    completed=NOW,
    outcome=Outcome(
        result=Result.BLOCKED,
        reason="BlockedByWarnings",
        message="Warnings",
        todo="Cure them",
        changes=(ChangeCount(kind="create_user", result="planned", count=3),),
        user_warnings=(WarningCount(code=3, count=12),),
        group_warnings=(WarningCount(code=7, count=1),),
        plan_checksum="sha256:1",
        reported=True,
    ),
    conditions=(
        Condition(
            finding=Finding(
                type=RunConditionType.SUCCEEDED, truth=Truth.FALSE, reason="BlockedByWarnings", message="Warnings."
            ),
            generation=1,
            since=NOW,
        ),
    ),
)


def test_a_status_comes_back_as_it_was_written() -> None:
    assert run_document.parse({"status": run_document.to_document(FULL)}) == FULL


def test_the_definition_has_every_field_of_a_status_and_no_other() -> None:
    """The API server drops what the definition does not know."""
    known = schema(RUNS)["properties"]["status"]
    assert paths(run_document.to_document(FULL), known) == {path for path, _ in fields(known)}
