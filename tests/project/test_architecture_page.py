"""docs/explanation/architecture.md names the layers and the core's modules as they are."""

import re
import tomllib

import pytest

from tests.support.repository import ROOT, read, table

PAGE = "docs/explanation/architecture.md"


HEADINGS = {
    "connect_worker": "## Layers",
    "connect_operator": "## The operator",
    "connect_operator.kubectl": "### kubectl connect",
    "connect_operator.core": "### What the operator decides",
    "connect_operator.schedule": "### Schedules",
    "connect_relay": "## Relay and bridge",
    "connect_relay.bridge": "### The bridge",
    "connect_relay.pki": "### The authority",
    "connect_relay.ssh": "### The SSH port",
}


def layers() -> dict[str, list[str]]:
    """Package → its layers, from the contracts of import-linter."""
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    return {contract["containers"][0]: contract["layers"] for contract in contracts if contract["type"] == "layers"}


@pytest.mark.parametrize(("package", "heading"), HEADINGS.items())
def test_the_layers_are_those_of_the_import_contract(package: str, heading: str) -> None:
    block = re.search(rf"\n{heading}\n.*?\n```\n(.*?)```", read(PAGE), flags=re.DOTALL)
    assert block
    assert [re.split(r"  +", line)[0] for line in block[1].splitlines()] == layers()[package]


def test_every_package_with_layers_has_its_list() -> None:
    assert set(layers()) == set(HEADINGS)


def test_every_module_of_the_core_has_its_step() -> None:
    told = [name for _, modules in table(read(PAGE), "## The core") for name in re.findall(r"[\w/]+", modules)]
    core = ROOT / "worker" / "connect_worker" / "core"
    modules = [path.stem for path in core.glob("*.py") if path.stem != "__init__"]
    folders = [f"{path.name}/" for path in core.iterdir() if (path / "__init__.py").exists()]
    assert sorted(told) == sorted([*modules, *folders])
