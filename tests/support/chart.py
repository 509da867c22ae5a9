"""The Helm chart, rendered by the Helm that the test cluster has: no cluster is asked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.command import Result, try_command
from tests.cluster.programs import built_programs
from tests.support.repository import ROOT

CHART = ROOT / "charts" / "connect"
NAMESPACE = "connect"
CONNECT_JOB = "schoolconnect.io/v1alpha1/ConnectJob"

Document = Mapping[str, Any]


def helm(*arguments: str) -> Result:
    """What Helm answers."""
    return try_command((built_programs().path("helm"), *arguments))


def template(values: Mapping[str, object] | None = None, *options: str, release: str = "connect") -> Result:
    """What `helm template` answers to values, given as YAML on its standard input."""
    program = built_programs().path("helm")
    command = (program, "template", release, str(CHART), f"--namespace={NAMESPACE}", "--values=-", *options)
    return try_command(command, source=yaml.safe_dump(dict(values or {})))


def render(values: Mapping[str, object] | None = None, *options: str, release: str = "connect") -> Sequence[Document]:
    """The objects of a release with these values."""
    return documents(template(values, *options, release=release).output_of_success())


def refusal(values: Mapping[str, object]) -> str:
    """What Helm says to values that it does not take."""
    result = template(values)
    assert result.exit_code != 0, "Helm takes these values"
    return result.errors


def documents(text: str) -> Sequence[Document]:
    """The objects in YAML documents, empty ones left out."""
    return [document for document in yaml.safe_load_all(text) if document]


def read_documents(path: Path) -> Sequence[Document]:
    """The objects in a file."""
    return documents(path.read_text(encoding="utf-8"))


def one(rendered: Sequence[Document], kind: str, name: str) -> Document:
    """The object of that kind and name."""
    (found,) = [each for each in rendered if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def pod(rendered: Sequence[Document], deployment: str) -> Document:
    """The pod's spec of a Deployment."""
    spec: Document = one(rendered, "Deployment", deployment)["spec"]["template"]["spec"]
    return spec


def environment(rendered: Sequence[Document], deployment: str) -> Mapping[str, object]:
    """The environment of a Deployment's container: the value, or where it comes from."""
    (container,) = pod(rendered, deployment)["containers"]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}
