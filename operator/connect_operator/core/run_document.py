"""A ConnectRun's status as Kubernetes keeps it."""

from collections.abc import Mapping

from connect_operator.core.document import (
    Document,
    condition_documents,
    filled,
    moment_text,
    read_conditions,
)
from connect_operator.core.run_status import (
    Outcome,
    RunConditionType,
    RunPhase,
    RunStatus,
)
from connect_operator.core.status import Result
from connect_operator.core.summary import changes, duration, warnings
from connect_protocol.counts import GROUPS, USERS, changes_document, read_changes, read_warnings, warnings_document
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
            "conditions": condition_documents(status.conditions),
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
    return {
        "result": outcome.result.value if outcome.result else "",
        "reason": outcome.reason,
        "message": outcome.message,
        "todo": outcome.todo,
        "planChecksum": outcome.plan_checksum,
        "changes": changes_document(outcome.changes),
        "warnings": warnings_document(users=outcome.user_warnings, groups=outcome.group_warnings),
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


def _status(status: JsonObject) -> RunStatus:
    return RunStatus(
        phase=RunPhase(status.text("phase")) if status.has("phase") else None,
        position=status.optional_integer("position"),
        job_name=status.optional_text("jobName"),
        started=status.optional_moment("startTime"),
        completed=status.optional_moment("completionTime"),
        outcome=_outcome(status) if status.has("reason") else None,
        conditions=read_conditions(status, RunConditionType),
    )


def _outcome(status: JsonObject) -> Outcome:
    return Outcome(
        result=Result(status.text("result")) if status.has("result") else None,
        reason=status.text("reason"),
        message=status.optional_text("message"),
        todo=status.optional_text("todo"),
        changes=read_changes(status),
        user_warnings=read_warnings(status, USERS),
        group_warnings=read_warnings(status, GROUPS),
        plan_checksum=status.optional_text("planChecksum"),
        reported=status.object("summary").has("warnings"),
    )
