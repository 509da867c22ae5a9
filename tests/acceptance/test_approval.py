"""`connect-worker approve`: a person lets through what the safety gate stopped, and the night is done at once."""

import getpass
from datetime import date, timedelta

import pytest

from connect_protocol import plan_block
from tests.support.builders import TODAY
from tests.support.scenario import Office, School
from tests.support.site import Site, assert_clear, assert_discreet, assert_recorded
from tests.support.worker import Ended

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
    assert locked.report["officeLock"]["by"] == "K. Muster"
    assert enabled(site) == PUPILS


def test_the_same_people_a_day_later_are_still_those_who_were_approved(site: Site, stopped: str) -> None:
    """The checksum names objects and what becomes of them, not the day."""
    assert site.run("approve", stopped, "--no-run").exit_code == 0
    site.worker.today = TODAY + timedelta(days=1)
    assert site.run().report["reason"] == "Synced"
    assert enabled(site) == PUPILS - LEAVERS


def log_of(site: Site, *arguments: str) -> Ended:
    """A command as a pod runs it."""
    return site.worker(*arguments, CONNECT_PLAN_IN_LOG="yes")


def plan_of(ended: Ended) -> plan_block.PlanBlock:
    """The plan that stands in a pod's log, whose two outputs were collected one after the other."""
    found = plan_block.find(ended.stdout + ended.stderr)
    assert found, ended.stdout
    return found


def test_exactly_what_a_stopped_run_printed_is_approved(site: Site, stopped: str) -> None:
    """On-call has the pod's log and nothing else: who is locked out stands there, and nobody besides is."""
    ended = log_of(site, "run")
    assert ended.exit_code == 4
    assert_discreet(site, ended)
    printed = plan_of(ended)
    assert (printed.checksum, printed.blocked, printed.excesses) == (stopped, True, (SENTENCE,))
    assert printed.shows_what_is_gated
    told = {change.dn for change in printed.changes if change.kind == "disable" and change.gated}
    assert len(told) == LEAVERS
    assert site.run("approve", printed.checksum).report["reason"] == "Synced"
    locked_out = {each.dn for sam, each in site.domain.objects().items() if sam[:2] == "S." and not each.is_enabled}
    assert locked_out == told


def test_who_reads_a_pods_log_is_told_no_command_that_needs_the_database(site: Site, stopped: str) -> None:
    """At a command line the same end names it."""
    assert f"→ connect-worker approve {stopped}" in site.worker("run").stdout
    assert "connect-worker" not in log_of(site, "run").stdout


def test_the_approval_of_a_printed_plan_is_not_good_for_another(site: Site, stopped: str) -> None:
    printed = plan_of(log_of(site, "plan"))
    assert printed.checksum == stopped
    site.customer.edit_school(School(students={PUPILS: {"exit_on": TODAY}}))
    refused = log_of(site, "approve", printed.checksum)
    assert refused.exit_code == 4
    other = plan_of(refused)
    assert other.checksum != printed.checksum
    assert enabled(site) == PUPILS
    assert site.run("approve", other.checksum).report["reason"] == "Synced"
    assert enabled(site) == 0


def test_people_who_would_leave_the_scope_are_printed_too(site: Site) -> None:
    """The update is stopped before there is a plan."""
    site.enrol(PUPILS)
    assert log_of(site, "run").exit_code == 0
    gone = range(1, LEAVERS + 1)
    site.customer.edit_school(School(students=dict.fromkeys(gone)))
    printed = plan_of(log_of(site, "run"))
    assert {change.object for change in printed.changes} == {f"S.{number:05d}" for number in gone}
    assert printed.counts == {"disable": LEAVERS}
    assert site.run("approve", printed.checksum).report["reason"] == "Synced"
    assert enabled(site) == PUPILS - LEAVERS


def test_a_run_that_goes_through_prints_no_plan(site: Site) -> None:
    site.enrol(1)
    assert plan_block.find(log_of(site, "run").stdout) is None


def test_a_checksum_that_no_run_was_stopped_with_is_refused(site: Site) -> None:
    ended = site.run("approve", f"sha256:{'a' * 64}")
    assert_clear(site, ended, exit_code=2, reason="ApprovalRefused", says=("No run was stopped with",))
