"""The eleven criteria: which groups there are, who is in them, and who is not (manual, «Kriterien zur …»)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest

from connect_worker.core.group_criteria import CRITERIA
from connect_worker.core.group_drafts import GroupDraft, GroupDrafts, Population
from connect_worker.core.school import Placement, School
from connect_worker.core.scope import StudentScope
from connect_worker.core.templates import Placeholder
from connect_worker.model.configuration import LevelRule, MandantRule
from connect_worker.model.ids import Criterion, Mandant, mask_of
from connect_worker.model.person import (
    Building,
    Function,
    MandantRecord,
    MasterData,
    Staff,
    StaffFunction,
)
from tests.support.builders import SIMPLE, TODAY, configuration, master_data, school_class, staff, student

DORF, SEE, GUEST = Mandant(1), Mandant(2), Mandant(3)
TEACHER, CARETAKER, HEAD = 1, 2, 3
LOWER, UPPER = 11, 12


def building(number: int, name: str, short_name: str | None) -> Building:
    return Building(
        id=number, name=name, short_name=short_name, street=None, postal_code=None, city=None, head_staff_id=None
    )


CLASSES = {
    1: school_class(1, building_id=LOWER, mandants=mask_of(DORF), main_teacher_id=1),
    2: school_class(2, building_id=LOWER, level="Sek", mandants=mask_of(SEE), main_teacher_id=None),
    3: school_class(3, building_id=None, mandants=mask_of(DORF, SEE), main_teacher_id=3),
    4: school_class(4, building_id=UPPER, school_year_id=3, mandants=mask_of(SEE), main_teacher_id=3),
    5: school_class(5, building_id=UPPER, level="Spielgruppe", mandants=mask_of(SEE), main_teacher_id=2),
    6: school_class(6, building_id=UPPER, level="Sek", school_year_id=1, mandants=mask_of(SEE), main_teacher_id=2),
}
STAFF = (
    staff(
        1,
        mandants=mask_of(DORF),
        building_id=LOWER,
        employment_building_ids=(UPPER, LOWER),
        main_function_id=TEACHER,
        secondary_function_id=HEAD,
    ),
    staff(2, mandants=mask_of(DORF, SEE), employment_building_ids=(UPPER,), main_function_id=CARETAKER),
    staff(3, mandants=mask_of(SEE, GUEST)),
)
SCHOOL = master_data(
    classes=tuple(replace(row, further_teacher_ids=(2,)) if key == 2 else row for key, row in CLASSES.items()),
    staff=STAFF,
    buildings=(building(LOWER, "Schulhaus Unten", "U"), building(UPPER, "Schulhaus Oben", None)),
    functions=(
        Function(id=TEACHER, name="Lehrperson", counts_for_connect=True),
        Function(id=CARETAKER, name="Hauswart", counts_for_connect=False),
        Function(id=HEAD, name="Schulleitung", counts_for_connect=True),
    ),
    staff_functions=(StaffFunction(staff_id=3, function_id=HEAD), StaffFunction(staff_id=3, function_id=CARETAKER)),
    mandants=tuple(MandantRecord(number=m, short_name=f"M{m}", company=None) for m in (DORF, SEE, GUEST)),
)


def pupil(number: int, class_id: int | None, *mandants: Mandant, current: bool = True) -> StudentScope:
    placement = Placement(school_class=CLASSES[class_id], current=current) if class_id is not None else None
    return StudentScope(person=student(number, mandants=mask_of(*mandants)), placement=placement, unmet=())


PUPILS = (
    pupil(1, 1, DORF),
    pupil(2, 2, DORF, SEE),
    pupil(3, 3, SEE),
    pupil(4, 4, SEE, GUEST, current=False),
    pupil(5, 5, SEE),
)
CONFIGURATION = configuration(
    mandants=tuple(MandantRule(number=m, student_domain="s.example", staff_domain="p.example") for m in (DORF, SEE)),
    levels=tuple(
        LevelRule(position=place, level=level, program_years=frozenset(), password=SIMPLE)
        for place, level in enumerate(("Primar", "Sek"), start=1)
    ),
)


def drafts(
    criterion: Criterion,
    *,
    data: MasterData = SCHOOL,
    students: tuple[StudentScope, ...] = PUPILS,
    colleagues: tuple[Staff, ...] = STAFF,
    today: date = TODAY,
) -> tuple[GroupDraft, ...]:
    rule = replace(CONFIGURATION.groups[0], criterion=criterion)
    school = School(data, today=today, mandants=(DORF, SEE), carry_over_days=30)
    found = GroupDrafts(replace(CONFIGURATION, groups=(rule,)), school)
    return found.of(Population(students=students, staff=colleagues))


def members(found: tuple[GroupDraft, ...]) -> Mapping[str, set[str]]:
    """Members by the group's mandant, source and level."""
    return {
        str(draft.key).partition(":")[2]: {str(key)[0] + str(key.source_id) for key in draft.members} for draft in found
    }


