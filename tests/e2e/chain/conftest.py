"""Connect in a cluster, and the network of its customers, for the tests of the whole chain."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.images import built
from tests.support.cluster_customer import ClusterCustomer
from tests.support.connect_release import Release, install
from tests.support.customer_network import SERVERS, CustomerNetwork, customer_network
from tests.support.distant_domain import DistantDomain
from tests.support.network_namespace import held
from tests.support.postgres import TEMPLATE, PostgresServer, running_postgres
from tests.support.samba import SambaServer, start_samba
from tests.support.shown import Page
from tests.support.slow_runs import SlowRuns, slow_runs

NewCustomer = Callable[..., ClusterCustomer]


@pytest.fixture(scope="session")
def release(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Connect, built and installed in the cluster."""
    images = built()
    cluster.load_image(images.archive)
    return install(cluster, images, tmp_path_factory.mktemp("authority") / "pki")


@pytest.fixture(scope="session")
def network(cluster: Cluster) -> Iterator[CustomerNetwork]:
    """The customers' network, from which only outgoing connections work."""
    with customer_network(held(cluster.network)) as laid:
        yield laid


@pytest.fixture(scope="session")
def database_server(network: CustomerNetwork) -> Iterator[PostgresServer]:
    """A PostgreSQL in the customers' network."""
    with ExitStack() as running:
        with network.namespace.entered():
            server = running.enter_context(running_postgres(SERVERS))
        yield server


@pytest.fixture(scope="session")
def domain_controller(network: CustomerNetwork) -> Iterator[SambaServer]:
    """A Samba AD DC in the customers' network."""
    with network.namespace.entered():
        server = start_samba(address=SERVERS)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def domain(domain_controller: SambaServer, network: CustomerNetwork) -> DistantDomain:
    """The customers' domain, in its administrator's hands."""
    return DistantDomain(domain_controller, network.namespace)


@pytest.fixture(scope="session")
def page() -> Page:
    """The page of the docs that shows what kubectl shows."""
    return Page()


@pytest.fixture(scope="session")
def new_customer(
    release: Release, network: CustomerNetwork, database_server: PostgresServer, domain: DistantDomain
) -> NewCustomer:
    """Makes customers with a school and a database of their own, whose Secrets are not applied yet.

    They share a domain: one may fill it.
    """

    def make(realm: str, pupils: int = 1) -> ClusterCustomer:
        made = ClusterCustomer(
            realm=realm,
            release=release,
            network=network,
            postgres=database_server,
            database=database_server.create_database(TEMPLATE),
            directory=domain.access,
        )
        made.enrol(pupils)
        return made

    return make


@pytest.fixture(scope="session", autouse=True)
def slow(new_customer: NewCustomer) -> Iterator[SlowRuns]:
    """Runs that take their time to end; they are started before everything else, and looked at in between."""
    names = ("late", "hung", "cut-off", "unfinished", "punctual")
    late, hung, cut_off, unfinished, punctual = map(new_customer, names)
    with slow_runs(late=late, hung=hung, cut_off=cut_off, unfinished=unfinished, punctual=punctual) as begun:
        yield begun
