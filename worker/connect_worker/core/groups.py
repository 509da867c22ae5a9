"""Which groups there should be today and who belongs to them (manual, «Kriterien zur Bildung von Gruppen»).

A group is rule, mandant and source id, never its name: a renamed class renames its group in place (ruling 18).
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from connect_worker.core import manual
from connect_worker.core.attributes import DISPLAY_NAME, LONG
from connect_worker.core.lengths import cut
from connect_worker.core.lifecycle import ended_group, kept_group
from connect_worker.core.mandants import chosen_mandant
from connect_worker.core.school import School
from connect_worker.core.scope import StudentScope
from connect_worker.core.templates import GroupNames, GroupTemplates, Placeholder
from connect_worker.model.account import Origin, Status
from connect_worker.model.configuration import Configuration, GroupRule
from connect_worker.model.group import Group, Members, Memberships
from connect_worker.model.ids import AccountKey, Criterion, GroupKey, Mandant, MandantMask, UserType, mask_of
from connect_worker.model.person import SchoolClass

ALL = Mandant(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Population:
    """The people whose accounts are active today: what the criteria choose from."""

    students: Sequence[StudentScope]
    staff: frozenset[AccountKey]


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupDraft:
    """A group that a rule yields: its identity, what its templates may name, and who fits."""

    key: GroupKey
    rule: GroupRule
    mandants: MandantMask
    mandant_chosen: Mandant | None
    values: Mapping[Placeholder, str]
    members: frozenset[AccountKey]


class GroupRules:
    """The criteria of one customer's configuration."""

    def __init__(self, configuration: Configuration, school: School) -> None:
        self._configuration = configuration
        self._school = school
        self._all_mandants = mask_of(*(row.number for row in configuration.mandants))
        self._criteria: Mapping[Criterion, Callable[[GroupRule, Population], Iterator[GroupDraft]]] = {
            Criterion.ALL_STAFF: self._all_staff,
            Criterion.ALL_STUDENTS: self._all_students,
            Criterion.STUDENTS_AND_TEACHER_PER_CLASS: self._per_class,
        }

    def drafts(self, people: Population) -> tuple[GroupDraft, ...]:
        """Every group that has at least one active person who fits."""
        return tuple(
            draft for rule in self._configuration.groups for draft in self._criteria[rule.criterion](rule, people)
        )

    def _all_staff(self, rule: GroupRule, people: Population) -> Iterator[GroupDraft]:
        yield from self._over_all(rule, people.staff)

    def _all_students(self, rule: GroupRule, people: Population) -> Iterator[GroupDraft]:
        yield from self._over_all(rule, frozenset(_key(student) for student in people.students))

    def _over_all(self, rule: GroupRule, members: frozenset[AccountKey]) -> Iterator[GroupDraft]:
        """Groups over all mandants have chosen 0 and the mask of all (ruling 16)."""
        if members:
            yield GroupDraft(
                key=GroupKey(rule.criterion, ALL, 0),
                rule=rule,
                mandants=self._all_mandants,
                mandant_chosen=ALL,
                values={},
                members=members,
            )

    def _per_class(self, rule: GroupRule, people: Population) -> Iterator[GroupDraft]:
        """Pupils by their current class, a planned one does not count yet; with teacher 1 (ruling 3)."""
        pupils: defaultdict[int, set[AccountKey]] = defaultdict(set)
        classes: dict[int, SchoolClass] = {}
        for student in people.students:
            if student.placement is not None and student.placement.current:
                row = student.placement.school_class
                classes[row.id] = row
                pupils[row.id].add(_key(student))
        for number, row in sorted(classes.items()):
            teacher = AccountKey(UserType.STAFF, row.main_teacher_id) if row.main_teacher_id is not None else None
            members = pupils[number] | ({teacher} & people.staff if teacher is not None else set())
            chosen = chosen_mandant(row.mandants, self._all_mandants)
            yield GroupDraft(
                key=GroupKey(rule.criterion, ALL, number),
                rule=rule,
                mandants=row.mandants,
                mandant_chosen=chosen,
                values=self._values_of_class(row, chosen),
                members=frozenset(members),
            )

    def _values_of_class(self, row: SchoolClass, chosen: Mandant | None) -> Mapping[Placeholder, str]:
        building = self._school.building(row.building_id)
        mandant = self._school.mandant(chosen)
        year = self._school.school_year(row)
        return {
            Placeholder.MANDANT: mandant.short_name if mandant else "",
            Placeholder.BUILDING_SHORT_NAME: (building.short_name or "") if building else "",
            Placeholder.BUILDING_NAME: building.name if building else "",
            Placeholder.BUILDING_ID: str(building.id) if building else "",
            Placeholder.CLASS_NAME: row.name,
            Placeholder.CLASS_SUBGROUP: row.subgroup or "",
            Placeholder.CLASS_ID: str(row.id),
            Placeholder.SCHOOL_YEAR: year.name if year else "",
            Placeholder.LEVEL: row.level or "",
        }


