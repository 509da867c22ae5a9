"""Which password policy holds for a pupil (ruling 4)."""

from collections.abc import Sequence

from connect_worker.model.configuration import LevelRule, PasswordPolicy


def password_policy(levels: Sequence[LevelRule], level: str, program_year: int | None) -> PasswordPolicy:
    """The row of the level that lists the program year, else the level's row without a list, else its first row.

    `level` is one of the configured ones: the scope has seen to that.
    """
    rows = sorted((row for row in levels if row.level == level), key=lambda row: row.position)
    listed = next((row for row in rows if program_year in row.program_years), None)
    general = next((row for row in rows if not row.program_years), None)
    return (listed or general or rows[0]).password
