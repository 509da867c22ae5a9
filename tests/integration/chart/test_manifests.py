"""What stands in manifests/ installs the same as the chart, without Helm."""

import os
from pathlib import Path

from scripts.render_manifests import MANIFESTS, render, written
from tests.cluster.command import run_command
from tests.cluster.programs import built_programs
from tests.support.chart import CHART, Document, documents, environment, one, pod, read_documents
from tests.support.chart import render as render_chart
from tests.support.repository import read


def kustomized(folder: Path) -> list[Document]:
    """The objects that `kubectl apply --kustomize` would make."""
    return list(documents(run_command((built_programs().path("kubectl"), "kustomize", str(folder)))))


def identities(objects: list[Document]) -> set[tuple[str, str]]:
    """Kind and name of each."""
    return {(each["kind"], each["metadata"]["name"]) for each in objects}


def test_the_manifests_are_current() -> None:
    """After a change of the chart, `make manifests` is run and its result committed."""
    made = render(built_programs().path("helm"))
    assert {path: (MANIFESTS / path).read_text(encoding="utf-8") for path in sorted(written())} == dict(made)


def test_kustomize_makes_what_the_chart_makes_and_the_namespace() -> None:
    chart = identities(list(render_chart()))
    assert identities(kustomized(MANIFESTS)) == chart | {("Namespace", "connect")}


def test_what_is_the_whole_clusters_has_no_namespace() -> None:
    within = {"ServiceAccount", "Role", "RoleBinding", "Service", "Deployment", "NetworkPolicy"}
    assert {each["kind"] for each in kustomized(MANIFESTS) if "namespace" in each["metadata"]} == within


def test_what_is_for_prometheus_and_grafana_can_be_applied_by_itself() -> None:
    made = kustomized(MANIFESTS / "monitoring")
    assert {each["kind"] for each in made} == {"PodMonitor", "PrometheusRule", "ConfigMap"}


def test_what_kustomize_makes_says_nothing_of_helm() -> None:
    rendered = run_command((built_programs().path("kubectl"), "kustomize", str(MANIFESTS)))
    assert "helm" not in rendered.lower()


def test_the_charts_definitions_are_copies() -> None:
    for name in ("connectjobs.schoolconnect.io.yaml", "connectruns.schoolconnect.io.yaml"):
        assert (CHART / "files" / "crd" / name).read_text() == read(f"manifests/crd/{name}")


def test_the_sample_names_the_sample_secrets() -> None:
    (job,) = read_documents(MANIFESTS / "samples" / "connectjob.yaml")
    secrets = read_documents(MANIFESTS / "samples" / "secrets.yaml")
    assert set(job["spec"]["secrets"].values()) == {each["metadata"]["name"] for each in secrets}


def test_the_overlay_of_the_installation_page_works(tmp_path: Path) -> None:
    page = read("docs/how-to/install.md").partition("## Without Helm\n")[2]
    overlay = page.partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "kustomization.yaml").write_text(
        overlay.replace("connect/manifests", os.path.relpath(MANIFESTS, tmp_path))
    )
    made = kustomized(tmp_path)
    registry = "registry.example.org/schools"
    assert pod(made, "connect-operator")["containers"][0]["image"] == f"{registry}/connect-operator:0.1.0"
    assert pod(made, "connect-relay")["containers"][0]["image"] == f"{registry}/connect-relay:0.1.0"
    assert environment(made, "connect-operator")["CONNECT_WORKER_IMAGE"] == f"{registry}/connect-worker:0.1.0"
    assert one(made, "Service", "connect-relay")["spec"]["type"] == "LoadBalancer"
