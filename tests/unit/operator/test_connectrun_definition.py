"""The definition of the ConnectRun in manifests/crd is explained field by field."""

from typing import Any

import pytest

from connect_operator.core import names
from connect_operator.core.spec import Mode
from connect_operator.core.status import Truth
from tests.support.custom_resource import RUNS, definition, fields, schema
from tests.unit.operator.test_connectjob_definition import SENTENCE


def test_names() -> None:
    spec = definition(RUNS)["spec"]
    assert (spec["group"], spec["names"]["plural"], spec["names"]["shortNames"]) == (names.GROUP, RUNS, ["cnr"])
    assert [version["name"] for version in spec["versions"]] == [names.VERSION]


@pytest.mark.parametrize(("path", "field"), list(fields(schema(RUNS))), ids=[path for path, _ in fields(schema(RUNS))])
def test_every_field_is_explained_in_a_sentence(path: str, field: dict[str, Any]) -> None:
    assert path == "metadata" or SENTENCE.fullmatch(field["description"])


def test_every_column_is_explained() -> None:
    (version,) = definition(RUNS)["spec"]["versions"]
    assert all(SENTENCE.fullmatch(column["description"]) for column in version["additionalPrinterColumns"])


def test_enums_are_the_operators() -> None:
    assert schema(RUNS)["properties"]["spec"]["properties"]["mode"]["enum"] == list(Mode)
    condition = schema(RUNS)["properties"]["status"]["properties"]["conditions"]["items"]["properties"]
    assert condition["status"]["enum"] == list(Truth)
