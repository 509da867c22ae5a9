"""How many: of changes by kind and by what became of them, and of warnings by their number; as types, and as JSON."""

from collections.abc import Iterable
from dataclasses import dataclass

from connect_protocol.json_object import JsonObject

USERS, GROUPS = "users", "groups"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeCount:
    """How many changes of a kind (create_user …) ended in one way (done, failed, …; planned in a dry run)."""

    kind: str
    result: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WarningCount:
    """How many records have one warning."""

    code: int
    count: int


def changes_document(changes: Iterable[ChangeCount]) -> dict[str, dict[str, int]]:
    """As JSON has them: kind, then result."""
    document: dict[str, dict[str, int]] = {}
    for row in changes:
        document.setdefault(row.kind, {})[row.result] = row.count
    return document


def read_changes(document: JsonObject) -> tuple[ChangeCount, ...]:
    """What `changes_document` wrote, as `changes` of a document. Raises ValueError that names the field."""
    return tuple(
        ChangeCount(kind=kind, result=result, count=count)
        for kind, results in document.object("changes").objects()
        for result, count in results.integers()
    )


def warnings_document(*, users: Iterable[WarningCount], groups: Iterable[WarningCount]) -> dict[str, dict[str, int]]:
    """As JSON has them: `users` or `groups`, whichever have any, then the number."""
    counted = {whose: {str(row.code): row.count for row in rows} for whose, rows in ((USERS, users), (GROUPS, groups))}
    return {whose: rows for whose, rows in counted.items() if rows}


def read_warnings(document: JsonObject, whose: str) -> tuple[WarningCount, ...]:
    """What `warnings_document` wrote of `users` or `groups`, as `warnings` of a document. Raises as `read_changes`."""
    counted = document.object("warnings").object(whose).integers()
    return tuple(WarningCount(code=_number(code), count=count) for code, count in counted)


def _number(code: str) -> int:
    if not code.isdecimal():
        raise ValueError(f"warnings are counted for a code {code!r}, which is no number")
    return int(code)
