"""Names that one object of a plan holds and another one needs: the holder takes a temporary one first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from connect_worker.core.dn import normalise, split
from connect_worker.model.change import AttributeChange, Change, CreateGroup, CreateUser, Modify, Rename
from connect_worker.model.ids import Guid

_SAM, _PRINCIPAL = "sam_account_name", "user_principal_name"
_UNIQUE = (_SAM, _PRINCIPAL)
_DIGITS = 12
"""Of a GUID: with `connect-` before them as many signs as a sAM account name may have."""

_Name = tuple[str, str]
"""One of _UNIQUE, and its value, case-folded: a directory holds each but once."""


def step_aside(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes, and those by which holders give way, so that within a wave none depends on another."""
    return _leave_logins(_leave_places(changes))


def _leave_places(changes: Sequence[Change]) -> tuple[Change, ...]:
    renames = {normalise(change.dn): change for change in changes if isinstance(change, Rename)}
    needed = {normalise(change.new_dn) for change in renames.values()}
    aside: dict[int, Rename] = {}
    for held in needed & renames.keys():
        change = renames[held]
        temporary = f"CN=connect-{change.guid},{split(change.dn)[1]}"
        aside[id(change)] = replace(change, new_dn=temporary, aside=True)
    moved = (replace(c, dn=aside[id(c)].new_dn) if isinstance(c, Rename) and id(c) in aside else c for c in changes)
    return (*aside.values(), *moved)


def _leave_logins(changes: Sequence[Change]) -> tuple[Change, ...]:
    needed = {name for change in changes for name in _needed(change)}
    if not needed:
        return tuple(changes)
    places = {change.guid: change.dn for change in reversed(changes) if isinstance(change, Rename)}
    found: list[Change] = []
    for change in changes:
        found += _giving_way(change, needed, places) if isinstance(change, Modify) else (change,)
    return tuple(found)


def _needed(change: Change) -> Iterator[_Name]:
    """The names that it takes, and has not got already in another spelling."""
    if isinstance(change, CreateUser):
        yield from _names({_SAM: change.login.sam_account_name, _PRINCIPAL: change.login.user_principal_name})
    elif isinstance(change, CreateGroup):
        yield from _names({_SAM: change.sam_account_name})
    elif isinstance(change, Modify):
        for one in change.attributes:
            yield from set(_names({one.attribute: one.after})) - set(_names({one.attribute: one.before}))


def _names(values: Mapping[str, object]) -> Iterator[_Name]:
    return ((kind, value.casefold()) for kind, value in values.items() if kind in _UNIQUE and isinstance(value, str))


def _giving_way(change: Modify, needed: set[_Name], places: Mapping[Guid, str]) -> tuple[Modify, ...]:
    guid = change.guid
    held = (one for one in change.attributes if needed & set(_names({one.attribute: one.before})))
    given = {} if guid is None else {one.attribute: _temporary(guid, one) for one in held}
    if guid is None or not given:
        return (change,)
    first = tuple(replace(one, after=given[one.attribute]) for one in change.attributes if one.attribute in given)
    rest = tuple(_from(one, given) for one in change.attributes)
    aside = replace(change, dn=places.get(guid, change.dn), attributes=first, aside=True)
    return (aside, replace(change, attributes=rest))


def _temporary(guid: Guid, one: AttributeChange) -> str:
    """A principal name keeps its domain; empty, a Samba would refuse it."""
    name = f"connect-{guid.hex[-_DIGITS:]}"
    return name if one.attribute == _SAM else f"{name}@{str(one.before).rpartition('@')[2]}"


def _from(one: AttributeChange, given: Mapping[str, str]) -> AttributeChange:
    return replace(one, before=given[one.attribute]) if one.attribute in given else one
