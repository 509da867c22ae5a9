"""Runs by `kubectl connect`, on a real cluster: wanted, waited for, looked into, approved.

The stand-in plays the worker. A night is stopped by the safety gate and prints its plan, until that plan is approved.
"""

import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from connect_protocol.counts import ChangeCount, WarningCount
from connect_protocol.plan_block import PlanBlock, PlannedChange, encode
from connect_protocol.report import Report, RunResult
from tests.e2e.operator.conftest import Site
from tests.support.kubectl_connect import PAGE, Person, person
from tests.support.operator_process import Document, connect_job
from tests.support.shown import Page
from tests.support.stand_in import STOPPED, leaves, report, secrets_with, until_stopped

CHECKSUM = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32
COMMANDS = ("status", "logs", "lock", "unlock", "run", "plan", "approve")
LOCKED_OUT = PlannedChange(
    kind="disable",
    object="S.00001",
    dn="CN=Anna Muster,OU=Schule,DC=musterwil,DC=test",
    cause="exit",
    sentence="disable CN=Anna Muster,OU=Schule,DC=musterwil,DC=test (exit)",
    before={"enabled": True},
    after={"enabled": False},
    gated=True,
)
CREATED = replace(
    LOCKED_OUT,
    kind="create_user",
    object="S.00002",
    cause="new",
    sentence="create user S.00002 as CN=Beat Muster,OU=Schule,DC=musterwil,DC=test",
    gated=False,
)
PLAN = PlanBlock(
    realm="musterwil",
    run_id="1",
    command="run",
    checksum=CHECKSUM,
    blocked=True,
    excesses=("1 users to disable because of their exit date exceed the limit of 0",),
    counts={"create_user": 1, "disable": 1},
    gated=1,
    changes=(CREATED, LOCKED_OUT),
)
SYNCED = report(command="approve", changes=(ChangeCount(kind="disable", result="done", count=1),))
VALIDATED = report(command="validate", reason="Validated", user_warnings=(WarningCount(code=101, count=2),))
GATE = report(
    result=RunResult.BLOCKED,
    reason="BlockedBySafetyGate",
    exit_code=4,
    message=PLAN.excesses[0],
    todo="Look at the plan",
    plan_checksum=CHECKSUM,
)
WARNED = report(
    result=RunResult.BLOCKED, reason="BlockedByWarnings", exit_code=3, message="1 record has warnings", todo="Cure it"
)


def prints(plan: PlanBlock, ended: Report) -> str:
    """A script that ends its log with a plan, and leaves a report."""
    lines = "\n".join(encode(plan))
    return f"echo '{{\"event\": \"planned\"}}'\n/bin/busybox cat <<'PLAN'\n{lines}\nPLAN\n" + leaves(
        ended.to_json(), ended.exit_code
    )


NIGHT = f"""
case "$1 $*" in
  "validate "*) {leaves(VALIDATED.to_json(), 0)};;
  "approve "*{CHECKSUM}*) {leaves(SYNCED.to_json(), 0)};;
  *) {prints(PLAN, GATE)};;
esac
"""
STAGE = '{"event": "progress", "stage": "apply", "done": 3, "total": 9}'
SLOW = f"echo '{STAGE}'\n" + until_stopped(STOPPED)
CUSTOMERS = {"gated": NIGHT, "stopped": NIGHT, "warned": leaves(WARNED.to_json(), 3), "slow": SLOW}


@pytest.fixture(scope="module")
def stage(stage: Site, stand_in: str) -> Iterator[Site]:
    """With an operator and its customers."""
    with stage.operator(CONNECT_WORKER_IMAGE=stand_in):
        for name, script in CUSTOMERS.items():
            secrets = {"customer": f"{name}-customer", "database": f"{name}-database", "directory": f"{name}-database"}
            stage.apply(*secrets_with(name, script), connect_job(name, mode="Sync", secrets=secrets))
        for name in CUSTOMERS:
            stage.wait_until_settled(name)
        yield stage


@pytest.fixture(scope="module")
def on_call(stage: Site) -> Iterator[Person]:
    """Somebody on call; at the end the proof that he was never told that he may not."""
    made = person(stage.cluster, stage.namespace, "k.muster", COMMANDS, stage.folder)
    yield made
    assert [e for e in stage.cluster.audit_events(lambda event: event.user == made.user) if e.forbidden] == []


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(path=PAGE)


def started(on_call: Person, *arguments: str) -> subprocess.Popen[str]:
    """A command that goes on."""
    return subprocess.Popen(
        ["kubectl", "connect", *arguments], env=on_call.environment, text=True, stdout=-1, stderr=-1, stdin=-3
    )


def last(stage: Site, name: str) -> Document:
    found: Document = stage.get("connectjob", name).get("status", {}).get("lastRun", {})
    return found


def test_a_run_is_made_and_told_of(on_call: Person, stage: Site) -> None:
    said = on_call("run", "gated", "--validate", "--reason=new lists", "--output=json")
    name = said.document["name"]
    spec = stage.get("connectrun", name)["spec"]
    assert (spec["jobName"], spec["mode"], spec["reason"]) == ("gated", "Validate", "new lists")


def test_a_run_that_is_waited_for_gives_its_result(on_call: Person, page: Page) -> None:
    said = on_call("run", "gated", "--validate", "--wait")
    assert said.output == "Done, Validated\nChanges 0, warnings 2\n"
    assert "created" in said.errors
    blocked = on_call("run", "warned", "--wait", code=3)
    assert "1 record has warnings" in blocked.output
    page.shows("run", blocked.output)
    assert on_call("run", "warned", "--wait", "--output=json", code=3).document["reason"] == "BlockedByWarnings"


