"""One suite over the simulator and a real Active Directory."""

from collections.abc import Callable, Iterator

import pytest

from tests.contract.directory_server.differences import Difference
from tests.contract.directory_server.servers import Kind, Place, Server, cases, met, samba_server, simulator_server
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


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed and "/directory_server/" in report.nodeid:
        cases.update(kind.value for kind in Kind if f"[{kind.value}" in report.nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What held where."""
    if cases:
        counts = ", ".join(f"{cases[kind.value]} cases held on the {kind.value}" for kind in Kind)
        terminalreporter.write_line(f"directory server: {counts}; {len(met)} of {len(Difference)} differences met")
