"""The configurator's tables as a document of parts, rows and values, driven by the columns of the database. Pure.

`general` is the one row of connect_config; every other part is a table `connect_config_…` without that beginning, a
list of rows that are told apart by their key. Secrets, and the office's lock, are no part of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connect_worker.store.secrets import SECRET_COLUMNS

GENERAL = "general"
TABLE = "connect_config"
SECRETS = frozenset(column.name for column in SECRET_COLUMNS if column.table == TABLE)
LOCK = frozenset({"locked_by", "lock_reason", "locked_at"})
"""The office's lock is no setting, and has its own command."""
_NOT_SET = frozenset({"only_row"}) | SECRETS | LOCK
_WHOLE = {"smallint": 15, "integer": 31, "bigint": 63}

Values = Mapping[str, Any]
"""One row: values by column, as JSON has them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsColumn:
    """A column that is a setting; `default` is the value that it has where nobody sets it."""

    name: str
    type: str
    nullable: bool
    default: Any

    def fault(self, value: Any) -> str | None:
        """Why the value is none for this column, if so."""
        if value is None:
            return None if self.nullable else "must not be empty"
        if self.type.endswith("[]"):
            if not isinstance(value, list):
                return f"{value!r} is no list"
            faults = (_fault(self.type.removesuffix("[]"), element) for element in value)
            return next((fault for fault in faults if fault is not None), None)
        return _fault(self.type, value)


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsTable:
    """One of the tables; `key` are the columns that tell its rows apart, none for the general row."""

    name: str
    key: tuple[str, ...]
    columns: tuple[SettingsColumn, ...]

    @property
    def part(self) -> str:
        """What the table is called in a document."""
        return self.name.removeprefix(f"{TABLE}_") if self.name != TABLE else GENERAL

    def column(self, name: str) -> SettingsColumn | None:
        """The column of this name, if it is a setting."""
        return next((column for column in self.columns if column.name == name), None)

    def key_of(self, row: Values) -> str:
        """How a row is called within its part."""
        return ".".join(str(row.get(column)) for column in self.key)

    @property
    def default_row(self) -> dict[str, Any]:
        """A row that nobody has filled in."""
        return {column.name: column.default for column in self.columns}


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """All settings: the rows of each part, in the order of their keys."""

    parts: Mapping[str, tuple[Values, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingChange:
    """One setting that differs, by its path; None where there is no such row."""

    path: str
    before: Any
    after: Any

    @property
    def sentence(self) -> str:
        """For people."""
        return f"{self.path}: {_shown(self.before)} → {_shown(self.after)}"


def is_setting(column: str) -> bool:
    """Whether a column of connect_config is one."""
    return column not in _NOT_SET


def merged(tables: Iterable[SettingsTable], present: Document, given: object, faults: list[str]) -> Document:
    """The document in which what is given takes the place of what is present; what is not named stays.

    A part with rows is given whole: a row that is not in its list goes. A column that a row does not name keeps its
    value, or has the default in a new row. What cannot be read is added to `faults`.
    """
    by_part = {table.part: table for table in tables}
    if not isinstance(given, Mapping):
        faults.append(f"expected are parts ({', '.join(by_part)}), each with its settings")
        return present
    faults += [f"unknown part {name!r}; known are {', '.join(by_part)}" for name in given if name not in by_part]
    parts = {
        name: _part(table, present.parts[name], given[name], faults) if name in given else present.parts[name]
        for name, table in by_part.items()
    }
    return Document(parts=parts)


def with_value(tables: Iterable[SettingsTable], present: Document, path: str, value: Any) -> Document:
    """The document with one setting changed: `dn`, or `level.1.password_policy`; a row that is not there is made.

    Raises KeyError with what is known for a path that leads nowhere.
    """
    by_part = {table.part: table for table in tables}
    part, key, name = _parts_of(path, by_part)
    table = by_part[part]
    rows = list(present.parts[part])
    place = next((place for place, row in enumerate(rows) if table.key_of(row) == key), None)
    if place is None:
        rows.append(table.default_row | _key_values(table, key))
        place = len(rows) - 1
    rows[place] = {**rows[place], name: value}
    return Document(parts={**present.parts, part: tuple(rows)})


def setting_at(tables: Iterable[SettingsTable], path: str) -> SettingsColumn:
    """The column that a path leads to. Raises KeyError with what is known."""
    by_part = {table.part: table for table in tables}
    part, _, name = _parts_of(path, by_part)
    column = by_part[part].column(name)
    assert column is not None, "the path was followed"
    return column


def faults_of(tables: Iterable[SettingsTable], document: Document) -> Iterator[str]:
    """Values that their columns cannot hold, and keys that stand twice."""
    for table in tables:
        seen: set[str] = set()
        for row in document.parts[table.part]:
            where = _where(table, row)
            for column in table.columns:
                fault = column.fault(row.get(column.name))
                if fault is not None:
                    yield f"{where}.{column.name} {fault}"
            if table.key and where in seen:
                yield f"{where} stands twice"
            seen.add(where)


def changes(tables: Iterable[SettingsTable], before: Document, after: Document) -> tuple[SettingChange, ...]:
    """What differs, setting by setting; a row that is new or gone as a whole."""
    return tuple(change for table in tables for change in _changes(table, before, after))


def _changes(table: SettingsTable, before: Document, after: Document) -> Iterator[SettingChange]:
    old = {_where(table, row): row for row in before.parts[table.part]}
    new = {_where(table, row): row for row in after.parts[table.part]}
    for where, row in new.items():
        if where not in old:
            yield SettingChange(path=where, before=None, after=row)
            continue
        for column in table.columns:
            values = old[where].get(column.name), row.get(column.name)
            if values[0] != values[1]:
                yield SettingChange(path=f"{where}.{column.name}", before=values[0], after=values[1])
    yield from (SettingChange(path=where, before=row, after=None) for where, row in old.items() if where not in new)


def _part(table: SettingsTable, present: Sequence[Values], given: object, faults: list[str]) -> tuple[Values, ...]:
    if not table.key:
        return (_row(table, present[0], given, faults),)
    if not isinstance(given, list):
        faults.append(f"{table.part} must be a list of rows")
        return tuple(present)
    known = {table.key_of(row): row for row in present}
    rows = []
    for row in given:
        key = table.key_of(row) if isinstance(row, Mapping) else ""
        rows.append(_row(table, known.get(key, table.default_row), row, faults))
    return tuple(rows)


def _row(table: SettingsTable, present: Values, given: object, faults: list[str]) -> Values:
    if not isinstance(given, Mapping):
        faults.append(f"{table.part}: {given!r} is no row of settings")
        return present
    where = _where(table, given)
    for name in given:
        if name in SECRETS and not table.key:
            faults.append(f"{where}.{name} is a secret and stands in no file: connect-worker config set {name}=@FILE")
        elif table.column(name) is None:
            known = ", ".join(column.name for column in table.columns)
            faults.append(f"{where}.{name} is unknown; known are {known}")
    return {**present, **{name: value for name, value in given.items() if table.column(name) is not None}}


def _parts_of(path: str, by_part: Mapping[str, SettingsTable]) -> tuple[str, str, str]:
    """Part, key and column of a path; the general part need not be named."""
    part, _, rest = path.partition(".")
    if part not in by_part:
        part, rest = GENERAL, path
    key, _, name = rest.rpartition(".")
    table = by_part[part]
    if table.column(name) is None or bool(key) != bool(table.key):
        known = ", ".join(column.name for column in table.columns)
        raise KeyError(f"{path}: unknown; of {part} there are {known}")
    return part, key, name


def _key_values(table: SettingsTable, key: str) -> dict[str, Any]:
    texts = key.split(".", len(table.key) - 1)
    columns = [column for column in table.columns if column.name in table.key]
    by_name = {column.name: column for column in columns}
    return {
        name: int(text) if by_name[name].type in _WHOLE and text.isdecimal() else text
        for name, text in zip(table.key, texts, strict=False)
    }


def _where(table: SettingsTable, row: Values) -> str:
    return f"{table.part}.{table.key_of(row)}" if table.key else table.part


def _fault(type_: str, value: Any) -> str | None:
    """Why a value is none of a type. A text must be written as one: `1.0` and `on` mean something else in YAML."""
    if type_ == "boolean":
        return None if isinstance(value, bool) else f"is {value!r}, expected is true or false"
    if type_ in _WHOLE:
        fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << _WHOLE[type_]
        return None if fits else f"is {value!r}, expected is a whole number"
    if not isinstance(value, str):
        return f"is {value!r}, expected is a text (put it in quotes)"
    return "holds the character NUL" if "\0" in value else None


def _shown(value: Any) -> str:
    return "–" if value is None else repr(value)
