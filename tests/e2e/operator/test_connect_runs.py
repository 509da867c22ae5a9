"""Runs on request on a real cluster: started one after the other, followed to their ends, refused, kept and forgotten.

The stand-in plays the worker: told to validate, it ends well at once; told to plan, it goes on until it is stopped.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from connect_protocol.counts import ChangeCount, WarningCount
from connect_protocol.report import RunResult
from tests.cluster.cluster import Cluster
from tests.e2e.operator.conftest import Site, lent_site
from tests.support.operator_process import Document, OperatorProcess, connect_job, connect_run
from tests.support.stand_in import STOPPED, leaves, report, secrets_with, until_stopped

CHECKSUM = "sha256:" + "ab" * 32
SYNCED = report(changes=(ChangeCount(kind="create_user", result="done", count=3),), plan_checksum=CHECKSUM)
VALIDATED = report(command="validate", reason="Validated", user_warnings=(WarningCount(code=101, count=2),))
REFUSED = report(
    command="approve",
    result=RunResult.FAILED,
    reason="ApprovalRefused",
    exit_code=2,
    message="No run was stopped with a plan of that checksum",
    todo="See what a run would do today",
)
KEPT = 20


PLAY = f"""
case "$1 $*" in
  "validate "*) {leaves(VALIDATED.to_json(), 0)};;
  "plan "*) {until_stopped(STOPPED)};;
  *{CHECKSUM}) {leaves(SYNCED.to_json(), 0)};;
  *) {leaves(REFUSED.to_json(), 2)};;
