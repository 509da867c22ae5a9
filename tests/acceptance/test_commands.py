"""The commands as people and machines meet them: help that teaches, one JSON document, and no secret anywhere."""

import json
import re

import pytest

from connect_worker.settings import DatabaseSettings
from tests.support.scenario import School
from tests.support.site import Site, assert_discreet
from tests.support.worker import Worker

COMMANDS = (
    "run",
    "update",
    "validate",
    "plan",
    "approve",
    "sync",
    "migrate",
    "doctor",
    "sample",
    "config",
    "password",
    "rotate-keys",
)
WITH_REPORT = ("run", "update", "validate", "plan", "sync", "migrate")
TEACHES = {
    "run": ("whole night", "Migrate, update, validate, plan", "second run right after does nothing"),
    "update": ("directory is not touched", "master data"),
    "validate": ("exit code 3", "solution"),
    "plan": ("would change", "LDIF", "passwords masked", "code 4"),
    "approve": ("safety gate stopped", "24 hours and one run", "--by", "--comment", "--no-run"),
    "sync": ("without an update",),
    "migrate": ("Connect's tables", "run` does this by itself", "newer than the program"),
    "doctor": ("every link",),
    "config": ("checked as a whole", "today's data", "show", "check", "export", "import", "set"),
    "password": ("initial passwords", "reset"),
    "rotate-keys": ("newest key", "encryptionKey", "does nothing"),
    "sample": ("sample school", "without other master data", "--pupils", "--replace"),
}


def helped(worker: Worker, *arguments: str) -> str:
    """The help as it is shown, its lines joined."""
    ended = worker(*arguments, "--help")
    assert (ended.exit_code, ended.stderr) == (0, "")
    return re.sub(r"\s+", " ", ended.stdout)


def test_the_help_teaches_what_connect_does(site: Site) -> None:
    """What the program is for, where to begin, every command, and every exit code."""
    text = helped(site.worker)
    says = ("accounts and groups", "CONNECT_SECRETS_DIR", "Start with `connect-worker doctor`", "killed at any point")
    assert [part for part in (*says, *COMMANDS) if part not in text] == []
    assert all(f" {code} " in text for code in range(11))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches_itself(site: Site, command: str) -> None:
    text = helped(site.worker, command)
    assert [part for part in TEACHES[command] if part not in text] == []


def test_a_command_that_is_misspelt_is_told(site: Site) -> None:
    ended = site.worker("synchronise")
    assert ended.exit_code == 2
    assert "No such command 'synchronise'" in ended.stderr


@pytest.mark.parametrize("command", [*WITH_REPORT, "doctor"])
def test_with_json_stdout_is_one_document_and_the_log_goes_to_stderr(site: Site, command: str) -> None:
    """At the most talkative level too: every line of the log is JSON of its own, and tells which run it belongs to."""
    site.enrol(3)
    assert site.run("update").exit_code == 0
    ended = site.run(command, CONNECT_LOG_LEVEL="debug")
    assert ended.exit_code == 0, ended.stdout
    document = json.loads(ended.stdout)
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert {line["realm"] for line in lines} <= {"musterwil"}
    assert all(line["run"] for line in lines)
    assert_discreet(site, ended)
    if command in WITH_REPORT:
        report = document["report"]
        assert (report["command"], report["exitCode"], report["result"]) == (command, 0, "done")
        assert {line["run"] for line in lines} <= {report["runId"]}
        left = json.loads(site.termination_message.read_text())
        assert (left["runId"], left["reason"]) == (report["runId"], report["reason"])


def test_doctor_and_sample_tell_machines_of_their_faults_too(site: Site) -> None:
    """Not every command makes a report, but each makes one JSON document."""
    site.worker.write("database", port="many")
    doctor, sample = site.worker.json("doctor"), site.worker.json("sample")
    assert (doctor.exit_code, sample.exit_code) == (2, 2)
    (check,) = doctor.document["checks"]
    assert (check["link"], check["ok"]) == ("configuration", False)
    assert "database/port" in check["found"]
    assert sample.document["error"]["exitCode"] == 2
    assert "database/port" in sample.document["error"]["message"]


