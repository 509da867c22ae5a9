"""The invented school: complete, consistent, reproducible, and odd in exactly the ways it promises."""

import re
from collections import Counter
from datetime import date, datetime, time, timedelta

import pytest

from connect_worker.core.school import School
from connect_worker.core.scope import Scope
from connect_worker.core.update import update
from connect_worker.core.validation import validate
from connect_worker.model.ids import AccountKey, Criterion, UserType, mandants_of
from connect_worker.model.person import Staff, Student
from connect_worker.model.secret import SealedSecret
from connect_worker.model.state import State
from connect_worker.sample.configuration import build_configuration
from connect_worker.sample.frame import MANDANTS
from connect_worker.sample.odd_pupils import OUT_OF_SCOPE as PUPILS_OUT
from connect_worker.sample.odd_pupils import OddPupil
from connect_worker.sample.odd_staff import OUT_OF_SCOPE as STAFF_OUT
from connect_worker.sample.odd_staff import OddStaff
from connect_worker.sample.people import insurance_number
from connect_worker.sample.school import FEWEST_PUPILS, SampleSchool, build_school

TODAY = date(2026, 11, 22)
CONFIGURATION = build_configuration("DC=school,DC=test")


def school(pupils: int = 200, seed: int = 1, today: date = TODAY) -> SampleSchool:
    return build_school(pupils=pupils, seed=seed, today=today)


def scope_of(sample: SampleSchool, today: date = TODAY) -> Scope:
    configured = [row.number for row in CONFIGURATION.mandants]
    indexed = School(sample.data, today=today, mandants=configured, carry_over_days=CONFIGURATION.class_carry_over_days)
    return Scope(CONFIGURATION, indexed)


def first_update(sample: SampleSchool) -> State:
    empty = State(accounts=(), groups=(), memberships={})
    return update(
        empty,
        sample.data,
        CONFIGURATION,
        today=TODAY,
        now=datetime.combine(TODAY, time(2)),
        version="1",
        new_password=lambda _key, _policy, _tokens: SealedSecret("v1.key.sealed"),
    ).state


def pupil(sample: SampleSchool, case: OddPupil) -> Student:
    return next(row for row in sample.data.students if row.id == sample.odd_pupils[case])


def colleague(sample: SampleSchool, case: OddStaff) -> Staff:
    return next(row for row in sample.data.staff if row.id == sample.odd_staff[case])


def test_the_same_seed_size_and_day_make_the_same_school() -> None:
    assert school() == school()


def test_another_seed_makes_other_people() -> None:
    assert school(seed=1).data.students != school(seed=2).data.students


