"""The contract with the master data: one view for each type of model/person.py, one column for each of its fields.

Pure: says what to ask the database for, compares the catalogue's answer with the contract, makes records of rows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Generic, TypeVar, get_type_hints

from connect_worker.model.ids import Mandant, MandantMask
from connect_worker.model.person import (
    Building,
    Function,
    MandantRecord,
    SchoolClass,
    SchoolYear,
    Staff,
    StaffFunction,
    Student,
)
from connect_worker.store.row import Row

T = TypeVar("T")

_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_TEXTS = frozenset({"text", "character varying", "character", "name"})
_DATE = "date"
_FEW = 5

ROW_VERSION = "row_version"
"""May be missing in a view, and be of any type: a hash of the row serves instead (ruling 33)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of a view: which types of PostgreSQL may stand behind it, and how it is selected from the view `v`.

    No number in it is less than `least`.
    """

    name: str
    shown_type: str
    types: frozenset[str]
    expression: str
    mandatory: bool
    is_array: bool = False
    least: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class View(Generic[T]):
    """One view of the contract; `key` is what must be unique in it."""

    name: str
    record: type[T]
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def select(self, *, has_row_version: bool) -> str:
        """The statement that reads the view, in the order of its key."""
        expressions = [
            _row_version(present=has_row_version) if column.name == ROW_VERSION else column.expression
            for column in self.columns
        ]
        order = ", ".join(f"v.{name}" for name in self.key)
        return f"SELECT {', '.join(expressions)} FROM connect.{self.name} v ORDER BY {order}"  # noqa: S608 - our own names

    @property
    def select_dates_beyond(self) -> str:
        """The statement that finds the dates before the year 1 and after 9999: the key, and the `column`."""
        key = ", ".join(f"v.{name}" for name in self.key)
        return " UNION ALL ".join(
            f"SELECT {key}, '{column.name}' AS column FROM connect.{self.name} v WHERE isfinite({column.expression}) "  # noqa: S608
            f"AND {column.expression} NOT BETWEEN '0001-01-01' AND '9999-12-31'"
            for column in self.columns
            if column.shown_type == _DATE
        )

    def records(self, rows: Iterable[Row]) -> tuple[T, ...]:
        """The rows as records; they have been checked by `faults_in`."""
        arrays = [column.name for column in self.columns if column.is_array]
        if not arrays:
            return tuple(self.record(**row) for row in rows)
        return tuple(self.record(**{**row, **{name: tuple(row[name]) for name in arrays}}) for row in rows)

    def faults_in(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """What is wrong: keys that stand twice (ruling 8), nothing where something must be, numbers too low."""
        keys = Counter(tuple(row[name] for name in self.key) for row in rows)
        twice = [key for key, times in keys.items() if times > 1]
        faults = [f"connect.{self.name}: the key {self._key_words(twice)} stands there twice"] if twice else []
        for column in self.columns:
            if column.mandatory and (empty := [row for row in rows if row[column.name] is None]):
                faults.append(self._fault(column.name, "is NULL", empty))
            if column.least is not None and (
                small := [row for row in rows if _is_less(row[column.name], column.least)]
            ):
                faults.append(self._fault(column.name, f"is less than {column.least}", small))
        return tuple(faults)

    def faults_of_dates(self, rows: Iterable[Row]) -> tuple[str, ...]:
        """What `select_dates_beyond` has found."""
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(row["column"], []).append(row)
        beyond = "is a date before the year 1 or after 9999"
        return tuple(self._fault(column, beyond, where) for column, where in found.items())

    def _fault(self, column: str, what: str, rows: Iterable[Row]) -> str:
        keys = [tuple(row[name] for name in self.key) for row in rows]
        return f"connect.{self.name}.{column} {what} where {self._key_words(keys)}"

    def _key_words(self, keys: Sequence[tuple[object, ...]]) -> str:
        words = [", ".join(f"{name} = {value}" for name, value in zip(self.key, key, strict=True)) for key in keys]
        more = f" and {len(words) - _FEW} more" if len(words) > _FEW else ""
        return "; ".join(words[:_FEW]) + more


def _is_less(number: int | None, least: int) -> bool:
    return number is not None and number < least


def view_of(name: str, record: type[T], *key: str, least_key: int | None = None) -> View[T]:
    """The view for a dataclass: its fields are the columns, their annotations say the types."""
    hints = get_type_hints(record)
    columns = tuple(_column(field.name, hints[field.name]) for field in fields(record))  # type: ignore[arg-type]
    columns = tuple(replace(column, least=least_key) if column.name in key else column for column in columns)
    return View(name=name, record=record, key=key, columns=columns)


def _column(name: str, hint: Any) -> Column:
    optional = type(None) in getattr(hint, "__args__", ())
    kind = next(part for part in hint.__args__ if part is not type(None)) if optional else hint
    if name == ROW_VERSION:
        return Column(name=name, shown_type="any", types=frozenset(), expression="", mandatory=False)
    if kind in {int, Mandant, MandantMask}:
        number = _plain(name, "bigint", _INTEGERS, mandatory=not optional)
        return replace(number, least=0) if kind is MandantMask else number
    if kind is str:
        return _plain(name, "text", _TEXTS, mandatory=not optional)
    if kind is bool:
        return _plain(name, "boolean", frozenset({"boolean"}), mandatory=not optional)
    if kind is date:
        # The cast cuts the time. A type with a time zone would be converted first, and is refused (ruling 2).
        return _plain(name, _DATE, frozenset({"date", "timestamp without time zone"}), mandatory=not optional)
    return Column(
        name=name,
        shown_type="integer[]",
        types=frozenset(f"{kind}[]" for kind in _INTEGERS),
        expression=f"ARRAY(SELECT n::bigint FROM unnest(v.{name}) n WHERE n IS NOT NULL) AS {name}",  # noqa: S608
        mandatory=False,
        is_array=True,
    )


def _plain(name: str, shown_type: str, types: frozenset[str], *, mandatory: bool) -> Column:
    return Column(
        name=name, shown_type=shown_type, types=types, expression=f"v.{name}::{shown_type}", mandatory=mandatory
    )


def _row_version(*, present: bool) -> str:
    own = f"v.{ROW_VERSION}::text, " if present else ""
    return f"coalesce({own}md5(v::text)) AS {ROW_VERSION}"


STUDENTS = view_of("source_student", Student, "id", least_key=1)
STAFF = view_of("source_staff", Staff, "id", least_key=1)
CLASSES = view_of("source_class", SchoolClass, "id", least_key=0)
BUILDINGS = view_of("source_building", Building, "id", least_key=0)
FUNCTIONS = view_of("source_function", Function, "id", least_key=0)
STAFF_FUNCTIONS = view_of("source_staff_function", StaffFunction, "staff_id", "function_id")
MANDANTS = view_of("source_mandant", MandantRecord, "number")
SCHOOL_YEARS = view_of("source_school_year", SchoolYear, "id")

VIEWS: tuple[View[Any], ...] = (
    STUDENTS,
    STAFF,
    CLASSES,
    BUILDINGS,
    FUNCTIONS,
    STAFF_FUNCTIONS,
    MANDANTS,
    SCHOOL_YEARS,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """What the database has under the contract's names: types of PostgreSQL by view and column; what may be read."""

    types: Mapping[str, Mapping[str, str]]
    readable: frozenset[str]

    def has_row_version(self, view: View[Any]) -> bool:
        """Whether the view carries its own row version."""
        return ROW_VERSION in self.types[view.name]


