"""docs/reference/connectrun.md tells of every field and column, and of no other."""

from tests.project.test_connectjob_page import named
from tests.support.custom_resource import RUNS, definition, fields, schema
from tests.support.repository import read, table

PAGE = "docs/reference/connectrun.md"


def words(heading: str) -> list[str]:
    return [word for row in table(read(PAGE), heading) for word in named(row)]


def test_every_field_of_the_spec_is_told() -> None:
    assert words("## Spec") == [path for path, _ in fields(schema(RUNS)["properties"]["spec"])]


def test_every_field_of_the_status_is_told() -> None:
    assert sorted(words("## Status")) == sorted(schema(RUNS)["properties"]["status"]["properties"])


def test_every_column_is_told() -> None:
    (version,) = definition(RUNS)["spec"]["versions"]
    assert words("## Columns") == [column["name"] for column in version["additionalPrinterColumns"]]
