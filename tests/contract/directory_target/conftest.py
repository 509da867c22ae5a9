"""One suite over the simulator and a real Active Directory."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from connect_worker.model.secret import Secret
from connect_worker.settings import DirectorySettings
from connect_worker.simulator.policy import Policy
from connect_worker.simulator.schema import Schema
from connect_worker.targets.active_directory import ActiveDirectory
from tests.support.directory_servers import DirectoryServer, Workplace, workplace
from tests.support.samba import SambaServer
from tests.support.simulator import SimulatorServer


@pytest.fixture(scope="session", params=["simulator", "samba"])
def server(request: pytest.FixtureRequest) -> DirectoryServer:
    """The directory under test."""
    if request.param == "samba":
        real: SambaServer = request.getfixturevalue("samba")
        return _server("samba", real, real.delegate)
    simulated: SimulatorServer = request.getfixturevalue("simulator_factory")()
    return _server("simulator", simulated, simulated.simulator.rights.delegate)


@pytest.fixture(scope="session")
def plain(request: pytest.FixtureRequest, server: DirectoryServer) -> DirectoryServer:
    """The same kind of directory, with the schema of a domain that has never seen Exchange."""
    if server.name == "samba":
        real: SambaServer = request.getfixturevalue("plain_samba")
        return _server("samba", real, real.delegate)
    simulated: SimulatorServer = request.getfixturevalue("simulator_factory")(schema=Schema(exchange=False))
    return _server("simulator", simulated, simulated.simulator.rights.delegate)


@pytest.fixture(scope="session")
def with_recycle_bin(request: pytest.FixtureRequest, server: DirectoryServer) -> DirectoryServer:
    """The same kind of directory, with the recycle bin switched on."""
    if server.name == "samba":
        real: SambaServer = request.getfixturevalue("samba_factory")()
        real.switch_on_recycle_bin()
        return _server("samba", real, real.delegate)
    simulated: SimulatorServer = request.getfixturevalue("simulator_factory")(Policy(recycle_bin=True))
    return _server("simulator", simulated, simulated.simulator.rights.delegate)


@pytest.fixture
async def target(server: DirectoryServer) -> AsyncIterator[ActiveDirectory]:
    """The target under test, signed in."""
    async with ActiveDirectory(server.settings) as directory:
        yield directory


@pytest.fixture
async def place(server: DirectoryServer, target: ActiveDirectory) -> Workplace:
    """An organizational unit that belongs to this test alone."""
    return await workplace(server, target)


def _server(name: str, running: SambaServer | SimulatorServer, grant: Callable[[str, str], None]) -> DirectoryServer:
    settings = DirectorySettings(
        url=running.ldaps_url,
        bind_dn=running.admin_dn,
        password=Secret(running.admin_password),
        ca=running.ca_pem,
        server_name=running.server_name,
    )
    return DirectoryServer(
        name=name,
        base_dn=running.base_dn,
        settings=settings,
        with_start_tls=replace(settings, url=running.ldap_url),
        grant=grant,
        catalog_url=running.catalog_url,
    )
