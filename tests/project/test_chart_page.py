"""Guards over the chart: its values, their schema and their page say the same."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tests.support.repository import read, table

Values = Mapping[str, Any]
LINE = re.compile(r"(?P<indent> *)(?:# (?P<comment>.+)|(?P<key>\w+):.*)")


def commented(text: str) -> Mapping[str, str]:
    """Path of each value that has a comment right above it → the comment, its lines joined."""
    path: list[str] = []
    comments: dict[str, str] = {}
    comment: list[str] = []
    for line in text.splitlines():
        found = LINE.fullmatch(line)
        if found is None:
            comment = []
        elif found["comment"]:
            comment.append(found["comment"])
        else:
            path[len(found["indent"]) // 2 :] = [found["key"]]
            if comment:
                comments[".".join(path)] = " ".join(comment)
            comment = []
    return comments


def leaves(values: Values, prefix: str = "") -> Iterator[str]:
    """The path of each value that has none below it."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def value_at(values: Values, path: str) -> object:
    """The value in that place."""
    found: Any = values
    for key in path.split("."):
        found = found[key]
    return found


def schema_leaves(schema: Values, node: Values, prefix: str = "") -> Iterator[str]:
    """The path of each value that the schema describes, `resources` and free maps taken as one."""
    for key, described in node["properties"].items():
        resolved = schema["$defs"][described["$ref"].rpartition("/")[2]] if "$ref" in described else described
        if "properties" in resolved and key != "resources":
            yield from schema_leaves(schema, resolved, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


TEXT = read("charts/connect/values.yaml")
VALUES: Values = yaml.safe_load(TEXT)


def test_every_value_has_a_comment() -> None:
    comments = commented(TEXT)
    assert [leaf for leaf in leaves(VALUES) if not any(f"{leaf}.".startswith(f"{path}.") for path in comments)] == []


def test_the_page_has_every_value_with_its_default_and_meaning() -> None:
    rows = table(read("docs/reference/chart.md"), "## Values")
    wanted = [(path, json.dumps(value_at(VALUES, path)), comment) for path, comment in commented(TEXT).items()]
    assert rows == wanted


def test_the_schema_knows_every_value_and_no_other() -> None:
    schema = json.loads(read("charts/connect/values.schema.json"))
    # Helm itself gives `global` to a chart within another.
    assert sorted(schema_leaves(schema, schema)) == sorted([*commented(TEXT), "global"])


def test_chart_and_images_have_the_projects_version() -> None:
    chart = yaml.safe_load(read("charts/connect/Chart.yaml"))
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert (chart["version"], chart["appVersion"]) == (version, version)


def test_the_guard_reads_comments_by_their_place() -> None:
    """A guard that sees nothing guards nothing."""
    text = "# Two\n# lines.\na:\n  # One.\n  b: 1\n  c: 2\n\n# Detached.\n\nd: 3\n"
    assert commented(text) == {"a": "Two lines.", "a.b": "One."}
    assert list(leaves(yaml.safe_load(text))) == ["a.b", "a.c", "d"]
