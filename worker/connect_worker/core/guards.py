"""What the safety gate counts together, and against which limit (ruling 35).

change              cause                       counted as               limit
disable             exit                        exits                    wide
                    any other                   disables                 strict
delete of a user    exit and grace over         deletes after an exit    wide
                    any other, also immune      deletes                  strict
delete of a group   its class ended             class groups             wide
                    any other                   groups                   strict
remove_members      a pupil's class changed     nothing
                    any other                   removals                 strict: of each group, and of all together
rename              any                         renames                  strict
set_password        reset                       resets                   strict
                    confirmed by name           nothing
create              deleted by hand             created anew             strict
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum

from connect_worker.model.act import Act
from connect_worker.model.change import (
    Cause,
    Change,
    CreateGroup,
    CreateUser,
    Delete,
    Disable,
    RemoveMembers,
    Rename,
    SetPassword,
)
from connect_worker.model.configuration import Limit, Limits
from connect_worker.model.directory import ObjectKey
from connect_worker.model.ids import AccountKey

GUARDED_KINDS = tuple(
    sorted(kind.kind for kind in (CreateGroup, CreateUser, Delete, Disable, RemoveMembers, Rename, SetPassword))
)
"""The kinds of changes of which some are counted, by their cause."""


class Guard(StrEnum):
    """What is counted together, in the words of the report."""

    EXIT_DELETES = "users to delete whose exit date has passed"
    DELETES = "users to delete for other reasons"
    CLASS_GROUPS = "groups to delete whose class has ended"
    GROUPS = "groups to delete for other reasons"
    EXITS = "users to disable because of their exit date"
    DISABLES = "users to disable for other reasons"
    REMOVALS = "members to remove from groups"
    USER_RENAMES = "users to rename or move"
    GROUP_RENAMES = "groups to rename or move"
    RESETS = "passwords to reset"
    USERS_ANEW = "users deleted by hand to create anew"
    GROUPS_ANEW = "groups deleted by hand to create anew"

    @property
    def is_of_groups(self) -> bool:
        """Whether its percentage is one of the groups."""
        return self in {Guard.CLASS_GROUPS, Guard.GROUPS, Guard.GROUP_RENAMES, Guard.GROUPS_ANEW}


_ORDINARY = frozenset({Guard.EXIT_DELETES, Guard.CLASS_GROUPS, Guard.EXITS})
_OF_USERS: Mapping[str, Guard] = {
    Delete.kind: Guard.DELETES,
    Disable.kind: Guard.DISABLES,
    Rename.kind: Guard.USER_RENAMES,
}
_OF_USERS_BY_CAUSE: Mapping[tuple[str, Cause], Guard] = {
    (Delete.kind, Cause.EXIT_GRACE_OVER): Guard.EXIT_DELETES,
    (Disable.kind, Cause.EXIT): Guard.EXITS,
    (SetPassword.kind, Cause.RESET): Guard.RESETS,
    (CreateUser.kind, Cause.DELETED_BY_HAND): Guard.USERS_ANEW,
}
_OF_GROUPS: Mapping[str, Guard] = {
    Delete.kind: Guard.GROUPS,
    RemoveMembers.kind: Guard.REMOVALS,
    Rename.kind: Guard.GROUP_RENAMES,
}
_OF_GROUPS_BY_CAUSE: Mapping[tuple[str, Cause], Guard | None] = {
    (Delete.kind, Cause.CLASS_ENDED): Guard.CLASS_GROUPS,
    (RemoveMembers.kind, Cause.CLASS_CHANGED): None,
    (CreateGroup.kind, Cause.DELETED_BY_HAND): Guard.GROUPS_ANEW,
}


def guard_of(kind: str, cause: Cause, key: ObjectKey | None) -> Guard | None:
    """What a change is counted as; None: it takes nothing away, or what it takes is ordinary."""
    if isinstance(key, AccountKey):
        return _OF_USERS_BY_CAUSE.get((kind, cause), _OF_USERS.get(kind))
    return None if key is None else _OF_GROUPS_BY_CAUSE.get((kind, cause), _OF_GROUPS.get(kind))


def acts_of(changes: Iterable[Change]) -> Iterator[tuple[Guard, Act]]:
    """Everything in these changes that is counted, each member on its own."""
    for change in changes:
        guard = guard_of(change.kind, change.cause, change.key)
        if guard is None or change.key is None:
            continue
        act = Act(kind=change.kind, cause=change.cause, key=change.key)
        if isinstance(change, RemoveMembers):
            yield from ((guard, replace(act, member=member.key)) for member in change.members)
        else:
            yield guard, act


def limit_of(guard: Guard, limits: Limits) -> Limit:
    """The limit that holds: what is ordinary has the wide percentage."""
    strict = {
        Guard.EXIT_DELETES: limits.deletes,
        Guard.DELETES: limits.deletes,
        Guard.CLASS_GROUPS: limits.deletes,
        Guard.GROUPS: limits.deletes,
        Guard.EXITS: limits.disables,
        Guard.DISABLES: limits.disables,
        Guard.REMOVALS: limits.removals,
        Guard.USER_RENAMES: limits.renames,
        Guard.GROUP_RENAMES: limits.renames,
        Guard.RESETS: limits.resets,
        Guard.USERS_ANEW: limits.recreations,
        Guard.GROUPS_ANEW: limits.recreations,
    }[guard]
    return replace(strict, percent=limits.exit_percent) if guard in _ORDINARY else strict
