"""A ConnectRun's status as Kubernetes keeps it."""

from collections.abc import Mapping
from datetime import datetime

from connect_operator.core.run_status import (
    Outcome,
    RunCondition,
    RunConditionType,
    RunFinding,
    RunPhase,
    RunStatus,
)
from connect_operator.core.status import Result, Truth
from connect_operator.core.status_document import (
    Document,
    changes_document,
    filled,
    integer,
    moment,
    moment_text,
    read_changes,
    read_warnings,
    warnings_document,
    word,
)
from connect_operator.core.summary import changes, duration, warnings
from connect_protocol.json_object import JsonObject


def to_document(status: RunStatus) -> Document:
    """The whole of .status."""
    return filled(
        {
            "phase": status.phase.value if status.phase else "",
            "position": status.position or None,
            "jobName": status.job_name,
            "startTime": moment_text(status.started),
            "completionTime": moment_text(status.completed),
            **(_outcome_document(status.outcome) if status.outcome else {}),
            "conditions": [_condition_document(condition) for condition in status.conditions],
            "summary": _summary(status),
        }
    )


def parse(body: Mapping[str, object]) -> RunStatus:
    """The status of an API object; an empty one where none stands or somebody has written what cannot be read."""
    try:
        return _status(JsonObject(body, "connectrun").object("status"))
    except ValueError:
        return RunStatus()


def _outcome_document(outcome: Outcome) -> Document:
    counted = {
        "changes": changes_document(outcome.changes),
        "warnings": filled(
            {"users": warnings_document(outcome.user_warnings), "groups": warnings_document(outcome.group_warnings)}
        ),
    }
    return {
        "result": outcome.result.value if outcome.result else "",
        "reason": outcome.reason,
        "message": outcome.message,
        "todo": outcome.todo,
        "planChecksum": outcome.plan_checksum,
        **counted,
    }


def _summary(status: RunStatus) -> Document:
    """The columns, which are made of the rest; a run without report has counted nothing."""
    outcome = status.outcome
    counted = outcome if outcome is not None and outcome.reported else None
    return filled(
        {
            "warnings": warnings(counted.user_warnings, counted.group_warnings) if counted else "",
            "changes": changes(counted.changes) if counted else "",
            "duration": duration(status.completed - status.started) if status.started and status.completed else "",
        }
    )


def _condition_document(condition: RunCondition) -> Document:
    finding = condition.finding
    return {
        "type": finding.type.value,
        "status": finding.truth.value,
        "observedGeneration": condition.generation,
        "lastTransitionTime": moment_text(condition.since),
        "reason": finding.reason,
        "message": finding.message,
    }


def _status(status: JsonObject) -> RunStatus:
    return RunStatus(
        phase=RunPhase(status.text("phase")) if status.has("phase") else None,
        position=integer(status, "position"),
        job_name=word(status, "jobName"),
        started=moment(status, "startTime"),
        completed=moment(status, "completionTime"),
        outcome=_outcome(status) if status.has("reason") else None,
        conditions=tuple(_condition(condition) for condition in status.elements("conditions")),
    )


def _outcome(status: JsonObject) -> Outcome:
    counted = status.object("warnings")
    return Outcome(
        result=Result(status.text("result")) if status.has("result") else None,
        reason=status.text("reason"),
        message=word(status, "message"),
        todo=word(status, "todo"),
        changes=tuple(read_changes(status.object("changes"))),
        user_warnings=tuple(read_warnings(counted.object("users"))),
        group_warnings=tuple(read_warnings(counted.object("groups"))),
        plan_checksum=word(status, "planChecksum"),
        reported=status.object("summary").has("warnings"),
    )


def _condition(condition: JsonObject) -> RunCondition:
    finding = RunFinding(
        type=RunConditionType(condition.text("type")),
        truth=Truth(condition.text("status")),
        reason=condition.text("reason"),
        message=word(condition, "message"),
    )
    return RunCondition(
        finding=finding,
        generation=integer(condition, "observedGeneration"),
        since=datetime.fromisoformat(condition.text("lastTransitionTime")),
    )
