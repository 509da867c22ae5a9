"""Who belongs together, criterion by criterion (manual, «Kriterien zur Bildung von Gruppen»).

Each is one line of CRITERIA: by what staff and pupils are told apart, and whether by their mandants too. A *source* is
what a group is formed of: a function, a building, perhaps with a level, a class, or nothing further.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from connect_worker.core.school import Placement, School
from connect_worker.core.templates import Placeholder, Values
from connect_worker.model.ids import Criterion
from connect_worker.model.person import Building, Staff


class Source(NamedTuple):
    """A key of the master data (0: none), and a level."""

    id: int = 0
    level: str = ""


Sources = Iterable[Source]


class Traits:
    """By what people belong together, and what a template may say of it."""

    def __init__(self, school: School, levels: Container[str]) -> None:
        """`levels` are the configured ones: of others there are no groups."""
        self._school = school
        self._levels = levels

    def everybody(self, _person: Staff | Placement | None) -> Sources:
        """One source that all have in common."""
        return (Source(),)

    def functions(self, person: Staff) -> Sources:
        """Main, secondary and further functions; those that do not count form no group (ruling 9)."""
        return [Source(row.id) for row in self._school.functions(person) if row.counts_for_connect]

    def buildings(self, person: Staff) -> Sources:
        """Every building of the staff record and its employments («aus Personal», ruling 20)."""
        return [Source(row.id) for row in self._school.buildings_of_staff(person)]

    def taught_levels(self, person: Staff) -> Sources:
        """The levels of the classes that they teach in a building (ruling 17)."""
        taught = self._school.taught_classes(person)
        return {source for row in taught for source in self._level_in(row.building_id, row.level)}

    def led_classes(self, person: Staff) -> Sources:
        """The classes that they lead as «Lehrperson 1»."""
        return [Source(row.id) for row in self._school.led_classes(person)]

    def building(self, placement: Placement | None) -> Sources:
        """The building of a pupil's class, also of a planned one (ruling 3)."""
        found = self._school.building(placement.school_class.building_id) if placement is not None else None
        return (Source(found.id),) if found is not None else ()

    def level(self, placement: Placement | None) -> Sources:
        """The level of a pupil's class, in its building."""
        row = placement.school_class if placement is not None else None
        return self._level_in(row.building_id, row.level) if row is not None else ()

    def school_class(self, placement: Placement | None) -> Sources:
        """A pupil's class; a planned one does not count yet (ruling 3)."""
        return (Source(placement.school_class.id),) if placement is not None and placement.current else ()

    def tell_nothing(self, _source: Source) -> Values:
        """Of everybody there is no more to say."""
        return {}

    def tell_function(self, source: Source) -> Values:
        """What a template may say of a function."""
        function = self._school.function(source.id)
        return {Placeholder.FUNCTION: function.name if function else ""}

    def tell_building(self, source: Source) -> Values:
        """What a template may say of a building, and of a level in it: the contract has one text for name and key."""
        level = {Placeholder.LEVEL: source.level, Placeholder.LEVEL_ID: source.level}
        return {**_values_of_building(self._school.building(source.id)), **level}

    def tell_class(self, source: Source) -> Values:
        """What a template may say of a class, and of its building."""
        row = self._school.school_class(source.id)
        assert row is not None, "a pupil's class comes from the master data"
        year = self._school.school_year(row)
        return {
            **_values_of_building(self._school.building(row.building_id)),
            Placeholder.CLASS_NAME: row.name,
            Placeholder.CLASS_SUBGROUP: row.subgroup or "",
            Placeholder.CLASS_ID: str(row.id),
            Placeholder.SCHOOL_YEAR: year.name if year else "",
            Placeholder.LEVEL: row.level or "",
            Placeholder.LEVEL_ID: row.level or "",
        }

    def _level_in(self, building_id: int | None, level: str | None) -> Sources:
        building = self._school.building(building_id)
        if building is None or level is None or level not in self._levels:
            return ()
        return (Source(building.id, level),)


OfStaff = Callable[[Traits, Staff], Sources]
OfPupil = Callable[[Traits, Placement | None], Sources]


class Spread(Enum):
    """For which mandants a criterion forms its groups (ruling 16)."""

    OVER_ALL = auto()
    EACH_MANDANT = auto()
    AS_THE_CLASS = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """One criterion: by what staff and pupils are told apart, and what its templates may say. None: they are not in.

    `joining` are staff who belong to a group that pupils form, and form none themselves.
    """

    staff: OfStaff | None = None
    students: OfPupil | None = None
    joining: OfStaff | None = None
    spread: Spread = Spread.OVER_ALL
    tell: Callable[[Traits, Source], Values] = Traits.tell_nothing


CRITERIA: Mapping[Criterion, Description] = {
    Criterion.STAFF_AND_STUDENTS_PER_BUILDING: Description(
        staff=Traits.buildings, students=Traits.building, tell=Traits.tell_building
    ),
    Criterion.ALL_STAFF: Description(staff=Traits.everybody),
    Criterion.STAFF_PER_MANDANT: Description(staff=Traits.everybody, spread=Spread.EACH_MANDANT),
    Criterion.STAFF_PER_MANDANT_AND_FUNCTION: Description(
        staff=Traits.functions, spread=Spread.EACH_MANDANT, tell=Traits.tell_function
    ),
    Criterion.STAFF_PER_BUILDING: Description(
        staff=Traits.buildings, spread=Spread.EACH_MANDANT, tell=Traits.tell_building
    ),
    Criterion.STAFF_PER_BUILDING_AND_LEVEL: Description(
        staff=Traits.taught_levels, spread=Spread.EACH_MANDANT, tell=Traits.tell_building
    ),
    Criterion.ALL_STUDENTS: Description(students=Traits.everybody),
    Criterion.STUDENTS_PER_MANDANT: Description(students=Traits.everybody, spread=Spread.EACH_MANDANT),
    Criterion.STUDENTS_AND_TEACHER_PER_CLASS: Description(
        students=Traits.school_class, joining=Traits.led_classes, spread=Spread.AS_THE_CLASS, tell=Traits.tell_class
    ),
    Criterion.STUDENTS_PER_BUILDING: Description(
        students=Traits.building, spread=Spread.EACH_MANDANT, tell=Traits.tell_building
    ),
    Criterion.STUDENTS_PER_BUILDING_AND_LEVEL: Description(
        students=Traits.level, spread=Spread.EACH_MANDANT, tell=Traits.tell_building
    ),
}


def _values_of_building(building: Building | None) -> Values:
    if building is None:
        return {}
    return {
        Placeholder.BUILDING_SHORT_NAME: building.short_name or "",
        Placeholder.BUILDING_NAME: building.name,
        Placeholder.BUILDING_ID: str(building.id),
    }
