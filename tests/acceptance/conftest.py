"""Installations for the acceptance tests; assertions in support modules explain themselves like those in tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    "tests.support.domain",
    "tests.support.plays",
    "tests.support.scenario_nights",
    "tests.support.scenario_school",
    "tests.support.site",
)

from connect_worker.settings import DatabaseSettings  # noqa: E402 - after the registration
from tests.support.builders import TODAY  # noqa: E402
from tests.support.domain import Domain  # noqa: E402
from tests.support.forked import ForkServer  # noqa: E402
from tests.support.plays import first_night, rich_night, theatre  # noqa: E402
from tests.support.postgres import PostgresServer  # noqa: E402
from tests.support.samba import SambaServer  # noqa: E402
from tests.support.scenario_school import Customer  # noqa: E402
from tests.support.simulator import SimulatorServer, start_simulator  # noqa: E402
from tests.support.site import Site  # noqa: E402
from tests.support.worker import Worker  # noqa: E402

__all__ = ["first_night", "rich_night", "theatre"]

Server = SambaServer | SimulatorServer


@pytest.fixture
def server(
    request: pytest.FixtureRequest, tmp_path: Path, samba_factory: Callable[[], SambaServer]
) -> Iterator[Server]:
    """A directory that nobody has touched yet: the simulator, or what a test asks for by parametrising `server`."""
    kind = getattr(request, "param", "simulator")
    started: Server = samba_factory() if kind == "samba" else start_simulator(tmp_path)
    yield started
    started.stop()


@pytest.fixture
def site(
    server: Server, postgres: PostgresServer, database: DatabaseSettings, tmp_path: Path, fork_server: ForkServer
) -> Site:
    """A customer with a directory, a migrated database and a worker; the school is still empty."""
    worker = Worker(
        folder=tmp_path / "worker",
        database=database,
        directory=Domain(server).access,
        today=TODAY,
        forks=fork_server,
    )
    return Site(
        customer=Customer(postgres, database), database=database, postgres=postgres, server=server, worker=worker
    )
