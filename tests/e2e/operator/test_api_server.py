"""The API server itself is killed and comes back, in a cluster of this module's own: nobody else shall miss it."""

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.command import run_command
from tests.cluster.components import API_PORT
from tests.cluster.machine import NODE_ADDRESS
from tests.cluster.start import start_cluster, without_api_server
from tests.cluster.waiting import wait_until
from tests.e2e.operator.conftest import Site, apply_definitions, make_site
from tests.support.operator_process import NIGHT, connect_job, connect_run
from tests.support.stand_in import IMAGE, leaves, report, secrets_with, write_stand_in

ENDS_WELL = leaves(report().to_json(), 0)
ASK = f"/bin/busybox nc -w 2 {NODE_ADDRESS} {API_PORT} < /dev/null > /dev/null"
UNTIL_IT_IS_DEAD = f"while {ASK}; do /bin/busybox sleep 0.2; done\n{ENDS_WELL}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A namespace of a cluster of its own, whose runs are played by the stand-in."""
    write_stand_in(tmp_path / "image.tar")
    with start_cluster() as cluster:
        apply_definitions(cluster)
        cluster.load_image(tmp_path / "image.tar")
        # No look at what was forbidden: an API server that begins refuses for a moment whom it does not know yet.
        yield make_site(cluster, f"api-server-{token_hex(3)}", tmp_path, "Role")


def container_of(site: Site, job: str) -> str:
    """The id of the container of a run's pod."""
    (pod,) = site.cluster.get_json(
        "pods", f"--namespace={site.namespace}", f"--selector=batch.kubernetes.io/job-name={job}"
    )["items"]
    (container,) = pod["status"]["containerStatuses"]
    return str(container["containerID"]).rpartition("/")[2]


def runs(cluster: Cluster, container: str) -> bool:
    """Whether a container runs, as the node knows it."""
    tasks = run_command(cluster.machine.command("ctr", "--namespace=k8s.io", "tasks", "ls"))
    return any(container in line and "RUNNING" in line for line in tasks.splitlines())


def test_after_its_return_the_operator_goes_on_and_tells_nothing_twice(site: Site) -> None:
    """Of a run that has ended meanwhile, an edit, and another run: by the same process."""
    with site.operator(CONNECT_WORKER_IMAGE=IMAGE) as operator:
        site.apply(*secrets_with("musterwil", UNTIL_IT_IS_DEAD), connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        uid = site.get("cronjob", "connect-musterwil")["metadata"]["uid"]
        site.apply(connect_run("before", "musterwil"))
        before = site.wait_for_run("before", "Running")["jobName"]
        container = container_of(site, before)
        assert runs(site.cluster, container)
        with without_api_server(site.cluster):
            wait_until("the run has ended", lambda: not runs(site.cluster, container))
        assert site.wait_for_run("before", "Finished")["result"] == "Done"
        site.apply(*secrets_with("musterwil", ENDS_WELL), connect_job("musterwil", schedule=f"5 {NIGHT + 1} * * *"))
        site.apply(connect_run("after", "musterwil"))
        after = site.wait_for_run("after", "Finished")["jobName"]
        site.wait_until_settled("musterwil")
        assert operator.process.poll() is None
        assert operator.health() == 200
    cron_job = site.get("cronjob", "connect-musterwil")
    assert (cron_job["metadata"]["uid"], cron_job["spec"]["schedule"]) == (uid, f"5 {NIGHT + 1} * * *")
    assert site.names("jobs") == {before, after}
    for run in ("before", "after"):
        assert [reason for reason, _ in site.events(run, kind="ConnectRun")] == ["RunStarted", "RunSucceeded"]
    told = [reason for reason, _ in site.events("musterwil")]
    assert sorted(told) == ["Reconciled", "RunStarted", "RunStarted", "RunSucceeded", "RunSucceeded"]
