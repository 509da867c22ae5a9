"""What stands in the sample school before anybody enters: mandants, functions, school years, buildings, classes."""

from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from connect_worker.model.ids import Mandant, mask_of
from connect_worker.model.person import Building, Function, MandantRecord, SchoolClass, SchoolYear

DORF, SEE, GUEST = Mandant(1), Mandant(2), Mandant(3)
"""Two mandants that are configured for Connect, and one that is not."""
MANDANTS = (
    MandantRecord(number=DORF, short_name="SD", company="Schule Musterdorf"),
    MandantRecord(number=SEE, short_name="SS", company="Schule Mustersee"),
    MandantRecord(number=GUEST, short_name="MS", company="Musikschule Musterdorf"),
)

TEACHER, HEAD, SPECIAL_TEACHER, SECRETARY, SOCIAL_WORKER, CARETAKER, BOARD, CATERING = range(1, 9)
FUNCTIONS = (
    Function(id=TEACHER, name="Lehrperson", counts_for_connect=True),
    Function(id=HEAD, name="Schulleitung", counts_for_connect=True),
    Function(id=SPECIAL_TEACHER, name="Schulische Heilpädagogik", counts_for_connect=True),
    Function(id=SECRETARY, name="Sekretariat", counts_for_connect=True),
    Function(id=SOCIAL_WORKER, name="Schulsozialarbeit", counts_for_connect=True),
    Function(id=CARETAKER, name="Hauswartung", counts_for_connect=False),
    Function(id=BOARD, name="Schulpflege", counts_for_connect=False),
    Function(id=CATERING, name="Mittagstisch", counts_for_connect=False),
)

UNCONFIGURED_LEVEL = "Spielgruppe"
FIRST_DAY = (8, 1)
LAST_DAY = (7, 31)
CLASS_IDS_PER_YEAR = 10_000
CLASSES_PER_BUILDING = 20
FEWEST_BUILDINGS = 4


class Step(NamedTuple):
    """A year of school: the level, the program year within it, the age in which children enter it."""

    level: str
    program_year: int
    age: int


STEPS = (
    *(Step("Kindergarten", year, 4 + year) for year in (1, 2)),
    *(Step("Primar", year, 6 + year) for year in range(1, 7)),
    *(Step("Sek", year, 12 + year) for year in (1, 2, 3)),
)

_PLACES = ("Dorf", "Mühlematt", "Sonnenberg", "Rössligasse", "Bühl", "Seefeld", "Lindenhof", "Grüenau", "Moos", "Brüel")


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """The day that the sample is made for, and the school years around it."""

    today: date
    past: SchoolYear
    current: SchoolYear
    coming: SchoolYear


@dataclass(frozen=True, kw_only=True, slots=True)
class OddClasses:
    """Classes of the current year that are not as they should be, or that belong to more than one mandant."""

    of_unconfigured_level: SchoolClass
    without_level: SchoolClass
    without_teacher: SchoolClass
    of_guests_too: SchoolClass
    in_neighbours_building: SchoolClass


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """The empty school. `classes` are the current year's ordinary ones, in which pupils are placed."""

    calendar: Calendar
    buildings: tuple[Building, ...]
    classes: tuple[SchoolClass, ...]
    odd_classes: OddClasses

    @property
    def all_classes(self) -> tuple[SchoolClass, ...]:
        """The ordinary classes of all three years, and the odd ones."""
        odd = self.odd_classes
        return (
            *(self.class_of(row, self.calendar.past) for row in self.classes),
            *self.classes,
            *(odd.of_unconfigured_level, odd.without_level, odd.without_teacher, odd.of_guests_too),
            odd.in_neighbours_building,
            *(self.class_of(row, self.calendar.coming) for row in self.classes),
        )

    def class_of(self, row: SchoolClass, year: SchoolYear) -> SchoolClass:
        """The class of the same name in another year: a record of its own, as schools keep them."""
        return replace(row, id=_class_id(year, row.id % CLASS_IDS_PER_YEAR), school_year_id=year.id)

    def class_after(self, row: SchoolClass) -> SchoolClass | None:
        """Where the pupils of a class go next year; None after the last program year."""
        position = row.id % CLASS_IDS_PER_YEAR - 1
        if position % len(STEPS) == len(STEPS) - 1 or position + 1 == len(self.classes):
            return None
        return self.class_of(self.classes[position + 1], self.calendar.coming)


