"""A customer whose servers can be reached through the relay only."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.register_assert_rewrite(
    "tests.support.domain", "tests.support.scenario_school", "tests.support.site", "tests.support.tunnel"
)

from connect_worker.settings import DatabaseSettings  # noqa: E402 - after the registration
from tests.support.directory_server import Server, server  # noqa: E402
from tests.support.postgres import PostgresServer  # noqa: E402
from tests.support.relayed import relayed  # noqa: E402
from tests.support.scenario_school import Customer  # noqa: E402
from tests.support.site import Site  # noqa: E402
from tests.support.tunnel import Tunnel, running_tunnel  # noqa: E402

__all__ = ["server"]


@pytest.fixture
def tunnel(postgres: PostgresServer, server: Server, tmp_path: Path) -> Iterator[Tunnel]:
    """A relay, and a bridge whose list has the database and the directory."""
    folder = tmp_path / "tunnel"
    folder.mkdir()
    targets = {"database": f"127.0.0.1:{postgres.port}", "directory": urlsplit(server.ldaps_url).netloc}
    with running_tunnel(folder, targets) as running:
        yield running


@pytest.fixture
def site(server: Server, tunnel: Tunnel, postgres: PostgresServer, database: DatabaseSettings, tmp_path: Path) -> Site:
    """A customer behind the relay, with a migrated database; the school is still empty."""
    worker = relayed(database, server, tunnel, tmp_path / "worker")
    return Site(
        customer=Customer(postgres, database), database=database, postgres=postgres, server=server, worker=worker
    )