esac
"""


@pytest.fixture(scope="module", autouse=True)
def operator(stage: Site, stand_in: str) -> Iterator[OperatorProcess]:
    with stage.operator(CONNECT_WORKER_IMAGE=stand_in) as running:
        yield running


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """A namespace where one run may go on at a time, `busy` has it, and others wait that may come a minute late."""

    site: Site
    operator: OperatorProcess


@pytest.fixture(scope="module", autouse=True)
def crowd(operator_cluster: Cluster, stand_in: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    """Begun first, looked at again when the minute has passed with other tests."""
    cap = {"CONNECT_WORKER_IMAGE": stand_in, "CONNECT_MAX_CONCURRENT_RUNS": "1"}
    with (
        lent_site(operator_cluster, "crowd", tmp_path_factory.mktemp("crowd")) as site,
        site.operator(**cap) as running,
    ):
        for name in ("busy", "late", "later"):
            site.apply(*secrets_with(name, until_stopped(STOPPED)), connect_job(name, startingDeadlineSeconds=60))
            site.wait_until_settled(name)
        site.kubectl("create", "job", "busy-run", "--from=cronjob/connect-busy")
        site.kubectl("wait", "connectjob/busy", "--for=jsonpath={.status.phase}=Running", "--timeout=60s")
        site.kubectl("create", "job", "late-run", "--from=cronjob/connect-late")
        want(site, "later", "later")
        yield Crowd(site=site, operator=running)


def customer(site: Site, name: str, **spec: object) -> str:
    """A ConnectJob that is ready to run, in whatever mode."""
    standard = {
        "mode": "Sync",
        "secrets": {"customer": f"{name}-customer", "database": f"{name}-database", "directory": f"{name}-database"},
    }
    site.apply(*secrets_with(name, PLAY), connect_job(name, **(standard | spec)))
    site.wait_until_settled(name)
    return name


def want(site: Site, name: str, connect_job: str, mode: str = "Validate", **spec: object) -> str:
    site.apply(connect_run(name, connect_job, mode=mode, **spec))
    return name


def conditions(status: Document) -> dict[str, str]:
    """Each condition as `True Reason`."""
    return {each["type"]: f"{each['status']} {each['reason']}" for each in status["conditions"]}


def events(site: Site, kind: str, name: str) -> list[str]:
    return [reason for reason, _ in site.events(name, kind=kind)]


def end(site: Site, name: str) -> None:
    """Stop the run of a ConnectRun that goes on, as when its Job is deleted by a person."""
    site.kubectl("delete", "job", site.wait_for_run(name, "Running")["jobName"], "--wait=false")


def stopped(site: Site, name: str) -> Document:
    end(site, name)
    return site.wait_for_run(name, "Finished")


def test_where_there_is_a_cap_a_run_on_request_waits_too(crowd: Crowd) -> None:
    assert "position" not in crowd.site.wait_for_run("later", "Queued")
    series = f'connect_runs_queued{{namespace="{crowd.site.namespace}",connectjob="later"}}'
    assert crowd.operator.metrics()[series] == 1


def test_a_run_on_request_is_followed_to_its_end(stage: Site) -> None:
    """Its result stands in itself, in its ConnectJob, in the columns and events."""
    name = want(stage, "followed", customer(stage, "followed"), reason="why not $(CONNECT_REALM)")
    status = stage.wait_for_run(name, "Finished")
    uid = stage.get("connectrun", name)["metadata"]["uid"]
    assert status["jobName"] == f"run-followed-{uid[:8]}"
    assert (status["result"], status["reason"]) == ("Done", "Validated")
    assert status["warnings"] == {"users": {"101": 2}}
    assert conditions(status) == {"Accepted": "True Accepted", "Succeeded": "True Validated"}
    last = stage.get("connectjob", "followed")["status"]["lastRun"]
    assert (last["name"], last["trigger"], last["mode"]) == (status["jobName"], "Requested", "Validate")
    assert events(stage, "ConnectRun", name) == ["RunStarted", "RunSucceeded"]
    assert events(stage, "ConnectJob", "followed").count("RunSucceeded") == 1
    row = stage.kubectl("get", "cnr", name, "--no-headers", "--output=wide").split()
    assert row[1:6] == ["followed", "Validate", "Finished", "Done", "Validated"]
    assert row[7:8] == ["2"]


def test_its_job_is_the_nights_but_for_what_it_does(stage: Site) -> None:
    name = want(stage, "alike", customer(stage, "alike"), "Plan", reason="costs $(TIME)")
    job = stage.get("job", stage.wait_for_run(name, "Running")["jobName"])
    night = stage.get("cronjob", "connect-alike")["spec"]["jobTemplate"]
    worker, nights = (each["spec"]["template"]["spec"]["containers"][0] for each in (job, night))
    assert (worker.pop("args"), nights.pop("args")) == (["plan"], ["run"])
    assert worker == nights
    assert job["spec"]["activeDeadlineSeconds"] == night["spec"]["activeDeadlineSeconds"]
    labels = {**night["metadata"]["labels"], "schoolconnect.io/connectrun": name}
    assert job["metadata"]["labels"].items() >= labels.items()
    assert job["metadata"]["annotations"]["schoolconnect.io/reason"] == "costs $(TIME)"
    (owner,) = job["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("ConnectJob", "alike", True)


def test_a_run_whose_job_is_deleted_ends_with_what_the_worker_could_still_report(stage: Site) -> None:
    name = want(stage, "deleted", customer(stage, "deleted"), "Plan")
    status = stopped(stage, name)
    assert (status["result"], status["reason"], status["message"]) == ("Stopped", "Stopped", STOPPED.message)


def test_runs_of_one_connect_job_wait_in_order_also_behind_one_by_hand(stage: Site, operator: OperatorProcess) -> None:
    customer(stage, "waits", mode="Plan")
    stage.kubectl("create", "job", "by-hand", "--from=cronjob/connect-waits")
    wanted = "--for=jsonpath={.status.activeRun.name}=by-hand"
    stage.kubectl("wait", "connectjob/waits", wanted, "--timeout=20s")
    for place, name in enumerate(("waits-z", "waits-a"), start=1):
        want(stage, name, "waits", "Plan")
        assert stage.wait_for_run(name, "Queued")["position"] == place
        stage.wait_until_run_is_older(name)
    series = f'connect_runs_queued{{namespace="{stage.namespace}",connectjob="waits"}}'
    assert operator.metrics()[series] == 2
    stage.kubectl("delete", "job", "by-hand", "--wait=false")
    stage.wait_for_run("waits-z", "Running")
    assert stage.run_status("waits-a")["phase"] == "Queued"
    assert stage.run_status("waits-a")["position"] == 1
    stopped(stage, "waits-z")
    stopped(stage, "waits-a")
    assert operator.metrics()[series] == 0


def test_a_queued_run_whose_connect_job_goes_is_cancelled(stage: Site) -> None:
    customer(stage, "goes", mode="Plan")
    want(stage, "goes-first", "goes", "Plan")
    stage.wait_for_run("goes-first", "Running")
    want(stage, "goes-second", "goes", "Plan")
    stage.wait_for_run("goes-second", "Queued")
    stage.kubectl("delete", "connectjob", "goes")
    second = stage.wait_for_run("goes-second", "Cancelled")
    assert conditions(second) == {"Accepted": "False ConnectJobDeleted", "Succeeded": "False ConnectJobDeleted"}
    first = stage.wait_for_run("goes-first", "Finished")
    assert (first["result"], first["reason"]) == ("Stopped", "ConnectJobDeleted")
    assert events(stage, "ConnectRun", "goes-second") == ["RunCancelled"]


def test_while_suspended_only_a_confirmed_run_may_write(stage: Site) -> None:
    customer(stage, "locked", suspend=True)
    refused = stage.wait_for_run(want(stage, "locked-sync", "locked", "Sync"), "Cancelled")
    assert (refused["reason"], "confirmLocked" in refused["message"]) == ("Suspended", True)
    assert "result" not in refused
    assert stage.wait_for_run(want(stage, "locked-validate", "locked"), "Finished")["result"] == "Done"
    confirmed = want(stage, "locked-confirmed", "locked", "Sync", confirmLocked=True, approve=CHECKSUM)
    assert stage.wait_for_run(confirmed, "Finished")["reason"] == "Synced"
    plan = want(stage, "locked-plan", "locked", "Plan")
    assert stopped(stage, plan)["result"] == "Stopped"


def test_an_approval_is_handed_to_the_worker_whose_word_counts(stage: Site) -> None:
    customer(stage, "approved")
    good = want(stage, "approved-good", "approved", "Sync", approve=CHECKSUM, reason="term's end, $HOME")
    status = stage.wait_for_run(good, "Finished")
    assert (status["result"], status["planChecksum"]) == ("Done", CHECKSUM)
    assert status["changes"] == {"create_user": {"done": 3}}
    job = stage.get("job", status["jobName"])
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == [
        "approve",
        "--by=ConnectRun approved-good",
        "--comment=term's end, $$HOME",
        CHECKSUM,
    ]
    other = want(stage, "approved-other", "approved", "Sync", approve="sha256:" + "0" * 64)
    status = stage.wait_for_run(other, "Finished")
    assert (status["result"], status["reason"]) == ("Failed", "ApprovalRefused")
    assert status["todo"] == REFUSED.todo


def test_no_run_does_more_than_its_connect_jobs_mode(stage: Site) -> None:
    customer(stage, "plans", mode="Plan")
    refused = stage.wait_for_run(want(stage, "plans-sync", "plans", "Sync", confirmLocked=True), "Cancelled")
    assert refused["reason"] == "ModeRefused"


def test_a_run_for_a_connect_job_that_is_not_ready_waits_a_minute_for_it(stage: Site) -> None:
    """It may have been applied a moment before the ConnectJob, or the Secrets."""
    want(stage, "early", "late")
    status = stage.wait_for_run("early", "Queued")
    assert conditions(status) == {"Accepted": "False ConnectJobMissing", "Succeeded": "Unknown Queued"}
    stage.apply(connect_job("late"))
    wanted = '--for=jsonpath={.status.conditions[?(@.type=="Accepted")].reason}=SecretMissing'
    stage.kubectl("wait", "connectrun/early", wanted, "--timeout=20s")
    customer(stage, "late")
    assert stage.wait_for_run("early", "Finished")["result"] == "Done"


def test_of_runs_that_are_over_the_newest_twenty_are_kept(stage: Site) -> None:
    customer(stage, "kept", mode="Validate")
    names = [f"kept-{number:02}" for number in range(KEPT + 2)]
    stage.apply(*(connect_run(name, "kept", mode="Plan") for name in names[:2]))
    for name in names[:2]:
        stage.wait_for_run(name, "Cancelled")
        stage.wait_until_run_is_older(name)
    stage.apply(*(connect_run(name, "kept", mode="Plan") for name in names[2:]))
    stage.cluster.wait_until(
        "the two oldest are gone",
        lambda: {name for name in stage.names("connectruns") if name.startswith("kept-")},
        lambda seen: seen == set(names[2:]),
    )


def test_what_the_cap_would_let_start_too_late_is_left_out(crowd: Crowd) -> None:
    site = crowd.site
    status = site.cluster.wait_until(
        "the ConnectRun is cancelled",
        lambda: site.run_status("later"),
        lambda seen: seen.get("phase") == "Cancelled",
        timeout=90,
    )
    assert status["reason"] == "WaitedTooLong"
    site.cluster.wait_until("both Jobs are gone", lambda: site.names("jobs"), lambda seen: seen == {"busy-run"})
    assert site.condition("late", "LastRunSucceeded") == ("False", "RunMissed")
    site.kubectl("delete", "job", "busy-run", "--wait=false")
