"""A status as Kubernetes keeps it: camelCase, moments to the second in UTC, what is empty left out."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from connect_operator.core.facts import Trigger
from connect_operator.core.status import (
    ActiveRun,
    Condition,
    ConditionType,
    Evidence,
    Finding,
    History,
    LastRun,
    OfficeLock,
    Phase,
    Result,
    Status,
    Summary,
    Truth,
    Wanted,
)
from connect_protocol.json_object import JsonObject
from connect_protocol.report import ChangeCount, StageDuration, WarningCount

Document = dict[str, object]


def to_document(status: Status) -> Document:
    """The whole of .status."""
    history = status.history
    return filled(
        {
            "observedGeneration": status.generation,
            "conditions": [_condition_document(condition) for condition in status.conditions],
            "phase": status.phase.value,
            "cronJobName": status.cron_job,
            "image": status.image,
            "timeZone": status.time_zone,
            "since": moment_text(status.suspended_since),
            "officeLock": _lock_document(status.office_lock),
            "resolvedSchedule": status.resolved_schedule,
            "nextRunTime": moment_text(status.next_run),
            "expectedRunTime": moment_text(status.expected_run),
            "lastScheduleTime": moment_text(status.last_schedule),
            "lastSuccessfulTime": moment_text(history.last_successful),
            "lastFailureTime": moment_text(history.last_failure),
            "consecutiveFailures": history.consecutive_failures,
            "activeRun": _active_document(status.active) if status.active else None,
            "lastRun": _last_document(history.last) if history.last else None,
            "lastFullRun": _last_document(history.last_full) if history.last_full else None,
            "toldInSameSecond": list(history.same_second),
            "wanted": _wanted_document(status.wanted) if status.wanted else None,
            "summary": _summary_document(status.summary),
        }
    )


def parse(body: Mapping[str, object]) -> Status:
    """The status of an API object; an empty one where none stands or somebody has written what cannot be read.

    Nothing is lost by that but the history of runs whose Jobs are gone.
    """
    try:
        return _status(JsonObject(body, "connectjob").object("status"))
    except ValueError:
        return Status()


def filled(document: Document) -> Document:
    """Without what is empty; a zero is something."""
    return {name: value for name, value in document.items() if value not in ("", None, {}, [])}


def moment_text(moment: datetime | None) -> str:
    """As Kubernetes writes a moment; empty for none."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _condition_document(condition: Condition) -> Document:
    return {
        "type": condition.finding.type.value,
        "status": condition.finding.truth.value,
        "observedGeneration": condition.generation,
        "lastTransitionTime": moment_text(condition.since),
        "reason": condition.finding.reason,
        "message": condition.finding.message,
    }


def _active_document(run: ActiveRun) -> Document:
    return filled(
        {
            "name": run.name,
            "uid": run.uid,
            "trigger": run.trigger.value,
            "mode": run.mode,
            "image": run.image,
            "startTime": moment_text(run.started),
        }
    )


def _last_document(run: LastRun) -> Document:
    return filled(
        {
            "name": run.name,
            "uid": run.uid,
            "trigger": run.trigger.value,
            "mode": run.mode,
            "image": run.image,
            "startTime": moment_text(run.started),
            "completionTime": moment_text(run.completed),
            "result": run.result.value,
            "reason": run.reason,
            "evidence": run.evidence.value,
            "begun": run.begun,
            "message": run.message,
            "todo": run.todo,
            "stages": {row.stage: row.seconds for row in run.stages},
            "changes": changes_document(run.changes),
            "warnings": filled(
                {"users": warnings_document(run.user_warnings), "groups": warnings_document(run.group_warnings)}
            ),
            "planChecksum": run.plan_checksum,
            "officeLock": _lock_document(run.office_lock),
        }
    )


def _lock_document(lock: OfficeLock | None) -> Document | None:
    return None if lock is None else filled({"by": lock.by, "reason": lock.reason, "since": moment_text(lock.since)})


def changes_document(changes: tuple[ChangeCount, ...]) -> dict[str, dict[str, int]]:
    """Counts by kind and by what became of the changes."""
    document: dict[str, dict[str, int]] = {}
    for row in changes:
        document.setdefault(row.kind, {})[row.result] = row.count
    return document


def warnings_document(warnings: tuple[WarningCount, ...]) -> dict[str, int]:
    """Counts by the warning's number."""
    return {str(row.code): row.count for row in warnings}


def _wanted_document(wanted: Wanted) -> Document:
    return {"uid": wanted.uid, "generation": wanted.generation, "hash": wanted.hash}


def _summary_document(summary: Summary) -> Document:
    return filled(
        {
            "lastRun": moment_text(summary.last_run),
            "result": summary.result,
            "reason": summary.reason,
            "warnings": summary.warnings,
            "changes": summary.changes,
            "duration": summary.duration,
            "suspended": summary.suspended,
            "nextRun": summary.next_run,
            "lags": summary.lags,
        }
    )


