"""A ConnectJob's status as Kubernetes keeps it."""

from collections.abc import Mapping
from datetime import datetime

from connect_operator.core.document import (
    Document,
    changes_document,
    condition_documents,
    filled,
    integer,
    moment,
    moment_text,
    read_changes,
    read_conditions,
    read_warnings,
    warnings_document,
    word,
)
from connect_operator.core.facts import Trigger
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
from connect_protocol.json_object import JsonObject
from connect_protocol.report import StageDuration


def to_document(status: Status) -> Document:
    """The whole of .status."""
    history = status.history
    return filled(
        {
            "observedGeneration": status.generation,
            "conditions": condition_documents(status.conditions),
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
            "warnings": warnings_document(run.user_warnings, run.group_warnings),
            "planChecksum": run.plan_checksum,
            "officeLock": _lock_document(run.office_lock),
        }
    )


def _lock_document(lock: OfficeLock | None) -> Document | None:
    return None if lock is None else filled({"by": lock.by, "reason": lock.reason, "since": moment_text(lock.since)})


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
        conditions=read_conditions(status, ConditionType),
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
        changes=read_changes(run),
        user_warnings=read_warnings(run, "users"),
        group_warnings=read_warnings(run, "groups"),
        plan_checksum=word(run, "planChecksum"),
        office_lock=_lock(run),
    )


def _lock(of: JsonObject) -> OfficeLock | None:
    if not of.has("officeLock"):
        return None
    lock = of.object("officeLock")
    return OfficeLock(by=word(lock, "by"), reason=word(lock, "reason"), since=moment(lock, "since"))


def _wanted(wanted: JsonObject) -> Wanted:
    return Wanted(uid=wanted.text("uid"), generation=wanted.integer("generation"), hash=wanted.text("hash"))
