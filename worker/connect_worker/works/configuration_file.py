"""The configuration as YAML: for people to read, keep, compare and edit."""

from typing import Any

import yaml

from connect_worker.errors import ConfigurationError
from connect_worker.store.settings_document import GENERAL, Document

REASON = "ConfigurationFileInvalid"
_WIDTH = 120


def to_yaml(document: Document) -> str:
    """Every setting, the general ones first; secrets are none."""
    return yaml.safe_dump(content_of(document), allow_unicode=True, sort_keys=False, width=_WIDTH)


def from_yaml(text: str) -> object:
    """What a file says. Raises ConfigurationError for what is no YAML, or names a setting twice."""
    try:
        return yaml.load(text, Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        raise ConfigurationError(
            f"the file is no YAML that could be read: {where}{getattr(error, 'problem', None) or 'not readable'}",
            todo="Begin with what connect-worker config export gives",
            reason=REASON,
        ) from None


def value_from(text: str) -> Any:
    """A value of the command line that is no text: a number, true or false, a list, or nothing."""
    return from_yaml(text)


class _UniqueKeys(yaml.SafeLoader):
    """YAML takes the last of two equal keys; here that is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"{twice} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def content_of(document: Document) -> dict[str, object]:
    """The general settings by name, and the rows of the other parts."""
    (general,) = document.parts[GENERAL]
    rows = {part: [dict(row) for row in rows] for part, rows in document.parts.items() if part != GENERAL}
    return {GENERAL: dict(general), **rows}