def _status(status: JsonObject) -> Status:
    summary = status.object("summary")
    return Status(
        generation=integer(status, "observedGeneration"),
        conditions=tuple(_condition(condition) for condition in status.elements("conditions")),
        phase=Phase(status.optional_text("phase") or Phase.IDLE),
        cron_job=word(status, "cronJobName"),
        image=word(status, "image"),
        time_zone=word(status, "timeZone"),
        suspended_since=moment(status, "since"),
        office_lock=_lock(status),
        resolved_schedule=word(status, "resolvedSchedule"),
        next_run=moment(status, "nextRunTime"),
        expected_run=moment(status, "expectedRunTime"),
        last_schedule=moment(status, "lastScheduleTime"),
        history=_history(status),
        active=_active(status.object("activeRun")) if status.has("activeRun") else None,
        wanted=_wanted(status.object("wanted")) if status.has("wanted") else None,
        summary=Summary(
            last_run=moment(summary, "lastRun"),
            result=word(summary, "result"),
            reason=word(summary, "reason"),
            warnings=word(summary, "warnings"),
            changes=word(summary, "changes"),
            duration=word(summary, "duration"),
            suspended=word(summary, "suspended"),
            next_run=word(summary, "nextRun"),
            lags=word(summary, "lags"),
        ),
    )


def _condition(condition: JsonObject) -> Condition:
    finding = Finding(
        type=ConditionType(condition.text("type")),
        truth=Truth(condition.text("status")),
        reason=condition.text("reason"),
        message=word(condition, "message"),
    )
    return Condition(
        finding=finding,
        generation=integer(condition, "observedGeneration"),
        since=datetime.fromisoformat(condition.text("lastTransitionTime")),
    )


def _history(status: JsonObject) -> History:
    return History(
        last=_last(status.object("lastRun")) if status.has("lastRun") else None,
        last_full=_last(status.object("lastFullRun")) if status.has("lastFullRun") else None,
        same_second=status.texts("toldInSameSecond"),
        last_successful=moment(status, "lastSuccessfulTime"),
        last_failure=moment(status, "lastFailureTime"),
        consecutive_failures=integer(status, "consecutiveFailures"),
    )


def _active(run: JsonObject) -> ActiveRun:
    return ActiveRun(
        name=run.text("name"),
        uid=run.text("uid"),
        trigger=Trigger(run.text("trigger")),
        mode=word(run, "mode"),
        image=word(run, "image"),
        started=datetime.fromisoformat(run.text("startTime")),
    )


def _last(run: JsonObject) -> LastRun:
    warnings = run.object("warnings")
    return LastRun(
        name=run.text("name"),
        uid=run.text("uid"),
        trigger=Trigger(run.text("trigger")),
        mode=word(run, "mode"),
        image=word(run, "image"),
        started=datetime.fromisoformat(run.text("startTime")),
        completed=datetime.fromisoformat(run.text("completionTime")),
        result=Result(run.text("result")),
        reason=run.text("reason"),
        evidence=Evidence(run.text("evidence")),
        begun=run.flag("begun"),
        message=word(run, "message"),
        todo=word(run, "todo"),
        stages=tuple(StageDuration(stage=name, seconds=value) for name, value in run.object("stages").numbers()),
        changes=tuple(read_changes(run.object("changes"))),
        user_warnings=tuple(read_warnings(warnings.object("users"))),
        group_warnings=tuple(read_warnings(warnings.object("groups"))),
        plan_checksum=word(run, "planChecksum"),
        office_lock=_lock(run),
    )


def _lock(of: JsonObject) -> OfficeLock | None:
    if not of.has("officeLock"):
        return None
    lock = of.object("officeLock")
    return OfficeLock(by=word(lock, "by"), reason=word(lock, "reason"), since=moment(lock, "since"))


def read_changes(changes: JsonObject) -> Iterator[ChangeCount]:
    """What `changes_document` wrote."""
    for kind, results in changes.objects():
        for result, count in results.integers():
            yield ChangeCount(kind=kind, result=result, count=count)


def read_warnings(warnings: JsonObject) -> Iterator[WarningCount]:
    """What `warnings_document` wrote."""
    return (WarningCount(code=int(code), count=count) for code, count in warnings.integers())


def _wanted(wanted: JsonObject) -> Wanted:
    return Wanted(uid=wanted.text("uid"), generation=wanted.integer("generation"), hash=wanted.text("hash"))


def word(members: JsonObject, name: str) -> str:
    """A text, empty where there is none."""
    return members.optional_text(name) or ""


def integer(members: JsonObject, name: str) -> int:
    """A number, 0 where there is none."""
    return members.integer(name) if members.has(name) else 0


def moment(members: JsonObject, name: str) -> datetime | None:
    """A moment, or None."""
    return datetime.fromisoformat(members.text(name)) if members.has(name) else None
