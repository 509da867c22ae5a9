"""The definitions of ConnectJob and ConnectRun as the repository holds them, walked field by field."""

from collections.abc import Iterator
from typing import Any

import yaml

from tests.support.repository import ROOT

JOBS, RUNS = "connectjobs", "connectruns"


def definition(plural: str = JOBS) -> dict[str, Any]:
    """The whole CustomResourceDefinition."""
    path = ROOT / "manifests" / "crd" / f"{plural}.schoolconnect.io.yaml"
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def schema(plural: str = JOBS) -> dict[str, Any]:
    """The schema of a ConnectJob, or of another kind."""
    (version,) = definition(plural)["spec"]["versions"]
    found: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return found


def fields(of: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every named field below a schema, as `spec.secrets.customer`; a list's elements as `conditions.type`."""
    for name, field in of.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield here, field
        yield from fields(field, here)
        yield from fields(field.get("items", {}), here)
