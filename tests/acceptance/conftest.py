"""Installations for the acceptance tests; assertions in support modules explain themselves like those in tests."""

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
from tests.support.directory_server import Server, server  # noqa: E402
from tests.support.domain import Domain  # noqa: E402
from tests.support.forked import ForkServer  # noqa: E402
from tests.support.plays import first_night, rich_night, theatre  # noqa: E402
from tests.support.postgres import PostgresServer  # noqa: E402
from tests.support.scenario_school import Customer  # noqa: E402
from tests.support.site import Site  # noqa: E402
from tests.support.worker import Worker  # noqa: E402

__all__ = ["first_night", "rich_night", "server", "theatre"]


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
