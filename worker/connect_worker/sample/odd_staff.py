"""The staff who make a school's data hard: each odd case by name, and how an ordinary colleague becomes it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum, auto

from connect_worker.model.ids import mandants_of, mask_of
from connect_worker.model.person import Staff
from connect_worker.sample.frame import BOARD, CARETAKER, CATERING, GUEST, SPECIAL_TEACHER, Calendar, Frame
from connect_worker.sample.odd_pupils import LEAD_DAYS, NAMES, OddPupil
from connect_worker.sample.people import INSURANCE_NUMBER_OF_BOTH, PUPIL_AND_STAFF, FullName

Alteration = Callable[[Staff], Staff]


class OddStaff(StrEnum):
    """What is odd about one staff member of the sample."""

    NAMESAKE_OF_PUPIL = auto()
    PUPIL_TOO = auto()
    CYRILLIC = auto()
    LONG_NAME = auto()
    PARTICLE = auto()
    LOGIN = auto()
    BARE = auto()
    FUNCTION_MISSING = auto()
    FUNCTION_DOES_NOT_COUNT = auto()
    FUNCTION_COUNTS_AS_SECONDARY = auto()
    FUNCTION_COUNTS_AS_FURTHER = auto()
    BUILDING_OF_EMPLOYMENT = auto()
    BUILDINGS_OF_BOTH = auto()
    BUILDING_MISSING = auto()
    GUEST_TOO = auto()
    GUEST_ONLY = auto()
    ENTRY_UNKNOWN = auto()
    ENTRY_ON_LAST_LEAD_DAY = auto()
    ENTRY_AFTER_LEAD_TIME = auto()
    EXIT_PAST = auto()
    EXIT_TODAY = auto()


OUT_OF_SCOPE = frozenset(
    {
        OddStaff.FUNCTION_MISSING,
        OddStaff.FUNCTION_DOES_NOT_COUNT,
        OddStaff.GUEST_ONLY,
        OddStaff.ENTRY_AFTER_LEAD_TIME,
        OddStaff.EXIT_PAST,
        OddStaff.EXIT_TODAY,
    }
)
"""Those whom Connect does not take where functions are restricted, as the sample's configuration has it."""


def odd_staff(frame: Frame) -> tuple[tuple[OddStaff, Alteration], ...]:
    """Every case with what makes an ordinary colleague odd in just this respect."""
    alterations = {**_odd_names(), **_odd_records(frame), **_odd_dates(frame.calendar)}
    return tuple((case, alterations[case]) for case in OddStaff)


def _odd_names() -> dict[OddStaff, Alteration]:
    names = {
        OddStaff.NAMESAKE_OF_PUPIL: NAMES[OddPupil.NAMESAKE_1],
        OddStaff.CYRILLIC: FullName("Олександр", "Коваленко"),
        OddStaff.LONG_NAME: NAMES[OddPupil.LONGER_NAME],
        OddStaff.PARTICLE: FullName("Hans-Jürg", "von Wartburg-Ängst"),
    }
    return {case: _named(name) for case, name in names.items()}


def _named(name: FullName) -> Alteration:
    return lambda staff: replace(staff, first_name=name.first, last_name=name.last, login=None)


def _odd_records(frame: Frame) -> dict[OddStaff, Alteration]:
    first, last = PUPIL_AND_STAFF
    buildings = tuple(building.id for building in frame.buildings[:2])
    return {
        OddStaff.PUPIL_TOO: lambda staff: replace(
            staff, first_name=first, last_name=last, login=None, insurance_number=INSURANCE_NUMBER_OF_BOTH
        ),
        OddStaff.LOGIN: lambda staff: replace(staff, login="rektorat"),
        OddStaff.BARE: lambda staff: replace(
            staff,
            short_code=None,
            login=None,
            insurance_number=None,
            entry_on=None,
            profession=None,
            business_phone=None,
            mobile_phone=None,
            substitution_text=None,
            building_id=None,
            room=None,
        ),
        OddStaff.FUNCTION_MISSING: _working_as(None, None),
        OddStaff.FUNCTION_DOES_NOT_COUNT: _working_as(CARETAKER, BOARD),
        OddStaff.FUNCTION_COUNTS_AS_SECONDARY: _working_as(CATERING, SPECIAL_TEACHER),
        OddStaff.FUNCTION_COUNTS_AS_FURTHER: _working_as(CARETAKER, None),
        OddStaff.BUILDING_OF_EMPLOYMENT: lambda staff: replace(
            staff, building_id=None, employment_building_ids=buildings
        ),
        OddStaff.BUILDINGS_OF_BOTH: lambda staff: replace(
            staff, building_id=frame.buildings[2].id, employment_building_ids=buildings
        ),
        OddStaff.BUILDING_MISSING: lambda staff: replace(staff, building_id=None, employment_building_ids=()),
        OddStaff.GUEST_TOO: lambda staff: replace(staff, mandants=mask_of(*mandants_of(staff.mandants), GUEST)),
        OddStaff.GUEST_ONLY: lambda staff: replace(staff, mandants=mask_of(GUEST)),
    }


def _working_as(main: int | None, secondary: int | None) -> Alteration:
    return lambda staff: replace(staff, main_function_id=main, secondary_function_id=secondary)


def _odd_dates(calendar: Calendar) -> dict[OddStaff, Alteration]:
    today, day = calendar.today, timedelta(days=1)
    lead = LEAD_DAYS * day
    return {
        OddStaff.ENTRY_UNKNOWN: lambda staff: replace(staff, entry_on=None),
        OddStaff.ENTRY_ON_LAST_LEAD_DAY: lambda staff: replace(staff, entry_on=today + lead),
        OddStaff.ENTRY_AFTER_LEAD_TIME: lambda staff: replace(staff, entry_on=today + lead + day),
        OddStaff.EXIT_PAST: lambda staff: replace(staff, exit_on=today - lead),
        OddStaff.EXIT_TODAY: lambda staff: replace(staff, exit_on=today),
    }
