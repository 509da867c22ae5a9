"""A ConnectJob's schedule: cron's five fields with H, as Kubernetes will run them (docs/reference/schedule.md).

The wording is ours; what the resolved expression means is the business of Kubernetes' own library (robfig/cron), which
the tests ask.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from connect_operator.schedule.cron_fields import COLUMNS, Fields, ScheduleError, parse_field
from connect_operator.schedule.next_run import next_run

__all__ = ["MACROS", "Schedule", "ScheduleError", "resolve"]

MACROS: Final = {
    "@hourly": "H * * * *",
    "@daily": "H H(3-5) * * *",
    "@midnight": "H 0 * * *",
    "@weekly": "H H(3-5) * * H",
    "@monthly": "H H(3-5) H * *",
    "@yearly": "H H(3-5) H H *",
    "@annually": "H H(3-5) H H *",
}
"""Not as elsewhere at the full hour: all customers would start in one minute. From 3 on no clock changes in Europe."""

_BAD_BLANK = re.compile(r"^\s|\s$|\s\s|[^\S ]")
_EXAMPLE = 'Write five fields, such as "H 3 * * *"'


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A schedule that Kubernetes accepts, and what it means."""

    fields: Fields

    @property
    def expression(self) -> str:
        """The resolved expression, for the CronJob: five fields of plain cron."""
        return self.fields.text

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The next run later than a moment (aware), in UTC, as Kubernetes finds it, clock changes included.

        None where there is none within five years: 29 February around the year 2100.
        """
        return next_run(self.fields, moment, zone)


def resolve(expression: str, *, realm: str) -> Schedule:
    """Read an expression and put a realm's numbers in the place of H. Raises ScheduleError."""
    if expression.startswith("@"):
        expression = _macro(expression)
    fields = Fields(
        **{
            column.name.replace(" ", "_"): parse_field(text, column, realm=realm)
            for column, text in zip(COLUMNS, _split(expression), strict=True)
        }
    )
    if not fields.ever_comes():
        where = f'Fields 3 and 4 (day of month, month), "{fields.day_of_month.text} {fields.month.text}"'
        raise ScheduleError(where, "this date never comes", instead="Write a day that the month has, such as 28")
    return Schedule(fields=fields)


def _macro(expression: str) -> str:
    if expression in MACROS:
        return MACROS[expression]
    word, *_ = expression.split(maxsplit=1)
    where = _quoted(expression)
    if word == "@every":
        instead = 'Write a step, such as "H */2 * * *" for every two hours'
        raise ScheduleError(where, "intervals have no fixed time of day", instead=instead)
    if word == "@reboot":
        raise ScheduleError(where, "there is no machine that starts", instead='Write a time, such as "@daily"')
    raise ScheduleError(where, "there is no such macro", instead=f"Write one of {', '.join(MACROS)}")


def _split(expression: str) -> list[str]:
    if not expression.strip():
        raise ScheduleError("The schedule", "it is empty", instead=_EXAMPLE)
    if expression.startswith(("TZ=", "CRON_TZ=")):
        what = "the time zone does not belong into the schedule"
        raise ScheduleError(_quoted(expression), what, instead="Write it into spec.timeZone")
    if bad := _BAD_BLANK.search(expression):
        what = "there is one blank between two fields, no tab, and none before or after"
        where = f"{_quoted(expression)}, at character {bad.start() + 1}"
        raise ScheduleError(where, what, instead=f"Write {_quoted(' '.join(expression.split()))}")
    parts = expression.split(" ")
    if len(parts) != len(COLUMNS):
        names = ", ".join(column.name for column in COLUMNS)
        what = f"five fields are needed, not {len(parts)}"
        hint = " (no seconds, no year)" if len(parts) > len(COLUMNS) else ""
        raise ScheduleError(_quoted(expression), what, instead=f"The fields are {names}{hint}. {_EXAMPLE}")
    return parts


def _quoted(expression: str) -> str:
    """In quotation marks, on one line, with a tab to be seen as such."""
    return json.dumps(expression, ensure_ascii=False)
