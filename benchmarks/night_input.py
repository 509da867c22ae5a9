"""What the pure core is given on the night after a synced one: master data, tables, and a directory in step.

Kept in a file, and loaded as if it came off the wire: each record on its own, no text shared between two of them.
"""

import pickle
from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import IO, Any

from benchmarks.large_school import NOW, TODAY, order_of, with_projects
from connect_worker.core.update import update
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import Snapshot
from connect_worker.model.group import Members
from connect_worker.model.ids import AccountKey
from connect_worker.model.person import MasterData
from connect_worker.model.secret import SealedSecret
from connect_worker.model.state import State
from connect_worker.sample.configuration import build_configuration
from connect_worker.sample.school import SampleSchool
from tests.support.builders import actual_group, actual_user, linked, linked_group

BASE_DN = "OU=Schule,DC=school,DC=test"
VERSION = "1"
PLANTED = {"create_user": 1, "disable": 1, "modify": 2, "add_members": 7, "remove_members": 1}
"""What the night must find, by kind of change, and nothing else.

An entrant is created, gets a manager and joins six groups; a leaver is disabled; in the directory somebody has changed
an office, taken a member out of a group and put another one in.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class NightInput:
    """One night's input."""

    configuration: Configuration
    master_data: MasterData
    state: State
    actual: Snapshot


def new_password(key: AccountKey, *_: object) -> SealedSecret:
    """As long as a real one; making and sealing one is the shell's work."""
    return SealedSecret(f"v1.0123456789ab.{key!s:A<60}")


def write_input(people: int, path: Path) -> None:
    """Make a school of so many people, settle it, plant the differences, and write it down."""
    night = _night(people)
    with path.open("wb") as file:
        pickle.dump(night.configuration, file)
        for table in fields(MasterData):
            _write(getattr(night.master_data, table.name), file)
        _write(night.state.accounts, file)
        _write(night.state.groups, file)
        _write(night.state.memberships.items(), file)
        _write(night.actual.users, file)
        _write(night.actual.groups, file)
        _write(night.actual.organizational_units, file)


def read_input(path: Path) -> NightInput:
    """What `write_input` wrote."""
    with path.open("rb") as file:
        configuration = pickle.load(file)  # noqa: S301 - our own file
        master_data = MasterData(**{table.name: _read(file) for table in fields(MasterData)})
        accounts, groups = _read(file), _read(file)
        keys = {account.key: account.key for account in accounts}
        memberships = {group: _with_shared_keys(members, keys) for group, members in _read(file)}
        users, actual_groups, units = _read(file), _read(file), _read(file)
    return NightInput(
        configuration=configuration,
        master_data=master_data,
        state=State(accounts=accounts, groups=groups, memberships=memberships),
        actual=Snapshot(users=users, groups=actual_groups, organizational_units=units, missing_bases=()),
    )


def _night(people: int) -> NightInput:
    school = order_of(people, BASE_DN).build()
    configuration = build_configuration(BASE_DN)
    state = _settled(school.data, configuration)
    return NightInput(
        configuration=configuration,
        master_data=_with_entrant_and_leaver(school),
        state=state,
        actual=_with_planted(_directory_of(state)),
    )


def _settled(data: MasterData, configuration: Configuration) -> State:
    """The tables after a night that did everything there was to do."""
    nothing = State(accounts=(), groups=(), memberships={})
    made = update(nothing, data, configuration, today=TODAY, now=NOW, version=VERSION, new_password=new_password)
    state = with_projects(made.state, BASE_DN)
    return replace(state, accounts=tuple(map(linked, state.accounts)), groups=tuple(map(linked_group, state.groups)))


def _directory_of(state: State) -> Snapshot:
    """The directory as a sync of this state leaves it."""
    dns = {account.key: account.dn or "" for account in state.accounts}
    parents = [*(account.names.dn_parent for account in state.accounts), *(group.dn_parent for group in state.groups)]
    return Snapshot(
        users=tuple(map(actual_user, state.accounts)),
        groups=tuple(
            actual_group(group, *(dns[key] for key in state.memberships[group.key].effective)) for group in state.groups
        ),
        organizational_units=tuple(dict.fromkeys(parent for parent in parents if parent)),
        missing_bases=(),
    )


def _with_entrant_and_leaver(school: SampleSchool) -> MasterData:
    students = {student.id: student for student in school.data.students}
    staying, leaving = (students[key] for key in school.ordinary_pupils[:2])
    entering = replace(staying, id=max(students) + 1, login=None)
    students |= {leaving.id: replace(leaving, exit_on=TODAY), entering.id: entering}
    return replace(school.data, students=tuple(students.values()))


def _with_planted(snapshot: Snapshot) -> Snapshot:
    """An office changed by hand, and a member of the first group exchanged for the first user who is none."""
    first, *users = snapshot.users
    group, *groups = snapshot.groups
    stranger = next(user.dn for user in users if user.dn not in group.members)
    changed = replace(first, profile=replace(first.profile, office="somewhere else"))
    exchanged = replace(group, members=group.members - {max(group.members)} | {stranger})
    return replace(snapshot, users=(changed, *users), groups=(exchanged, *groups))


def _with_shared_keys(members: Members, keys: dict[AccountKey, AccountKey]) -> Members:
    """A membership row holds an id, which the store turns into the user's own key."""
    automatic, manual = ((keys[key] for key in some) for some in (members.automatic, members.manual))
    return Members(automatic=frozenset(automatic), manual=frozenset(manual))


def _write(records: Collection[Any], file: IO[bytes]) -> None:
    pickle.dump(len(records), file)
    for record in records:
        pickle.dump(record, file)


def _read(file: IO[bytes]) -> tuple[Any, ...]:
    return tuple(pickle.load(file) for _ in range(pickle.load(file)))  # noqa: S301 - our own file
