"""The five fields of a cron expression: what may stand in each, and which minutes, hours and days it means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from types import MappingProxyType
from typing import NoReturn

_ELEMENT = re.compile(
    r"(?:(?P<star>\*)"
    r"|(?P<hash>H)(?:\((?P<hash_low>\w+)-(?P<hash_high>\w+)\))?"
    r"|(?P<low>\w+)(?:-(?P<high>\w+))?)"
    r"(?:/(?P<step>\d+))?",
    re.ASCII,
)
_LONGEST_NUMBER = 3  # digits; more are out of every range
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_UNKNOWN_TO_KUBERNETES = {
    "?": "Write * for every value",
    "#": "Kubernetes knows no «second Monday of the month»: write days of the month, such as H(8-14)",
    "L": "Kubernetes knows no last day: write a day that every month has, 1 to 28",
    "W": "Kubernetes knows no nearest working day: write mon-fri into field 5",
    "h": "Write the capital letter H",
}


class ScheduleError(ValueError):
    """A schedule that is refused; its text tells on-call where, what is wrong, and what to write instead."""

    def __init__(self, where: str, what: str, *, instead: str) -> None:
        super().__init__(f"{where}: {what}. {instead}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One of the five places of an expression, and the numbers and names that may stand there."""

    number: int
    name: str
    low: int
    high: int
    highest_hashed: int
    """The largest value that a bare H gives; below `high` for days, so that every month has it."""
    names: Mapping[str, int] = field(default_factory=dict, hash=False)

    def error(self, text: str, what: str, *, instead: str) -> ScheduleError:
        """The error about a text that stands in this column."""
        return ScheduleError(f'Field {self.number} ({self.name}), "{text}"', what, instead=instead)


def _numbered(names: str, *, first: int) -> Mapping[str, int]:
    return MappingProxyType({name: number for number, name in enumerate(names.split(), first)})


