"""The scenarios of tests/scenarios, each on the simulator and on a real Samba domain of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connect_worker.settings import DatabaseSettings
from tests.support.builders import BASE, TODAY
from tests.support.domain import Domain
from tests.support.postgres import PostgresServer
from tests.support.samba import SambaServer
from tests.support.scenario import load_scenario, scenario_files
from tests.support.scenario_nights import Stage
from tests.support.scenario_school import Customer
from tests.support.simulator import start_simulator
from tests.support.worker import Worker


@pytest.fixture(params=["simulator", "samba"])
def domain(
    request: pytest.FixtureRequest, tmp_path: Path, samba_factory: Callable[[], SambaServer]
) -> Iterator[Domain]:
    """A domain that nobody has touched yet."""
    server = start_simulator(tmp_path) if request.param == "simulator" else samba_factory()
    yield Domain(server)
    server.stop()


@pytest.mark.parametrize("path", scenario_files(), ids=lambda path: path.stem)
def test_scenario(
    path: Path, domain: Domain, postgres: PostgresServer, database: DatabaseSettings, tmp_path: Path
) -> None:
    """Check, run, and a check that says nothing to do: night by night as the scenario tells."""
    scenario = load_scenario(path)
    worker = Worker(folder=tmp_path, database=database, directory=domain.access, today=TODAY)
    Stage(Customer(postgres, database), domain, worker, base=BASE).play(scenario)
