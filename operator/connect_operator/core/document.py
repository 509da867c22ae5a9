"""What the statuses are written and read with: camelCase, moments to the second in UTC, what is empty left out."""

from collections.abc import Iterable
from datetime import UTC, datetime

from connect_operator.core.condition import Condition, Finding, Kind, Truth
from connect_protocol.json_object import JsonObject

Document = dict[str, object]


def filled(document: Document) -> Document:
    """Without what is empty; a zero is something."""
    return {name: value for name, value in document.items() if value not in ("", None, {}, [])}


def moment_text(moment: datetime | None) -> str:
    """As Kubernetes writes a moment; empty for none."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
        message=condition.optional_text("message"),
    )
    return Condition(
        finding=finding,
        generation=condition.optional_integer("observedGeneration"),
        since=condition.moment("lastTransitionTime"),
    )
