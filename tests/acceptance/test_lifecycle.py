"""docs/explanation/lifecycle.md tells what becomes of one pupil: its days, played through `connect-worker`."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from connect_worker.settings import DatabaseSettings
from tests.support.postgres import PostgresServer
from tests.support.repository import read, table
from tests.support.simulator import SimulatorServer
from tests.support.worker import DirectoryAccess, Ended, Worker

STORY = table(read("docs/explanation/lifecycle.md"), "# One pupil through the whole program")
TIMEOUT_SECONDS = 300
FIRST_DAY = date(2026, 9, 17)
SCHOOL = """
DELETE FROM school.student; DELETE FROM school.class; DELETE FROM school.school_year;
INSERT INTO school.school_year VALUES
    (26, '2026/27', '2026-08-01', '2027-07-31', NULL), (27, '2027/28', '2027-08-01', '2028-07-31', NULL);
INSERT INTO school.class VALUES
    (21, '3a', NULL, 'Primar', 3, 26, 3, 'Z 4', 11, '{}', 1), (31, '4a', NULL, 'Primar', 4, 27, 3, 'Z 5', 11, '{}', 1);
UPDATE school.staff SET mandants = 1;
INSERT INTO school.student (id, first_name, last_name, class_id, mandants) VALUES (4700, 'Noah', 'Keller', 21, 1);
"""
ACTS: Mapping[str, str] = {
    "her record is there: entry 2026-10-19, class 3a": """
        INSERT INTO school.student (id, first_name, last_name, entry_on, class_id, mandants)
        VALUES (4711, 'Léa', 'Müller', '2026-10-19', 21, 1)""",
    "the lead time begins": "",
    "Müller becomes Zellweger": "UPDATE school.student SET last_name = 'Zellweger' WHERE id = 4711",
    "the office ticks «Regenerate Names»": """
        UPDATE connect.main_connect_user SET user_config_regenerate_names = true
        WHERE user_sam_account_name = 'S.04711'""",
    "her next class, 4a, is planned": "UPDATE school.student SET planned_class_id = 31",
    "her class is 4a": "UPDATE school.student SET class_id = 31, planned_class_id = NULL",
    "nothing": "",
    "the office deactivates her": """
        UPDATE connect.main_connect_user SET user_status = 1 WHERE user_sam_account_name = 'S.04711'""",
    "the office activates her": """
        UPDATE connect.main_connect_user SET user_status = 0 WHERE user_sam_account_name = 'S.04711'""",
    "her exit is entered: 2027-11-30": "UPDATE school.student SET exit_on = '2027-11-30' WHERE id = 4711",
    "the exit date": "",
    "the exit is taken back": "UPDATE school.student SET exit_on = NULL WHERE id = 4711",
    "her exit is entered: today": "UPDATE school.student SET exit_on = '2028-01-31' WHERE id = 4711",
    "another Lea Zellweger, number 4800, enters": """
        INSERT INTO school.student (id, first_name, last_name, class_id, mandants)
        VALUES (4800, 'Lea', 'Zellweger', 31, 1)""",
    "Léa comes back": "UPDATE school.student SET exit_on = NULL WHERE id = 4711",
}
"""What the page's second column means in the database."""
STATUSES = {"0": "0 active", "1": "1 deactivated", "2": "2 to delete"}


class Life:
    """The school, the worker, and a look at what they did."""

    def __init__(self, worker: Worker, postgres: PostgresServer, database: DatabaseSettings) -> None:
        self._worker = worker
        self._postgres = postgres
        self._database = database.name

    def sql(self, statement: str) -> str:
        """Do something in the database, as the school or the office does."""
        return self._postgres.run(statement, database=self._database)

    def night(self, day: str) -> str:
        """One run on a day, and the changes that it made in the page's words."""
        ended: Ended = self._worker.json("run", CONNECT_TODAY=day)
        assert ended.exit_code == 0, (day, ended.stdout, ended.stderr)
        done: Mapping[str, Mapping[str, int]] = ended.report.get("changes", {})
        return ", ".join(f"{kind} {results['done']}" for kind, results in _in_order(done)) or "nothing"

    def row(self) -> tuple[str, str]:
        """Her status and delete date in the page's words."""
        found = self.sql(
            "SELECT user_status, user_config_delete FROM connect.main_connect_user"
            " WHERE user_sam_account_name = 'S.04711'"
        )
        status, _, delete_on = found.partition("|")
        return (STATUSES[status] if status else "no row"), delete_on or "–"

    def names(self) -> str:
        """Everybody's login, mail and first alias."""
        return self.sql(
            "SELECT user_sam_account_name, user_config_dn_first_elem, user_mail, user_mail_alias1"
            " FROM connect.main_connect_user WHERE user_config_source_fk IN (4711, 4800) ORDER BY 1"
        )


@pytest.fixture
def life(school: DatabaseSettings, postgres: PostgresServer, simulator: SimulatorServer, tmp_path: Path) -> Life:
    """A school that Connect keeps already; Léa is not in it yet."""
    access = DirectoryAccess(
        url=simulator.ldaps_url,
        bind_dn=simulator.admin_dn,
        password=simulator.admin_password,
        ca_pem=simulator.ca_pem,
        server_name=simulator.server_name,
    )
    worker = Worker(folder=tmp_path, database=school, directory=access, today=FIRST_DAY)
    life = Life(worker, postgres, school)
    life.sql(SCHOOL)
    life.night(FIRST_DAY.isoformat())
    return life


@pytest.mark.timeout(TIMEOUT_SECONDS)
def test_each_day_of_the_page_is_as_it_says(life: Life) -> None:
    names = {}
    for day, at_school, *told in STORY:
        if act := ACTS[at_school]:
            life.sql(act)
        changes = life.night(day)
        assert [day, changes, *life.row()] == [day, *told]
        names[day] = life.names()
    assert names["2026-09-19"] == "S.04711|CN=Lea.Mueller|lea.mueller@stud.school.test|"
    zellweger = "S.04711|CN=Lea.Zellweger|lea.zellweger@stud.school.test|"
    assert names["2027-01-13"] == f"{zellweger}lea.mueller@stud.school.test"
    other = "S.04800|CN=Lea.Zellweger1|lea.zellweger1@stud.school.test|"
    assert names["2028-04-03"] == other
    assert names["2028-05-02"] == f"{zellweger}\n{other}"


def _in_order(done: Mapping[str, Mapping[str, int]]) -> list[tuple[str, Mapping[str, int]]]:
    """The kinds of changes in the order in which a plan makes them."""
    order = (
        "disable",
        "create_ou",
        "rename",
        "create_user",
        "create_group",
        "modify",
        "enable",
        "add_members",
        "delete",
    )
    return sorted(done.items(), key=lambda kind: order.index(kind[0]))
