"""Who belongs in Connect today (manual, «Ab wann ist ein Benutzer in Connect?» and the checklist «zu löschen»)."""

from dataclasses import dataclass
from datetime import date, timedelta

from connect_worker.core.school import Placement, School
from connect_worker.model.account import Unmet
from connect_worker.model.configuration import Audience, Configuration
from connect_worker.model.ids import MandantMask, mask_of
from connect_worker.model.person import Staff, Student


@dataclass(frozen=True, kw_only=True, slots=True)
class StudentScope:
    """A student, where he is placed, and which conditions he does not meet: none is in scope."""

    person: Student
    placement: Placement | None
    unmet: tuple[Unmet, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StaffScope:
    """A staff member and the conditions not met: none is in scope."""

    person: Staff
    unmet: tuple[Unmet, ...]


class Scope:
    """The conditions of one customer's configuration."""

    def __init__(self, configuration: Configuration, school: School) -> None:
        self._configuration = configuration
        self._school = school
        self._configured = mask_of(*(row.number for row in configuration.mandants))
        self._levels = {row.level for row in configuration.levels}

    def of_student(self, student: Student) -> StudentScope:
        """Mandant, entry, exit, class, school year and level, each told apart."""
        audience = self._configuration.students
        placement = self._school.placement(student, lead=timedelta(days=audience.lead_days))
        unmet = (
            *self._unmet_mandant(student.mandants),
            *self._unmet_dates(student.entry_on, student.exit_on, audience),
            *self._unmet_class(placement),
        )
        return StudentScope(person=student, placement=placement, unmet=unmet)

    def of_staff(self, staff: Staff) -> StaffScope:
        """Mandant, entry, exit and, where functions are restricted, one that counts (ruling 9)."""
        unmet = (
            *self._unmet_mandant(staff.mandants),
            *self._unmet_dates(staff.entry_on, staff.exit_on, self._configuration.staff),
            *self._unmet_function(staff),
        )
        return StaffScope(person=staff, unmet=unmet)

    def _unmet_mandant(self, mandants: MandantMask) -> tuple[Unmet, ...]:
        return () if mandants & self._configured else (Unmet.MANDANT,)

    def _unmet_dates(self, entry: date | None, leave: date | None, audience: Audience) -> tuple[Unmet, ...]:
        """In from entry minus lead days, inclusive; out from the exit date itself (ruling 2)."""
        today = self._school.today
        if entry is not None and leave is not None and entry > leave:
            return (Unmet.ENTRY_AFTER_EXIT,)
        if entry is not None and today + timedelta(days=audience.lead_days) < entry:
            return (Unmet.NOT_YET_ENTERED,)
        return (Unmet.EXIT,) if leave is not None and leave <= today else ()

    def _unmet_class(self, placement: Placement | None) -> tuple[Unmet, ...]:
        if placement is None:
            return (Unmet.NO_CLASS,)
        row = placement.school_class
        if not self._school.is_of_current_year(row):
            return (Unmet.SCHOOL_YEAR,)
        if row.level is None:
            return (Unmet.NO_LEVEL,)
        return () if row.level in self._levels else (Unmet.LEVEL,)

    def _unmet_function(self, staff: Staff) -> tuple[Unmet, ...]:
        if not self._configuration.restrict_functions:
            return ()
        counts = any(function.counts_for_connect for function in self._school.functions(staff))
        return () if counts else (Unmet.FUNCTION,)
