"""The report of a run: for connect_run, for stdout, and, cut to fit, for the pod's termination message."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from connect_protocol.counts import (
    GROUPS,
    USERS,
    ChangeCount,
    WarningCount,
    changes_document,
    read_changes,
    read_warnings,
    warnings_document,
)
from connect_protocol.json_object import JsonObject

SCHEMA = 1
"""Raised when a field changes its meaning; new fields alone do not raise it."""
TERMINATION_MESSAGE_BYTES = 4096
"""What Kubernetes keeps of a termination message."""
LEAST_BYTES = 512
MOST_ERRORS = 10


class RunResult(StrEnum):
    """How a run ended, for people; the exit code says it more finely."""

    DONE = "done"
    BLOCKED = "blocked"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class StageDuration:
    """How long one stage took, in seconds."""

    stage: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PeopleCount:
    """How many people of the master data belong in Connect today, and how many do not."""

    in_scope: int
    out_of_scope: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficeLock:
    """That the school's office has suspended the sync: who and why, in its own words, and since when in ISO 8601.

    `reason` and `since` are empty where the configuration does not say.
    """

    by: str
    reason: str = ""
    since: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a run did and how it ended. It holds no secrets.

    `command` is run, update, validate, plan or sync. `reason` is the CamelCase word for on-call. Times are ISO 8601.
    `message` says what was wrong, `todo` what to do about it. `errors` are the first ones, at most MOST_ERRORS.
    `approved_by`: who let the plan through the safety gate. `office_lock` is told by every run that reads the
    configuration, whatever its end.
    `shortened`: something was left out to make it fit.
    """

    run_id: str
    realm: str
    command: str
    result: RunResult
    reason: str
    exit_code: int
    started_at: str
    finished_at: str
    stages: tuple[StageDuration, ...] = ()
    changes: tuple[ChangeCount, ...] = ()
    user_warnings: tuple[WarningCount, ...] = ()
    group_warnings: tuple[WarningCount, ...] = ()
    errors: tuple[str, ...] = ()
    message: str = ""
    todo: str = ""
    plan_checksum: str | None = None
    approved_by: str | None = None
    people: PeopleCount | None = None
    office_lock: OfficeLock | None = None
    shortened: bool = False

    def to_json(self) -> str:
        """One line of JSON, camelCase; what is empty is left out."""
        # Half a surrogate pair, which a broken name may hold, cannot be written in UTF-8: it becomes a question mark.
        return json.dumps(_document(self), ensure_ascii=False).encode("utf-8", "replace").decode()

    @classmethod
    def from_json(cls, text: str) -> "Report":
        """Read a report; unknown fields are passed over. Raises ValueError that names the field."""
        return _report(JsonObject.parse(text, "report"))

    def to_termination_message(self, limit: int = TERMINATION_MESSAGE_BYTES) -> str:
        """The report as JSON of at most `limit` bytes of UTF-8 (at least LEAST_BYTES), the least important left out."""
        if limit < LEAST_BYTES:
            raise ValueError(f"a report needs at least {LEAST_BYTES} bytes, not {limit}")
        return next(text for report in _ever_shorter(self) if _size(text := report.to_json()) <= limit)


def _ever_shorter(report: Report) -> Iterator[Report]:
    """The report whole, then with less and less; the last one fits in LEAST_BYTES whatever it holds."""
    yield report
    less = replace(
        report,
        errors=tuple(_cut(error, 300) for error in report.errors[:MOST_ERRORS]),
        message=_cut(report.message, 1200),
        todo=_cut(report.todo, 600),
        office_lock=_cut_lock(report.office_lock),
        shortened=True,
    )
    for count in range(len(less.errors), 0, -1):
        yield (less := replace(less, errors=less.errors[:count]))
    yield (less := replace(less, stages=()))
    yield (less := replace(less, errors=()))
    yield (less := replace(less, message=_cut(less.message, 300), todo=_cut(less.todo, 150)))
    yield (less := replace(less, todo="", people=None))
    yield (less := replace(less, user_warnings=(), group_warnings=()))
    yield (less := replace(less, changes=()))
    yield (less := replace(less, message=_cut(less.message, 80)))
    yield (less := replace(less, message=""))
    yield _bare(less)