def catalogue_of(rows: Iterable[Row]) -> Catalogue:
    """The catalogue from rows of view, column, type, readable."""
    known = list(rows)
    types: dict[str, dict[str, str]] = {}
    for row in known:
        types.setdefault(row["view"], {})[row["column"]] = row["type"]
    return Catalogue(types=types, readable=frozenset(row["view"] for row in known if row["readable"]))


def faults_of(catalogue: Catalogue) -> tuple[str, ...]:
    """Everything that the database lacks: views, rights, columns, types."""
    return tuple(fault for view in VIEWS for fault in _faults_of_view(view, catalogue))


def _faults_of_view(view: View[Any], catalogue: Catalogue) -> list[str]:
    found = catalogue.types.get(view.name)
    if found is None:
        return [f"the view connect.{view.name} is missing"]
    faults = [] if view.name in catalogue.readable else [f"the view connect.{view.name} may not be read"]
    for column in view.columns:
        if column.name == ROW_VERSION:
            continue
        if column.name not in found:
            faults.append(f"the view connect.{view.name} lacks the column {column.name} ({column.shown_type})")
        elif found[column.name] not in column.types:
            faults.append(
                f"the column connect.{view.name}.{column.name} is of type {found[column.name]}, not {column.shown_type}"
            )
    return faults
