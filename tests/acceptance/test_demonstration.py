"""`make run`: what a person sees of Connect on a machine of his own, and what is left when it has ended."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import ldap3
import pytest

from connect_protocol.exit_codes import ExitCode
from tests.support.demonstration import AS_NOBODY, Demonstration, demonstration, read_until
from tests.support.repository import read
from tests.support.samba import SambaServer
from tests.support.worker import Ended

SCENES = (
    "A school and its directory",
    "The first night",
    "The same night again",
    "A name change, a leaver, an entrant",
    "A warning blocks, and its cure",
    "The safety gate",
    "A month later",
    "What has been kept",
    "Look on yourself",
)
RENAMED, LEAVER, ENTRANT = "S.10055", "S.10056", "S.10201"
STOPPED_BY_CTRL_C = 130
SECONDS = 60


@pytest.fixture(scope="module")
def shown() -> Iterator[Demonstration]:
    """A demonstration's folder for this module."""
    with demonstration() as started:
        yield started


@pytest.fixture(scope="module")
def told(shown: Demonstration) -> Ended:
    """The whole story, told once."""
    return shown()


@pytest.fixture
def another() -> Iterator[Demonstration]:
    """A folder for one test."""
    with demonstration() as started:
        yield started


def scene(told: Ended, number: int) -> str:
    """The text of one part of the story."""
    _, _, rest = told.stdout.partition(f"\n{number}  {SCENES[number - 1]}")
    return rest.partition(f"\n{number + 1}  ")[0]


def headings(told: Ended) -> list[str]:
    """The titles in their order."""
    return re.findall(r"^\d  (.+?)(?:   .+)?\n─", told.stdout, flags=re.MULTILINE)


def test_the_story_is_told_to_its_end(told: Ended) -> None:
    assert (told.exit_code, told.stderr) == (ExitCode.DONE, "")
    assert headings(told) == list(SCENES)


def test_the_tutorial_has_the_same_parts(told: Ended) -> None:
    page = read("docs/tutorial/first-night.md")
    assert re.findall(r"^## \d+\. (.+)$", page, flags=re.MULTILINE) == headings(told)


def test_the_first_night_makes_accounts_and_the_second_run_finds_nothing_to_do(told: Ended) -> None:
    assert re.search(r"create_user +done +244\n", scene(told, 2))
    assert f"{RENAMED} in the directory:\n  dn: CN=Ilir.Rodriguez-Arnold," in scene(told, 2)
    assert "NothingToDo run of musterwil" in scene(told, 3)
    assert "The directory, as before:" in scene(told, 3)


def test_a_name_change_keeps_the_old_address_as_an_alias(told: Ended) -> None:
    text = scene(told, 4)
    assert "+ mail: ilir.zellweger@lernende.musterdorf.example" in text
    assert "- proxyAddresses: SMTP:ilir.rodriguez-arnold@lernende.musterdorf.example" in text
    assert "+ proxyAddresses: smtp:ilir.rodriguez-arnold@lernende.musterdorf.example" in text


def test_a_leaver_is_locked_out_and_deleted_a_month_later(told: Ended) -> None:
    assert "- userAccountControl: 66048 (enabled)\n  + userAccountControl: 66050 (disabled)" in scene(told, 4)
    assert f"{LEAVER} in the directory:\n  (there is no such account any more)" in scene(told, 7)
    assert re.findall(r"^  (\w+)  \w+  done  ", scene(told, 8), flags=re.MULTILINE) == [
        *("create_user", "modify", "disable", "delete")
    ]


def test_an_entrant_is_in_the_class_group(told: Ended) -> None:
    members = scene(told, 4).partition("The members of the class group KL.20260008 in the directory:\n")[2]
    assert "  Ayse.Oeztuerk-Widmer\n" in members


def test_a_warning_blocks_and_says_whom_it_is_about_and_what_to_do(told: Ended) -> None:
    text = scene(told, 5)
    blocked, _, cured = text.partition("The office solves it:")
    assert "S.10057 Schär-Frei Matteo: no mandant is chosen" in blocked
    assert "→ Choose the valid mandant" in blocked
    assert "Exit code 3 (BLOCKED_BY_WARNINGS)." in blocked
    assert "The directory, as before:" in blocked
    assert "NothingToDo run of musterwil" in cured


