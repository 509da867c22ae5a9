"""extensionAttribute1 to extensionAttribute15 (seed 002: «individuell», «offen»), by the customer's own templates.

A place without a template is the office's: whatever stands in the row stays.
"""

from collections.abc import Iterator

from connect_worker.core.lengths import LONG, Fitting
from connect_worker.core.levels import program_year_of
from connect_worker.core.school import Placement, School
from connect_worker.core.templates import EXTENSION_PLACEHOLDERS, Placeholder, Template, Values, parse
from connect_worker.errors import ConfigurationError
from connect_worker.model.account import Account, Extensions
from connect_worker.model.configuration import Audience, Configuration
from connect_worker.model.ids import Mandant
from connect_worker.model.person import Building, SchoolClass, Staff, Student

_Templates = tuple[Template | None, ...]


class ExtensionAttributes:
    """Fills the templates for one customer and day."""

    def __init__(self, configuration: Configuration, school: School, fitting: Fitting) -> None:
        """Raises ConfigurationError with every template that does not parse."""
        self._school = school
        self._fit = fitting.fit
        self._students, self._staff = templates_of(configuration)

    def of_student(
        self, student: Student, placement: Placement, account: Account, graduation_year: int | None
    ) -> Extensions:
        """A pupil's values; `account` is his row."""
        if not any(self._students):
            return account.extension_attributes
        row = placement.school_class
        values = {
            **self._common(student, account, row, self._school.building(row.building_id)),
            Placeholder.PROGRAM_YEAR: _text(program_year_of(student, row)),
            Placeholder.ROOM: row.room or "",
            Placeholder.GRADUATION_YEAR: _text(graduation_year),
        }
        return self._filled(self._students, values, account.extension_attributes)

    def of_staff(self, staff: Staff, account: Account) -> Extensions:
        """A staff member's values; the class is the one that he leads, the function his first."""
        if not any(self._staff):
            return account.extension_attributes
        led = self._school.first_led_class(staff)
        functions = self._school.functions(staff)
        values = {
            **self._common(staff, account, led, self._school.building_of_staff(staff)),
            Placeholder.PROGRAM_YEAR: _text(led.program_year if led else None),
            Placeholder.ROOM: staff.room or "",
            Placeholder.FUNCTION: functions[0].name if functions else "",
            Placeholder.PROFESSION: staff.profession or "",
        }
        return self._filled(self._staff, values, account.extension_attributes)

    def _common(
        self, person: Student | Staff, account: Account, row: SchoolClass | None, building: Building | None
    ) -> Values:
        year = self._school.school_year(row) if row else None
        return {
            Placeholder.FIRST_NAME: person.first_name,
            Placeholder.LAST_NAME: person.last_name,
            Placeholder.SHORT_CODE: person.short_code or "",
            Placeholder.LOGIN: person.login or "",
            Placeholder.ID: str(person.id),
            Placeholder.USER_TYPE: account.key.type.value,
            Placeholder.MANDANT: self._short_name(account.mandant_chosen),
            Placeholder.BUILDING_NAME: building.name if building else "",
            Placeholder.BUILDING_SHORT_NAME: (building.short_name or "") if building else "",
            Placeholder.BUILDING_ID: str(building.id) if building else "",
            Placeholder.CLASS_NAME: row.name if row else "",
            Placeholder.CLASS_SUBGROUP: (row.subgroup or "") if row else "",
            Placeholder.CLASS_ID: str(row.id) if row else "",
            Placeholder.LEVEL: (row.level or "") if row else "",
            Placeholder.SCHOOL_YEAR: year.name if year else "",
        }

    def _short_name(self, mandant: Mandant | None) -> str:
        record = self._school.mandant(mandant)
        return record.short_name if record else ""

    def _filled(self, templates: _Templates, values: Values, kept: Extensions) -> Extensions:
        return tuple(
            old if template is None else self._fit(f"extension attribute {number}", template.fill(values), LONG)
            for number, (template, old) in enumerate(zip(templates, kept, strict=True), start=1)
        )


def templates_of(configuration: Configuration) -> tuple[_Templates, _Templates]:
    """Those of students and of staff. Raises ConfigurationError with every one that does not parse."""
    faults: list[str] = []
    students = tuple(_read(configuration.students, "students", faults))
    staff = tuple(_read(configuration.staff, "staff", faults))
    if faults:
        raise ConfigurationError(*faults, todo="Correct them in connect.connect_config_extension_attribute")
    return students, staff


def _read(audience: Audience, whose: str, faults: list[str]) -> Iterator[Template | None]:
    for number, text in enumerate(audience.extension_templates, start=1):
        try:
            yield None if text is None else parse(text, EXTENSION_PLACEHOLDERS)
        except ConfigurationError as error:
            faults.extend(f"extension attribute {number} of {whose}, {fault}" for fault in error.faults)


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
