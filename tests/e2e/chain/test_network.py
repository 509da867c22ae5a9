"""What a pod reaches of the customer's network without the relay: nothing."""

import pytest

from tests.support.connect_release import Release
from tests.support.customer_network import SERVERS, CustomerNetwork
from tests.support.postgres import PostgresServer
from tests.support.probe_pod import probe
from tests.support.samba import LDAPS_PORT, SambaServer

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def ports(database_server: PostgresServer, domain_controller: SambaServer) -> list[int]:
    """Where database and domain controller listen."""
    assert domain_controller.address == SERVERS
    return [database_server.port, LDAPS_PORT]


def test_a_pod_reaches_neither_database_nor_domain_controller(release: Release, ports: list[int]) -> None:
    """The connections are neither accepted nor refused: nobody answers."""
    assert probe(release, SERVERS, ports) == dict.fromkeys(ports, "TimeoutError")


def test_nothing_but_the_firewall_stands_between(release: Release, network: CustomerNetwork, ports: list[int]) -> None:
    """Without it the same pod reaches both: the test above can fail."""
    with network.open_to_all():
        assert probe(release, SERVERS, ports) == dict.fromkeys(ports, "connected")