def test_the_safety_gate_stops_a_run_that_would_lock_out_half_the_school(told: Ended) -> None:
    text = scene(told, 6)
    assert "112 people leaving the scope (112: level not configured) exceed the limit of 24" in text
    assert "Exit code 4 (BLOCKED_BY_SAFETY_GATE)." in text
    assert "The directory, as before:" in text


def test_nothing_is_left_running(told: Ended, shown: Demonstration) -> None:
    assert told.exit_code == ExitCode.DONE
    assert shown.processes == []


def test_no_secret_is_printed_or_logged_or_open_to_others(told: Ended, shown: Demonstration) -> None:
    printed = [told.stdout, *(file.read_text() for file in (shown.folder / "logs").iterdir())]
    printed.append((shown.folder / "environment").read_text())
    secrets = shown.secrets
    assert len(secrets) == 3
    assert [secret for secret in secrets if any(secret in text for text in printed)] == []
    files = [file for file in (shown.folder / "secrets").rglob("*") if file.is_file()]
    assert {file.stat().st_mode & 0o777 for file in [*files, shown.folder / "pgpass"]} == {0o600}


def test_one_can_look_on_with_the_commands_that_it_names(told: Ended, shown: Demonstration) -> None:
    """They work as printed, a change is kept for the next time, and Ctrl-C ends it."""
    look_up = re.search(rf"^  (ldapsearch .*{ENTRANT}.*?)   #", told.stdout, flags=re.MULTILINE)
    rename = re.search(r"^  (psql -c \"UPDATE .*?\")   #", told.stdout, flags=re.MULTILINE)
    assert look_up is not None
    assert rename is not None
    with shown.started("--look") as process:
        read_until(process, "Ctrl-C ends it")
        assert "connect_run" in shown.shell("psql -c '\\dt connect.*'")
        assert "mail: ayse.oeztuerk-widmer@lernende.mustersee.example" in shown.shell(look_up[1])
        assert shown.shell(rename[1]).strip() == "UPDATE 1"
        assert '+ surname: "Zumthor"' in shown.shell("connect-worker plan --show diff")
        assert "modify  done    1" in shown.shell("connect-worker run")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=SECONDS) == ("Stopped.\n", "")
    assert (process.returncode, shown.processes) == (0, [])

    with shown.started("--look") as process:
        read_until(process, "Ctrl-C ends it")
        assert "sn: Zumthor" in shown.shell(f"python -m connect_worker.demonstration.look_up {ENTRANT} sn")
    assert (process.returncode, shown.processes) == (0, [])


def test_the_story_can_be_told_in_a_real_active_directory(
    samba: SambaServer, another: Demonstration, tmp_path: Path
) -> None:
    """The account may write in one unit only; a unit that is not empty is refused."""
    unit = samba.make_ou("Demonstration")
    account = samba.make_service_account("svc-demonstration", writes=[unit])
    password_file = tmp_path / "password"
    password_file.write_text(f"{account.password}\n")
    where = ["--directory", samba.ldaps_url, "--ca-file", str(samba.ca_file), "--base-dn", unit]
    who = ["--bind-dn", account.dn, "--password-file", str(password_file)]

    ended = another(*where, *who)
    assert (ended.exit_code, ended.stderr) == (ExitCode.DONE, "")
    assert headings(ended) == list(SCENES)
    assert account.password not in ended.stdout
    with samba.connect() as connection:
        connection.search(unit, f"(sAMAccountName={RENAMED})", attributes=["mail", "proxyAddresses"])
        [entry] = connection.response or []
        connection.search(unit, f"(sAMAccountName={LEAVER})", ldap3.SUBTREE)
        assert connection.response == []
    assert entry["attributes"]["mail"] == ["ilir.zellweger@lernende.musterdorf.example"]
    assert "smtp:ilir.rodriguez-arnold@lernende.musterdorf.example" in entry["attributes"]["proxyAddresses"]

    ended = another(*where, *who)
    assert ended.exit_code == ExitCode.CONFIGURATION
    assert f"{unit} is not empty" in ended.stderr


