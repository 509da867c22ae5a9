"""A real Kueue lets the Jobs of ConnectJobs start, and preempts them."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from connect_protocol.report import Report
from tests.cluster.errors import CommandError
from tests.e2e.operator.conftest import Site
from tests.support.kueue import kueue, queue_of_one
from tests.support.operator_process import OperatorProcess, connect_job, connect_run
from tests.support.stand_in import STOPPED, leaves, report, secrets_with, until_stopped

CPU = {"requests": {"cpu": "100m"}}
URGENT = "urgent"


@pytest.fixture(scope="module")
def stage(stage: Site) -> Iterator[Site]:
    """Its queue has room for one run."""
    with kueue(stage.cluster, stage.folder):
        priority = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": URGENT}}
        for document in (*queue_of_one(stage.namespace, cpu="100m"), priority | {"value": 1000}):
            stage.cluster.kubectl("apply", "--filename=-", source=json.dumps(document))
        yield stage


@pytest.fixture(scope="module", autouse=True)
def operator(stage: Site, stand_in: str) -> Iterator[OperatorProcess]:
    """Its cap would leave nobody waiting: whoever waits, waits for Kueue."""
    with stage.operator(CONNECT_WORKER_IMAGE=stand_in, CONNECT_MAX_CONCURRENT_RUNS="100") as running:
        yield running


def wanted(site: Site, name: str, **spec: object) -> None:
    """A ConnectJob in the queue, and a run on request of it."""
    document = connect_job(name, queueName="nightly", resources=CPU, **spec)
    site.apply(*secrets_with(name, until_stopped(STOPPED)), document)
    site.wait_until_settled(name)
    site.apply(connect_run(name, name))


def pod(site: Site, job: str) -> str:
    """The name of a run's only pod."""
    return site.kubectl("get", "pods", f"--selector=batch.kubernetes.io/job-name={job}", "--output=name").strip()


def delete_job(site: Site, name: str) -> None:
    site.kubectl("delete", "job", site.run_status(name)["jobName"], "--wait=false")


def test_kueue_admits_one_after_the_other_and_what_it_preempts_is_resumed(stage: Site) -> None:
    wanted(stage, "first")
    first = stage.wait_for_run("first", "Running")
    assert stage.get("job", first["jobName"])["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "nightly"
    wanted(stage, "second")
    stage.wait_for_run("second", "Queued")
    assert stage.get("job", stage.run_status("second")["jobName"])["spec"]["suspend"] is True
    with pytest.raises(CommandError, match=r'admission webhook "vjob\.kb\.io" denied the request'):
        stage.kubectl("label", "job", first["jobName"], "kueue.x-k8s.io/queue-name=other", "--overwrite")
    ends = ("--for=jsonpath={.status.phase}=Failed", "--timeout=60s", "--output=json")
    with ThreadPoolExecutor() as threads:
        end = threads.submit(stage.kubectl, "wait", pod(stage, first["jobName"]), *ends)
        wanted(stage, "important", priorityClassName=URGENT)
        stage.wait_for_run("important", "Running")
        (container,) = json.loads(end.result(60))["status"]["containerStatuses"]
    worker = container["state"]["terminated"]
    assert (worker["exitCode"], Report.from_json(worker["message"])) == (9, STOPPED)
    stage.wait_for_run("first", "Queued")
    told = stage.get("connectjob", "first")["status"]
    assert (told["phase"], told["consecutiveFailures"], "lastRun" in told) == ("Queued", 0, False)
    stage.apply(*secrets_with("first", leaves(report().to_json(), 0)))
    delete_job(stage, "important")
    stage.wait_for_run("important", "Finished")
    assert stage.wait_for_run("first", "Finished")["result"] == "Done"
    told = stage.get("connectjob", "first")["status"]
    assert (told["lastRun"]["name"], told["lastRun"]["reason"]) == (first["jobName"], "Synced")
    assert "failed" not in stage.get("job", first["jobName"])["status"]
    stage.wait_for_run("second", "Running")
    delete_job(stage, "second")
    stage.wait_for_run("second", "Finished")
