"""Who is in scope today, and why somebody is not (manual, checklist «zu löschen»; rulings 2, 3, 9)."""

from datetime import date
from typing import Any

import pytest

from connect_worker.core.school import School
from connect_worker.core.scope import Scope
from connect_worker.errors import ConfigurationError
from connect_worker.model.account import Unmet
from connect_worker.model.ids import Mandant, MandantMask
from connect_worker.model.person import Staff, StaffFunction, Student
from tests.support.builders import TODAY, configuration, master_data, school_class, staff, student

CLASSES = (
    school_class(1),
    school_class(2, school_year_id=1),
    school_class(3, school_year_id=3),
    school_class(4, level=None),
    school_class(5, level="Kindergarten"),
)


def unmet_of_student(person: Student, today: date = TODAY) -> tuple[Unmet, ...]:
    school = School(master_data(classes=CLASSES), today=today, mandants=[Mandant(1)], carry_over_days=30)
    return Scope(configuration(), school).of_student(person).unmet


def unmet_of_staff(person: Staff, *, restrict: bool) -> tuple[Unmet, ...]:
    data = master_data(staff_functions=(StaffFunction(staff_id=9, function_id=1),))
    school = School(data, today=TODAY, mandants=[Mandant(1)], carry_over_days=30)
    return Scope(configuration(restrict_functions=restrict), school).of_staff(person).unmet


@pytest.mark.parametrize(
    ("changes", "unmet"),
    [
        pytest.param({}, (), id="no dates at all"),
        pytest.param({"entry_on": date(2026, 11, 16)}, (), id="enters today"),
        pytest.param({"entry_on": date(2026, 12, 16)}, (), id="first day of the lead time of 30 days"),
        pytest.param({"entry_on": date(2026, 12, 17)}, (Unmet.NOT_YET_ENTERED,), id="a day before the lead time"),
        pytest.param({"exit_on": date(2026, 11, 17)}, (), id="leaves tomorrow"),
        pytest.param({"exit_on": date(2026, 11, 16)}, (Unmet.EXIT,), id="out from the exit date itself"),
        pytest.param(
            {"entry_on": date(2026, 11, 1), "exit_on": date(2026, 10, 1)},
            (Unmet.ENTRY_AFTER_EXIT,),
            id="entry after exit",
        ),
        pytest.param({"fictive_entry_on": date(2030, 1, 1)}, (), id="a fictive entry date has no effect"),
        pytest.param({"mandants": MandantMask(2)}, (Unmet.MANDANT,), id="mandant not configured"),
        pytest.param({"mandants": MandantMask(3)}, (), id="one of two mandants is configured"),
        pytest.param({"class_id": None}, (Unmet.NO_CLASS,), id="no class"),
        pytest.param({"class_id": 2}, (Unmet.SCHOOL_YEAR,), id="class of the past year, carried over long ago"),
        pytest.param({"class_id": 3}, (), id="class of the next year counts at once"),
        pytest.param({"class_id": 4}, (Unmet.NO_LEVEL,), id="class without a level"),
        pytest.param({"class_id": 5}, (Unmet.LEVEL,), id="level not configured"),
        pytest.param({"class_id": None, "planned_class_id": 3}, (Unmet.NO_CLASS,), id="planned class too far ahead"),
    ],
)
def test_student_conditions(changes: dict[str, Any], unmet: tuple[Unmet, ...]) -> None:
    assert unmet_of_student(student(**changes)) == unmet


def test_class_of_the_past_year_counts_for_thirty_days_more() -> None:
    assert unmet_of_student(student(class_id=2), date(2026, 8, 30)) == ()
    assert unmet_of_student(student(class_id=2), date(2026, 8, 31)) == (Unmet.SCHOOL_YEAR,)


def test_planned_class_counts_within_the_lead_time_of_its_year() -> None:
    person = student(class_id=None, planned_class_id=3)
    assert unmet_of_student(person, date(2027, 7, 16)) == (Unmet.NO_CLASS,)
    assert unmet_of_student(person, date(2027, 7, 17)) == ()


@pytest.mark.parametrize(
    ("planned", "today", "unmet"),
    [
        pytest.param(1, TODAY, (), id="of this year"),
        pytest.param(3, date(2027, 7, 17), (), id="of the next year, within its lead time"),
        pytest.param(3, date(2027, 7, 16), (Unmet.SCHOOL_YEAR,), id="of the next year, too far ahead"),
        pytest.param(2, TODAY, (Unmet.SCHOOL_YEAR,), id="long over as well"),
        pytest.param(99, TODAY, (Unmet.SCHOOL_YEAR,), id="not in the master data"),
    ],
)
def test_planned_class_counts_when_the_present_one_is_long_over(
    planned: int, today: date, unmet: tuple[Unmet, ...]
) -> None:
    assert unmet_of_student(student(class_id=2, planned_class_id=planned), today) == unmet


def test_class_that_still_counts_goes_before_the_planned_one() -> None:
    assert unmet_of_student(student(class_id=4, planned_class_id=1)) == (Unmet.NO_LEVEL,)


def test_every_unmet_condition_is_told() -> None:
    person = student(mandants=MandantMask(4), exit_on=TODAY, class_id=None)
    assert unmet_of_student(person) == (Unmet.MANDANT, Unmet.EXIT, Unmet.NO_CLASS)


@pytest.mark.parametrize(
    ("person", "restrict", "unmet"),
    [
        pytest.param(staff(), False, (), id="without restriction no function is needed"),
        pytest.param(staff(), True, (Unmet.FUNCTION,), id="restricted, no function at all"),
        pytest.param(staff(main_function_id=2), True, (Unmet.FUNCTION,), id="restricted, function does not count"),
        pytest.param(staff(secondary_function_id=1), True, (), id="the secondary function counts"),
        pytest.param(staff(9), True, (), id="a further function counts"),
        pytest.param(staff(main_function_id=2, exit_on=TODAY), True, (Unmet.EXIT, Unmet.FUNCTION), id="two reasons"),
    ],
)
def test_staff_conditions(person: Staff, restrict: bool, unmet: tuple[Unmet, ...]) -> None:
    assert unmet_of_staff(person, restrict=restrict) == unmet


def test_missing_school_year_is_a_configuration_fault_never_everybody_out_of_scope() -> None:
    with pytest.raises(ConfigurationError, match=r"no year has begun by 2020-01-01 for mandant 1") as caught:
        School(master_data(), today=date(2020, 1, 1), mandants=[Mandant(1)], carry_over_days=30)
    assert caught.value.reason == "SchoolYearMissing"


def test_functions_are_listed_once_main_first() -> None:
    data = master_data(
        staff_functions=(StaffFunction(staff_id=1, function_id=2), StaffFunction(staff_id=1, function_id=1))
    )
    school = School(data, today=TODAY, mandants=[Mandant(1)], carry_over_days=30)
    names = [function.name for function in school.functions(staff(main_function_id=1))]
    assert names == ["Lehrperson", "Hauswart"]
