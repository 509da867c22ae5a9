"""Which groups there should be today, and who belongs to them.

A group is rule, mandant, source id and level, never its name: a renamed class renames its group in place (ruling 18).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connect_worker.core.group_criteria import CRITERIA, Description, OfPupil, OfStaff, Source, Spread, Traits
from connect_worker.core.mandants import chosen_mandant
from connect_worker.core.school import Placement, School
from connect_worker.core.scope import StudentScope
from connect_worker.core.templates import Values
from connect_worker.model.configuration import Configuration, GroupRule
from connect_worker.model.ids import AccountKey, GroupKey, Mandant, MandantMask, UserType, mandants_of, mask_of
from connect_worker.model.person import Staff

ALL = Mandant(0)
_Formed = tuple[Mandant, Source]
_Fitting = tuple[MandantMask, Source, frozenset[AccountKey]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Population:
    """The people whose accounts are active today: what the criteria choose from."""

    students: Sequence[StudentScope]
    staff: Sequence[Staff]


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupDraft:
    """A group that a rule yields: its identity, what its templates may say but for the mandant, and who fits."""

    key: GroupKey
    rule: GroupRule
    mandants: MandantMask
    mandant_chosen: Mandant | None
    values: Values
    members: frozenset[AccountKey]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cohort:
    """Pupils whom no criterion tells apart: of one class and with one mandant mask."""

    placement: Placement | None
    mandants: MandantMask
    members: frozenset[AccountKey]


class GroupDrafts:
    """The groups of one customer's configuration on one day."""

    def __init__(self, configuration: Configuration, school: School) -> None:
        self._rules = configuration.groups
        self._school = school
        self._configured = mask_of(*(row.number for row in configuration.mandants))
        self._traits = Traits(school, {row.level for row in configuration.levels})

    def of(self, people: Population) -> tuple[GroupDraft, ...]:
        """Every group that has at least one active person who fits."""
        cohorts = _cohorts(people.students)
        return tuple(draft for rule in self._rules for draft in self._of_rule(rule, cohorts, people.staff))

    def _of_rule(self, rule: GroupRule, cohorts: Sequence[_Cohort], staff: Sequence[Staff]) -> Iterator[GroupDraft]:
        description = CRITERIA[rule.criterion]
        members = self._members(description, cohorts, staff)
        for (mandant, source), keys in sorted(members.items()):
            mandants, chosen = self._mandants(description, mandant, source)
            yield GroupDraft(
                key=GroupKey(rule.criterion, mandant, source.id, source.level),
                rule=rule,
                mandants=mandants,
                mandant_chosen=chosen,
                values=description.tell(self._traits, source),
                members=frozenset(keys),
            )

    def _members(
        self, description: Description, cohorts: Iterable[_Cohort], staff: Sequence[Staff]
    ) -> Mapping[_Formed, set[AccountKey]]:
        formed: defaultdict[_Formed, set[AccountKey]] = defaultdict(set)
        for mask, source, keys in (
            *self._pupils(description.students, cohorts),
            *self._staff(description.staff, staff),
        ):
            for mandant in self._spread(description.spread, mask):
                formed[mandant, source] |= keys
        for _, source, keys in self._staff(description.joining, staff):
            if (ALL, source) in formed:
                formed[ALL, source] |= keys
        return formed

    def _pupils(self, told_apart: OfPupil | None, cohorts: Iterable[_Cohort]) -> Iterator[_Fitting]:
        if told_apart is not None:
            for cohort in cohorts:
                for source in told_apart(self._traits, cohort.placement):
                    yield cohort.mandants, source, cohort.members

    def _staff(self, told_apart: OfStaff | None, staff: Iterable[Staff]) -> Iterator[_Fitting]:
        if told_apart is not None:
            for person in staff:
                for source in told_apart(self._traits, person):
                    yield person.mandants, source, frozenset({AccountKey(UserType.STAFF, person.id)})

    def _spread(self, spread: Spread, mask: MandantMask) -> Iterable[Mandant]:
        """Every configured mandant of the mask, or the one that stands for all."""
        return mandants_of(MandantMask(mask & self._configured)) if spread is Spread.EACH_MANDANT else (ALL,)

    def _mandants(
        self, description: Description, mandant: Mandant, source: Source
    ) -> tuple[MandantMask, Mandant | None]:
        """Mask and chosen mandant: 0 over all (ruling 16); of a class, its own."""
        if description.spread is Spread.EACH_MANDANT:
            return mask_of(mandant), mandant
        row = self._school.school_class(source.id) if description.spread is Spread.AS_THE_CLASS else None
        if row is None:
            return self._configured, ALL
        return row.mandants, chosen_mandant(row.mandants, self._configured)


def _cohorts(students: Iterable[StudentScope]) -> tuple[_Cohort, ...]:
    placements: dict[tuple[int, bool, MandantMask], Placement | None] = {}
    members: defaultdict[tuple[int, bool, MandantMask], set[AccountKey]] = defaultdict(set)
    for student in students:
        placement, mandants = student.placement, student.person.mandants
        alike = (placement.school_class.id, placement.current, mandants) if placement else (0, False, mandants)
        placements[alike] = placement
        members[alike].add(AccountKey(UserType.STUDENT, student.person.id))
    return tuple(
        _Cohort(placement=placement, mandants=alike[2], members=frozenset(members[alike]))
        for alike, placement in placements.items()
    )
