"""The chart over its life: from the chart before to this one, back, away, and there again; no ConnectJob is lost."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.e2e.chart.conftest import NAMESPACE
from tests.support.chart import CHART
from tests.support.custom_resource import definition
from tests.support.operator_process import connect_job, secrets

BEFORE = Path(__file__).parents[2] / "data" / "chart-before.tgz"
"""The chart as it was before on-call's role, policies and monitoring, by `helm package`."""
IN_NAMESPACE = f"--namespace={NAMESPACE}"
RELEASE = "schools"
# What the pods do is proven elsewhere; here it is the objects that count.
OPTIONS = ("--set=operator.replicas=0", "--set=relay.tlsSecret=relay-tls", "--set=relay.enabled=false", IN_NAMESPACE)


@pytest.fixture(scope="module")
def life(chart_cluster: Cluster) -> Iterator[Cluster]:
    """The chart before, with a ConnectJob and its Secrets."""
    chart_cluster.helm("install", RELEASE, str(BEFORE), *OPTIONS)
    wait_for_definitions(chart_cluster)
    for document in (*secrets("musterwil"), connect_job("musterwil", schedule="H 4 * * *")):
        chart_cluster.kubectl("create", IN_NAMESPACE, "--filename=-", source=json.dumps(document))
    yield chart_cluster
    chart_cluster.kubectl("delete", "connectjob", "--all", IN_NAMESPACE)
    if RELEASE in chart_cluster.helm("list", "--short", IN_NAMESPACE):
        chart_cluster.helm("uninstall", RELEASE, IN_NAMESPACE)


def wait_for_definitions(cluster: Cluster) -> None:
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/connectjobs.schoolconnect.io")


def schema(cluster: Cluster) -> Any:
    """What the cluster knows of ConnectJobs."""
    (version,) = cluster.get_json("crd", "connectjobs.schoolconnect.io")["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"].keys()


def job(cluster: Cluster) -> tuple[str, str]:
    """Uid and schedule of the ConnectJob."""
    found = cluster.get_json("connectjob", "musterwil", IN_NAMESPACE)
    return found["metadata"]["uid"], found["spec"]["schedule"]


def names(cluster: Cluster, kind: str) -> set[str]:
    listed = cluster.kubectl("get", kind, IN_NAMESPACE, "--output=name", "--selector=app.kubernetes.io/name=connect")
    return {line.rpartition("/")[2] for line in listed.splitlines()}


def test_from_the_chart_before_and_back_and_away(life: Cluster) -> None:
    before, known_before = job(life), schema(life)
    roles = names(life, "clusterroles")

    life.helm("upgrade", RELEASE, str(CHART), *OPTIONS)
    assert job(life) == before
    (version,) = definition()["spec"]["versions"]
    wanted = version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"].keys()
    assert schema(life) == wanted > known_before
    assert f"{NAMESPACE}-{RELEASE}-on-call" in names(life, "clusterroles") - roles
    assert f"{RELEASE}-worker" in names(life, "networkpolicies")

    life.helm("rollback", RELEASE, "1", IN_NAMESPACE)
    assert job(life) == before
    assert schema(life) == known_before
    assert names(life, "clusterroles") == roles
    assert names(life, "networkpolicies") == set()

    life.helm("upgrade", RELEASE, str(CHART), *OPTIONS)
    life.helm("uninstall", RELEASE, IN_NAMESPACE)
    assert job(life) == before, "the definition is kept, and with it every ConnectJob"
    assert {f"musterwil-{each}" for each in ("customer", "database")} <= {
        each["metadata"]["name"] for each in life.get_json("secrets", IN_NAMESPACE)["items"]
    }
    assert names(life, "clusterroles") == set()
    assert names(life, "validatingadmissionpolicies,validatingadmissionpolicybindings") == set()
    assert names(life, "serviceaccounts,roles,deployments,services") == set()

    life.helm("install", RELEASE, str(CHART), *OPTIONS)
    assert job(life) == before
    assert f"{RELEASE}-operator" in names(life, "deployments")


def test_the_same_without_helm_is_taken_by_the_api_server(life: Cluster) -> None:
    """All of manifests/ but the namespace's own contents, which need it to be there first."""
    life.kubectl("create", "namespace", "connect")
    told = life.kubectl(
        "apply",
        f"--kustomize={CHART.parents[1] / 'manifests'}",
        "--dry-run=server",
        "--force-conflicts",
        "--server-side",
    )
    assert "validatingadmissionpolicy.admissionregistration.k8s.io/connect-connect-on-call serverside-applied" in told
    assert "networkpolicy.networking.k8s.io/connect-worker serverside-applied" in told
