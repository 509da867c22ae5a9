"""A plan as a person reads it: what the safety gate counts first, for that is what is approved."""

from collections.abc import Iterator

from connect_operator.kubectl.table import Cell, Colour, Style, printable, table
from connect_protocol.plan_block import PlanBlock, PlannedChange

_COUNTED = "!"


def plan_lines(plan: PlanBlock, style: Style, *, name: str) -> Iterator[str]:
    """The plan of a ConnectJob, and how it is approved if it has to be."""
    yield from _changes(plan, style)
    yield ""
    yield _sum(plan)
    yield from (style.paint(printable(excess), Colour.WARNING) for excess in plan.excesses)
    if plan.approved_by:
        yield f"Approved by {printable(plan.approved_by)}"
    yield f"Checksum {plan.checksum}, of the {_changes_in_words(plan.gated)} marked {_COUNTED}"
    if plan.blocked:
        yield "If exactly these are meant:"
        yield f'  kubectl connect approve {name} {plan.checksum} --reason "…"'


def document(plan: PlanBlock) -> dict[str, object]:
    """For machines."""
    return {
        "realm": plan.realm,
        "runId": plan.run_id,
        "checksum": plan.checksum,
        "blocked": plan.blocked,
        "excesses": list(plan.excesses),
        "approvedBy": plan.approved_by,
        "counts": dict(plan.counts),
        "gated": plan.gated,
        "omitted": plan.omitted,
        "changes": [_change_document(change) for change in plan.changes],
    }


def _changes(plan: PlanBlock, style: Style) -> Iterator[str]:
    if not plan.changes:
        yield "Nothing would change."
        return
    rows = [_row(change) for change in sorted(plan.changes, key=lambda change: not change.gated)]
    yield table(("", "CHANGE", "OBJECT", "CAUSE", "WHAT"), rows, style)
    if plan.omitted:
        yield style.paint(f"{plan.omitted} more changes had no place in the log.", Colour.WARNING)


def _row(change: PlannedChange) -> tuple[Cell, ...]:
    colour = Colour.WARNING if change.gated else Colour.PLAIN
    return (
        Cell(text=_COUNTED if change.gated else "", colour=colour),
        Cell(text=change.kind, colour=colour),
        Cell(text=change.object),
        Cell(text=change.cause),
        Cell(text=change.sentence),
    )


def _sum(plan: PlanBlock) -> str:
    counts = ", ".join(f"{kind} {count}" for kind, count in plan.counts.items())
    return _changes_in_words(sum(plan.counts.values())) + (f": {counts}" if counts else "")


def _changes_in_words(count: int) -> str:
    return f"{count} change" if count == 1 else f"{count} changes"


def _change_document(change: PlannedChange) -> dict[str, object]:
    return {
        "kind": change.kind,
        "object": change.object,
        "dn": change.dn,
        "cause": change.cause,
        "sentence": change.sentence,
        "before": change.before,
        "after": change.after,
        "gated": change.gated,
    }
