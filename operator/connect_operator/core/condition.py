"""Conditions, as Kubernetes tells how an object fares: a ConnectJob's and a ConnectRun's differ in their types only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

Kind = TypeVar("Kind", bound=StrEnum)


class Truth(StrEnum):
    """Kubernetes' three values of a condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding(Generic[Kind]):
    """What is found now: a condition before it is known since when."""

    type: Kind
    truth: Truth
    reason: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition(Generic[Kind]):
    """A finding, for which generation of the spec, and since when its truth has been what it is."""

    finding: Finding[Kind]
    generation: int
    since: datetime


def conditions(
    findings: Iterable[Finding[Kind]], before: Iterable[Condition[Kind]], *, generation: int, now: datetime
) -> tuple[Condition[Kind], ...]:
    """Findings with the moment since when each has been true, false or unknown, by the conditions `before`."""
    known = {(each.finding.type, each.finding.truth): each.since for each in before}
    return tuple(
        Condition(finding=finding, generation=generation, since=known.get((finding.type, finding.truth), now))
        for finding in findings
    )
