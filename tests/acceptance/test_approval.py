"""`connect-worker approve`: a person lets through what the safety gate stopped, and the night is done at once."""

import getpass
from datetime import date, timedelta

import pytest

from tests.support.builders import TODAY
from tests.support.scenario import Office, School
from tests.support.site import Site, assert_clear, assert_discreet, assert_recorded

PUPILS, LEAVERS = 12, 11
SENTENCE = "11 users to disable because of their exit date exceed the limit of 10"


@pytest.fixture
def stopped(site: Site) -> str:
    """The checksum of the plan that a night was stopped with: eleven of twelve pupils would be locked out."""
    site.enrol(PUPILS)
    assert site.run().exit_code == 0
    leave(site, TODAY)
    ended = site.run()
    assert_clear(site, ended, exit_code=4, reason="BlockedBySafetyGate", says=(SENTENCE,))
    checksum: str = ended.report["planChecksum"]
    assert ended.report["todo"].endswith(f"connect-worker approve {checksum}")
    return checksum


def leave(site: Site, day: date) -> None:
    site.customer.edit_school(School(students={n: {"exit_on": day} for n in range(1, LEAVERS + 1)}))


def enabled(site: Site) -> int:
    found = site.domain.objects()
    return sum(found[f"S.{n:05d}"].is_enabled for n in range(1, PUPILS + 1))


def test_an_approval_starts_the_run_at_once_and_is_good_for_it_alone(site: Site, stopped: str) -> None:
    ended = site.run("approve", stopped, "--comment", "the school closes")
    assert (ended.exit_code, ended.report["reason"], ended.report["command"]) == (0, "Synced", "approve")
    assert ended.report["approvedBy"] == getpass.getuser()
    assert enabled(site) == PUPILS - LEAVERS
    assert_recorded(site, ended)
    assert_discreet(site, ended)
    (row,) = site.customer.rows("SELECT approved_by, comment, used_by FROM connect.connect_approval")
    told = {"approved_by": getpass.getuser(), "comment": "the school closes", "used_by": ended.report["runId"]}
    assert row == told
    again = site.run("approve", stopped)
    assert_clear(site, again, exit_code=2, reason="ApprovalRefused", says=(stopped, f"run {ended.report['runId']}"))
    assert site.run().report["reason"] == "NothingToDo"


def test_a_check_says_what_is_in_the_way_and_the_command_that_lets_it_through(site: Site, stopped: str) -> None:
    checked = site.run("plan")
    assert checked.exit_code == 4
    command = f"connect-worker approve {stopped}"
    gate = {"blocked": True, "excesses": [SENTENCE], "checksum": stopped, "approve": command, "approvedBy": None}
    assert checked.document["safetyGate"] == gate
    shown = site.worker("plan")
    assert SENTENCE in shown.stdout
    assert command in shown.stdout
    assert site.run("approve", stopped, "--by", "k.muster", "--no-run").report["reason"] == "Approved"
    approved = site.run("plan")
    assert approved.exit_code == 0
    assert approved.document["safetyGate"]["approvedBy"] == "k.muster"
    assert "Approved by k.muster" in site.worker("plan").stdout
    assert enabled(site) == PUPILS


def test_an_approval_lifts_neither_warnings_nor_the_offices_lock(site: Site, stopped: str) -> None:
    site.customer.edit_office(Office(users={"S.00012": {"user_mandant": None, "user_mail_alias1": "no address"}}))
    warned = site.run("approve", stopped)
    assert_clear(site, warned, exit_code=3, reason="BlockedByWarnings", says=("1 record has warnings",))
    site.customer.edit_office(Office(users={"S.00012": {"user_mail_alias1": None}}, locked="K. Muster"))
    locked = site.run("approve", stopped)
    assert_clear(site, locked, exit_code=10, reason="Locked", says=("K. Muster",))
    assert enabled(site) == PUPILS


def test_the_same_people_a_day_later_are_still_those_who_were_approved(site: Site, stopped: str) -> None:
    """The checksum names objects and what becomes of them, not the day."""
    assert site.run("approve", stopped, "--no-run").exit_code == 0
    site.worker.today = TODAY + timedelta(days=1)
    assert site.run().report["reason"] == "Synced"
    assert enabled(site) == PUPILS - LEAVERS


def test_a_checksum_that_no_run_was_stopped_with_is_refused(site: Site) -> None:
    ended = site.run("approve", f"sha256:{'a' * 64}")
    assert_clear(site, ended, exit_code=2, reason="ApprovalRefused", says=("No run was stopped with",))
