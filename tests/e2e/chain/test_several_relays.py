"""Two relays by the chart, in the place of one: a run outlives the end of the one that carries it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest

from tests.support.cluster_customer import ClusterCustomer
from tests.support.connect_release import Release, deploy, prepare

pytestmark = pytest.mark.timeout(600)

NODE_PORTS = (30851, 30852)
RELAYS = ("connect-relay-0", "connect-relay-1")


@pytest.fixture(scope="module")
def relays(release: Release) -> Release:
    """A release of its own, first with one relay, then upgraded to two."""
    pki = release.pki.with_name("pki-of-several")
    made = replace(release, pki=pki, namespace="several", relay_address="connect-relays:8443", node_ports=NODE_PORTS)
    prepare(made, "connect-relay", "connect-relays")
    shared = {"crds.enabled": False, "relay.service": {"type": "NodePort", "replicaNodePorts": NODE_PORTS}}
    deploy(made, "install", shared)
    deploy(made, "upgrade", shared | {"relay.replicas": 2})
    return made


@pytest.fixture
def customer(relays: Release, new_customer: Callable[..., ClusterCustomer]) -> Iterator[ClusterCustomer]:
    """A customer whose bridge is at both relays."""
    made = replace(new_customer("between"), release=relays)
    made.apply_secrets()
    made.apply(mode="Validate")
    with made.bridge():
        made.wait_for_condition("Ready", "True", "Reconciled")
        for relay in RELAYS:
            wait_for_bridges(relays, relay, 1)
        yield made


def gauge(release: Release, relay: str, name: str) -> int:
    """A number of one relay, asked through the API server."""
    path = f"/api/v1/namespaces/{release.namespace}/pods/{relay}:8080/proxy/metrics"
    found = re.search(rf"^connect_relay_{name} (\d+)", release.cluster.kubectl("get", "--raw", path), re.MULTILINE)
    assert found
    return int(found[1])


def wait_for_bridges(release: Release, relay: str, count: int) -> None:
    """Wait until so many bridges are at a relay."""
    asked = partial(gauge, release, relay, "bridges")
    release.cluster.wait_until(f"{count} bridges at {relay}", asked, lambda found: found == count)


def test_a_run_outlives_the_relay_that_carries_it(customer: ClusterCustomer, relays: Release) -> None:
    """Its pod is deleted while the run waits for its lock; what is open goes on, and the next run has both again."""
    with customer.held_lock():
        job = customer.start_run()
        customer.running_pod(job)
        customer.wait_for_lock()
        (carrier,) = [relay for relay in RELAYS if gauge(relays, relay, "connections")]
        relays.kubectl("delete", "pod", carrier, "--wait=false")
        wait_for_bridges(relays, carrier, 0)
    assert customer.ended_run(job)["reason"] == "Validated"
    assert len(customer.pods(job)) == 1, "the run needed no second try"
    assert customer.run()["reason"] == "Validated"
    message = customer.wait_for_condition("RelayConnected", "True", "BridgeConnected")
    assert "is connected to" in message
