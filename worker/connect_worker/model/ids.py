"""Identities: of people in the master data, of groups, of objects in a directory; and mandant masks."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple, NewType
from uuid import UUID

UserId = NewType("UserId", int)
"""Primary key of main_connect_user."""
GroupId = NewType("GroupId", int)
"""Primary key of main_connect_group."""
RunId = NewType("RunId", UUID)
Guid = NewType("Guid", UUID)
"""objectGUID of Active Directory, id of Entra: never changes on rename or move."""
Mandant = NewType("Mandant", int)
"""Number of a school authority within the customer's database, from 1 to MOST_MANDANTS."""
MOST_MANDANTS = 62
"""A mask is a bigint."""
MandantMask = NewType("MandantMask", int)
"""Mandantzahl: bit n-1 stands for mandant n."""


class UserType(StrEnum):
    """`UserConfigType`: S student, P staff (Personal), M made by hand."""

    STUDENT = "S"
    STAFF = "P"
    MANUAL = "M"


class AccountKey(NamedTuple):
    """Who one person is: source table and source key, never name or birth date (ruling 8)."""

    type: UserType
    source_id: int

    def __str__(self) -> str:
        return f"{self.type.value}.{self.source_id:05d}"


class Criterion(StrEnum):
    """A rule that yields groups (manual, «Kriterien zur Bildung von Gruppen»); the value stands in the database."""

    STAFF_AND_STUDENTS_PER_BUILDING = "staff_and_students_per_building"
    ALL_STAFF = "all_staff"
    STAFF_PER_MANDANT = "staff_per_mandant"
    STAFF_PER_MANDANT_AND_FUNCTION = "staff_per_mandant_and_function"
    STAFF_PER_BUILDING = "staff_per_building"
    STAFF_PER_BUILDING_AND_LEVEL = "staff_per_building_and_level"
    ALL_STUDENTS = "all_students"
    STUDENTS_PER_MANDANT = "students_per_mandant"
    STUDENTS_AND_TEACHER_PER_CLASS = "students_and_teacher_per_class"
    STUDENTS_PER_BUILDING = "students_per_building"
    STUDENTS_PER_BUILDING_AND_LEVEL = "students_per_building_and_level"
    MANUAL = "manual"


CLASS_CRITERIA = frozenset({Criterion.STUDENTS_AND_TEACHER_PER_CLASS})
"""The criteria whose groups are one class each: they begin and end with it."""


class GroupKey(NamedTuple):
    """What one group is: rule, mandant (0: over all), source id (0: none) and level, never its name (ruling 18)."""

    criterion: Criterion
    mandant: Mandant
    source_id: int
    level: str = ""

    def __str__(self) -> str:
        text = f"{self.criterion.value}:{self.mandant}:{self.source_id}"
        return f"{text}:{self.level}" if self.level else text


def mask_of(*mandants: Mandant) -> MandantMask:
    """The mask with exactly the bits of these mandants."""
    return MandantMask(sum(1 << number - 1 for number in set(mandants)))


def mandants_of(mask: MandantMask) -> Iterator[Mandant]:
    """The mandants whose bits are set, in ascending order."""
    return (Mandant(bit + 1) for bit in range(mask.bit_length()) if mask >> bit & 1)
