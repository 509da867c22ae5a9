"""Runs that take minutes to end badly, and a Secret that comes late: begun before all else, and looked at last."""

import pytest

from tests.support.shown import Page
from tests.support.slow_runs import SlowRuns

pytestmark = pytest.mark.timeout(600)


def test_a_missing_secret_is_named_and_then_found(slow: SlowRuns, page: Page) -> None:
    """No run is possible meanwhile; nobody has to tell the operator when it is there."""
    assert f"{slow.unfinished.realm}-relay" in slow.lacking.message
    page.shows("secret missing", slow.lacking.table)
    slow.unfinished.wait_for_condition("Ready", "True", "Reconciled")


def test_kubernetes_starts_runs_by_the_schedule_until_it_is_suspended(slow: SlowRuns) -> None:
    customer = slow.punctual
    status = customer.wait("a run by the schedule", lambda status: "lastRun" in status, 90)
    assert (status["lastRun"]["trigger"], status["lastRun"]["reason"]) == ("Scheduled", "Validated")
    assert status["lastScheduleTime"]
    customer.apply(schedule="* * * * *", mode="Validate", suspend=True, suspendReason="enough")
    customer.wait_for_condition("Suspended", "True", "Suspended")
    assert customer.release.get("cronjob", f"connect-{customer.realm}")["spec"]["suspend"] is True
    assert customer.row()["SUSPENDED"].startswith("since ")
    assert customer.row()["NEXT RUN"] == ""


def test_a_run_without_bridge_ends_relay_unreachable(slow: SlowRuns, page: Page) -> None:
    """It is tried again three times; then it is told since when the bridge is away. Its return heals it."""
    customer = slow.cut_off.customer
    ended = customer.ended_run(slow.cut_off.job)
    assert (ended["result"], ended["reason"]) == ("Failed", "RelayUnreachable"), ended
    assert "since" in ended["message"]
    page.shows("relay unreachable", customer.table())
    customer.wait_for_condition("RelayConnected", "False", "BridgeAbsent")
    customer.apply(mode="Validate")
    with customer.bridge():
        customer.wait_for_condition("RelayConnected", "True", "BridgeConnected")
        assert customer.run()["reason"] == "Validated"
    customer.wait_for_condition("LastRunSucceeded", "True", "Validated")


def test_a_run_beyond_its_timeout_ends_itself_and_reports(slow: SlowRuns, page: Page) -> None:
    """The next one, which nothing holds up, goes through."""
    customer = slow.late.customer
    ended = customer.ended_run(slow.late.job)
    assert (ended["result"], ended["reason"], ended["evidence"]) == ("Stopped", "DeadlineExceeded", "Report"), ended
    page.shows("deadline exceeded", customer.table())
    slow.lock.close()
    customer.apply(mode="Validate")
    assert customer.run()["reason"] == "Validated"
    customer.wait_for_condition("LastRunSucceeded", "True", "Validated")


def test_a_run_that_hangs_is_ended_by_its_pods_deadline(slow: SlowRuns) -> None:
    """A worker that hears nothing any more cannot report; its pod's state tells what happened."""
    ended = slow.hung.customer.ended_run(slow.hung.job)
    assert (ended["result"], ended["reason"], ended["evidence"]) == ("Stopped", "DeadlineExceeded", "Pod"), ended