def _bare(report: Report) -> Report:
    """Which run this was and how it ended, each in a few bytes; half a checksum would be none."""
    return replace(
        report,
        plan_checksum=None,
        approved_by=None,
        office_lock=None,
        run_id=_cut(report.run_id, 36),
        realm=_cut(report.realm, 63),
        command=_cut(report.command, 16),
        reason=_cut(report.reason, 48),
        started_at=_cut(report.started_at, 32),
        finished_at=_cut(report.finished_at, 32),
    )


def _cut_lock(lock: OfficeLock | None) -> OfficeLock | None:
    if lock is None:
        return None
    return OfficeLock(by=_cut(lock.by, 100), reason=_cut(lock.reason, 300), since=_cut(lock.since, 32))


def _size(text: str) -> int:
    return len(text.encode())


def _cut(text: str, size: int) -> str:
    """As much of the beginning as takes at most `size` bytes in JSON, with an ellipsis where something is missing."""
    if _size_in_json(text) <= size:
        return text
    room = size - _size("…")
    kept = 0
    for sign in text:
        room -= _size_in_json(sign)
        if room < 0:
            break
        kept += 1
    return text[:kept] + "…"


def _size_in_json(text: str) -> int:
    quotes = 2
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")) - quotes


def _document(report: Report) -> dict[str, object]:
    optional: dict[str, object] = {
        "message": report.message,
        "todo": report.todo,
        "planChecksum": report.plan_checksum,
        "approvedBy": report.approved_by,
        "people": _people_document(report.people),
        "officeLock": _lock_document(report.office_lock),
        "stages": {row.stage: round(row.seconds, 3) for row in report.stages},
        "changes": changes_document(report.changes),
        "warnings": warnings_document(users=report.user_warnings, groups=report.group_warnings),
        "errors": list(report.errors),
        "shortened": report.shortened,
    }
    return {
        "schema": SCHEMA,
        "runId": report.run_id,
        "realm": report.realm,
        "command": report.command,
        "result": report.result.value,
        "reason": report.reason,
        "exitCode": report.exit_code,
        "startedAt": report.started_at,
        "finishedAt": report.finished_at,
        **{name: value for name, value in optional.items() if value},
    }


def _people_document(people: PeopleCount | None) -> dict[str, int]:
    return {} if people is None else {"inScope": people.in_scope, "outOfScope": people.out_of_scope}


def _lock_document(lock: OfficeLock | None) -> dict[str, str]:
    return {} if lock is None else {"by": lock.by, "reason": lock.reason, "since": lock.since}


def _report(document: JsonObject) -> Report:
    schema = document.integer("schema")
    if schema != SCHEMA:
        raise ValueError(f"report.schema is {schema}, and only {SCHEMA} can be read here")
    return Report(
        run_id=document.text("runId"),
        realm=document.text("realm"),
        command=document.text("command"),
        result=_result(document.text("result")),
        reason=document.text("reason"),
        exit_code=document.integer("exitCode"),
        started_at=document.text("startedAt"),
        finished_at=document.text("finishedAt"),
        stages=tuple(StageDuration(stage=name, seconds=value) for name, value in document.object("stages").numbers()),
        changes=read_changes(document),
        user_warnings=read_warnings(document, USERS),
        group_warnings=read_warnings(document, GROUPS),
        errors=document.texts("errors"),
        message=document.optional_text("message"),
        todo=document.optional_text("todo"),
        plan_checksum=document.optional_text("planChecksum") or None,
        approved_by=document.optional_text("approvedBy") or None,
        people=_people(document.object("people")) if document.has("people") else None,
        office_lock=_lock(document.object("officeLock")) if document.has("officeLock") else None,
        shortened=document.flag("shortened"),
    )


def _result(word: str) -> RunResult:
    try:
        return RunResult(word)
    except ValueError as error:
        raise ValueError(f"report.result should be one of {', '.join(RunResult)}, not {word!r}") from error


def _people(document: JsonObject) -> PeopleCount:
    return PeopleCount(in_scope=document.integer("inScope"), out_of_scope=document.integer("outOfScope"))


def _lock(document: JsonObject) -> OfficeLock:
    return OfficeLock(
        by=document.text("by"),
        reason=document.optional_text("reason"),
        since=document.optional_text("since"),
    )
