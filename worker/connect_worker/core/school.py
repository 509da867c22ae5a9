"""The master data with its indexes, and the school calendar: what a person's class, building and year are today."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from connect_worker.errors import ConfigurationError
from connect_worker.model.ids import Mandant
from connect_worker.model.person import (
    Building,
    Function,
    MandantRecord,
    MasterData,
    SchoolClass,
    SchoolYear,
    Staff,
    Student,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """The class that supplies a student's level, policy and building; `current` False: only planned (ruling 3)."""

    school_class: SchoolClass
    current: bool


class School:
    """Master data indexed by key, for one day."""

    def __init__(self, data: MasterData, *, today: date, mandants: Iterable[Mandant], carry_over_days: int) -> None:
        """`mandants` are the configured ones; each must have a current school year, else ConfigurationError."""
        self.today = today
        self.carry_over = timedelta(days=carry_over_days)
        self.students = data.students
        self.staff = data.staff
        self._classes = {row.id: row for row in data.classes}
        self._buildings = {row.id: row for row in data.buildings}
        self._functions = {row.id: row for row in data.functions}
        self._mandants = {row.number: row for row in data.mandants}
        self._years = {row.id: row for row in data.school_years}
        self._current_years = _current_years(data.school_years, today)
        self._require_current_year(mandants)
        self._led_classes = _led_classes(data.classes)
        self._taught_classes = _taught_classes(data.classes)
        self._further_functions: defaultdict[int, list[int]] = defaultdict(list)
        for row in data.staff_functions:
            self._further_functions[row.staff_id].append(row.function_id)

    def building(self, key: int | None) -> Building | None:
        """The building with this key, if there is one."""
        return self._buildings.get(key) if key is not None else None

    def function(self, key: int) -> Function | None:
        """The function with this key, if there is one."""
        return self._functions.get(key)

    def school_class(self, key: int | None) -> SchoolClass | None:
        """The class with this key, if there is one."""
        return self._classes.get(key) if key is not None else None

    def mandant(self, number: Mandant | None) -> MandantRecord | None:
        """The mandant's master record, if there is one."""
        return self._mandants.get(number) if number is not None else None

    def school_year(self, school_class: SchoolClass) -> SchoolYear | None:
        """The school year that a class belongs to."""
        return self._years.get(school_class.school_year_id)

    def current_year(self, mandant: Mandant | None) -> SchoolYear | None:
        """The mandant's current school year, or the one for all."""
        return self._current_years.get(mandant) or self._current_years.get(None)

    def functions(self, person: Staff) -> tuple[Function, ...]:
        """Main, secondary and further functions, in this order, each once."""
        keys = (person.main_function_id, person.secondary_function_id, *self._further_functions.get(person.id, ()))
        return tuple(self._functions[key] for key in dict.fromkeys(keys) if key in self._functions)

    def placement(self, student: Student, *, lead: timedelta) -> Placement | None:
        """The student's class of today; where it is none or long over, the planned one within its year's lead time.

        With neither, the class that is over, if there is one (ruling 3).
        """
        current = self.school_class(student.class_id)
        if current is not None and self.is_of_current_year(current):
            return Placement(school_class=current, current=True)
        planned = self.school_class(student.planned_class_id)
        year = self.school_year(planned) if planned is not None else None
        if planned is not None and year is not None and self.today + lead >= year.starts_on:
            return Placement(school_class=planned, current=False)
        return Placement(school_class=current, current=True) if current is not None else None

    def is_of_current_year(self, school_class: SchoolClass) -> bool:
        """Of the current year, of the next, or of the one just ended for the days carried over (ruling 3)."""
        year = self.school_year(school_class)
        if year is None:
            return False
        current = self.current_year(year.mandant)
        if current is not None and year.starts_on >= current.starts_on:
            return True
        return self.today - self.carry_over <= year.ends_on

    def building_of_staff(self, person: Staff) -> Building | None:
        """Own, else of the first class as teacher 1, else of the main employment (ruling 20)."""
        led = self.first_led_class(person)
        keys = (person.building_id, led.building_id if led else None, *person.employment_building_ids[:1])
        return next((found for key in keys if (found := self.building(key))), None)

    def buildings_of_staff(self, person: Staff) -> tuple[Building, ...]:
        """All of the staff record: the own one and those of the employments, each once (ruling 20)."""
        keys = dict.fromkeys((person.building_id, *person.employment_building_ids))
        return tuple(found for key in keys if (found := self.building(key)))

    def led_classes(self, person: Staff) -> Sequence[SchoolClass]:
        """The classes of any year that the person leads as teacher 1, by key."""
        return self._led_classes.get(person.id, ())

    def first_led_class(self, person: Staff) -> SchoolClass | None:
        """The class of this year with the lowest key that the person leads as teacher 1."""
        return next((row for row in self.led_classes(person) if self.is_of_current_year(row)), None)

    def taught_classes(self, person: Staff) -> Iterator[SchoolClass]:
        """The classes that the person teaches today, as teacher 1 or further teacher: their year has begun."""
        for row in self._taught_classes.get(person.id, ()):
            year = self.school_year(row)
            if year is not None and year.starts_on <= self.today and self.is_of_current_year(row):
                yield row

    def _require_current_year(self, mandants: Iterable[Mandant]) -> None:
        without = [str(number) for number in mandants if self.current_year(number) is None]
        if without:
            raise ConfigurationError(
                f"connect.source_school_year: no year has begun by {self.today} for mandant {', '.join(without)}",
                todo="Enter the current school year in the master data; without it nobody could be placed",
                reason="SchoolYearMissing",
            )


def _current_years(years: Iterable[SchoolYear], today: date) -> dict[Mandant | None, SchoolYear]:
    begun = sorted((row for row in years if row.starts_on <= today), key=lambda row: row.starts_on)
    return {row.mandant: row for row in begun}


def _led_classes(classes: Iterable[SchoolClass]) -> dict[int, list[SchoolClass]]:
    led: defaultdict[int, list[SchoolClass]] = defaultdict(list)
    for row in sorted(classes, key=lambda row: row.id):
        if row.main_teacher_id is not None:
            led[row.main_teacher_id].append(row)
    return led


def _taught_classes(classes: Iterable[SchoolClass]) -> dict[int, list[SchoolClass]]:
    taught: defaultdict[int, list[SchoolClass]] = defaultdict(list)
    for row in classes:
        for teacher in {row.main_teacher_id, *row.further_teacher_ids}:
            if teacher is not None:
                taught[teacher].append(row)
    return taught
