"""A cluster of these tests' own, for no other operator may see their ConnectJobs; a namespace for each test."""

import base64
import json
import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
import yaml

from tests.cluster.audit import AuditEvent
from tests.cluster.cluster import Cluster
from tests.cluster.start import start_cluster
from tests.cluster.waiting import wait_until
from tests.support.api_proxy import ApiProxy, start_api_proxy
from tests.support.operator_process import STARTING, Document, OperatorProcess, rights, secrets, start_operator
from tests.support.repository import ROOT
from tests.support.stand_in import IMAGE, write_stand_in

ACCOUNT = "connect-operator"
RBAC = "rbac.authorization.k8s.io"
QUICK = {"CONNECT_UNWATCHED_INTERVAL": "0.5"}
CRDS = ROOT / "manifests" / "crd"
CRD = CRDS / "connectjobs.schoolconnect.io.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A namespace that an operator serves, with exactly the rights that its documentation names."""

    cluster: Cluster
    namespace: str
    folder: Path
    kubeconfig: Path

    def operator(self, *, until: str = STARTING, **environment: str) -> AbstractContextManager[OperatorProcess]:
        """An operator that serves this namespace."""
        return start_operator(
            self.folder, self.kubeconfig, {"CONNECT_NAMESPACE": self.namespace} | QUICK | environment, until=until
        )

    @contextmanager
    def proxy(self) -> Iterator[tuple[ApiProxy, "Site"]]:
        """A proxy, and this site as seen through it."""
        server, tls = _server(self.cluster)
        with start_api_proxy(server, tls) as proxy:
            kubeconfig = self.folder / "through-the-proxy"
            kubeconfig.write_text(_kubeconfig({"server": proxy.address}, _token(self.kubeconfig)))
            yield proxy, Site(cluster=self.cluster, namespace=self.namespace, folder=self.folder, kubeconfig=kubeconfig)

    def kubectl(self, *arguments: str, source: str | None = None) -> str:
        return self.cluster.kubectl(f"--namespace={self.namespace}", *arguments, source=source)

    def apply(self, *documents: Document) -> None:
        text = "\n---\n".join(json.dumps(document) for document in documents)
        self.kubectl("apply", "--filename=-", source=text)

    def apply_with_secrets(self, document: Document) -> str:
        """Apply a ConnectJob that lacks nothing; returns its name."""
        name = str(document["metadata"]["name"])
        self.apply(*secrets(name), document)
        return name

    def get(self, kind: str, name: str) -> Document:
        found: Document = self.cluster.get_json(kind, name, f"--namespace={self.namespace}")
        return found

    def objects(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.cluster.get_json(kind, f"--namespace={self.namespace}")["items"]
        return found

    def names(self, kind: str) -> set[str]:
        return {item["metadata"]["name"] for item in self.objects(kind)}

    def condition(self, name: str, kind: str) -> tuple[str, str]:
        """Status and reason of a condition; empty ones if there is none."""
        conditions = self.get("connectjob", name).get("status", {}).get("conditions", [])
        found = next((each for each in conditions if each["type"] == kind), {"status": "", "reason": ""})
        return found["status"], found["reason"]

    def wait_for_ready(self, name: str, status: str = "True", reason: str = "Reconciled") -> None:
        what = f"Ready of {name} is {status}, {reason}"
        self.cluster.wait_until(what, lambda: self.condition(name, "Ready"), lambda seen: seen == (status, reason))

    def run_status(self, name: str) -> Document:
        """What is told of a ConnectRun."""
        found: Document = self.get("connectrun", name).get("status", {})
        return found

    def wait_for_run(self, name: str, phase: str) -> Document:
        """The status of a ConnectRun once it has come so far."""
        told = f"ConnectRun {name} is {phase}"
        found: Document = self.cluster.wait_until(
            told, lambda: self.run_status(name), lambda status: status.get("phase") == phase
        )
        return found

    def wait_until_settled(self, name: str) -> None:
        """Ready, and the status knows the CronJob as it is."""

        def seen() -> tuple[object, object]:
            cron_job = self.get("cronjob", f"connect-{name}")["metadata"]
            wanted = self.get("connectjob", name)["status"].get("wanted", {})
            return (cron_job["uid"], cron_job["generation"]), (wanted.get("uid"), wanted.get("generation"))

        self.wait_for_ready(name)
        self.cluster.wait_until(f"{name} is settled", seen, lambda pair: pair[0] == pair[1])

    def wait_until_older(self, name: str) -> None:
        """Until a ConnectJob is older than any that is made now."""
        wait_for_the_next_second(datetime.fromisoformat(self.get("connectjob", name)["metadata"]["creationTimestamp"]))

    def wait_until_job_is_older(self, name: str) -> None:
        """Until a Job is older than any that is made now."""
        wait_for_the_next_second(datetime.fromisoformat(self.get("job", name)["metadata"]["creationTimestamp"]))

    def wait_until_run_is_older(self, name: str) -> None:
        """Until a ConnectRun is older than any that is made now, and was over earlier."""
        run = self.get("connectrun", name)
        moments = run["metadata"]["creationTimestamp"], run["status"].get("completionTime", "")
        wait_for_the_next_second(datetime.fromisoformat(max(moments)))

    def events(self, name: str, *, kind: str = "ConnectJob") -> list[tuple[str, str]]:
        """Reason and note of each event of a ConnectJob, or of an object of another kind; the oldest first."""
        found = self.cluster.get_json("events.events.k8s.io", f"--namespace={self.namespace}")
        return [
            (event["reason"], event["note"])
            for event in sorted(found["items"], key=lambda event: str(event["eventTime"]))
            if event["regarding"]["kind"] == kind and event["regarding"]["name"] == name
        ]

    def requests(self) -> list[AuditEvent]:
        """Everything that the operator of this site has asked the API server."""
        user = f"system:serviceaccount:{self.namespace}:{ACCOUNT}"
        return list(self.cluster.audit_events(lambda event: event.user == user))


@pytest.fixture(scope="package")
def operator_cluster() -> Iterator[Cluster]:
    with start_cluster() as cluster:
        apply_definitions(cluster)
        yield cluster


@pytest.fixture(scope="package")
def stand_in(operator_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image that plays the worker, once the cluster has it."""
    archive = tmp_path_factory.mktemp("stand-in") / "image.tar"
    write_stand_in(archive)
    operator_cluster.load_image(archive)
    return IMAGE


@pytest.fixture(scope="module")
def stage(
    operator_cluster: Cluster, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A namespace that the tests of a module share."""
    with lent_site(operator_cluster, request.path.stem, tmp_path_factory.mktemp("stage")) as site:
        yield site


@pytest.fixture
def site(operator_cluster: Cluster, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A namespace of a test's own."""
    with lent_site(operator_cluster, request.node.name, tmp_path) as site:
        yield site
        site.kubectl("delete", "connectjobs,connectruns", "--all", "--timeout=30s")


@pytest.fixture
def whole_cluster(operator_cluster: Cluster, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A namespace whose operator serves all namespaces."""
    with lent_site(operator_cluster, request.node.name, tmp_path, "ClusterRole") as site:
        yield site
        site.kubectl("delete", "connectjobs,connectruns", "--all", "--timeout=30s")


@contextmanager
def lent_site(cluster: Cluster, whose: str, folder: Path, role: str = "Role") -> Iterator[Site]:
    """A namespace, and at the end the proof that its operator asked for nothing that it was not allowed."""
    site = make_site(cluster, namespace_of(whose), folder, role)
    yield site
    assert not [event for event in site.requests() if event.forbidden]


def apply_definitions(cluster: Cluster) -> None:
    """Let a cluster know ConnectJobs and ConnectRuns."""
    cluster.kubectl("apply", f"--kustomize={CRDS}")
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")


def namespace_of(whose: str) -> str:
    """A namespace's name from a test's or module's, another one each time."""
    name = whose.removeprefix("test_").partition("[")[0].replace("_", "-")
    return f"{name[:40].rstrip('-')}-{token_hex(3)}"


def make_site(cluster: Cluster, namespace: str, folder: Path, role: str) -> Site:
    cluster.create_namespace(namespace)
    cluster.kubectl("create", "serviceaccount", ACCOUNT, f"--namespace={namespace}")
    where = {} if role == "ClusterRole" else {"namespace": namespace}
    metadata = {"name": namespace, **where}
    account = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace}
    cluster.apply(
        json.dumps({"apiVersion": f"{RBAC}/v1", "kind": role, "metadata": metadata, "rules": rights()})
        + "\n---\n"
        + json.dumps(
            {
                "apiVersion": f"{RBAC}/v1",
                "kind": f"{role}Binding",
                "metadata": metadata,
                "roleRef": {"apiGroup": RBAC, "kind": role, "name": namespace},
                "subjects": [account],
            }
        )
    )
    token = cluster.kubectl("create", "token", ACCOUNT, f"--namespace={namespace}", "--duration=2h").strip()
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(_kubeconfig(_cluster_of(cluster), token))
    return Site(cluster=cluster, namespace=namespace, folder=folder, kubeconfig=kubeconfig)


def wait_for_the_next_second(moment: datetime) -> None:
    """Kubernetes tells before from after by whole seconds."""
    later = moment.replace(microsecond=0) + timedelta(seconds=1)
    wait_until("the next second", lambda: datetime.now(UTC), lambda now: now >= later)


def _cluster_of(cluster: Cluster) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(cluster.kubeconfig.read_text())["clusters"][0]["cluster"]
    return read


def _server(cluster: Cluster) -> tuple[str, ssl.SSLContext]:
    seen = _cluster_of(cluster)
    authority = base64.b64decode(seen["certificate-authority-data"]).decode()
    return seen["server"], ssl.create_default_context(cadata=authority)


def _token(kubeconfig: Path) -> str:
    return str(json.loads(kubeconfig.read_text())["users"][0]["user"]["token"])


def _kubeconfig(cluster: dict[str, Any], token: str) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": ACCOUNT, "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": ACCOUNT}}],
            "current-context": "test",
        }
    )
