"""The columns of `kubectl get connectjobs`: from this line alone it must be seen who needs a person, and why."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connect_operator.core.condition import Truth
from connect_operator.core.findings import RUN_MISSED
from connect_operator.core.status import ConditionType, Evidence, Status, Summary
from connect_protocol.counts import ChangeCount, WarningCount

_SIGNS = {"create": "+", "delete": "-"}
"""By a change's first word; any other changes what stays."""
_OTHER = "~"
_COUNTED = {"done", "planned"}


def summary(status: Status, zone: ZoneInfo | None, *, release: str) -> Summary:
    """The columns for a status; the next run is shown in its own zone. A run without report has counted nothing.

    All of them tell of the run that decides, which a lesser one since, as a Plan, does not cover.
    `release` is the operator's own image for runs.
    """
    last = status.history.deciding
    reported = last if last is not None and last.evidence is Evidence.REPORT else None
    result, reason = _verdict(status)
    return Summary(
        last_run=last.completed if last else None,
        result=result,
        reason=reason,
        warnings=warnings(reported.user_warnings, reported.group_warnings) if reported else "",
        changes=changes(reported.changes) if reported else "",
        duration=duration(last.completed - last.started) if last else "",
        suspended=_suspended(status),
        next_run=_next_run(status.next_run, zone),
        lags=_lags(status, release),
    )


def _verdict(status: Status) -> tuple[str, str]:
    """What is most urgent: no run is possible; the run does not start; one was missed; else how the last one ended."""
    for kind, word in ((ConditionType.READY, "NotReady"), (ConditionType.RUN_STARTED, "NotStarted")):
        condition = status.condition(kind)
        urgent = kind is ConditionType.READY or status.active is not None
        if condition is not None and urgent and condition.finding.truth is Truth.FALSE:
            return word, condition.finding.reason
    condition = status.condition(ConditionType.LAST_RUN_SUCCEEDED)
    if condition is not None and condition.finding.reason == RUN_MISSED:
        return "Missed", RUN_MISSED
    last = status.history.deciding
    return (last.result.value, last.reason) if last else ("", "")


def _suspended(status: Status) -> str:
    """The spec's suspension, else the office's lock: runs start all the same then, but end before the directory."""
    if status.suspended_since is not None and status.truth(ConditionType.SUSPENDED) is Truth.FALSE:
        return "Refused"
    if status.suspended_since is not None:
        return f"since {status.suspended_since:%Y-%m-%d}"
    lock = status.office_lock
    return f"by office, since {lock.since:%Y-%m-%d}" if lock is not None and lock.since is not None else "No"


def _lags(status: Status, release: str) -> str:
    """Who does not have the operator's release yet: a ConnectJob with an image of its own, a run begun on another."""
    if status.image != release:
        return "Pinned"
    return "RunUnderWay" if status.active is not None and status.active.image not in {"", release} else ""


def warnings(users: tuple[WarningCount, ...], groups: tuple[WarningCount, ...]) -> str:
    """How many records have a warning."""
    return str(sum(row.count for row in (*users, *groups)))


def changes(rows: tuple[ChangeCount, ...]) -> str:
    """For instance +3 ~10 -1: created, changed and deleted, or planned to be."""
    counts = {"+": 0, _OTHER: 0, "-": 0}
    for row in rows:
        if row.result in _COUNTED:
            counts[_SIGNS.get(row.kind.partition("_")[0], _OTHER)] += row.count
    return " ".join(f"{sign}{count}" for sign, count in counts.items() if count) or "0"


def duration(time: timedelta) -> str:
    """For instance 1m5s."""
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def _next_run(moment: datetime | None, zone: ZoneInfo | None) -> str:
    """A text, since kubectl shows a moment to come as <invalid>."""
    return "" if moment is None or zone is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"