class GroupUpdate:
    """Turns drafts into today's groups and memberships, over yesterday's."""

    def __init__(self, configuration: Configuration, today: date) -> None:
        """Raises ConfigurationError for a template that does not parse."""
        self._configuration = configuration
        self._today = today
        self._all_mandants = mask_of(*(row.number for row in configuration.mandants))
        self._templates = {rule: GroupTemplates.of(rule, configuration.test_prefix) for rule in configuration.groups}

    def groups(self, before: Iterable[Group], drafts: Iterable[GroupDraft]) -> tuple[Group, ...]:
        """Today's groups: new ones, renamed ones, those that ended, and manual ones untouched (ruling 24)."""
        wanted = {draft.key: draft for draft in drafts}
        old = {group.key: group for group in before}
        kept = (self._kept(group, wanted.get(group.key)) for group in old.values() if not _is_over(group, wanted))
        new = (self._drafted(draft, None) for key, draft in wanted.items() if key not in old)
        return (*kept, *new)

    def _kept(self, group: Group, draft: GroupDraft | None) -> Group:
        if group.is_manual:
            return manual.kept_group(group, self._all_mandants)
        if group.status is Status.IMMUNE:
            return group
        if draft is None:
            return ended_group(group, today=self._today, grace_days=self._configuration.group_grace_days(group.key))
        return self._drafted(draft, kept_group(group))

    def _drafted(self, draft: GroupDraft, before: Group | None) -> Group:
        names = self._templates[draft.rule].fill(draft.values)
        parent = (
            f"{draft.rule.parent},{self._configuration.base_dn}" if draft.rule.parent else self._configuration.base_dn
        )
        if before is None:
            return _named(_new_group(draft), names, parent, draft)
        after = _named(before, names, parent, draft)
        return before if after == before else replace(after, has_changed=True)


def memberships(
    before: Memberships, groups: Iterable[Group], drafts: Iterable[GroupDraft], frozen: frozenset[AccountKey]
) -> Memberships:
    """Today's members by rule beside those by hand.

    `frozen` are users who are not active: they keep the memberships that they have (ruling 7). Groups that ended or
    are deactivated keep their members.
    """
    drafted = {draft.key: draft.members for draft in drafts}
    nobody = Members()
    after: dict[GroupKey, Members] = {}
    for group in groups:
        old = before.get(group.key, nobody)
        members = drafted.get(group.key)
        if members is None or group.status is not Status.ACTIVE:
            after[group.key] = old
            continue
        computed = members | (old.automatic & frozen)
        after[group.key] = old if computed == old.automatic else replace(old, automatic=computed)
    return after


def _is_over(group: Group, wanted: Container[GroupKey]) -> bool:
    """An immune group without an object that no rule yields any more: nobody waits for it (ruling 6)."""
    gone = group.status is Status.IMMUNE and group.object_guid is None
    return gone and not group.is_manual and group.key not in wanted


def _key(student: StudentScope) -> AccountKey:
    return AccountKey(UserType.STUDENT, student.person.id)


def _new_group(draft: GroupDraft) -> Group:
    return Group(
        key=draft.key,
        dn_parent=None,
        dn_first_element=None,
        cn=None,
        sam_account_name=None,
        display_name=None,
        description=None,
        ad_type=draft.rule.ad_type,
        mandants=draft.mandants,
        mandant_chosen=draft.mandant_chosen,
    )


def _named(group: Group, names: GroupNames, parent: str, draft: GroupDraft) -> Group:
    by_hand = group.mandant_chosen_by is Origin.PERSON
    return replace(
        group,
        dn_parent=names.parent or parent,
        dn_first_element=names.dn_first_element,
        cn=names.cn,
        sam_account_name=names.sam_account_name,
        display_name=_cut(names.display_name, DISPLAY_NAME),
        description=_cut(names.name, LONG),
        ad_type=draft.rule.ad_type,
        mandants=draft.mandants,
        mandant_chosen=group.mandant_chosen if by_hand else draft.mandant_chosen,
    )


def _cut(text: str | None, most: int) -> str | None:
    """What describes is cut, what identifies never (ruling 32)."""
    return cut(text, most) if text is not None else None
