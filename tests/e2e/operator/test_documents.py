"""Every YAML of docs/ and manifests/samples is taken by a real API server: none is there only to be read.

A whole object is applied; a part of a ConnectJob as a change of the sample; values of the chart as what it makes of
them; a kustomization with all that it brings along.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.cluster import Cluster
from tests.e2e.operator.conftest import CRD
from tests.support.custom_resource import schema
from tests.support.repository import ROOT, read, texts

NAMESPACE = "connect"
SAMPLE = "manifests/samples/connectjob.yaml"
ELSEWHERE = {
    "cert-manager.io/v1": "tests/integration/relay/test_identities_page.py",
    "services": "tests/project/test_bridge_page.py",
}
"""What is for somebody else's program, by its version or first word: the tests that hold it to that."""
PROMETHEUS = "monitoring.coreos.com/"
"""Kinds of an operator that is not in this cluster; what they say is held to Prometheus' own programs elsewhere."""
Document = dict[str, Any]


def documents() -> Iterator[tuple[str, Document]]:
    """Every YAML document of docs/ and of the samples, with where it stands."""
    for path, text in texts(".md"):
        if path.parts[0] in {"docs", "charts"} or path.name == "README.md":
            for block in re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
                yield from ((str(path), document) for document in yaml.safe_load_all(block))
    for path, text in texts(".yaml"):
        if path.parts[:2] == ("manifests", "samples"):
            yield from ((str(path), document) for document in yaml.safe_load_all(text))


DOCUMENTS = list(documents())


@pytest.fixture(scope="module")
def namespace(operator_cluster: Cluster) -> Iterator[str]:
    """The namespace that the pages speak of, with both definitions."""
    for definition in CRD.parent.glob("connect*.yaml"):
        operator_cluster.kubectl("apply", f"--filename={definition}")
        operator_cluster.kubectl("wait", f"--filename={definition}", "--for=condition=Established", "--timeout=30s")
    operator_cluster.create_namespace(NAMESPACE)
    yield NAMESPACE
    operator_cluster.kubectl("delete", "namespace", NAMESPACE)


@pytest.mark.parametrize(
    "document", [document for _, document in DOCUMENTS], ids=[f"{page}-{n}" for n, (page, _) in enumerate(DOCUMENTS)]
)
def test_what_a_page_shows_is_taken(
    operator_cluster: Cluster, namespace: str, tmp_path: Path, document: Document
) -> None:
    first = document.get("apiVersion") or next(iter(document))
    if first in ELSEWHERE:
        assert "yaml" in read(ELSEWHERE[first])
    elif document.get("kind") == "Kustomization":
        shutil.copytree(ROOT / "manifests", tmp_path / "connect" / "manifests")
        (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(document))
        dry_run(operator_cluster, f"--kustomize={tmp_path}")
    elif "apiVersion" in document:
        dry_run(operator_cluster, f"--namespace={namespace}", source=json.dumps(document))
    elif is_of_a_connect_job(document):
        sample = yaml.safe_load(read(SAMPLE))
        sample["spec"] |= document.get("spec", document)
        dry_run(operator_cluster, f"--namespace={namespace}", source=json.dumps(sample))
    else:
        (tmp_path / "values.yaml").write_text(yaml.safe_dump(document))
        options = (f"--values={tmp_path / 'values.yaml'}", "--api-versions=schoolconnect.io/v1alpha1/ConnectJob")
        chart = operator_cluster.helm(
            "template", "connect", str(ROOT / "charts/connect"), f"--namespace={namespace}", *options
        )
        made = [each for each in yaml.safe_load_all(chart) if each and not each["apiVersion"].startswith(PROMETHEUS)]
        dry_run(operator_cluster, f"--namespace={namespace}", source=yaml.safe_dump_all(made))


def dry_run(cluster: Cluster, *options: str, source: str | None = None) -> None:
    """Apply it without keeping it, or create it if each is another; a field that nobody knows is refused."""
    verb = "create" if source is not None and "generateName" in source else "apply"
    told = () if source is None else ("--filename=-",)
    cluster.kubectl(verb, "--dry-run=server", "--validate=strict", *options, *told, source=source)


def is_of_a_connect_job(document: Document) -> bool:
    """Whether it is a spec, or some fields of one; the chart has a value `relay` too, without transport."""
    known = schema()["properties"]["spec"]["properties"].keys()
    relay = document.get("relay", {"transport": ""})
    return document.keys() == {"spec"} or (document.keys() <= known and "transport" in relay)


def test_there_is_yaml_of_every_kind() -> None:
    """A guard that found nothing would prove nothing."""
    kinds = {document.get("kind") for _, document in DOCUMENTS}
    assert {"ConnectJob", "ConnectRun", "Secret", "Kustomization"} <= kinds
    assert any("customers" in document for _, document in DOCUMENTS)
    assert any(is_of_a_connect_job(document) for _, document in DOCUMENTS)
