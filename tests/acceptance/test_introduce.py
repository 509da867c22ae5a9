"""docs/how-to/introduce.md leads from accounts that are there to adopted ones; its statements are run as they stand."""

import re
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.repository import read
from tests.support.scenario import School
from tests.support.site import Site

PAGE = read("docs/how-to/introduce.md")
TAKE_OVER, LOOK = re.findall(r"```sql\n(.*?)```", PAGE, flags=re.DOTALL)
ALLOW, RENAME, CLOSE = re.findall(r"^connect-worker (config set .*)$", PAGE, flags=re.MULTILINE)
(COPY,) = re.findall(r'^psql -c "(\\copy .*)"$', PAGE, flags=re.MULTILINE)
NOBODY = str(UUID(int=0))
PUPILS = {number: {"first_name": name, "last_name": "Muster"} for number, name in enumerate(("Anna", "Ben", "Clea"), 1)}


@pytest.fixture
def introduced(site: Site) -> Site:
    """A school whose three pupils have accounts, of which one bears a key."""
    site.enrol(0)
    site.customer.edit_school(School(students=PUPILS))
    for number, names in PUPILS.items():
        name = names["first_name"]
        attributes = {"sAMAccountName": f"{name.lower()}.muster", **({"employeeID": "S.00001"} if number == 1 else {})}
        site.domain.create_user(f"Muster {name}", place="OU=Pupils", attributes=attributes)
    return site


def _configure(site: Site, command: str) -> None:
    done = site.worker(*command.split(), "--yes")
    assert done.exit_code == 0, done.stdout


def _guid(site: Site, sam: str) -> str:
    found = site.domain.find(sam)
    assert found is not None
    return str(found.guid)


def test_the_page_leads_to_adopted_accounts(introduced: Site) -> None:
    site, tables = introduced, introduced.customer
    first = site.worker("plan")
    assert "there already, and not adopted: S.00001 (CN=Muster Anna,OU=Pupils," in " ".join(first.stdout.split())
    site.domain.write("ben.muster", {"employeeID": "S.00002"})
    assert "employeeID: S.00002" in PAGE
    tables.run(TAKE_OVER.replace(NOBODY, _guid(site, "clea.muster")))
    _configure(site, ALLOW)
    planned = site.worker.json("plan")
    assert planned.report["changes"]["adopt"] == {"planned": 2}, planned.stdout
    ran = site.worker.json("run")
    assert (ran.exit_code, ran.report["changes"]["adopt"]) == (0, {"done": 2}), ran.stdout
    assert ran.report["changes"]["create_user"] == {"done": 1}, "the teacher"
    assert tables.run(LOOK).startswith("S|3|20")
    assert site.worker.json("run").report["reason"] == "NothingToDo"
    _configure(site, RENAME)
    _configure(site, CLOSE)
    assert site.worker.json("run").report["reason"] == "NothingToDo"


def test_a_file_of_accounts_is_read_as_the_page_says(introduced: Site, tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.csv"
    (columns,) = re.findall(r"with the columns `([\w,]+)`", PAGE)
    accounts.write_text(
        f"{columns}\nS,3,{_guid(introduced, 'clea.muster')},clea@old.example,,,,\nS,2,{UUID(int=7)},,,,,\n"
    )
    introduced.customer.run(COPY.replace("accounts.csv", str(accounts)))
    assert introduced.worker.json("plan").exit_code == 0
    clea, ben = introduced.customer.run(LOOK).split("\n")[::-1]
    assert clea.startswith("S|3|20")
    assert ben == f"S|2||the directory has no object with the GUID {UUID(int=7)}"
