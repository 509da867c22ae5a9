"""Events: one for each transition, found by comparing the status before and after."""

from collections.abc import Iterator

from connect_operator.core.condition import Truth
from connect_operator.core.decision import Event, EventType
from connect_operator.core.status import ConditionType, JobCondition, LastRun, Result, Status
from connect_operator.core.withdrawal import Withdrawal

_TRANSITIONS = {
    (ConditionType.READY, Truth.TRUE): (EventType.NORMAL, "Reconciled"),
    (ConditionType.READY, Truth.FALSE): (EventType.WARNING, "NotReady"),
    (ConditionType.SUSPENDED, Truth.TRUE): (EventType.NORMAL, "Suspended"),
    (ConditionType.SUSPENDED, Truth.FALSE): (EventType.NORMAL, "Resumed"),
    (ConditionType.RUN_STARTED, Truth.FALSE): (EventType.WARNING, "RunNotStarted"),
    (ConditionType.RELAY_CONNECTED, Truth.TRUE): (EventType.NORMAL, "BridgeConnected"),
    (ConditionType.RELAY_CONNECTED, Truth.FALSE): (EventType.WARNING, "BridgeAbsent"),
    (ConditionType.RELAY_CONNECTED, Truth.UNKNOWN): (EventType.WARNING, "RelayNotReachable"),
    (ConditionType.VALIDATED, Truth.FALSE): (EventType.WARNING, "WarningsPresent"),
    (ConditionType.VALIDATED, Truth.TRUE): (EventType.NORMAL, "NoWarnings"),
}
"""What a condition's coming true, false or unknown is called; what is not here is told otherwise."""

_ENDS = {
    Result.DONE: (EventType.NORMAL, "RunSucceeded"),
    Result.BLOCKED: (EventType.WARNING, "RunBlocked"),
    Result.FAILED: (EventType.WARNING, "RunFailed"),
    Result.STOPPED: (EventType.WARNING, "RunStopped"),
}
_GOES_WITHOUT_SAYING = {(ConditionType.SUSPENDED, Truth.FALSE), (ConditionType.VALIDATED, Truth.TRUE)}
_CLOCK = "SkippedOrTwiceAtClockChange"
_MISSED = "RunMissed"


def events(old: Status, new: Status, over: tuple[LastRun, ...]) -> Iterator[Event]:
    """What has happened between two statuses; `over` are the runs that the old one does not tell of."""
    for condition in new.conditions:
        before = old.condition(condition.finding.type)
        yield from _transition(before, condition)
        yield from _reason(before, condition)
    yield from _started(old, new)
    yield from (_end(run) for run in over)


def _transition(before: JobCondition | None, after: JobCondition) -> Iterator[Event]:
    finding = after.finding
    key = finding.type, finding.truth
    changed = before is None or before.finding.truth is not finding.truth
    if before is None and key in _GOES_WITHOUT_SAYING:
        return
    if finding.type is ConditionType.READY and finding.truth is Truth.FALSE:
        changed = changed or (before is not None and before.finding.reason != finding.reason)
    if changed and key in _TRANSITIONS:
        kind, reason = _TRANSITIONS[key]
        yield Event(type=kind, reason=_told(reason, finding.reason), message=finding.message)


def _told(word: str, reason: str) -> str:
    """Not ready, for an event, is the cause by its name: kubectl shows the reason and cuts the message."""
    return reason if word == "NotReady" else word


def _reason(before: JobCondition | None, after: JobCondition) -> Iterator[Event]:
    """Two reasons are news by themselves, whatever the condition says."""
    reason = after.finding.reason
    if reason in {_CLOCK, _MISSED} and (before is None or before.finding.reason != reason):
        yield Event(type=EventType.WARNING, reason=reason, message=after.finding.message)


def _started(old: Status, new: Status) -> Iterator[Event]:
    run = new.active
    if run is not None and (old.active is None or old.active.uid != run.uid):
        yield Event(type=EventType.NORMAL, reason="RunStarted", message=f"{run.name} ({run.trigger}) has begun.")


def left_out(withdrawn: Withdrawal) -> Event:
    """That a run which waited was deleted."""
    job = withdrawn.job
    message = f"{job.name} ({job.trigger}) was left out. {withdrawn.message}"
    return Event(type=EventType.WARNING, reason="RunLeftOut", message=message, about=job.uid)


def ended(result: Result, message: str, *, about: str = "") -> Event:
    """That a run has ended, which `about` may name by its uid."""
    kind, reason = _ENDS[result]
    return Event(type=kind, reason=reason, message=message, about=about)


def _end(run: LastRun) -> Event:
    return ended(run.result, f"{run.name}: {run.reason}. {run.advice}".strip(), about=run.uid)
