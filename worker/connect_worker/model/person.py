"""The school's master data as the contract views `connect.source_*` deliver them; read-only for Connect."""

from dataclasses import dataclass
from datetime import date

from connect_worker.model.ids import Mandant, MandantMask


@dataclass(frozen=True, kw_only=True, slots=True)
class Student:
    """A row of `source_student`."""

    id: int
    first_name: str
    last_name: str
    short_code: str | None
    login: str | None
    insurance_number: str | None
    entry_on: date | None
    exit_on: date | None
    fictive_entry_on: date | None
    birth_on: date | None
    gender: str | None
    class_id: int | None
    planned_class_id: int | None
    program_year: int | None
    mandants: MandantMask
    row_version: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Staff:
    """A row of `source_staff`. `employment_building_ids` has the main employment's building first."""

    id: int
    first_name: str
    last_name: str
    short_code: str | None
    login: str | None
    insurance_number: str | None
    entry_on: date | None
    exit_on: date | None
    fictive_entry_on: date | None
    profession: str | None
    business_phone: str | None
    mobile_phone: str | None
    substitution_text: str | None
    building_id: int | None
    room: str | None
    employment_building_ids: tuple[int, ...]
    main_function_id: int | None
    secondary_function_id: int | None
    mandants: MandantMask
    row_version: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SchoolClass:
    """A row of `source_class`. The main teacher is «Lehrperson 1»."""

    id: int
    name: str
    subgroup: str | None
    level: str | None
    program_year: int | None
    school_year_id: int
    building_id: int | None
    room: str | None
    main_teacher_id: int | None
    further_teacher_ids: tuple[int, ...]
    mandants: MandantMask


@dataclass(frozen=True, kw_only=True, slots=True)
class Building:
    """A row of `source_building` (Gebäude, Schulhaus). The head is the Schulleiter."""

    id: int
    name: str
    short_name: str | None
    street: str | None
    postal_code: str | None
    city: str | None
    head_staff_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """A row of `source_function`; `counts_for_connect` is the reference table's switch."""

    id: int
    name: str
    counts_for_connect: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class StaffFunction:
    """A row of `source_staff_function`: a further function (Weitere Funktionen) of one staff record."""

    staff_id: int
    function_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MandantRecord:
    """A row of `source_mandant`."""

    number: Mandant
    short_name: str
    company: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SchoolYear:
    """A row of `source_school_year`; without a mandant it holds for all."""

    id: int
    name: str
    starts_on: date
    ends_on: date
    mandant: Mandant | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MasterData:
    """All views, read in one snapshot."""

    students: tuple[Student, ...]
    staff: tuple[Staff, ...]
    classes: tuple[SchoolClass, ...]
    buildings: tuple[Building, ...]
    functions: tuple[Function, ...]
    staff_functions: tuple[StaffFunction, ...]
    mandants: tuple[MandantRecord, ...]
    school_years: tuple[SchoolYear, ...]
