"""`helm test`: a run of mode Plan goes the whole way, and says so."""

from collections.abc import Callable, Iterator

import pytest

from tests.cluster.errors import CommandError
from tests.support.cluster_customer import ClusterCustomer
from tests.support.connect_release import RELAY_NODE_PORT, RELEASE, Release, deploy

pytestmark = pytest.mark.timeout(300)
LOGS = ("test", RELEASE, "--logs", "--timeout=150s")


@pytest.fixture
def customer(new_customer: Callable[..., ClusterCustomer], release: Release) -> Iterator[ClusterCustomer]:
    """The customer that the release is tested with, its bridge not there yet."""
    made = new_customer("tested")
    made.apply_secrets()
    made.apply()
    made.wait_for_condition("Ready", "True", "Reconciled")
    service = {"type": "NodePort", "nodePort": RELAY_NODE_PORT}
    deploy(release, "upgrade", {"relay.service": service, "test.connectJob": "tested", "test.seconds": 120})
    yield made
    deploy(release, "upgrade", {"relay.service": service})


def test_helm_test_tells_whether_a_run_would_go_well(customer: ClusterCustomer, release: Release) -> None:
    where = f"--namespace={release.namespace}"
    with customer.bridge():
        said = release.cluster.helm(*LOGS, where)
    assert "has ended: Done Planned" in said
    customer.apply(mode="Validate")
    with pytest.raises(CommandError):
        release.cluster.helm(*LOGS, where)
    assert "has ended: ModeRefused" in release.kubectl("logs", f"{RELEASE}-test")