def build_frame(*, classes: int, first_teacher: int, today: date) -> Frame:
    """An empty school; teacher 1 of class n is staff `first_teacher` + n, the buildings' heads follow them."""
    calendar = _calendar(today)
    buildings = _buildings(max(FEWEST_BUILDINGS, classes // CLASSES_PER_BUILDING), first_head=first_teacher + classes)
    ordinary = tuple(
        _school_class(position, calendar.current, buildings[position % len(buildings)], first_teacher + position)
        for position in range(classes)
    )
    odd = _odd_classes(ordinary, neighbour=buildings[1])
    return Frame(calendar=calendar, buildings=buildings, classes=ordinary, odd_classes=odd)


def _calendar(today: date) -> Calendar:
    begun = today.year if (today.month, today.day) >= FIRST_DAY else today.year - 1
    return Calendar(
        today=today, past=_school_year(begun - 1), current=_school_year(begun), coming=_school_year(begun + 1)
    )


def _school_year(begins: int) -> SchoolYear:
    ends = begins + 1
    return SchoolYear(
        id=begins,
        name=f"{begins}/{ends % 100:02d}",
        starts_on=date(begins, *FIRST_DAY),
        ends_on=date(ends, *LAST_DAY),
        mandant=None,
    )


def _buildings(count: int, *, first_head: int) -> tuple[Building, ...]:
    plain = (_building(position, head=first_head + position) for position in range(count - 1))
    bare = Building(
        id=count, name="Pavillon", short_name=None, street=None, postal_code=None, city=None, head_staff_id=None
    )
    return (*plain, bare)


def _building(position: int, *, head: int) -> Building:
    round_, place = divmod(position, len(_PLACES))
    number = f" {round_ + 1}" if round_ else ""
    return Building(
        id=position + 1,
        name=f"Schulhaus {_PLACES[place]}{number}",
        short_name=f"{_PLACES[place][:4].upper()}{number.strip()}",
        street=f"{_PLACES[place]}strasse {position + 1}",
        postal_code=f"{8600 + position}",
        city="Musterdorf" if _mandant_of(position + 1) == DORF else "Mustersee",
        head_staff_id=head,
    )


def _mandant_of(building_id: int) -> Mandant:
    return DORF if building_id % 2 else SEE


def _class_id(year: SchoolYear, number: int) -> int:
    return year.id * CLASS_IDS_PER_YEAR + number


def _school_class(position: int, year: SchoolYear, building: Building, teacher: int) -> SchoolClass:
    parallel, place = divmod(position, len(STEPS))
    step = STEPS[place]
    return SchoolClass(
        id=_class_id(year, position + 1),
        name=f"{step.level[0]}{step.program_year}{_letters(parallel)}",
        subgroup="AB"[parallel % 2] if step.level == "Sek" else None,
        level=step.level,
        program_year=step.program_year,
        school_year_id=year.id,
        building_id=building.id,
        room=f"{building.id}.{position % 40 + 1:02d}",
        main_teacher_id=teacher,
        further_teacher_ids=(teacher - 1,) if position % 3 == 1 else (),
        mandants=mask_of(_mandant_of(building.id)),
    )


def _letters(number: int) -> str:
    """Count with letters: a to z, aa, ab."""
    before, last = divmod(number, 26)
    return (_letters(before - 1) if before else "") + chr(ord("a") + last)


def _odd_classes(classes: tuple[SchoolClass, ...], *, neighbour: Building) -> OddClasses:
    """They take the numbers after the ordinary ones. `neighbour` is a building of another mandant than the first class.

    Who leads the first class leads one of another level there too.
    """
    last = classes[-1]
    return OddClasses(
        of_unconfigured_level=replace(
            classes[0], id=last.id + 1, name="Zwerge", level=UNCONFIGURED_LEVEL, program_year=None
        ),
        without_level=replace(classes[0], id=last.id + 2, name="Aufnahme", level=None, program_year=None),
        without_teacher=replace(
            classes[0], id=last.id + 3, name="Kleinklasse", main_teacher_id=None, further_teacher_ids=()
        ),
        of_guests_too=replace(
            classes[0], id=last.id + 4, name="Musikklasse", mandants=mask_of(DORF, GUEST), building_id=None, room=None
        ),
        in_neighbours_building=replace(
            classes[0], id=last.id + 5, name="Waldklasse", level="Primar", program_year=1, building_id=neighbour.id
        ),
    )
