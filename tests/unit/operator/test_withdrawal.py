"""Jobs that wait and may not start any more: each is deleted, with words of its own."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connect_operator.core.decision import Decision
from connect_operator.core.facts import Gatekeeper, JobFacts, Trigger
from connect_operator.core.reconcile import reconcile
from connect_operator.core.spec import ConnectJob, Mode
from connect_operator.core.status import ConditionType
from tests.support.connect_jobs import MUSTERWIL, NOW, SUSPENDED, job, lacking, message, settled, told

NIGHTLY = replace(MUSTERWIL, queue_name="nightly")
PLANS = replace(MUSTERWIL, mode=Mode.PLAN, generation=2)
JUST_NOW = NOW - timedelta(minutes=1)
LONG_AGO = NOW - timedelta(hours=5)
BOTH = pytest.mark.parametrize("gatekeeper", [Gatekeeper.OPERATOR, Gatekeeper.KUEUE])


def waiting(gatekeeper: Gatekeeper, **changes: Any) -> JobFacts:
    facts: dict[str, Any] = {"created": JUST_NOW, "held_since": JUST_NOW, "started": None} | changes
    return job(suspended=True, gatekeeper=gatekeeper, **facts)


def decided(of: ConnectJob, waits: JobFacts, **seen: Any) -> Decision:
    return reconcile(settled(of, jobs=(waits,), **seen))


def withdrawn(of: ConnectJob, waits: JobFacts, **seen: Any) -> list[str]:
    return [each.reason for each in decided(of, waits, **seen).withdrawn]


@BOTH
def test_a_scheduled_run_that_waits_does_not_outlast_a_suspension(gatekeeper: Gatekeeper) -> None:
    """Kueue would start it hours later, though the customer is locked. No run is owed, so none was missed."""
    decision = decided(SUSPENDED, waiting(gatekeeper))
    assert [each.reason for each in decision.withdrawn] == ["Suspended"]
    assert "RunMissed" not in told(decision.status, ConditionType.LAST_RUN_SUCCEEDED)
    assert withdrawn(SUSPENDED, waiting(gatekeeper, trigger=Trigger.MANUAL)) == []


@BOTH
def test_what_would_write_does_not_outlast_the_mode_sync(gatekeeper: Gatekeeper) -> None:
    for trigger in Trigger:
        assert withdrawn(PLANS, waiting(gatekeeper, trigger=trigger)) == ["ModeRefused"]
        assert withdrawn(PLANS, waiting(gatekeeper, trigger=trigger, mode="Plan")) == []


def test_kueue_starts_nothing_of_one_that_is_not_ready_while_the_operator_can_wait() -> None:
    assert withdrawn(MUSTERWIL, waiting(Gatekeeper.KUEUE), secrets=lacking(missing=True)) == ["SecretMissing"]
    assert withdrawn(MUSTERWIL, waiting(Gatekeeper.OPERATOR), secrets=lacking(missing=True)) == []


@pytest.mark.parametrize(
    ("gatekeeper", "todo"), [(Gatekeeper.OPERATOR, "the operator's cap"), (Gatekeeper.KUEUE, "the queue's quota")]
)
def test_what_comes_later_than_its_deadline_is_left_out(gatekeeper: Gatekeeper, todo: str) -> None:
    decision = decided(NIGHTLY, waiting(gatekeeper, created=LONG_AGO, held_since=LONG_AGO))
    assert [each.reason for each in decision.withdrawn] == ["WaitedTooLong"]
    assert told(decision.status, ConditionType.LAST_RUN_SUCCEEDED) == "False RunMissed"
    assert todo in message(decision.status, ConditionType.LAST_RUN_SUCCEEDED)


def test_nobody_is_sent_to_the_cap_for_a_run_that_waited_for_a_secret() -> None:
    late = waiting(Gatekeeper.OPERATOR, created=LONG_AGO)
    words = message(decided(MUSTERWIL, late, secrets=lacking(missing=True)).status, ConditionType.LAST_RUN_SUCCEEDED)
    assert "does not exist" in words
    assert "cap" not in words


def test_what_kueue_has_preempted_may_come_back_within_the_deadline_anew() -> None:
    """Until Kubernetes has noticed that it is suspended, nobody knows since when."""
    assert withdrawn(NIGHTLY, waiting(Gatekeeper.KUEUE, created=LONG_AGO, held_since=JUST_NOW)) == []
    assert withdrawn(NIGHTLY, waiting(Gatekeeper.KUEUE, created=LONG_AGO, held_since=None)) == []


@pytest.mark.parametrize("changes", [{"suspended": False, "started": JUST_NOW}, {"gatekeeper": Gatekeeper.PERSON}])
def test_neither_what_runs_nor_what_a_person_has_suspended_is_touched(changes: dict[str, Any]) -> None:
    untouched = replace(waiting(Gatekeeper.KUEUE, created=LONG_AGO, held_since=LONG_AGO), **changes)
    for of in (SUSPENDED, PLANS, NIGHTLY):
        assert withdrawn(of, untouched, secrets=lacking(missing=True)) == []
