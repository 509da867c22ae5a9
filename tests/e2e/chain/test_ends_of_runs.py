"""Runs that end badly: each with its reason in kubectl, and healed when the cause has gone."""

import signal
from collections.abc import Callable

import pytest

from tests.support.cluster_customer import ClusterCustomer
from tests.support.processes import signal_container
from tests.support.shown import Page
from tests.support.slow_runs import SlowRuns

pytestmark = pytest.mark.timeout(600)
NewCustomer = Callable[..., ClusterCustomer]


def test_a_killed_worker_is_told_as_such(new_customer: NewCustomer, page: Page) -> None:
    """It is not tried again at once: who kills a worker wants it to end."""
    customer = new_customer("killed")
    customer.apply_secrets()
    customer.apply()
    with customer.bridge(), customer.held_lock():
        customer.wait_for_condition("Ready", "True", "Reconciled")
        job = customer.start_run()
        pod = customer.running_pod(job)
        customer.wait_for_lock()
        signal_container(pod["metadata"]["uid"], "connect-worker", signal.SIGKILL)
        ended = customer.ended_run(job)
    assert (ended["result"], ended["reason"]) == ("Stopped", "Killed"), ended
    page.shows("killed", customer.table())
    assert len(customer.pods(job)) == 1


def test_a_worker_without_memory_is_told_as_such(new_customer: NewCustomer, page: Page) -> None:
    """And with enough memory its next run goes through."""
    customer = new_customer("narrow")
    customer.apply_secrets()
    customer.apply(resources={"limits": {"memory": "24Mi"}})
    customer.wait_for_condition("Ready", "True", "Reconciled")
    ended = customer.run()
    assert (ended["result"], ended["reason"]) == ("Failed", "OutOfMemory"), ended
    page.shows("out of memory", customer.table())
    assert "spec.resources.limits.memory" in customer.wait_for_condition("LastRunSucceeded", "False", "OutOfMemory")
    customer.apply(resources={"limits": {"memory": "256Mi"}})
    with customer.bridge():
        customer.apply(mode="Validate")
        assert customer.run()["reason"] == "Validated"


def test_a_missing_secret_is_named_and_then_found(new_customer: NewCustomer, page: Page) -> None:
    """No run is possible meanwhile; nobody has to tell the operator when it is there."""
    customer = new_customer("unfinished")
    customer.apply_secrets("customer", "database", "directory")
    customer.apply()
    assert "unfinished-relay" in customer.wait_for_condition("Ready", "False", "SecretMissing")
    page.shows("secret missing", customer.table())
    customer.apply_secrets("relay")
    customer.wait("the missing Secret is found", lambda status: status["summary"].get("reason") != "SecretMissing", 90)
    customer.wait_for_condition("Ready", "True", "Reconciled")


def test_a_run_without_bridge_ends_relay_unreachable(slow: SlowRuns, page: Page) -> None:
    """It is tried again three times; then it is told since when the bridge is away, and healed by its return."""
    customer = slow.cut_off.customer
    ended = customer.ended_run(slow.cut_off.job)
    assert (ended["result"], ended["reason"]) == ("Failed", "RelayUnreachable"), ended
    page.shows("relay unreachable", customer.table())
    customer.wait_for_condition("RelayConnected", "False", "BridgeAbsent")
    customer.apply(mode="Validate")
    with customer.bridge():
        customer.wait_for_condition("RelayConnected", "True", "BridgeConnected")
        assert customer.run()["reason"] == "Validated"
    customer.wait_for_condition("LastRunSucceeded", "True", "Validated")


def test_a_run_beyond_its_timeout_ends_itself_and_reports(slow: SlowRuns, page: Page) -> None:
    customer = slow.late.customer
    ended = customer.ended_run(slow.late.job)
    assert (ended["result"], ended["reason"], ended["evidence"]) == ("Stopped", "DeadlineExceeded", "Report"), ended
    page.shows("deadline exceeded", customer.table())


def test_a_run_that_hangs_is_ended_by_its_pods_deadline(slow: SlowRuns) -> None:
    """A worker that hears nothing any more cannot report; its pod's state tells what happened."""
    ended = slow.hung.customer.ended_run(slow.hung.job)
    assert (ended["result"], ended["reason"], ended["evidence"]) == ("Stopped", "DeadlineExceeded", "Pod"), ended
