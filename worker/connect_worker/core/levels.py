"""Which row of a pupil's level holds for him, and when the level ends (ruling 4)."""

from collections.abc import Iterable, Mapping

from connect_worker.model.configuration import LevelRule
from connect_worker.model.person import SchoolClass, Student


class LevelRules:
    """The configured levels; what was found is kept, for there are few of them and many pupils."""

    def __init__(self, levels: Iterable[LevelRule]) -> None:
        self._rows = sorted(levels, key=lambda row: row.position)
        self._found: dict[tuple[str, int | None], LevelRule] = {}

    def find(self, level: str, program_year: int | None) -> LevelRule:
        """The row of the level that lists the program year, else the level's row without a list, else its first row.

        `level` is one of the configured ones: the scope has seen to that.
        """
        key = (level, program_year)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._chosen(level, program_year)
        return found

    def _chosen(self, level: str, program_year: int | None) -> LevelRule:
        rows = [row for row in self._rows if row.level == level]
        listed = next((row for row in rows if program_year in row.program_years), None)
        general = next((row for row in rows if not row.program_years), None)
        return listed or general or rows[0]


def fits(rule: LevelRule, program_year: int | None) -> bool:
    """Whether the row was made for that program year."""
    return not rule.program_years or program_year in rule.program_years


def program_year_of(student: Student, school_class: SchoolClass) -> int | None:
    """The pupil's own program year, else his class's."""
    return student.program_year if student.program_year is not None else school_class.program_year


def last_program_years(levels: Iterable[LevelRule]) -> Mapping[str, int]:
    """The last program year of each level that has one: the highest of its rows'."""
    last: dict[str, int] = {}
    for row in levels:
        if row.last_program_year is not None:
            last[row.level] = max(row.last_program_year, last.get(row.level, row.last_program_year))
    return last
