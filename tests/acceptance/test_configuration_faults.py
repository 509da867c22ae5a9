"""What is wrong in configuration and master data is told all at once, before anything is written."""

import pytest

from connect_worker.settings import DatabaseSettings
from tests.support.builders import TODAY
from tests.support.postgres import PostgresServer
from tests.support.scenario import School
from tests.support.site import Site, assert_clear, assert_recorded
from tests.support.worker import Worker

CONTRACT_BROKEN = "DatabaseContractBroken"
SCHEMA_UNUSABLE = "DatabaseSchemaUnusable"


@pytest.fixture(autouse=True)
def _enrolled(site: Site) -> None:
    site.enrol(3)


def assert_untouched(site: Site, usn: int) -> None:
    """Neither the directory nor Connect's tables have anything of this run."""
    assert site.domain.usn == usn
    assert site.customer.users() == {}
    assert site.customer.groups() == {}


def test_every_fault_of_the_environment_is_told_at_once(site: Site) -> None:
    """Nobody has to mend one fault to learn of the next."""
    site.worker.write("database", port="many")
    site.worker.write("directory", url="https://dc1.school.test")
    (site.worker.secrets / "customer" / "encryptionKey").write_text("c2hvcnQ=")
    ended = site.run(CONNECT_REALM="Muster Wil", CONNECT_TIME_ZONE="Europe/Nowhere")
    says = ("database/port", "directory/url", "customer/encryptionKey", "CONNECT_REALM", "CONNECT_TIME_ZONE")
    assert_clear(site, ended, exit_code=2, reason="ConfigurationInvalid", says=says)
    assert "c2hvcnQ=" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("['CN='][Vorname", "expected is ['text'] or [Placeholder]"),
        ("['CN='][Geburtstag]", "unknown placeholder 'Geburtstag'"),
    ],
)
def test_a_template_that_does_not_parse_stops_the_run(site: Site, template: str, says: str) -> None:
    """The template, the place and the known placeholders are named."""
    usn = site.domain.usn
    site.customer.configure({"students": {"name_template": template}})
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason="ConfigurationInvalid", says=(template, says))
    assert_recorded(site, ended)
    assert_untouched(site, usn)


def test_without_a_school_year_nobody_is_locked_out(site: Site) -> None:
    """A missing row must never look as if all pupils had left (ruling 3)."""
    site.run()
    usn = site.domain.usn
    site.customer.edit_school(School(school_years={1: None, 2: None}))
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason="SchoolYearMissing", says=("source_school_year", str(TODAY)))
    assert site.domain.usn == usn
    assert {row["user_status"] for row in site.customer.users().values()} == {0}


def test_everything_that_the_views_lack_is_told_at_once(site: Site) -> None:
    """A view that is gone, a column that is gone, and a column of another type."""
    usn = site.domain.usn
    site.customer.run("""
        DROP VIEW connect.source_function;
        DROP VIEW connect.source_building;
        ALTER TABLE school.source_building DROP COLUMN city;
        ALTER TABLE school.source_building ALTER COLUMN head_staff_id TYPE text;
        CREATE VIEW connect.source_building AS SELECT * FROM school.source_building;
        GRANT SELECT ON connect.source_building TO connect_worker""")
    ended = site.run()
    says = ("view connect.source_function is missing", "lacks the column city", "head_staff_id is of type text")
    assert_clear(site, ended, exit_code=2, reason=CONTRACT_BROKEN, says=says)
    assert_recorded(site, ended)
    assert_untouched(site, usn)


def test_a_key_that_stands_twice_is_named(site: Site) -> None:
    """Nobody can tell which of the two records is the person (ruling 8)."""
    usn = site.domain.usn
    site.customer.run("INSERT INTO school.source_student SELECT * FROM school.source_student WHERE id = 2")
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason=CONTRACT_BROKEN, says=("source_student", "id = 2", "twice"))
    assert_untouched(site, usn)


def test_a_database_that_connect_never_saw_is_told_to_migrate(
    site: Site, empty_database: DatabaseSettings, postgres: PostgresServer
) -> None:
    """A check changes nothing that it was not asked for: it does not migrate by itself."""
    worker = Worker(
        folder=site.worker.folder / "other", database=empty_database, directory=site.worker.directory, today=TODAY
    )
    ended = worker.json("plan")
    assert (ended.exit_code, ended.report["reason"]) == (2, SCHEMA_UNUSABLE), ended.stdout
    assert "connect-worker migrate" in ended.report["todo"]
    assert postgres.run("SELECT to_regnamespace('connect') IS NULL", database=empty_database.name) == "t"


def test_a_run_migrates_and_then_misses_the_views(
    site: Site, empty_database: DatabaseSettings, postgres: PostgresServer
) -> None:
    """The first run at a customer's says which views are still to be written."""
    worker = Worker(
        folder=site.worker.folder / "other", database=empty_database, directory=site.worker.directory, today=TODAY
    )
    ended = worker.json("run")
    assert (ended.exit_code, ended.report["reason"]) == (2, CONTRACT_BROKEN), ended.stdout
    assert ended.report["message"].count("is missing") == 8
    assert postgres.run("SELECT count(*) FROM connect.connect_run", database=empty_database.name) == "1"


def test_a_database_newer_than_the_program_is_left_alone(site: Site) -> None:
    """An old image must not write into tables that it does not know."""
    usn = site.domain.usn
    site.customer.run("INSERT INTO connect.schema_version VALUES (9999, 'later', 'x', '99.1')")
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason=SCHEMA_UNUSABLE, says=("newer than this program", "9999"))
    assert "99.1" in ended.report["todo"]
    assert_untouched(site, usn)