def test_what_was_printed_is_shown_and_exactly_that_is_approved(on_call: Person, stage: Site, page: Page) -> None:
    """The night is stopped; its plan is read in its log; the approval names it, and the run carries it out."""
    on_call("run", "stopped", "--wait", code=3)
    stage.cluster.wait_until("it is told", lambda: last(stage, "stopped").get("planChecksum") == CHECKSUM)
    shown = on_call("plan", "stopped", code=3)
    assert shown.errors == "", "no run was needed"
    assert shown.output.index("S.00001") < shown.output.index("S.00002"), "what the gate counts comes first"
    page.shows("plan", shown.output)
    printed = on_call("plan", "stopped", "--output=json", code=3).document
    assert (printed["checksum"], printed["gated"]) == (CHECKSUM, 1)
    refused = on_call("approve", "stopped", OTHER, "--reason=x", code=10)
    assert f"was stopped with another plan, {CHECKSUM}" in refused.errors
    approved = on_call("approve", "stopped", CHECKSUM, "--reason=the school closes", "--wait")
    assert approved.output.startswith("Done, Synced\nChanges ~1")
    page.shows("approve", approved.output)
    runs = stage.cluster.get_json("connectruns", f"--namespace={stage.namespace}")["items"]
    (spec,) = [run["spec"] for run in runs if run["spec"].get("approve")]
    assert spec["approve"] == CHECKSUM
    assert spec["reason"] == f"{on_call.user}: the school closes"
    stage.cluster.wait_until("it is told", lambda: last(stage, "stopped").get("reason") == "Synced")
    again = on_call("approve", "stopped", CHECKSUM, "--reason=x", code=8)
    assert "has printed no plan" in again.errors


def test_without_a_plan_that_was_printed_one_is_made(on_call: Person) -> None:
    said = on_call("plan", "gated", "--fresh", code=3)
    assert "created, which only plans" in said.errors
    assert CHECKSUM in said.output


def test_a_plan_that_cannot_be_made_says_why(on_call: Person) -> None:
    said = on_call("plan", "warned", code=3)
    assert "Error: there is no plan: Blocked, BlockedByWarnings" in said.errors
    assert "Cure it" in said.errors


def test_an_approval_without_checksum_asks_whoever_has_seen_the_plan(on_call: Person, stage: Site) -> None:
    """On a terminal only."""
    on_call("run", "gated", "--wait", code=3)
    stage.cluster.wait_until("it is told", lambda: last(stage, "gated").get("planChecksum") == CHECKSUM)
    said = on_call("approve", "gated", "--reason=x", code=2)
    assert "nobody is there to be asked" in said.errors
    terminal, its_end = pty.openpty()
    command = ["kubectl", "connect", "approve", "gated", "--reason=x"]
    with subprocess.Popen(command, env=on_call.environment, stdin=its_end, stdout=-1, stderr=-1, text=True) as asked:
        os.write(terminal, b"no\n")
        output, errors = asked.communicate(timeout=60)
    os.close(terminal)
    os.close(its_end)
    assert asked.returncode == 1
    assert CHECKSUM in output
    assert "Is exactly this meant?" in errors


def test_of_a_locked_customer_no_run_writes_unasked(on_call: Person) -> None:
    on_call("lock", "warned", "--reason=holidays")
    said = on_call("run", "warned", code=3)
    assert f"warned is locked by {on_call.user}, holidays" in said.errors
    assert "--confirm-locked" in said.errors
    assert "BlockedByWarnings" in on_call("run", "warned", "--confirm-locked", "--wait", code=3).output
    on_call("unlock", "warned")


def test_status_tells_the_stage_of_a_run_that_goes_on_and_ctrl_c_leaves_it_alone(on_call: Person, stage: Site) -> None:
    waiting = started(on_call, "run", "slow", "--wait")
    stage.cluster.wait_until("the stage is told", lambda: "Running: apply 3/9" in on_call("status", "slow").output)
    assert "Running: apply 3/9" in on_call("status").output
    assert on_call("logs", "slow").output.splitlines()[0] == STAGE
    following = started(on_call, "logs", "slow", "--follow")
    assert following.stdout is not None
    assert following.stdout.readline() == STAGE + "\n"
    for command in (waiting, following):
        command.send_signal(signal.SIGINT)
        _, errors = command.communicate(timeout=30)
        assert command.returncode == 130
        assert "The run goes on; look with kubectl connect status slow" in errors
    assert "Running" in on_call("status", "slow").output


def test_a_log_is_followed_to_the_end_of_the_run(on_call: Person, stage: Site) -> None:
    """The one that goes on from the test before, which is stopped meanwhile."""
    job = stage.get("connectjob", "slow")["status"]["activeRun"]["name"]
    following = started(on_call, "logs", "slow", "--follow")
    following_its_end = started(on_call, "logs", "slow", "--follow", "--tail=0")
    said = on_call("run", "slow", "--wait", "--timeout=2s", code=6)
    assert "Queued" in said.errors
    assert "is not over" in said.errors
    stage.kubectl("delete", "job", job, "--wait=false")
    output, errors = following.communicate(timeout=90)
    assert (following.returncode, errors) == (0, "")
    assert output.startswith(STAGE)
    output, errors = following_its_end.communicate(timeout=90)
    assert (following_its_end.returncode, errors) == (0, "")
    assert STAGE not in output
