"""The configurator's switches that decide whether and where a sync writes."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from connect_worker.sample.configuration import build_configuration
from connect_worker.sample.load import SampleOrder, load_sample
from connect_worker.sample.save_configuration import save_configuration
from connect_worker.settings import DatabaseSettings
from connect_worker.store.connection import open_session
from tests.support.simulator import SimulatorServer
from tests.support.worker import DirectoryAccess, Worker

TODAY = date(2026, 11, 16)


@pytest.fixture
def worker(database: DatabaseSettings, simulator: SimulatorServer, tmp_path: Path) -> Worker:
    access = DirectoryAccess(
        url=simulator.ldaps_url,
        bind_dn=simulator.admin_dn,
        password=simulator.admin_password,
        ca_pem=simulator.ca_pem,
        server_name=simulator.server_name,
    )
    return Worker(folder=tmp_path, database=database, directory=access, today=TODAY)


def highest_usn(simulator: SimulatorServer) -> int:
    with simulator.connect() as client:
        return int(client.read("", "highestCommittedUSN").only["highestCommittedUSN"][0])


async def configure(worker: Worker, **switches: bool) -> None:
    order = SampleOrder(pupils=80, seed=1, today=TODAY, base_dn="DC=school,DC=test")
    async with open_session(worker.database, application_name="tests") as session:
        await load_sample(session, order)
        await save_configuration(session, replace(build_configuration(order.base_dn), **switches))  # type: ignore[arg-type]


async def test_with_the_sync_switched_off_only_the_tables_are_brought_up_to_date(
    worker: Worker, simulator: SimulatorServer
) -> None:
    await configure(worker, sync_ad=False)
    before = highest_usn(simulator)
    ended = worker.json("run")
    assert (ended.exit_code, ended.report["reason"]) == (0, "SyncSwitchedOff")
    assert ended.report["people"]["inScope"] > 0
    assert highest_usn(simulator) == before


async def test_missing_units_are_named_and_not_created_where_that_is_not_wanted(
    worker: Worker, simulator: SimulatorServer
) -> None:
    await configure(worker, create_containers=False)
    before = highest_usn(simulator)
    ended = worker.json("run")
    assert (ended.exit_code, ended.report["reason"]) == (2, "ContainerMissing")
    assert "OU=Standard,OU=Lernende,OU=Accounts,DC=school,DC=test is not in the directory" in ended.report["message"]
    assert highest_usn(simulator) == before
