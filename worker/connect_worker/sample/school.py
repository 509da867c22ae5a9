"""The sample school: an invented school of any size, the same for the same seed, size and day."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from connect_worker.model.ids import mask_of
from connect_worker.model.person import MasterData, SchoolClass, Staff, StaffFunction, Student
from connect_worker.sample.frame import (
    DORF,
    FUNCTIONS,
    HEAD,
    MANDANTS,
    SECRETARY,
    SEE,
    SOCIAL_WORKER,
    SPECIAL_TEACHER,
    STEPS,
    TEACHER,
    Frame,
    build_frame,
)
from connect_worker.sample.odd_pupils import OddPupil, odd_pupils
from connect_worker.sample.odd_staff import OddStaff, odd_staff
from connect_worker.sample.people import BOYS, GIRLS, SURNAMES, insurance_number

FEWEST_PUPILS = 80
"""Room for all the odd ones, and for enough ordinary ones beside them."""
FEWEST_STAFF = 60
PUPILS_PER_CLASS = 20
PUPILS_PER_STAFF = 10
FIRST_STAFF = 501
FIRST_PUPIL = 10_001
ROW_VERSION = "1"

_BETWEEN, _SHARES = ("", "-", " "), (85, 11, 4)
"""What stands between the two parts of a double name, and how many in a hundred have which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleSchool:
    """Master data; source ids of the odd people by case; and of the pupils who are ordinary in every respect."""

    data: MasterData
    odd_pupils: Mapping[OddPupil, int]
    odd_staff: Mapping[OddStaff, int]
    ordinary_pupils: tuple[int, ...]


