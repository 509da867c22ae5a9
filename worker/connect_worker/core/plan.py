"""A plan: changes in the order in which they can be made, counted, and identified by a checksum."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from connect_worker.core.diff import Difference
from connect_worker.core.gated import checksum_of, gated_changes
from connect_worker.model.approval import GatedChange
from connect_worker.model.change import Change, Wave
from connect_worker.model.directory import ObjectKey
from connect_worker.model.ids import Guid


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a sync would do: a difference whose changes are in their order.

    `linked` are objects recognised by an intention, with their rows' keys.
    """

    difference: Difference
    changes: tuple[Change, ...]
    linked: Mapping[ObjectKey, Guid]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is left alone, for the report."""
        return self.difference.notes

    def waves(self) -> Iterator[tuple[Wave, tuple[Change, ...]]]:
        """The changes wave by wave; within one, none depends on another."""
        for wave, changes in groupby(self.changes, key=lambda change: change.wave):
            yield wave, tuple(changes)

    def counts(self) -> Counter[str]:
        """Number of changes by kind."""
        return Counter(change.kind for change in self.changes)

    @property
    def gated(self) -> frozenset[GatedChange]:
        """What the safety gate counts of it."""
        return gated_changes(self.changes)

    @property
    def checksum(self) -> str:
        """Identifies what the safety gate counts, and nothing else (ruling 36)."""
        return checksum_of(self.gated)


def make_plan(difference: Difference, linked: Mapping[ObjectKey, Guid]) -> Plan:
    """Sort the changes into waves, and within a wave by object, so that the same picture gives the same plan."""
    ordered = sorted(difference.changes, key=lambda change: (change.wave, change.dn.count(","), change.dn))
    return Plan(difference=difference, changes=tuple(ordered), linked=linked)
