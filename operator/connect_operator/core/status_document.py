"""A ConnectJob's status as Kubernetes keeps it."""

from collections.abc import Mapping

from connect_operator.core.document import (
    Document,
    condition_documents,
    filled,
    moment_text,
    read_conditions,
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
from connect_protocol.counts import GROUPS, USERS, changes_document, read_changes, read_warnings, warnings_document
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
            "warnings": warnings_document(users=run.user_warnings, groups=run.group_warnings),
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
        generation=status.optional_integer("observedGeneration"),
        conditions=read_conditions(status, ConditionType),
        phase=Phase(status.optional_text("phase") or Phase.IDLE),
        cron_job=status.optional_text("cronJobName"),
        image=status.optional_text("image"),
        time_zone=status.optional_text("timeZone"),
        suspended_since=status.optional_moment("since"),
        office_lock=_lock(status),
        resolved_schedule=status.optional_text("resolvedSchedule"),
        next_run=status.optional_moment("nextRunTime"),
        expected_run=status.optional_moment("expectedRunTime"),
        last_schedule=status.optional_moment("lastScheduleTime"),
        history=_history(status),
        active=_active(status.object("activeRun")) if status.has("activeRun") else None,
        wanted=_wanted(status.object("wanted")) if status.has("wanted") else None,
        summary=Summary(
            last_run=summary.optional_moment("lastRun"),
            result=summary.optional_text("result"),
            reason=summary.optional_text("reason"),
            warnings=summary.optional_text("warnings"),
            changes=summary.optional_text("changes"),
            duration=summary.optional_text("duration"),
            suspended=summary.optional_text("suspended"),
            next_run=summary.optional_text("nextRun"),
            lags=summary.optional_text("lags"),
        ),
    )


def _history(status: JsonObject) -> History:
    return History(
        last=_last(status.object("lastRun")) if status.has("lastRun") else None,
        last_full=_last(status.object("lastFullRun")) if status.has("lastFullRun") else None,
        same_second=status.texts("toldInSameSecond"),
        last_successful=status.optional_moment("lastSuccessfulTime"),
        last_failure=status.optional_moment("lastFailureTime"),
        consecutive_failures=status.optional_integer("consecutiveFailures"),
    )


def _active(run: JsonObject) -> ActiveRun:
    return ActiveRun(
        name=run.text("name"),
        uid=run.text("uid"),
        trigger=Trigger(run.text("trigger")),
        mode=run.optional_text("mode"),
        image=run.optional_text("image"),
        started=run.moment("startTime"),
    )


def _last(run: JsonObject) -> LastRun:
    return LastRun(
        name=run.text("name"),
        uid=run.text("uid"),
        trigger=Trigger(run.text("trigger")),
        mode=run.optional_text("mode"),
        image=run.optional_text("image"),
        started=run.moment("startTime"),
        completed=run.moment("completionTime"),
        result=Result(run.text("result")),
        reason=run.text("reason"),
        evidence=Evidence(run.text("evidence")),
        begun=run.flag("begun"),
        message=run.optional_text("message"),
        todo=run.optional_text("todo"),
        stages=tuple(StageDuration(stage=name, seconds=value) for name, value in run.object("stages").numbers()),
        changes=read_changes(run),
        user_warnings=read_warnings(run, USERS),
        group_warnings=read_warnings(run, GROUPS),
        plan_checksum=run.optional_text("planChecksum"),
        office_lock=_lock(run),
    )


def _lock(of: JsonObject) -> OfficeLock | None:
    if not of.has("officeLock"):
        return None
    lock = of.object("officeLock")
    return OfficeLock(
        by=lock.optional_text("by"), reason=lock.optional_text("reason"), since=lock.optional_moment("since")
    )


def _wanted(wanted: JsonObject) -> Wanted:
    return Wanted(uid=wanted.text("uid"), generation=wanted.integer("generation"), hash=wanted.text("hash"))
