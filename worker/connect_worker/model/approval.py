"""What the safety gate stopped, and a person's approval of it (ruling 36)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

VALID = timedelta(hours=24)
"""How long an approval holds, and how old a plan may be that is approved."""


class Gate(StrEnum):
    """Where a run was stopped: before its update, for people leaving the scope, or before its sync, for its plan."""

    SCOPE = "scope"
    PLAN = "plan"


@dataclass(frozen=True, kw_only=True, order=True, slots=True)
class GatedChange:
    """One thing done to one object. `guid` is empty for an object that is created anew."""

    kind: str
    object: str
    guid: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockedPlan:
    """What a run was stopped with: the changes that the gate counts, and why they were too many."""

    gate: Gate
    checksum: str
    gated: frozenset[GatedChange]
    excesses: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """A person's approval that is still good: of these changes or some of them, for one run."""

    gate: Gate
    checksum: str
    gated: frozenset[GatedChange]
    approved_by: str
    approved_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalOrder:
    """Who approves which checksum, and perhaps why."""

    checksum: str
    approved_by: str
    comment: str | None = None