TABLE: Mapping[Criterion, Mapping[str, set[str]]] = {
    Criterion.STAFF_AND_STUDENTS_PER_BUILDING: {"0:11": {"P1", "S1", "S2"}, "0:12": {"P1", "P2", "S4", "S5"}},
    Criterion.ALL_STAFF: {"0:0": {"P1", "P2", "P3"}},
    Criterion.STAFF_PER_MANDANT: {"1:0": {"P1", "P2"}, "2:0": {"P2", "P3"}},
    Criterion.STAFF_PER_MANDANT_AND_FUNCTION: {"1:1": {"P1"}, "1:3": {"P1"}, "2:3": {"P3"}},
    Criterion.STAFF_PER_BUILDING: {"1:11": {"P1"}, "1:12": {"P1", "P2"}, "2:12": {"P2"}},
    Criterion.STAFF_PER_BUILDING_AND_LEVEL: {"1:11:Primar": {"P1"}, "1:11:Sek": {"P2"}, "2:11:Sek": {"P2"}},
    Criterion.ALL_STUDENTS: {"0:0": {"S1", "S2", "S3", "S4", "S5"}},
    Criterion.STUDENTS_PER_MANDANT: {"1:0": {"S1", "S2"}, "2:0": {"S2", "S3", "S4", "S5"}},
    Criterion.STUDENTS_AND_TEACHER_PER_CLASS: {
        "0:1": {"P1", "S1"},
        "0:2": {"S2"},
        "0:3": {"P3", "S3"},
        "0:5": {"P2", "S5"},
    },
    Criterion.STUDENTS_PER_BUILDING: {"1:11": {"S1", "S2"}, "2:11": {"S2"}, "2:12": {"S4", "S5"}},
    Criterion.STUDENTS_PER_BUILDING_AND_LEVEL: {
        "1:11:Primar": {"S1"},
        "1:11:Sek": {"S2"},
        "2:11:Sek": {"S2"},
        "2:12:Primar": {"S4"},
    },
}


@pytest.mark.parametrize("criterion", TABLE)
def test_who_is_in_which_group(criterion: Criterion) -> None:
    assert members(drafts(criterion)) == TABLE[criterion]


def test_every_criterion_of_the_manual_is_described_and_tried() -> None:
    assert set(TABLE) == set(CRITERIA) == set(Criterion) - {Criterion.MANUAL}
    assert len(TABLE) == 11


@pytest.mark.parametrize("criterion", TABLE)
def test_without_active_people_there_is_no_group(criterion: Criterion) -> None:
    assert drafts(criterion, students=(), colleagues=()) == ()


@pytest.mark.parametrize("criterion", [one for one in TABLE if one is not Criterion.STUDENTS_AND_TEACHER_PER_CLASS])
def test_a_group_of_one_mandant_has_its_bit_and_one_over_all_has_all_and_chosen_0(criterion: Criterion) -> None:
    for draft in drafts(criterion):
        mandant = draft.key.mandant
        assert draft.mandant_chosen == mandant
        assert draft.mandants == (mask_of(mandant) if mandant else mask_of(DORF, SEE))


def test_a_class_group_belongs_to_the_mandants_of_its_class() -> None:
    chosen = {draft.key.source_id: draft.mandant_chosen for draft in drafts(Criterion.STUDENTS_AND_TEACHER_PER_CLASS)}
    assert chosen == {1: DORF, 2: SEE, 3: None, 5: SEE}


def test_a_teacher_alone_makes_no_class_group() -> None:
    assert drafts(Criterion.STUDENTS_AND_TEACHER_PER_CLASS, students=()) == ()


def test_a_level_is_taught_from_the_first_day_of_the_year_and_until_the_carry_over_ends() -> None:
    per_level = Criterion.STAFF_PER_BUILDING_AND_LEVEL
    # The third year begins on 16 August 2027, the second ends on 31 July.
    assert "2:12:Primar" not in members(drafts(per_level, today=date(2027, 8, 15)))
    begun = members(drafts(per_level, today=date(2027, 8, 16)))
    assert begun["2:12:Primar"] == {"P3"}
    assert begun["1:11:Primar"] == {"P1"}
    assert set(members(drafts(per_level, today=date(2027, 8, 31)))) == {"2:12:Primar"}


def test_a_building_that_is_not_in_the_master_data_makes_no_group() -> None:
    bare = replace(SCHOOL, buildings=())
    for criterion in TABLE:
        if "building" in criterion:
            assert drafts(criterion, data=bare) == ()


def test_what_a_template_may_say_of_function_building_level_and_class() -> None:
    (function,) = {draft.values[Placeholder.FUNCTION] for draft in drafts(Criterion.STAFF_PER_MANDANT_AND_FUNCTION)[:1]}
    assert function == "Lehrperson"
    level = drafts(Criterion.STUDENTS_PER_BUILDING_AND_LEVEL)[0].values
    assert level == {
        Placeholder.BUILDING_SHORT_NAME: "U",
        Placeholder.BUILDING_NAME: "Schulhaus Unten",
        Placeholder.BUILDING_ID: "11",
        Placeholder.LEVEL: "Primar",
        Placeholder.LEVEL_ID: "Primar",
    }
    class_ = drafts(Criterion.STUDENTS_AND_TEACHER_PER_CLASS)[0].values
    assert class_[Placeholder.CLASS_NAME] == "1a"
    assert class_[Placeholder.SCHOOL_YEAR] == "2026/27"
    assert class_[Placeholder.BUILDING_NAME] == "Schulhaus Unten"