def test_an_unprivileged_user_sees_the_same() -> None:
    """Everything stands in the folder, and belongs to the user."""
    with demonstration(AS_NOBODY if os.geteuid() == 0 else ()) as as_user:
        ended = as_user()
        assert (ended.exit_code, ended.stderr) == (ExitCode.DONE, "")
        assert headings(ended) == list(SCENES)
        assert as_user.processes == []
        assert not (as_user.folder / "postgres").is_symlink()
        assert {file.stat().st_uid for file in as_user.folder.rglob("*")} == {as_user.folder.stat().st_uid}


def test_where_postgresqls_account_may_not_enter_its_data_stand_elsewhere(another: Demonstration) -> None:
    """Root's own folder is closed to others: a link leads to a folder below the system's temporary one."""
    another.folder.parent.chmod(0o700)
    with another.started() as process:
        read_until(process, "2  The first night")
        place = (another.folder / "postgres").resolve()
        assert (place != another.folder / "postgres") == (os.geteuid() == 0)
    assert another.processes == []


def test_ctrl_c_ends_the_story_and_leaves_nothing_running(another: Demonstration) -> None:
    with another.started() as process:
        read_until(process, "2  The first night")
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=SECONDS)
    assert (process.returncode, stderr) == (STOPPED_BY_CTRL_C, "")
    assert "Stopped; nothing is left running." in stdout
    assert another.processes == []


def test_a_server_that_a_killed_story_left_is_ended_by_the_next_one(another: Demonstration) -> None:
    with another.started() as process:
        read_until(process, "2  The first night")
        process.kill()
        process.communicate(timeout=SECONDS)
        assert another.processes != []
    with another.started("--look") as process:
        read_until(process, "Ctrl-C ends it")
    assert another.processes == []


def test_two_stories_at_once_in_one_folder_are_refused(another: Demonstration) -> None:
    with another.started() as process:
        read_until(process, "Connect at work")
        ended = another()
        assert ended.exit_code == ExitCode.CONFIGURATION
        assert "Another demonstration is at work in" in ended.stderr
    assert another.processes == []


def test_a_folder_with_foreign_files_is_left_alone(another: Demonstration) -> None:
    another.folder.mkdir()
    (another.folder / "precious").write_text("1")
    ended = another()
    assert ended.exit_code == ExitCode.CONFIGURATION
    assert "holds files that no demonstration has made" in ended.stderr
    assert [file.name for file in another.folder.iterdir()] == ["precious"]


def test_a_story_that_was_stopped_too_early_is_not_looked_at(another: Demonstration) -> None:
    with another.started() as process:
        read_until(process, "connect-worker migrate")
    ended = another("--look")
    assert ended.exit_code == ExitCode.CONFIGURATION
    assert "There is no school to look at" in ended.stderr


def test_there_is_nothing_to_look_at_before_the_first_story(another: Demonstration) -> None:
    ended = another("--look")
    assert ended.exit_code == ExitCode.CONFIGURATION
    assert "holds no demonstration" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--base-dn", "OU=x"], "go with --directory"),
        (["--directory", "ldaps://dc1"], "--directory needs --bind-dn, --password-file and --base-dn"),
        (["--pupils", "5"], "is not in the range"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_made(
    another: Demonstration, arguments: list[str], told: str
) -> None:
    ended = another(*arguments)
    assert ended.exit_code == ExitCode.CONFIGURATION
    assert told in ended.stderr
    assert not another.folder.exists()


def test_a_directory_that_does_not_answer_is_told_in_a_sentence(another: Demonstration, tmp_path: Path) -> None:
    password_file = tmp_path / "password"
    password_file.write_text("secret")
    where = ["--directory", "ldaps://127.0.0.1:1", "--base-dn", "OU=x,DC=school,DC=test"]
    ended = another(*where, "--bind-dn", "CN=x,DC=school,DC=test", "--password-file", str(password_file))
    assert ended.exit_code == ExitCode.CONNECTION_FAILED
    assert "the directory at 127.0.0.1:1 does not answer" in ended.stderr
    assert "Traceback" not in ended.stderr