@pytest.mark.parametrize("pupils", [FEWEST_PUPILS, 200, 2_000])
def test_it_has_as_many_pupils_as_asked_for_and_a_tenth_as_many_staff(pupils: int) -> None:
    data = school(pupils).data

    assert len(data.students) == pupils
    assert len(data.staff) == max(60, pupils // 10)


def test_a_school_without_room_for_the_odd_cases_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 80 pupils, not 79"):
        school(79)


@pytest.mark.parametrize("pupils", [FEWEST_PUPILS, 2_000])
def test_every_reference_leads_to_a_record(pupils: int) -> None:
    data = school(pupils).data
    classes, staff = {row.id for row in data.classes}, {row.id for row in data.staff}
    buildings, functions = {row.id for row in data.buildings}, {row.id for row in data.functions}

    assert {key for row in data.students for key in (row.class_id, row.planned_class_id) if key} <= classes
    assert {row.main_teacher_id for row in data.classes if row.main_teacher_id} <= staff
    assert {key for row in data.classes for key in row.further_teacher_ids} <= staff
    assert {row.school_year_id for row in data.classes} == {row.id for row in data.school_years}
    assert {row.building_id for row in data.classes if row.building_id} <= buildings
    assert {row.building_id for row in data.staff if row.building_id} <= buildings
    assert {row.head_staff_id for row in data.buildings if row.head_staff_id} <= staff
    assert {key for row in data.staff for key in (row.main_function_id, row.secondary_function_id) if key} <= functions
    assert {row.staff_id for row in data.staff_functions} <= staff


def test_no_key_stands_twice() -> None:
    data = school(2_000).data

    for table in (data.students, data.staff, data.classes, data.buildings, data.functions, data.school_years):
        assert max(Counter(row.id for row in table).values()) == 1


def test_classes_of_one_school_year_have_names_of_their_own() -> None:
    names = Counter((row.school_year_id, row.name) for row in school(20_000).data.classes)

    assert max(names.values()) == 1


def test_every_odd_case_is_there_once() -> None:
    sample = school()

    assert set(sample.odd_pupils) == set(OddPupil)
    assert set(sample.odd_staff) == set(OddStaff)
    assert len(set(sample.odd_pupils.values())) == len(OddPupil)


@pytest.mark.parametrize("case", OddPupil)
def test_an_odd_pupil_is_in_scope_or_not_as_promised(case: OddPupil) -> None:
    sample = school()

    unmet = scope_of(sample).of_student(pupil(sample, case)).unmet

    assert bool(unmet) == (case in PUPILS_OUT)


@pytest.mark.parametrize("case", OddStaff)
def test_an_odd_colleague_is_in_scope_or_not_as_promised(case: OddStaff) -> None:
    sample = school()

    unmet = scope_of(sample).of_staff(colleague(sample, case)).unmet

    assert bool(unmet) == (case in STAFF_OUT)


@pytest.mark.parametrize("today", [TODAY, date(2027, 1, 31), date(2028, 2, 29), date(2027, 7, 31), date(2027, 8, 1)])
def test_whoever_is_ordinary_is_in_scope_on_any_day_of_the_year(today: date) -> None:
    sample = school(today=today)
    scope = scope_of(sample, today)
    ordinary = set(sample.ordinary_pupils)

    assert len(ordinary) == 200 - len(OddPupil)
    assert [row.id for row in sample.data.students if row.id in ordinary and scope.of_student(row).unmet] == []


def test_nobody_belongs_to_two_configured_mandants() -> None:
    data = school(2_000).data
    configured = {row.number for row in CONFIGURATION.mandants}
    masks = [row.mandants for table in (data.students, data.staff, data.classes) for row in table]

    assert max(len(configured.intersection(mandants_of(mask))) for mask in masks) == 1


@pytest.mark.parametrize("pupils", [FEWEST_PUPILS, 2_000])
def test_its_first_update_finds_nothing_to_warn_of(pupils: int) -> None:
    updated = first_update(school(pupils))

    assert validate(updated, CONFIGURATION).findings == ()


def test_every_odd_pupil_in_scope_gets_an_account_and_no_other() -> None:
    sample = school()
    accounts = {account.key for account in first_update(sample).accounts}

    without = {case for case, key in sample.odd_pupils.items() if AccountKey(UserType.STUDENT, key) not in accounts}
    assert without == PUPILS_OUT


def test_one_login_of_two_pupils_makes_two_addresses() -> None:
    sample = school()
    shared = {sample.odd_pupils[OddPupil.LOGIN_SHARED_1], sample.odd_pupils[OddPupil.LOGIN_SHARED_2]}

    mails = {account.names.mail for account in first_update(sample).accounts if account.key.source_id in shared}

    domain = "lernende.musterdorf.example"
    assert mails == {f"klassenzimmer@{domain}", f"klassenzimmer1@{domain}"}


def test_there_is_a_mandant_that_is_not_configured() -> None:
    assert {row.number for row in MANDANTS} - {row.number for row in CONFIGURATION.mandants} == {3}


def test_namesakes_share_their_name_and_nothing_else() -> None:
    sample = school()
    namesakes = [pupil(sample, case) for case in (OddPupil.NAMESAKE_1, OddPupil.NAMESAKE_2, OddPupil.NAMESAKE_3)]

    assert {(row.first_name, row.last_name) for row in namesakes} == {("Anna", "Müller")}
    assert len({row.insurance_number for row in namesakes}) == 3


def test_twins_share_surname_and_birthday() -> None:
    sample = school()
    one, other = pupil(sample, OddPupil.TWIN_1), pupil(sample, OddPupil.TWIN_2)

    assert (one.last_name, one.birth_on) == (other.last_name, other.birth_on)
    assert one.first_name != other.first_name


def test_one_person_is_pupil_and_staff() -> None:
    sample = school()

    taught, working = pupil(sample, OddPupil.STAFF_TOO), colleague(sample, OddStaff.PUPIL_TOO)

    assert (taught.first_name, taught.last_name) == (working.first_name, working.last_name)
    assert taught.insurance_number == working.insurance_number


@pytest.mark.parametrize(
    ("case", "least"), [(OddPupil.LONG_NAME, 60), (OddPupil.LONGER_NAME, 100), (OddPupil.LONGEST_NAME, 300)]
)
def test_long_names_are_longer_than_directories_take(case: OddPupil, least: int) -> None:
    row = pupil(school(), case)

    assert len(f"{row.first_name} {row.last_name}") >= least


def test_the_school_years_join_without_a_gap() -> None:
    past, current, coming = school().data.school_years

    assert past.ends_on + timedelta(days=1) == current.starts_on
    assert current.ends_on + timedelta(days=1) == coming.starts_on
    assert current.starts_on <= TODAY <= current.ends_on


def test_an_insurance_number_ends_in_its_check_digit() -> None:
    # The example that the Swiss authorities print on their specimen card.
    assert insurance_number(921_707_698) == "756.9217.0769.85"


def test_insurance_numbers_look_like_swiss_ones() -> None:
    numbers = [row.insurance_number for row in school().data.students if row.insurance_number]

    assert all(re.fullmatch(r"756\.\d{4}\.\d{4}\.\d{2}", number) for number in numbers)


def test_every_criterion_forms_groups_and_tells_mandants_buildings_levels_and_functions_apart() -> None:
    groups = first_update(school(FEWEST_PUPILS)).groups
    formed = Counter(group.key.criterion for group in groups)

    assert set(formed) == set(Criterion) - {Criterion.MANUAL}
    several = {criterion for criterion, count in formed.items() if count > 1}
    assert set(formed) - several == {Criterion.ALL_STAFF, Criterion.ALL_STUDENTS}


def test_one_building_houses_a_class_of_another_mandant() -> None:
    sample = school()
    row = pupil(sample, OddPupil.CLASS_IN_NEIGHBOURS_BUILDING)
    school_class = next(one for one in sample.data.classes if one.id == row.class_id)
    updated = first_update(sample)

    building = school_class.building_id or 0
    of_building = [key for key in updated.memberships if key.criterion is Criterion.STUDENTS_PER_BUILDING]
    assert {key.mandant for key in of_building if key.source_id == building} == {1, 2}
    teacher = AccountKey(UserType.STAFF, school_class.main_teacher_id or 0)
    taught = [key for key, members in updated.memberships.items() if teacher in members.automatic and key.level]
    assert {key.level for key in taught} == {"Kindergarten", "Primar"}


@pytest.mark.parametrize(
    ("case", "buildings"), [(OddStaff.BUILDINGS_OF_BOTH, {1, 2, 3}), (OddStaff.BUILDING_MISSING, set())]
)
def test_staff_belong_to_every_building_of_their_record(case: OddStaff, buildings: set[int]) -> None:
    sample = school()
    key = AccountKey(UserType.STAFF, sample.odd_staff[case])
    found = {
        group.source_id
        for group, members in first_update(sample).memberships.items()
        if group.criterion is Criterion.STAFF_PER_BUILDING and key in members.automatic
    }
    assert found == buildings
