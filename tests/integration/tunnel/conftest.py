"""A customer whose servers can be reached through the relay only."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.register_assert_rewrite(
    "tests.support.domain", "tests.support.scenario_school", "tests.support.site", "tests.support.tunnel"
)

from connect_worker.settings import DatabaseSettings  # noqa: E402 - after the registration
from tests.support.postgres import PostgresServer  # noqa: E402
from tests.support.relayed import Server, relayed  # noqa: E402
from tests.support.samba import SambaServer  # noqa: E402
from tests.support.scenario_school import Customer  # noqa: E402
from tests.support.simulator import start_simulator  # noqa: E402
from tests.support.site import Site  # noqa: E402
from tests.support.tunnel import Tunnel, running_tunnel  # noqa: E402


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
