"""The definition of the ConnectJob as the repository holds it, walked field by field."""

from collections.abc import Iterator
from typing import Any

import yaml

from tests.support.repository import ROOT

PATH = "manifests/crd/connectjobs.schoolconnect.io.yaml"


def definition() -> dict[str, Any]:
    """The whole CustomResourceDefinition."""
    document: dict[str, Any] = yaml.safe_load((ROOT / PATH).read_text(encoding="utf-8"))
    return document


def schema() -> dict[str, Any]:
    """The schema of a ConnectJob."""
    (version,) = definition()["spec"]["versions"]
    found: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return found


def fields(of: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every named field below a schema, as `spec.secrets.customer`; a list's elements as `conditions.type`."""
    for name, field in of.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield here, field
        yield from fields(field, here)
        yield from fields(field.get("items", {}), here)
