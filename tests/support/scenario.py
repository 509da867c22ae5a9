"""A scenario: a story in prose and YAML, read strictly. docs/reference/scenarios.md tells the format.

An unknown key is an error: a slip of the pen must not make an expectation vanish.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")
FOLDER = Path(__file__).parents[1] / "scenarios"
Values = Mapping[str, Any]
ABSENT = "absent"


class ScenarioError(Exception):
    """A scenario's file cannot be read as one; says where and why."""


class ByHand(StrEnum):
    """What an administrator does to one object of the directory."""

    DELETE = "delete"
    MOVE = "move"
    RENAME = "rename"
    DISABLE = "disable"
    ENABLE = "enable"
    WRITE = "write"
    SET_PASSWORD = "set_password"
    CREATE_USER = "create_user"
    CREATE_GROUP = "create_group"
    CREATE_BELOW = "create_below"
    ADD_MEMBER = "add_member"
    REMOVE_MEMBER = "remove_member"


ARGUMENTS: Mapping[ByHand, frozenset[str]] = {
    ByHand.DELETE: frozenset(),
    ByHand.MOVE: frozenset({"to"}),
    ByHand.RENAME: frozenset({"to"}),
    ByHand.DISABLE: frozenset(),
    ByHand.ENABLE: frozenset(),
    ByHand.WRITE: frozenset({"attributes"}),
    ByHand.SET_PASSWORD: frozenset({"to"}),
    ByHand.CREATE_USER: frozenset({"place", "attributes"}),
    ByHand.CREATE_GROUP: frozenset({"place", "attributes"}),
    ByHand.CREATE_BELOW: frozenset({"name"}),
    ByHand.ADD_MEMBER: frozenset({"member"}),
    ByHand.REMOVE_MEMBER: frozenset({"member"}),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryEdit:
    """One act by hand: what, on which object (its sAM account name; the CN of one to create), and how."""

    act: ByHand
    object: str
    arguments: Values


@dataclass(frozen=True, kw_only=True, slots=True)
class School:
    """Rows of the master data by their keys, each with what differs from the ordinary; None: the row is gone.

    Fields are those of model/person.py; `mandants` is a list of numbers.
    """

    students: Mapping[int, Values | None] = field(default_factory=dict)
    staff: Mapping[int, Values | None] = field(default_factory=dict)
    classes: Mapping[int, Values | None] = field(default_factory=dict)
    buildings: Mapping[int, Values | None] = field(default_factory=dict)
    functions: Mapping[int, Values | None] = field(default_factory=dict)
    mandants: Mapping[int, Values | None] = field(default_factory=dict)
    school_years: Mapping[int, Values | None] = field(default_factory=dict)
    staff_functions: Mapping[int, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """What people enter in Connect's tables: columns of users and groups by sAM account name, members, the lock.

    `manual_users` are new rows by their key: columns of the user, and nothing else is entered. `add_members` and
    `remove_members` are acts by hand; `locked` names who holds up the sync, "" lifts it. `take_over` enters rows of
    connect_migration by the user's key: `account` (sAM account name in the directory) or `guid`, and `aliases`.
    """

    manual_users: Mapping[int, Values] = field(default_factory=dict)
    users: Mapping[str, Values] = field(default_factory=dict)
    groups: Mapping[str, Values] = field(default_factory=dict)
    add_members: Mapping[str, list[str]] = field(default_factory=dict)
    remove_members: Mapping[str, list[str]] = field(default_factory=dict)
    locked: str | None = None
    take_over: Mapping[str, Values] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """How a night ends. What is not named is expected not to be: no change, no warning, no note.

    `plan` holds the changes in any order, `warnings` the codes by sAM account name, `notes` a part of each note,
    `message` parts of the report's message. `directory` and the tables are compared in what they name.
    """

    reason: str
    exit: int = 0
    plan: list[str] = field(default_factory=list)
    warnings: Mapping[str, list[int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    message: list[str] = field(default_factory=list)
    directory: Mapping[str, Values | str] = field(default_factory=dict)
    users: Mapping[str, Values | str] = field(default_factory=dict)
    groups: Mapping[str, Values | str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Night:
    """A night: what happened on the day before it, and how the run must end.

    `approve`: who lets through, before the run, what the last one was stopped with. `commands` are given to
    connect-worker, after everything else that is entered; each must be done.
    """

    date: date
    expect: Expected
    story: str = ""
    approve: str = ""
    commands: list[str] = field(default_factory=list)
    master_data: School = field(default_factory=School)
    configuration: Values = field(default_factory=dict)
    office: Office = field(default_factory=Office)
    directory: tuple[DirectoryEdit, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One story. `begins`: a first night beforehand, in which everything is created and nothing is looked at."""

    name: str
    title: str
    prose: str
    nights: tuple[Night, ...]
    begins: date | None = None
    school: School = field(default_factory=School)
    configuration: Values = field(default_factory=dict)


def scenario_files() -> list[Path]:
    """All scenarios, in their order."""
    return sorted(FOLDER.glob("*.yaml"))


def load_scenario(path: Path) -> Scenario:
    """Read a file. Raises ScenarioError."""
    return read_scenario(path.stem, path.read_text(encoding="utf-8"))


def read_scenario(name: str, text: str) -> Scenario:
    """Read a scenario's text. Raises ScenarioError for whatever is unknown, missing or of another kind."""
    document = yaml.load(text, Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    return _build(Scenario, {**_mapping(document, name), "name": name}, name, _SCENARIO)


class _UniqueKeys(yaml.SafeLoader):
    """YAML takes the last of two equal keys; here that is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [key for key in keys if keys.count(key) > 1]
        if twice:
            raise ScenarioError(f"{twice[0]} stands twice{node.start_mark}")
        return super().construct_mapping(node, deep)


def _build(kind: Callable[..., T], document: Values, where: str, readers: Mapping[str, "Reader"]) -> T:
    """A dataclass from a mapping with exactly its fields."""
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(str(key) for key in document if key not in known)
    if unknown:
        raise ScenarioError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(known)}")
    missing = [
        each.name
        for each in known.values()
        if each.default is MISSING and each.default_factory is MISSING and each.name not in document
    ]
    if missing:
        raise ScenarioError(f"{where}: {', '.join(missing)} missing")
    return kind(**{key: readers[key](value, f"{where}.{key}") for key, value in document.items()})


Reader = Callable[[Any, str], Any]


def _mapping(value: object, where: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise ScenarioError(f"{where}: a mapping is expected, not {value!r}")
    return value


def _of(*kinds: type) -> Reader:
    def read(value: object, where: str) -> object:
        if type(value) not in kinds:
            raise ScenarioError(f"{where}: {' or '.join(kind.__name__ for kind in kinds)} is expected, not {value!r}")
        return value

    return read


def _map_of(key: type, value: Reader) -> Reader:
    def read(document: object, where: str) -> dict[Any, Any]:
        entries = _mapping(document, where).items()
        return {_of(key)(name, where): value(inner, f"{where}.{name}") for name, inner in entries}

    return read


def _list_of(kind: type) -> Reader:
    def read(document: object, where: str) -> list[Any]:
        _of(list)(document, where)
        assert isinstance(document, list)
        return [_of(kind)(value, where) for value in document]

    return read


def _built(kind: Callable[..., Any], readers: Mapping[str, Reader]) -> Reader:
    return lambda document, where: _build(kind, _mapping(document, where), where, readers)


def _nights(document: object, where: str) -> tuple[Night, ...]:
    _of(list)(document, where)
    assert isinstance(document, list)
    return tuple(_built(Night, _NIGHT)(night, f"{where}[{place}]") for place, night in enumerate(document, start=1))


def _directory_edits(document: object, where: str) -> tuple[DirectoryEdit, ...]:
    _of(list)(document, where)
    assert isinstance(document, list)
    return tuple(_directory_edit(edit, where) for edit in document)


def _directory_edit(document: object, where: str) -> DirectoryEdit:
    """`{move: S.00001, to: OU=Elsewhere}`: the act with its object, then its arguments."""
    edit = _mapping(document, where)
    acts = [ByHand(key) for key in edit if key in set(ByHand)]
    if len(acts) != 1:
        raise ScenarioError(f"{where}: {edit} should name one of {', '.join(ByHand)}")
    arguments = {key: value for key, value in edit.items() if key != acts[0]}
    if arguments.keys() != ARGUMENTS[acts[0]]:
        raise ScenarioError(f"{where}: {acts[0]} takes {sorted(ARGUMENTS[acts[0]])}, not {sorted(arguments)}")
    return DirectoryEdit(act=acts[0], object=_of(str)(edit[acts[0]], where), arguments=arguments)


def _either(*readers: Reader) -> Reader:
    def read(value: object, where: str) -> object:
        faults = []
        for reader in readers:
            try:
                return reader(value, where)
            except ScenarioError as fault:
                faults.append(str(fault))
        raise ScenarioError("; or ".join(faults))

    return read


def _absent(value: object, where: str) -> str:
    if value != ABSENT:
        raise ScenarioError(f"{where}: {ABSENT!r} is expected, not {value!r}")
    return ABSENT


def _none(value: object, where: str) -> None:
    _of(type(None))(value, where)


def _all(names: Iterable[str], reader: Reader) -> dict[str, Reader]:
    return dict.fromkeys(names, reader)


_text = _of(str)
_values = _map_of(str, lambda value, _: value)
_row = _either(_values, _none)
_seen = _map_of(str, _either(_values, _absent))
_SCHOOL: Mapping[str, Reader] = {
    **_all(("students", "staff", "classes", "buildings", "functions", "mandants", "school_years"), _map_of(int, _row)),
    "staff_functions": _map_of(int, _list_of(int)),
}
_OFFICE: Mapping[str, Reader] = {
    "manual_users": _map_of(int, _values),
    **_all(("users", "groups", "take_over"), _map_of(str, _values)),
    **_all(("add_members", "remove_members"), _map_of(str, _list_of(str))),
    "locked": _text,
}
_EXPECTED: Mapping[str, Reader] = {
    "reason": _text,
    "exit": _of(int),
    "warnings": _map_of(str, _list_of(int)),
    **_all(("plan", "notes", "message"), _list_of(str)),
    **_all(("directory", "users", "groups"), _seen),
}
_NIGHT: Mapping[str, Reader] = {
    "commands": _list_of(str),
    "date": _of(date),
    **_all(("story", "approve"), _text),
    "master_data": _built(School, _SCHOOL),
    "configuration": _values,
    "office": _built(Office, _OFFICE),
    "directory": _directory_edits,
    "expect": _built(Expected, _EXPECTED),
}
_SCENARIO: Mapping[str, Reader] = {
    **_all(("name", "title", "prose"), _text),
    "begins": _of(date),
    "school": _built(School, _SCHOOL),
    "configuration": _values,
    "nights": _nights,
}
