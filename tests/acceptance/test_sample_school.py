"""The sample school in a real domain: a first night, a second one, and what happens at a school in between."""

import asyncio
from datetime import date
from pathlib import Path

import pytest

from connect_worker.sample.trouble import Edit, Trouble, make_trouble
from connect_worker.settings import DatabaseSettings
from connect_worker.store.connection import open_session
from tests.support.builders import TODAY
from tests.support.domain import Domain, SignIn
from tests.support.postgres import PostgresServer, through_socket
from tests.support.samba import SambaServer
from tests.support.scenario_school import ConnectTables
from tests.support.worker import Ended, Worker

PUPILS = 120
CHANGES = (Trouble.NAME_CHANGE, Trouble.LEAVER, Trouble.ENTRANT)


@pytest.fixture
def worker(server: SambaServer, empty_database: DatabaseSettings, tmp_path: Path) -> Worker:
    """A worker whose database holds the sample school and nothing else."""
    access = Domain(server).access
    worker = Worker(folder=tmp_path / "worker", database=empty_database, directory=access, today=TODAY)
    assert worker("migrate").exit_code == 0
    assert worker("sample", "--pupils", str(PUPILS)).exit_code == 0
    return worker


def happen(trouble: Trouble, database: DatabaseSettings, postgres: PostgresServer, today: date) -> Edit:
    """Something happens in the school's administration, which Connect itself may only read."""

    async def edit() -> Edit:
        async with open_session(through_socket(postgres, database), application_name="tests") as session:
            return await make_trouble(session, trouble, today=today)

    return asyncio.run(edit())


def done(ended: Ended) -> dict[str, int]:
    """How many changes of each kind a run has made; all of them went well."""
    changes: dict[str, dict[str, int]] = ended.report.get("changes", {})
    assert all(set(results) == {"done"} for results in changes.values()), changes
    return {kind: results["done"] for kind, results in changes.items()}


@pytest.mark.parametrize("server", ["samba"], indirect=True)
def test_the_sample_school_night_by_night(
    worker: Worker, server: SambaServer, empty_database: DatabaseSettings, postgres: PostgresServer
) -> None:
    """Everything that is promised, in one story; each step stands on the one before."""
    domain = Domain(server)
    tables = ConnectTables(postgres, empty_database)

    planned, first = worker.json("plan"), worker.json("run")
    assert (first.exit_code, first.report["reason"]) == (0, "Synced"), first.stdout
    assert planned.document["plan"]["counts"] == done(first)
    assert done(first)["create_user"] == first.report["people"]["inScope"] > PUPILS
    assert sign_ins(domain, tables) == wanted_sign_ins(tables)
    assert_nothing_to_do(worker, domain)

    edits = [happen(trouble, empty_database, postgres, TODAY) for trouble in CHANGES]
    renamed, leaver, entrant = (str(edit.key) for edit in edits)
    second = worker.json("run")
    assert done(second) == {"modify": 2, "disable": 1, "create_user": 1, "add_members": 6}
    objects = domain.objects()
    assert objects[renamed].value("sn") == "Zellweger"
    assert not objects[leaver].is_enabled
    assert objects[entrant].dn.startswith("CN=Ayse.Oeztuerk-Widmer,")
    assert sign_ins(domain, tables) == wanted_sign_ins(tables)
    assert_nothing_to_do(worker, domain)

    edit = happen(Trouble.WARNING, empty_database, postgres, TODAY)
    usn = domain.usn
    blocked = worker("run")
    assert blocked.exit_code == 3
    assert "Warning 1" in blocked.stdout
    assert str(edit.key) in blocked.stdout
    assert "Choose the valid mandant" in blocked.stdout, "how to solve it"
    assert domain.usn == usn
    happen(Trouble.CURE, empty_database, postgres, TODAY)
    assert_nothing_to_do(worker, domain)


def assert_nothing_to_do(worker: Worker, domain: Domain) -> None:
    """A run plans nothing and leaves the directory's change number as it is."""
    usn = domain.usn
    again = worker.json("run")
    assert (again.exit_code, again.report["reason"]) == (0, "NothingToDo"), again.stdout
    assert domain.usn == usn


def sign_ins(domain: Domain, tables: ConnectTables) -> dict[str, SignIn]:
    """What the directory says to everybody's initial password."""
    dns = {sam: found.dn for sam, found in domain.objects().items()}
    passwords = tables.initial_passwords()
    answers = domain.sign_ins({dns[sam]: password for sam, password in passwords.items()})
    return {sam: answers[dns[sam]] for sam in passwords}


def wanted_sign_ins(tables: ConnectTables) -> dict[str, SignIn]:
    """What it should say: staff and older pupils have to choose a password of their own first, leavers are out."""
    wanted = {}
    for sam, row in tables.users().items():
        must_change = row["user_force_change_password_next_sign_in"]
        wanted[sam] = SignIn.MUST_CHANGE if must_change else SignIn.ACCEPTED
        if row["user_status"] != 0:
            wanted[sam] = SignIn.DISABLED
    assert len(set(wanted.values())) > 1
    return wanted
