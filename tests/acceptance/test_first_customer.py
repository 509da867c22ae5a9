"""docs/how-to/ leads from an empty database and a real domain to a first night; its SQL is run as it stands."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.support.postgres import ROLE, PostgresServer
from tests.support.repository import read
from tests.support.samba import SambaServer
from tests.support.worker import DirectoryAccess, Worker

PAGE = read("docs/how-to/first-customer.md")
ROLE_AND_SCHEMA, VIEWS, CONFIGURATION = re.findall(r"```sql\n(.*?)```", PAGE, flags=re.DOTALL)
DATABASE = "scolaris"
CREATE_ROLE = re.compile(rf"^CREATE ROLE {ROLE} .*\n", flags=re.MULTILINE)
LOOKING = "\n".join(re.findall(r"```sql\n(.*?)```", read("docs/how-to/when-a-run-fails.md"), flags=re.DOTALL))
WANTED = {
    "create_ou": {"done": 6},
    "create_user": {"done": 3},
    "create_group": {"done": 3},
    "add_members": {"done": 3},
    "modify": {"done": 1},
}


@pytest.fixture
def customer(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A customer's database: the school's own tables, owned by somebody else, and nothing of Connect's."""
    administration = re.split(r"^CREATE VIEW", read("tests/data/school.sql"), flags=re.MULTILINE)[0]
    records = re.findall(r"^INSERT INTO school\..*?;$", read("tests/data/school.sql"), flags=re.MULTILINE | re.DOTALL)
    postgres.run(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
    postgres.run(administration + "\n".join(records), database=DATABASE)
    yield postgres
    postgres.drop_database(DATABASE)


@pytest.fixture
def worker(customer: PostgresServer, samba_factory: Callable[[], SambaServer], tmp_path: Path) -> Worker:
    """The Secrets of the page, with a service account that may write in the customer's OU and nowhere else.

    The domain is the customer's own: another school in it would hold the groups' names.
    """
    samba = samba_factory()
    account = samba.make_service_account("svc-connect", writes=[samba.make_ou("Schule")])
    access = DirectoryAccess(
        url=samba.ldaps_url,
        bind_dn=account.dn,
        password=account.password,
        ca_pem=samba.ca_pem,
        server_name=samba.server_name,
    )
    return Worker(folder=tmp_path, database=customer.settings(DATABASE), directory=access, today=date(2026, 11, 16))


def test_the_page_leads_to_a_first_night(customer: PostgresServer, worker: Worker) -> None:
    # The tests' server has the role already, with a password of its own.
    customer.run(CREATE_ROLE.sub("", ROLE_AND_SCHEMA), database=DATABASE)
    customer.run(VIEWS, database=DATABASE)
    assert worker("migrate").exit_code == 0
    customer.run(CONFIGURATION, database=DATABASE)
    examined = worker("doctor")
    assert examined.exit_code == 0, examined.stdout
    planned = worker.json("plan")
    assert planned.report["reason"] == "Planned", planned.stdout
    first = worker.json("run")
    assert (first.exit_code, first.report["changes"]) == (0, WANTED), first.stdout
    assert worker.json("run").report["reason"] == "NothingToDo"
    assert "|run|done|Synced|0|" in customer.run(LOOKING, database=DATABASE)


def test_the_page_creates_the_role_that_the_tests_use() -> None:
    """Otherwise the test would have left out another statement."""
    assert CREATE_ROLE.match(ROLE_AND_SCHEMA)
