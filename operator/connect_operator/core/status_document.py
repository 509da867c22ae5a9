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
    return _filled(
        {
            "observedGeneration": status.generation,
            "conditions": [_condition_document(condition) for condition in status.conditions],
            "phase": status.phase.value,
            "cronJobName": status.cron_job,
            "image": status.image,
            "timeZone": status.time_zone,
            "since": _text(status.suspended_since),
            "officeLock": _lock_document(status.office_lock),
            "resolvedSchedule": status.resolved_schedule,
            "nextRunTime": _text(status.next_run),
            "expectedRunTime": _text(status.expected_run),
            "lastScheduleTime": _text(status.last_schedule),
            "lastSuccessfulTime": _text(history.last_successful),
            "lastFailureTime": _text(history.last_failure),
            "consecutiveFailures": history.consecutive_failures,
            "activeRun": _active_document(status.active) if status.active else None,
            "lastRun": _last_document(history.last) if history.last else None,
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


def _filled(document: Document) -> Document:
    """Without what is empty; a zero is something."""
    return {name: value for name, value in document.items() if value not in ("", None, {}, [])}


def _text(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _condition_document(condition: Condition) -> Document:
    return {
        "type": condition.finding.type.value,
        "status": condition.finding.truth.value,
        "observedGeneration": condition.generation,
        "lastTransitionTime": _text(condition.since),
        "reason": condition.finding.reason,
        "message": condition.finding.message,
    }


def _active_document(run: ActiveRun) -> Document:
    return _filled(
        {
            "name": run.name,
            "uid": run.uid,
            "trigger": run.trigger.value,
            "mode": run.mode,
            "image": run.image,
            "startTime": _text(run.started),
        }
    )


def _last_document(run: LastRun) -> Document:
    return _filled(
        {
            "name": run.name,
            "uid": run.uid,
            "trigger": run.trigger.value,
            "mode": run.mode,
            "image": run.image,
            "startTime": _text(run.started),
            "completionTime": _text(run.completed),
            "result": run.result.value,
            "reason": run.reason,
            "evidence": run.evidence.value,
            "begun": run.begun,
            "message": run.message,
            "todo": run.todo,
            "stages": {row.stage: row.seconds for row in run.stages},
            "changes": _changes_document(run.changes),
            "warnings": _filled(
                {"users": _warnings_document(run.user_warnings), "groups": _warnings_document(run.group_warnings)}
            ),
            "planChecksum": run.plan_checksum,
            "officeLock": _lock_document(run.office_lock),
        }
    )


def _lock_document(lock: OfficeLock | None) -> Document | None:
    return None if lock is None else _filled({"by": lock.by, "reason": lock.reason, "since": _text(lock.since)})


def _changes_document(changes: tuple[ChangeCount, ...]) -> dict[str, dict[str, int]]:
    document: dict[str, dict[str, int]] = {}
    for row in changes:
        document.setdefault(row.kind, {})[row.result] = row.count
    return document


def _warnings_document(warnings: tuple[WarningCount, ...]) -> dict[str, int]:
    return {str(row.code): row.count for row in warnings}


def _wanted_document(wanted: Wanted) -> Document:
    return {"uid": wanted.uid, "generation": wanted.generation, "hash": wanted.hash}


def _summary_document(summary: Summary) -> Document:
    return _filled(
        {
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
        generation=_integer(status, "observedGeneration"),
        conditions=tuple(_condition(condition) for condition in status.elements("conditions")),
        phase=Phase(status.optional_text("phase") or Phase.IDLE),
        cron_job=_word(status, "cronJobName"),
        image=_word(status, "image"),
        time_zone=_word(status, "timeZone"),
        suspended_since=_moment(status, "since"),
        office_lock=_lock(status),
        resolved_schedule=_word(status, "resolvedSchedule"),
        next_run=_moment(status, "nextRunTime"),
        expected_run=_moment(status, "expectedRunTime"),
        last_schedule=_moment(status, "lastScheduleTime"),
        history=_history(status),
        active=_active(status.object("activeRun")) if status.has("activeRun") else None,
        wanted=_wanted(status.object("wanted")) if status.has("wanted") else None,
        summary=Summary(
            result=_word(summary, "result"),
            reason=_word(summary, "reason"),
            warnings=_word(summary, "warnings"),
            changes=_word(summary, "changes"),
            duration=_word(summary, "duration"),
            suspended=_word(summary, "suspended"),
            next_run=_word(summary, "nextRun"),
            lags=_word(summary, "lags"),
        ),
    )


def _condition(condition: JsonObject) -> Condition:
    finding = Finding(
        type=ConditionType(condition.text("type")),
        truth=Truth(condition.text("status")),
        reason=condition.text("reason"),
        message=_word(condition, "message"),
    )
    return Condition(
        finding=finding,
        generation=_integer(condition, "observedGeneration"),
        since=datetime.fromisoformat(condition.text("lastTransitionTime")),
    )


def _history(status: JsonObject) -> History:
    return History(
        last=_last(status.object("lastRun")) if status.has("lastRun") else None,
        same_second=status.texts("toldInSameSecond"),
        last_successful=_moment(status, "lastSuccessfulTime"),
        last_failure=_moment(status, "lastFailureTime"),
        consecutive_failures=_integer(status, "consecutiveFailures"),
    )


def _active(run: JsonObject) -> ActiveRun:
    return ActiveRun(
        name=run.text("name"),
        uid=run.text("uid"),
        trigger=Trigger(run.text("trigger")),
        mode=_word(run, "mode"),
        image=_word(run, "image"),
        started=datetime.fromisoformat(run.text("startTime")),
    )


def _last(run: JsonObject) -> LastRun:
    warnings = run.object("warnings")
    return LastRun(
        name=run.text("name"),
        uid=run.text("uid"),
        trigger=Trigger(run.text("trigger")),
        mode=_word(run, "mode"),
        image=_word(run, "image"),
        started=datetime.fromisoformat(run.text("startTime")),
        completed=datetime.fromisoformat(run.text("completionTime")),
        result=Result(run.text("result")),
        reason=run.text("reason"),
        evidence=Evidence(run.text("evidence")),
        begun=run.flag("begun"),
        message=_word(run, "message"),
        todo=_word(run, "todo"),
        stages=tuple(StageDuration(stage=name, seconds=value) for name, value in run.object("stages").numbers()),
        changes=tuple(_changes(run.object("changes"))),
        user_warnings=tuple(_warnings(warnings.object("users"))),
        group_warnings=tuple(_warnings(warnings.object("groups"))),
        plan_checksum=_word(run, "planChecksum"),
        office_lock=_lock(run),
    )


def _lock(of: JsonObject) -> OfficeLock | None:
    if not of.has("officeLock"):
        return None
    lock = of.object("officeLock")
    return OfficeLock(by=_word(lock, "by"), reason=_word(lock, "reason"), since=_moment(lock, "since"))


def _changes(changes: JsonObject) -> Iterator[ChangeCount]:
    for kind, results in changes.objects():
        for result, count in results.integers():
            yield ChangeCount(kind=kind, result=result, count=count)


def _warnings(warnings: JsonObject) -> Iterator[WarningCount]:
    return (WarningCount(code=int(code), count=count) for code, count in warnings.integers())


def _wanted(wanted: JsonObject) -> Wanted:
    return Wanted(uid=wanted.text("uid"), generation=wanted.integer("generation"), hash=wanted.text("hash"))


def _word(members: JsonObject, name: str) -> str:
    return members.optional_text(name) or ""


def _integer(members: JsonObject, name: str) -> int:
    return members.integer(name) if members.has(name) else 0


def _moment(members: JsonObject, name: str) -> datetime | None:
    return datetime.fromisoformat(members.text(name)) if members.has(name) else None
