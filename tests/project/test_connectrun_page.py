"""docs/reference/connectrun.md tells of every field, column, condition, reason and event, and of no other."""

import re

from connect_operator.core.run_status import RunConditionType, RunPhase
from tests.project.test_connectjob_page import COMPOUND, constants, named
from tests.support.custom_resource import RUNS, definition, fields, schema
from tests.support.repository import read, table

PAGE = "docs/reference/connectrun.md"
DECIDED = constants("run_queue") | constants("run_states") | constants("withdrawal")


def words(heading: str) -> list[str]:
    return [word for row in table(read(PAGE), heading) for word in named(row)]


def test_every_field_of_the_spec_is_told() -> None:
    assert words("## Spec") == [path for path, _ in fields(schema(RUNS)["properties"]["spec"])]


def test_every_field_of_the_status_is_told() -> None:
    assert sorted(words("## Status")) == sorted(schema(RUNS)["properties"]["status"]["properties"])


def test_every_column_is_told() -> None:
    (version,) = definition(RUNS)["spec"]["versions"]
    assert words("## Columns") == [column["name"] for column in version["additionalPrinterColumns"]]


def test_every_condition_is_told() -> None:
    assert re.findall(r"^### (\w+)$", read(PAGE), flags=re.MULTILINE) == list(RunConditionType)


def test_every_reason_and_event_that_the_operator_gives_is_told() -> None:
    given = {word for word in DECIDED if COMPOUND.fullmatch(word)}
    assert given - set(re.findall(r"\w+", read(PAGE))) == set()


def test_every_reason_that_is_told_is_given() -> None:
    told = {word for kind in RunConditionType for word in words(f"### {kind}")}
    assert told - DECIDED - set(RunPhase) == {"JobDeleted"}
