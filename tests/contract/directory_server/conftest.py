"""One suite over the simulator and a real Active Directory."""

from collections.abc import Callable, Generator, Iterator

import pytest

from tests.contract.directory_server.servers import Kind, Place, Server, met, samba_server, simulator_server
from tests.support.ldap_client import Client
from tests.support.simulator import SimulatorServer


@pytest.fixture(scope="session", params=list(Kind))
def server(request: pytest.FixtureRequest, simulator_factory: Callable[..., SimulatorServer]) -> Server:
    """Every case runs once on each."""
    if request.param is Kind.SAMBA:
        return samba_server(request.getfixturevalue("samba"))
    return simulator_server(simulator_factory())


@pytest.fixture(scope="session")
def administrator(server: Server) -> Iterator[Client]:
    """The administrator's connection, shared by all cases of a server."""
    with server.connect() as client:
        assert client.bind(server.admin_dn, server.admin_password).code == 0
        yield client


@pytest.fixture
def place(server: Server, administrator: Client) -> Place:
    """An organizational unit of the test's own."""
    place = Place(server=server, client=administrator, ou=server.base_dn)
    return Place(server=server, client=administrator, ou=place.unit(place.sam()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """What a test has met stands in its report."""
    met.clear()
    yield
    item.user_properties += [("difference", difference.name) for difference in met]
