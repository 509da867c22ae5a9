"""Runs that end badly: each with its reason in kubectl, and healed when the cause has gone."""

import signal
from collections.abc import Callable

import pytest

from tests.support.cluster_customer import ClusterCustomer
from tests.support.processes import signal_container
from tests.support.shown import Page

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
