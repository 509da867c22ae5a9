"""What the statuses are written and read with: camelCase, moments to the second in UTC, what is empty left out."""

from collections.abc import Iterable
from datetime import UTC, datetime

from connect_operator.core.condition import Condition, Finding, Kind, Truth
from connect_protocol.json_object import JsonObject
from connect_protocol.report import ChangeCount, WarningCount

Document = dict[str, object]


def filled(document: Document) -> Document:
    """Without what is empty; a zero is something."""
    return {name: value for name, value in document.items() if value not in ("", None, {}, [])}


def moment_text(moment: datetime | None) -> str:
    """As Kubernetes writes a moment; empty for none."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def word(members: JsonObject, name: str) -> str:
    """A text, empty where there is none."""
    return members.optional_text(name) or ""


def integer(members: JsonObject, name: str) -> int:
    """A number, 0 where there is none."""
    return members.integer(name) if members.has(name) else 0


def moment(members: JsonObject, name: str) -> datetime | None:
    """A moment, or None."""
    return datetime.fromisoformat(members.text(name)) if members.has(name) else None


def condition_documents(conditions: Iterable[Condition[Kind]]) -> list[Document]:
    """Conditions as every object of Kubernetes has them."""
    return [
        {
            "type": condition.finding.type.value,
            "status": condition.finding.truth.value,
            "observedGeneration": condition.generation,
            "lastTransitionTime": moment_text(condition.since),
            "reason": condition.finding.reason,
            "message": condition.finding.message,
        }
        for condition in conditions
    ]


def read_conditions(status: JsonObject, kinds: type[Kind]) -> tuple[Condition[Kind], ...]:
    """What `condition_documents` wrote."""
    return tuple(_condition(condition, kinds) for condition in status.elements("conditions"))


def _condition(condition: JsonObject, kinds: type[Kind]) -> Condition[Kind]:
    finding = Finding(
        type=kinds(condition.text("type")),
        truth=Truth(condition.text("status")),
        reason=condition.text("reason"),
        message=word(condition, "message"),
    )
    return Condition(
        finding=finding,
        generation=integer(condition, "observedGeneration"),
        since=datetime.fromisoformat(condition.text("lastTransitionTime")),
    )


def changes_document(changes: Iterable[ChangeCount]) -> dict[str, dict[str, int]]:
    """Counts by kind and by what became of the changes."""
    document: dict[str, dict[str, int]] = {}
    for row in changes:
        document.setdefault(row.kind, {})[row.result] = row.count
    return document


def read_changes(of: JsonObject) -> tuple[ChangeCount, ...]:
    """What `changes_document` wrote."""
    return tuple(
        ChangeCount(kind=kind, result=result, count=count)
        for kind, results in of.object("changes").objects()
        for result, count in results.integers()
    )


def warnings_document(users: Iterable[WarningCount], groups: Iterable[WarningCount]) -> Document:
    """Counts by the warning's number, of users and of groups."""
    rows = {"users": users, "groups": groups}
    return filled({whose: {str(row.code): row.count for row in counted} for whose, counted in rows.items()})


def read_warnings(of: JsonObject, whose: str) -> tuple[WarningCount, ...]:
    """What `warnings_document` wrote of `users` or `groups`."""
    counted = of.object("warnings").object(whose).integers()
    return tuple(WarningCount(code=int(code), count=count) for code, count in counted)
