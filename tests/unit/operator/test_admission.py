"""The cap: who of those that wait may start."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from connect_operator.core.admission import Contender, admitted
from connect_operator.core.condition import Condition, Finding, Truth
from connect_operator.core.facts import Gatekeeper, Trigger
from connect_operator.core.spec import Mode
from connect_operator.core.status import ConditionType, Status
from tests.support.connect_jobs import MUSTERWIL, NOW, job

READY = Finding(type=ConditionType.READY, truth=Truth.TRUE, reason="Reconciled", message="Well.")


def status(truth: Truth = Truth.TRUE, **changes: Any) -> Status:
    ready = Condition(finding=replace(READY, truth=truth), generation=1, since=NOW)
    return Status(conditions=(ready,), **changes)


def waiting(name: str, *, minutes: int = 0, realm: str = "", of: Status | None = None, **changes: Any) -> Contender:
    """A Job that is this old and waits for the operator."""
    facts: dict[str, Any] = {"suspended": True, "gatekeeper": Gatekeeper.OPERATOR, "started": None} | changes
    made = job(name=name, uid=name, created=NOW - timedelta(minutes=minutes), **facts)
    return Contender(job=made, connect_job=replace(MUSTERWIL, realm=realm or name), status=of or status())


def running(name: str, **changes: Any) -> Contender:
    return waiting(name, suspended=False, started=NOW, **changes)


def locked(contender: Contender) -> Contender:
    return replace(contender, connect_job=replace(contender.connect_job, suspend=True))


def names(*contenders: Contender, limit: int = 2, let: tuple[str, ...] = ()) -> list[str]:
    return [each.job.name for each in admitted(contenders, limit=limit, let=let, now=NOW)]


def test_the_oldest_start_as_many_as_there_is_room() -> None:
    assert names(waiting("young"), waiting("old", minutes=9), waiting("older", minutes=10)) == ["older", "old"]
    assert names(running("other"), waiting("old", minutes=9), waiting("older", minutes=10)) == ["older"]
    assert names(running("a"), running("b"), waiting("old", minutes=9)) == []


def test_never_two_of_one_realm_at_a_time() -> None:
    assert names(running("a", realm="x"), waiting("old", minutes=9, realm="x"), waiting("young")) == ["young"]
    assert names(waiting("old", minutes=9, realm="x"), waiting("young", realm="x")) == ["old"]


def test_without_a_cap_nobody_waits() -> None:
    """As after it was lifted, for Jobs that were born under it."""
    assert names(*(waiting(name) for name in "abc"), limit=0) == ["a", "b", "c"]


def test_who_was_let_start_counts_whatever_is_seen() -> None:
    assert names(waiting("let", minutes=9), waiting("next"), limit=1, let=("let",)) == []


def test_kueues_jobs_are_kueues() -> None:
    kueues: dict[str, Any] = {"gatekeeper": Gatekeeper.KUEUE}
    assert names(waiting("a", **kueues), running("b", **kueues), waiting("c"), limit=1) == ["c"]


def test_a_job_that_somebody_else_has_suspended_is_left_alone() -> None:
    """It takes nobody's place meanwhile, not even if it was let start before."""
    by_hand = waiting("by-hand", minutes=9, realm="x", gatekeeper=Gatekeeper.PERSON)
    assert names(by_hand, waiting("next", realm="x"), limit=1, let=("by-hand",)) == ["next"]


def test_what_kubernetes_still_calls_suspended_though_it_was_resumed_counts() -> None:
    assert names(waiting("resumed", gatekeeper=Gatekeeper.NONE), waiting("next", minutes=9), limit=1) == []


def test_who_would_come_too_late_does_not_start() -> None:
    assert names(waiting("late", minutes=30), waiting("in-time", minutes=29)) == ["in-time"]


def test_who_is_not_ready_waits() -> None:
    assert names(waiting("a", of=status(Truth.FALSE)), waiting("b", of=Status())) == []


def test_while_suspended_only_what_somebody_wants_nevertheless_starts() -> None:
    wanted: dict[str, Any] = {"trigger": Trigger.REQUESTED}
    assert names(locked(waiting("scheduled"))) == []
    assert names(locked(waiting("by-hand", trigger=Trigger.MANUAL))) == ["by-hand"]
    assert names(locked(waiting("unconfirmed", **wanted))) == []
    assert names(locked(waiting("confirmed", confirmed=True, **wanted))) == ["confirmed"]
    assert names(locked(waiting("plan", mode="Plan", **wanted))) == ["plan"]


def test_who_would_do_more_than_its_connect_job_does_by_now_does_not_start() -> None:
    """A ConnectJob of mode Plan never writes to a directory."""
    writes = waiting("writes")
    plans = replace(writes, connect_job=replace(writes.connect_job, mode=Mode.PLAN))
    assert names(plans) == []
    assert names(replace(plans, job=replace(plans.job, mode="Validate"))) == ["writes"]
    assert names(replace(plans, job=replace(plans.job, mode=""))) == []