def build_school(*, pupils: int, seed: int, today: date) -> SampleSchool:
    """A school with this many pupil records, a tenth as many of staff, and all odd cases.

    Its standard state has no warnings after an update: see `trouble` for those. Raises ValueError below
    FEWEST_PUPILS.
    """
    if pupils < FEWEST_PUPILS:
        raise ValueError(f"a sample school has at least {FEWEST_PUPILS} pupils, not {pupils}: the odd cases need room")
    chance = random.Random(seed)  # noqa: S311 - an invented school, no secret
    frame = build_frame(classes=ceil(pupils / PUPILS_PER_CLASS), first_teacher=FIRST_STAFF, today=today)
    staff, odd_colleagues = _staff(max(FEWEST_STAFF, pupils // PUPILS_PER_STAFF), frame, chance)
    students, odd_students = _students(pupils, frame, chance)
    return SampleSchool(
        data=MasterData(
            students=students,
            staff=staff,
            classes=frame.all_classes,
            buildings=frame.buildings,
            functions=FUNCTIONS,
            staff_functions=_further_functions(staff, odd_colleagues),
            mandants=MANDANTS,
            school_years=(frame.calendar.past, frame.calendar.current, frame.calendar.coming),
        ),
        odd_pupils=odd_students,
        odd_staff=odd_colleagues,
        ordinary_pupils=tuple(row.id for row in students[len(odd_students) :]),
    )


def _students(count: int, frame: Frame, chance: random.Random) -> tuple[tuple[Student, ...], dict[OddPupil, int]]:
    """The odd ones come first, one of each class in turn."""
    rows = [_student(position, frame, chance) for position in range(count)]
    cases = {}
    for position, (case, alter) in enumerate(odd_pupils(frame)):
        rows[position] = alter(rows[position])
        cases[case] = rows[position].id
    return tuple(rows), cases


def _student(position: int, frame: Frame, chance: random.Random) -> Student:
    school_class = frame.classes[position % len(frame.classes)]
    after = frame.class_after(school_class)
    gender = chance.choice("mf")
    first, last = _first_name(gender, chance), _last_name(chance)
    return Student(
        id=FIRST_PUPIL + position,
        first_name=first,
        last_name=last,
        short_code=None,
        login=f"{first}.{last}".lower() if position % 5 == 0 else None,
        insurance_number=insurance_number(100_000_000 + position),
        entry_on=_entry(school_class, frame),
        exit_on=None,
        fictive_entry_on=None,
        birth_on=_birth(school_class, frame, chance),
        gender=gender,
        class_id=school_class.id,
        planned_class_id=after.id if after else None,
        program_year=school_class.program_year,
        mandants=school_class.mandants,
        row_version=ROW_VERSION,
    )


def _first_name(gender: str, chance: random.Random) -> str:
    pool = GIRLS if gender == "f" else BOYS
    first, between, second = chance.choice(pool), chance.choices(_BETWEEN, _SHARES)[0], chance.choice(pool)
    return f"{first}{between}{second}" if between and first != second else first


def _last_name(chance: random.Random) -> str:
    last, between, second = chance.choice(SURNAMES), chance.choices(_BETWEEN, _SHARES)[0], chance.choice(SURNAMES)
    return f"{last}{between}{second}" if between and last != second else last


def _entry(school_class: SchoolClass, frame: Frame) -> date:
    """The first day of the class's first program year."""
    begun = frame.calendar.current.starts_on
    return begun.replace(year=begun.year - (school_class.program_year or 1) + 1)


def _birth(school_class: SchoolClass, frame: Frame, chance: random.Random) -> date:
    ages = {(step.level, step.program_year): step.age for step in STEPS}
    age = ages[school_class.level or "", school_class.program_year or 0]
    begun = frame.calendar.current.starts_on
    return begun.replace(year=begun.year - age) - timedelta(days=chance.randrange(365))


def _staff(count: int, frame: Frame, chance: random.Random) -> tuple[tuple[Staff, ...], dict[OddStaff, int]]:
    """Class teachers first, then the buildings' heads, then others; the odd ones are the last of them."""
    rows = [_colleague(position, frame, chance) for position in range(count)]
    odd = odd_staff(frame)
    cases = {}
    for position, (case, alter) in enumerate(odd, start=count - len(odd)):
        rows[position] = alter(rows[position])
        cases[case] = rows[position].id
    return tuple(rows), cases


def _colleague(position: int, frame: Frame, chance: random.Random) -> Staff:
    gender = chance.choice("mf")
    first, last = _first_name(gender, chance), _last_name(chance)
    function, profession = _work(position, frame)
    building = frame.buildings[position % len(frame.buildings)]
    return Staff(
        id=FIRST_STAFF + position,
        first_name=first,
        last_name=last,
        short_code=f"{first[:2]}{last[:2]}".upper(),
        login=f"{first[0]}{last}".lower() if position % 4 == 0 else None,
        insurance_number=insurance_number(500_000_000 + position),
        entry_on=frame.calendar.current.starts_on - timedelta(days=365 * chance.randrange(1, 30)),
        exit_on=None,
        fictive_entry_on=None,
        profession=profession,
        business_phone=f"+41 44 555 {position // 100 % 100:02d} {position % 100:02d}",
        mobile_phone=f"+41 79 555 {position // 100 % 100:02d} {position % 100:02d}",
        substitution_text=f"Stellvertretung: {chance.choice(GIRLS)} {chance.choice(SURNAMES)}",
        building_id=building.id if position % 2 else None,
        room=f"L{position % 30 + 1}",
        employment_building_ids=(building.id,),
        main_function_id=function,
        secondary_function_id=SPECIAL_TEACHER if position % 7 == 0 else None,
        mandants=mask_of(DORF if building.id % 2 else SEE),
        row_version=ROW_VERSION,
    )


def _work(position: int, frame: Frame) -> tuple[int, str]:
    """Main function and profession."""
    if position < len(frame.classes):
        return TEACHER, "Lehrperson"
    if position < len(frame.classes) + len(frame.buildings):
        return HEAD, "Schulleitung"
    others = (
        (TEACHER, "Fachlehrperson"),
        (SPECIAL_TEACHER, "Heilpädagogin"),
        (SECRETARY, "Sachbearbeiter"),
        (SOCIAL_WORKER, "Sozialarbeiterin"),
    )
    return others[position % len(others)]


def _further_functions(staff: tuple[Staff, ...], odd: Mapping[OddStaff, int]) -> tuple[StaffFunction, ...]:
    """Every ninth teaches something besides; for one of the odd ones it is the only function that counts."""
    ordinary = (row.id for row in staff[::9] if row.id not in set(odd.values()))
    ids = (*ordinary, odd[OddStaff.FUNCTION_COUNTS_AS_FURTHER])
    return tuple(StaffFunction(staff_id=key, function_id=SPECIAL_TEACHER) for key in ids)
