"""The operator dies and comes back: no run is lost, and none is told twice."""

import signal
from collections.abc import Callable, Iterator

import pytest

from tests.support.cluster_customer import ClusterCustomer
from tests.support.connect_release import Release
from tests.support.processes import signal_container

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def customer(new_customer: Callable[..., ClusterCustomer]) -> Iterator[ClusterCustomer]:
    """A customer whose runs validate an empty school, and whose lock is held at first."""
    made = new_customer("restarted")
    made.apply_secrets()
    made.apply(mode="Validate")
    with made.bridge():
        made.wait_for_condition("Ready", "True", "Reconciled")
        yield made


def test_a_run_that_ends_while_the_operator_is_away_is_told_afterwards(
    customer: ClusterCustomer, release: Release
) -> None:
    """Killed in the middle of a run, then away until the run has ended."""
    with customer.held_lock():
        job = customer.start_run()
        customer.running_pod(job)
        customer.wait("the run is seen", lambda status: status.get("activeRun", {}).get("name") == job)
        signal_container(release.pod("operator")["metadata"]["uid"], "connect-operator", signal.SIGKILL)
        release.kubectl("scale", "deployment", "connect-operator", "--replicas=0")
        release.kubectl("wait", "pod", "--selector=app.kubernetes.io/component=operator", "--for=delete")
    release.kubectl("wait", "job", job, "--for=condition=Complete", "--timeout=60s")
    assert customer.status()["activeRun"]["name"] == job, "nobody has told its end"
    release.kubectl("scale", "deployment", "connect-operator", "--replicas=1")
    assert customer.ended_run(job)["reason"] == "Validated"
    events = release.get("events", f"--field-selector=involvedObject.name={customer.realm}")["items"]
    told = [event["reason"] for event in events if event["reason"].startswith("Run") and job in event["message"]]
    assert sorted(told) == ["RunStarted", "RunSucceeded"]


def test_a_killed_operator_comes_back_and_reconciles(customer: ClusterCustomer, release: Release) -> None:
    """The same while the run ends: the kubelet starts it again, and the end is told once."""
    with customer.held_lock():
        job = customer.start_run()
        customer.running_pod(job)
        customer.wait_for_lock()
    signal_container(release.pod("operator")["metadata"]["uid"], "connect-operator", signal.SIGKILL)
    assert customer.ended_run(job)["reason"] == "Validated"
