"""The chart over its life, with running pods: from the chart before to this one, back, away, and there again.

Each step goes on from the one before it. Under the chart before, its own operator runs.
"""

from collections.abc import Iterator

import pytest

from scripts.build_images import Part
from tests.cluster.cluster import Cluster
from tests.cluster.images import REGISTRY, built
from tests.e2e.chart.conftest import NAMESPACE
from tests.support.chart import CHART
from tests.support.chart_life import CUSTOMER, RELEASE, WORKER, Kept, Life
from tests.support.connect_release import connect_relay
from tests.support.custom_resource import definition
from tests.support.repository import ROOT
from tests.support.stand_in import write_stand_in

pytestmark = pytest.mark.timeout(300)

BEFORE = ROOT / "tests" / "data" / "chart-before.tgz"
"""The chart as it was before on-call's role, policies and monitoring, by `helm package`."""
MADE = "deployments,services,serviceaccounts,roles,rolebindings,networkpolicies"
MADE_FOR_ALL = "clusterroles,validatingadmissionpolicies,validatingadmissionpolicybindings"


@pytest.fixture(scope="module")
def life(chart_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The images of both releases, and the relay's certificate; no chart yet."""
    images, folder = built(), tmp_path_factory.mktemp("life")
    chart_cluster.load_image(images.archive)
    for tag in (images.tag_before, images.tag):
        write_stand_in(folder / "stand-in.tar", f"{REGISTRY}/{WORKER}:{tag}")
        chart_cluster.load_image(folder / "stand-in.tar")
    # The chart before has today's relay: it is the operator that reads what the other has left.
    relay = images.names[Part.RELAY]
    chart_cluster.tag_image(relay, relay.replace(images.tag, images.tag_before))
    connect_relay("pki", "init", str(folder / "pki"))
    connect_relay("pki", "relay", str(folder / "pki"), "--name", f"{RELEASE}-relay")
    made = Life(cluster=chart_cluster, images=images, namespace=NAMESPACE)
    made.kubectl("create", "secret", "generic", "connect-relay", f"--from-file={folder}/pki/relay")
    return made


@pytest.fixture(scope="module")
def before(life: Life) -> Iterator[Kept]:
    """The chart before, and a customer who has had a run."""
    life.deploy("install", BEFORE, life.images.tag_before)
    life.enrol()
    life.run("of-before")
    yield life.kept()
    life.kubectl("delete", "connectjob", CUSTOMER)


@pytest.fixture(scope="module")
def upgraded(life: Life, before: Kept) -> Kept:
    """Today's chart, and a run that began before it."""
    life.start_run("across")
    life.deploy("upgrade", CHART, life.images.tag)
    return before


@pytest.fixture(scope="module")
def rolled_back(life: Life, upgraded: Kept) -> Kept:
    """The chart before, again."""
    del upgraded
    kept = life.kept()
    life.helm("rollback", "1")
    return kept


@pytest.fixture(scope="module")
def removed(life: Life, rolled_back: Kept) -> Kept:
    """No release, after today's chart was there once more."""
    del rolled_back
    life.deploy("upgrade", CHART, life.images.tag)
    kept = life.kept()
    life.helm("uninstall")
    return kept


@pytest.fixture(scope="module")
def again(life: Life, removed: Kept) -> Iterator[Kept]:
    """Today's chart, after a run that nobody reported."""
    life.start_run("unseen")
    life.tell_to_end("unseen")
    life.kubectl("wait", "job/unseen", "--for=condition=Complete", "--timeout=60s")
    life.deploy("install", CHART, life.images.tag)
    yield removed
    life.helm("uninstall")


def images(tag: str) -> dict[str, str]:
    """The images of operator and relay with this tag."""
    return {part: f"{REGISTRY}/connect-{part}:{tag}" for part in ("operator", "relay")}


def test_the_operator_of_before_is_served_by_its_own_chart(life: Life, before: Kept) -> None:
    """Today's would ask for runs on request, of which the chart before knows nothing."""
    assert life.pods() == images(life.images.tag_before)
    assert before.last_run[:2] == ("of-before", "Done")
    account = f"system:serviceaccount:{NAMESPACE}:{RELEASE}-operator"
    assert [each for each in life.cluster.audit_events(lambda event: event.user == account) if each.forbidden] == []


def test_an_upgrade_starts_operator_and_relay_anew_and_keeps_all_that_is_the_customers(
    life: Life, upgraded: Kept
) -> None:
    assert life.pods() == images(life.images.tag)
    assert life.kept() == upgraded
    (version,) = definition()["spec"]["versions"]
    assert life.schema() == set(version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"])
    assert f"{NAMESPACE}-{RELEASE}-on-call" in life.names(MADE_FOR_ALL)
    assert f"{RELEASE}-worker" in life.names(MADE)


def test_a_run_under_way_ends_on_the_image_that_it_began_with_and_the_next_takes_the_new_one(
    life: Life, upgraded: Kept
) -> None:
    """Its pod is the same, and the operator that was not there at its start tells its end."""
    assert upgraded.last_run[0] == "of-before"
    (pod,) = life.get("pods", "--selector=job-name=across")["items"]
    assert (pod["status"]["phase"], pod["spec"]["containers"][0]["image"]) == (
        "Running",
        life.worker(life.images.tag_before),
    )
    life.tell_to_end("across")
    life.wait_for_told("across")
    assert life.run("of-today") == life.worker(life.images.tag)


def test_a_rollback_brings_back_the_operator_of_before_which_reads_what_the_other_has_left(
    life: Life, rolled_back: Kept
) -> None:
    assert life.pods() == images(life.images.tag_before)
    assert life.kept() == rolled_back
    assert rolled_back.last_run[0] == "of-today"
    assert life.names("clusterroles") == {f"{NAMESPACE}-{RELEASE}-edit", f"{NAMESPACE}-{RELEASE}-view"}
    assert life.names("networkpolicies") == set()
    assert life.run("of-before-again") == life.worker(life.images.tag_before)


def test_what_is_removed_is_the_charts_and_nothing_of_the_customers(life: Life, removed: Kept) -> None:
    """The definition is kept, and with it every ConnectJob, its CronJob and what is known of its runs."""
    assert life.kept() == removed
    assert removed.last_run[0] == "of-before-again"
    assert life.names(f"{MADE},{MADE_FOR_ALL}") == set()


def test_the_next_installation_adopts_what_is_there_and_tells_what_happened_meanwhile(life: Life, again: Kept) -> None:
    assert life.pods() == images(life.images.tag)
    life.wait_for_told("unseen")
    assert life.kept().uids == again.uids
    assert life.run("adopted") == life.worker(life.images.tag)


def test_the_same_without_helm_is_taken_by_the_api_server(life: Life, again: Kept) -> None:
    """All of manifests/ but the namespace's own contents, which need it to be there first."""
    assert again.uids
    life.cluster.kubectl("create", "namespace", "connect")
    told = life.cluster.kubectl(
        "apply",
        f"--kustomize={CHART.parents[1] / 'manifests'}",
        "--dry-run=server",
        "--force-conflicts",
        "--server-side",
    )
    assert "validatingadmissionpolicy.admissionregistration.k8s.io/connect-connect-on-call serverside-applied" in told
    assert "networkpolicy.networking.k8s.io/connect-worker serverside-applied" in told