def test_sample_tells_what_it_made(database: DatabaseSettings, site: Site) -> None:
    """It is refused where there are other master data, and made where there are none."""
    refused = site.worker.json("sample", "--pupils", "80")
    assert refused.exit_code == 2
    assert refused.document["error"]["reason"] == "NotASampleDatabase"
    site.customer.run("DROP SCHEMA school CASCADE")
    made = site.worker.json("sample", "--pupils", "80")
    assert (made.exit_code, made.stderr) == (0, "")
    assert made.document == {"database": database.name, "pupils": 80, "seed": 1, "baseDn": "DC=school,DC=test"}


@pytest.mark.parametrize("show", ["table", "diff", "ldif"])
def test_a_plan_can_be_read_by_people(site: Site, show: str) -> None:
    """In each form the new pupil is there by name, and her password is not."""
    site.enrol(3)
    ended = site.worker("plan", "--show", show)
    assert ended.exit_code == 0
    assert "CN=Anna.Muster1,OU=Pupils,DC=school,DC=test" in ended.stdout
    assert_discreet(site, ended)
    if show == "ldif":
        assert "changetype: add" in ended.stdout


def test_nothing_that_is_left_behind_gives_a_secret_away(site: Site) -> None:
    """Neither the log at its most talkative level nor a stolen dump of the database holds a password or a key."""
    site.enrol(5)
    ended = site.run("run", CONNECT_LOG_LEVEL="debug")
    assert ended.report["reason"] == "Synced"
    assert_discreet(site, ended)
    dump = site.dump()
    assert "anna.muster1@schule.example" in dump, "it is the whole database"
    assert [secret for secret in site.secrets() if secret in dump] == []


def test_every_change_is_audited_with_before_and_after(site: Site) -> None:
    """connect_change tells what was created, and later what it was before."""
    site.enrol(2)
    site.run()
    site.customer.configure({"students": {"company": "Schule Neu"}})
    ended = site.run()
    rows = site.customer.rows(
        f"SELECT * FROM connect.connect_change WHERE run_id = '{ended.report['runId']}' ORDER BY sequence"  # noqa: S608
    )
    assert [(row["object"], row["before"], row["after"], row["result"]) for row in rows] == [
        ("S.00001", {"company": "Schule 1"}, {"company": "Schule Neu"}, "done"),
        ("S.00002", {"company": "Schule 1"}, {"company": "Schule Neu"}, "done"),
    ]
    created = site.customer.rows("SELECT before, after FROM connect.connect_change WHERE kind = 'create_user'")
    assert {row["before"] for row in created} == {None}
    assert {row["after"]["company"] for row in created} == {"Schule 1"}


def test_doctor_names_the_link_that_fails_and_examines_the_others(site: Site) -> None:
    """A directory that lets nobody in does not hide that the database is well."""
    site.enrol(3)
    site.worker.write("directory", password="Not.The-Passw0rd")
    ended = site.worker.json("doctor")
    assert ended.exit_code == 2
    checks = {check["link"]: check for check in ended.document["checks"]}
    assert checks["database connection"]["ok"]
    assert checks["master data"]["ok"]
    assert not checks["directory connection"]["ok"]
    assert_discreet(site, ended)
    told = site.worker("doctor")
    assert "✗ directory connection" in told.stdout
    assert "→" in told.stdout


def test_what_an_update_notes_is_told_and_stays_until_the_next_one(site: Site) -> None:
    """Two pupils with one insurance number: told by the run, and by a validation that sees no master data."""
    number = {"insurance_number": "756.1234.5678.97"}
    site.enrol(2)
    site.customer.edit_school(School(students={1: number, 2: number}))
    assert site.run().report["reason"] == "Synced", "nothing waits for it"
    shown = site.worker("validate")
    assert shown.exit_code == 0
    assert "Note 109 Another record has the same insurance number (2), see connect.connect_warning" in shown.stdout
    rows = site.customer.rows("SELECT object, code, found AS said, blocks FROM connect.connect_warning ORDER BY object")
    assert [tuple(row.values()) for row in rows] == [
        ("S.00001", 109, "the insurance number is also that of S.00002", False),
        ("S.00002", 109, "the insurance number is also that of S.00001", False),
    ]
