"""The cap on runs, on a real cluster: Jobs are born suspended, and let start one after the other."""

from collections.abc import Iterator

import pytest

from tests.e2e.operator.conftest import Site
from tests.support.operator_process import Document, connect_job
from tests.support.stand_in import STOPPED, secrets_with, until_stopped

NAMES = ("first", "second", "third")


@pytest.fixture(scope="module", autouse=True)
def operator(stage: Site, stand_in: str) -> Iterator[None]:
    """Whose runs go on until they are stopped."""
    environment = {"CONNECT_WORKER_IMAGE": stand_in, "CONNECT_MAX_CONCURRENT_RUNS": "1", "CONNECT_START_PATIENCE": "1"}
    with stage.operator(**environment):
        yield


def customer(site: Site, name: str, **spec: object) -> None:
    site.apply(*secrets_with(name, until_stopped(STOPPED)), connect_job(name, **spec))
    site.wait_until_settled(name)


def start(site: Site, name: str) -> str:
    """A run by hand, older than any that is made afterwards."""
    site.kubectl("create", "job", f"{name}-run", f"--from=cronjob/connect-{name}")
    site.wait_until_job_is_older(f"{name}-run")
    return f"{name}-run"


def wait_for_phase(site: Site, name: str, phase: str) -> Document:
    found: Document = site.cluster.wait_until(
        f"{name} is {phase}",
        lambda: site.get("connectjob", name)["status"],
        lambda status: status.get("phase") == phase,
    )
    return found


def test_of_three_runs_one_goes_on_and_the_oldest_comes_next(stage: Site) -> None:
    """Those that wait are no runs under way, and nobody complains that they do not start."""
    for name in NAMES:
        customer(stage, name)
    jobs = [start(stage, name) for name in NAMES]
    wait_for_phase(stage, "first", "Running")
    for name in NAMES[1:]:
        waits = wait_for_phase(stage, name, "Queued")
        assert "activeRun" not in waits
        assert stage.condition(name, "RunStarted") == ("", "")
    suspended = [stage.get("job", job)["spec"]["suspend"] for job in jobs]
    assert suspended == [False, True, True]
    for name, following in (("first", "second"), ("second", "third")):
        stage.kubectl("delete", "job", f"{name}-run", "--wait=false")
        wait_for_phase(stage, following, "Running")
    stage.kubectl("delete", "job", "third-run", "--wait=false")
    for name in NAMES:
        assert [reason for reason, _ in stage.events(name)].count("RunStarted") == 1


def test_a_run_that_a_person_suspends_waits_for_a_person(stage: Site) -> None:
    """It gives its place to the next one, and the operator does not start it a second time, old as it is."""
    for name in ("halted", "next"):
        customer(stage, name)
        start(stage, name)
    wait_for_phase(stage, "halted", "Running")
    suspend(stage, "halted-run", "true")
    wait_for_phase(stage, "next", "Running")
    wait_for_phase(stage, "halted", "Queued")
    stage.kubectl("delete", "job", "next-run", "--wait=false")
    customer(stage, "last")
    start(stage, "last")
    wait_for_phase(stage, "last", "Running")
    assert stage.get("job", "halted-run")["spec"]["suspend"] is True
    suspend(stage, "halted-run", "false")
    wait_for_phase(stage, "halted", "Running")
    stage.kubectl("delete", "jobs", "halted-run", "last-run", "--wait=false")


def suspend(site: Site, job: str, whether: str) -> None:
    site.kubectl("patch", "job", job, "--type=merge", f'--patch={{"spec":{{"suspend":{whether}}}}}')