MINUTE = Column(number=1, name="minute", low=0, high=59, highest_hashed=59)
HOUR = Column(number=2, name="hour", low=0, high=23, highest_hashed=23)
DAY_OF_MONTH = Column(number=3, name="day of month", low=1, high=31, highest_hashed=28)
MONTH = Column(
    number=4,
    name="month",
    low=1,
    high=12,
    highest_hashed=12,
    names=_numbered("jan feb mar apr may jun jul aug sep oct nov dec", first=1),
)
DAY_OF_WEEK = Column(
    number=5,
    name="day of week",
    low=0,
    high=6,
    highest_hashed=6,
    names=_numbered("sun mon tue wed thu fri sat", first=0),
)
COLUMNS = (MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK)


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """What one column of an expression means, or one element of its list."""

    text: str
    """As Kubernetes gets it: no H is left."""
    values: frozenset[int]
    starred: bool
    """Whether `*` stands in it (with no step but 1): decides how the two day columns work together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields:
    """A whole expression, read."""

    minute: Field
    hour: Field
    day_of_month: Field
    month: Field
    day_of_week: Field

    @property
    def text(self) -> str:
        """The expression as Kubernetes gets it."""
        columns = (self.minute, self.hour, self.day_of_month, self.month, self.day_of_week)
        return " ".join(column.text for column in columns)

    def matches_day(self, day: date) -> bool:
        """Whether a day is meant by the two day columns: both if one of them has a star, else either (cron's rule)."""
        of_month = day.day in self.day_of_month.values
        of_week = day.isoweekday() % 7 in self.day_of_week.values
        if self.day_of_month.starred or self.day_of_week.starred:
            return of_month and of_week
        return of_month or of_week

    def ever_comes(self) -> bool:
        """False for dates such as 30 February. A restricted weekday always comes, whatever the day of the month."""
        if not self.day_of_week.starred and not self.day_of_month.starred:
            return True
        earliest = min(self.day_of_month.values)
        return any(earliest <= _DAYS_IN_MONTH[month - 1] for month in self.month.values)


def parse_field(text: str, column: Column, *, realm: str) -> Field:
    """Read one column: a list of elements, each `*`, a value, a range or H, with or without a step.

    Raises ScheduleError.
    """
    elements = [_parse_element(element, column, realm) for element in text.split(",")]
    return Field(
        text=",".join(element.text for element in elements),
        values=frozenset().union(*(element.values for element in elements)),
        starred=any(element.starred for element in elements),
    )


def stable_hash(realm: str, column: Column) -> int:
    """The number behind H: the first eight bytes of SHA-256 over `realm/column`, big-endian.

    Never to be changed: every customer's hour would move in one night.
    """
    return int.from_bytes(sha256(f"{realm}/{column.name}".encode()).digest()[:8], "big")


def _parse_element(text: str, column: Column, realm: str) -> Field:
    found = _ELEMENT.fullmatch(text)
    if not found:
        _refuse(text, column)
    step = _step(found["step"], text, column)
    if found["hash"]:
        low, high = _hash_range(found, text, column)
        return _hashed(low, high, step, start=stable_hash(realm, column))
    low, high = _range(found, text, column)
    starred = bool(found["star"]) and (step or 1) == 1
    return Field(text=text, values=frozenset(range(low, high + 1, step or 1)), starred=starred)


def _hashed(low: int, high: int, step: int | None, *, start: int) -> Field:
    """H, as plain numbers: one value of the range, or every `step`-th from one of the first `step` values on."""
    span = high - low + 1
    if step is None:
        high = low = low + start % span
    else:
        low += start % min(step, span)
    values = range(low, high + 1, step or 1)
    text = str(low) if len(values) == 1 else f"{low}-{high}/{step}"
    return Field(text=text, values=frozenset(values), starred=False)


def _step(text: str | None, element: str, column: Column) -> int | None:
    if text is None:
        return None
    step, span = _number(text), column.high - column.low + 1
    if step == 0:
        raise column.error(element, "a step of 0 never moves on", instead="Write a step from 1 on, such as */2")
    if step > span:
        what = f"a step of {text} is longer than the {span} values of this field"
        raise column.error(element, what, instead="Write the one value that is meant, without a step")
    return step


def _range(found: re.Match[str], element: str, column: Column) -> tuple[int, int]:
    if found["star"]:
        return column.low, column.high
    low = _value(found["low"], element, column)
    if found["high"]:
        return _ordered(low, _value(found["high"], element, column), element, column)
    return low, column.high if found["step"] else low


def _hash_range(found: re.Match[str], element: str, column: Column) -> tuple[int, int]:
    if not found["hash_low"]:
        return column.low, column.highest_hashed
    low, high = (_value(found[end], element, column) for end in ("hash_low", "hash_high"))
    return _ordered(low, high, element, column)


def _ordered(low: int, high: int, element: str, column: Column) -> tuple[int, int]:
    if low <= high:
        return low, high
    what = f"the range goes backwards, from {low} to {high}"
    if "H" in element:
        raise column.error(element, what, instead=f"Write H({high}-{low}), or a range that ends by {column.high}")
    parts = [(low, column.high), (column.low, high)]
    both = ",".join(f"{first}-{last}" if first != last else f"{first}" for first, last in parts)
    raise column.error(element, what, instead=f"Write {both}")


def _value(text: str, element: str, column: Column) -> int:
    number = column.names.get(text.lower())
    if number is None:
        if not text.isdecimal():
            _refuse(element, column, part=text)
        number = _number(text)
    if column.low <= number <= column.high:
        return number
    if column is DAY_OF_WEEK:
        what = "weekdays go from 0 (Sunday) to 6 (Saturday)"
        raise column.error(element, what, instead="Write 0 or sun for Sunday, and 5-6,0 for Friday to Sunday")
    what = f"{text} is out of range"
    raise column.error(element, what, instead=f"Write a number from {column.low} to {column.high}")


def _number(text: str) -> int:
    return int(text) if len(text) <= _LONGEST_NUMBER else 10**_LONGEST_NUMBER


def _refuse(element: str, column: Column, *, part: str = "") -> NoReturn:
    """Raise for what is neither number nor name, with the advice that fits best."""
    if not element:
        raise column.error(element, "a value is missing before or after a comma", instead="Take the extra comma out")
    name = part[:3].lower()
    if name in column.names:
        raise column.error(element, f"{part} is no name here: names have three letters", instead=f"Write {name}")
    if part.lower() in {name for other in COLUMNS for name in other.names}:
        what = f"{part} does not belong into this field"
        raise column.error(element, what, instead="Months stand in field 4, weekdays in field 5")
    for mark, instead in _UNKNOWN_TO_KUBERNETES.items():
        if mark in element:
            raise column.error(element, f"{mark} is not understood", instead=instead)
    raise column.error(element, "this is not understood", instead=_examples(column))


def _examples(column: Column) -> str:
    names = f", a name from {', '.join(column.names)}" if column.names else ""
    return f"Write *, a number from {column.low} to {column.high}{names}, a range 1-5, a list 1,3, a step */2, or H"
