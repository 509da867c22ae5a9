"""docs/reference/connectjob.md tells of every field, column, condition, reason and event, and of no other."""

import ast
import re

from connect_operator.core.status import ConditionType
from tests.support.custom_resource import definition, fields, schema
from tests.support.repository import ROOT, read, table

PAGE = "docs/reference/connectjob.md"
WORD = re.compile(r"[A-Z][A-Za-z]+")
COMPOUND = re.compile(r"([A-Z][a-z]+){2,}")
DECIDING = ("decision", "drift", "endings", "events", "findings", "planning", "runs", "starting")
AS_IN_A_POD = ("tolerations.", "resources.", "affinity.")
NO_REASONS = {"ContainerCreating", "PodInitializing", "ErrImagePull", "BlockedByWarnings", "BlockedBySafetyGate"}
"""States on the way to a running pod, another word for one that is told, and reasons that the worker's page tells."""


def named(row: tuple[str, ...] | list[str]) -> list[str]:
    """The words of a table's first cell."""
    return [word.strip("` ") for word in row[0].split(",")]


def words(heading: str) -> list[str]:
    return [word for row in table(read(PAGE), heading) for word in named(row)]


def constants(module: str) -> set[str]:
    """Every text in a module of the operator that is a word."""
    tree = ast.parse((ROOT / "operator" / "connect_operator" / "core" / f"{module}.py").read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if WORD.fullmatch(text)}


def test_every_field_of_the_spec_is_told() -> None:
    paths = [path for path, _ in fields(schema()["properties"]["spec"])]
    assert words("## Spec") == [path for path in paths if not path.startswith(AS_IN_A_POD)]


def test_every_field_of_the_status_is_told() -> None:
    assert sorted(words("## Status")) == sorted(schema()["properties"]["status"]["properties"])


def test_the_defaults_are_the_definitions() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in table(read(PAGE), "## Spec")}
    for path, field in fields(schema()["properties"]["spec"]):
        if "default" in field:
            assert told[path] == str(field["default"]).replace("False", "false")


def test_every_column_is_told() -> None:
    (version,) = definition()["spec"]["versions"]
    assert words("## Columns") == [column["name"] for column in version["additionalPrinterColumns"]]


def test_every_condition_is_told() -> None:
    assert re.findall(r"^### (\w+)$", read(PAGE), flags=re.MULTILINE) == list(ConditionType)


def test_every_reason_and_event_that_the_operator_gives_is_told() -> None:
    told = set(WORD.findall(read(PAGE)))
    given = {word for module in DECIDING for word in constants(module) if COMPOUND.fullmatch(word)}
    assert given - told - NO_REASONS == set()


def test_every_reason_and_event_that_is_told_is_given() -> None:
    of_kubernetes = {"BackoffLimitExceeded", "PodFailurePolicy"}
    told = {word for kind in ConditionType for word in words(f"### {kind}")} | set(words("## Events"))
    given = {word for module in DECIDING for word in constants(module)}
    assert told - given - of_kubernetes == set()
