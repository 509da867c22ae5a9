"""A change as the audit table keeps it: its object, and what was before and after. Pure; it never holds a password."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from connect_worker.model.account import EXTENSION_NAMES
from connect_worker.model.change import (
    AddMembers,
    Adopt,
    Change,
    CreateContainer,
    CreateGroup,
    CreateUser,
    Delete,
    Disable,
    Enable,
    Member,
    Modify,
    RemoveMembers,
    Rename,
    SetPassword,
)
from connect_worker.model.ids import Guid
from connect_worker.model.office_act import OfficeAct
from connect_worker.model.outcome import Outcome, Result

Values = Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """What a change does to its object: the values that it touches, before and after; None: there is no object."""

    before: Values
    after: Values


def effect_of(change: Change) -> Effect:
    """The values before and after, by the names of model/directory.py."""
    before: Values = {}
    after: Values = {}
    match change:
        case CreateContainer() | CreateUser() | CreateGroup():
            before, after = None, _created(change)
        case Adopt():
            before, after = {"object_guid": None}, {"object_guid": str(change.guid)}
        case Rename():
            before, after = {"dn": change.dn}, {"dn": change.new_dn}
        case Modify():
            before = {part.attribute: part.before for part in change.attributes}
            after = {part.attribute: part.after for part in change.attributes}
        case Disable() | Enable():
            enabled = isinstance(change, Enable)
            before, after = {"enabled": not enabled}, {"enabled": enabled}
        case SetPassword():
            after = {"must_change_password": change.must_change_password}
        case AddMembers():
            after = {"members": _members(change.members)}
        case RemoveMembers():
            before = {"members": _members(change.members)}
        case Delete():
            before, after = {"dn": change.dn}, None
    return Effect(before=before, after=after)


OFFICE = "office"
"""The cause of what a person did in Connect's tables."""
AUDIT_COLUMNS = (
    "run_id",
    "sequence",
    "kind",
    "object",
    "guid",
    "dn",
    "cause",
    "sentence",
    "before",
    "after",
    "result",
    "message",
)


def row_of_outcome(outcome: Outcome) -> tuple[object, ...]:
    """The values of AUDIT_COLUMNS from `kind` on."""
    change = outcome.change
    effect = effect_of(change)
    return (
        change.kind,
        None if change.key is None else str(change.key),
        outcome.guid or _guid_of(change),
        change.dn,
        change.cause.value,
        change.sentence,
        _json(effect.before),
        _json(effect.after),
        outcome.result.value,
        outcome.message,
    )


def row_of_act(act: OfficeAct) -> tuple[object, ...]:
    """The values of AUDIT_COLUMNS from `kind` on, of an act by hand."""
    key = None if act.key is None else str(act.key)
    done = Result.DONE.value
    return (act.kind, key, None, act.dn, OFFICE, act.sentence, _json(act.before), _json(act.after), done, "")


def _created(change: CreateContainer | CreateUser | CreateGroup) -> dict[str, Any]:
    match change:
        case CreateContainer():
            return {"dn": change.dn}
        case CreateUser():
            extensions = dict(zip(EXTENSION_NAMES, change.extension_attributes, strict=True))
            values = {**asdict(change.login), **asdict(change.profile), **extensions}
            return {"dn": change.dn, **_filled(values)}
        case CreateGroup():
            return _filled(
                {
                    "dn": change.dn,
                    "sam_account_name": change.sam_account_name,
                    "display_name": change.display_name,
                    "description": change.description,
                    "info": change.info,
                }
            )


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in {None, ()}}


def _members(members: tuple[Member, ...]) -> list[dict[str, str]]:
    return [{"key": str(member.key), "dn": member.dn} for member in members]


def _guid_of(change: Change) -> Guid | None:
    return None if isinstance(change, CreateContainer | CreateUser | CreateGroup) else change.guid


def _json(values: Values) -> str | None:
    return None if values is None else json.dumps(values, ensure_ascii=False)
