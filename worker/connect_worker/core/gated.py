"""What a person approves: the changes that the safety gate counts, told apart and identified (ruling 36).

Members stand one by one, so that a part of what was approved is recognised as a part. Neither passwords nor times, nor
temporary names, nor the reasons why something happens: only what it does to which object.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple

from connect_worker.core.guards import guard_of
from connect_worker.model.account import Account
from connect_worker.model.approval import GatedChange
from connect_worker.model.change import (
    Change,
    CreateContainer,
    CreateGroup,
    CreateUser,
    Delete,
    Disable,
    RemoveMembers,
    Rename,
    SetPassword,
)


def gated_changes(changes: Iterable[Change]) -> frozenset[GatedChange]:
    """Those of a plan, in no order."""
    counted = [change for change in changes if guard_of(change.kind, change.cause, change.key) is not None]
    first_dns = {str(change.key): change.dn for change in counted if isinstance(change, Rename) and change.aside}
    return frozenset(
        GatedChange(kind=change.kind, object=str(change.key), guid=_guid(change), before=before, after=after)
        for change in counted
        for before, after in _effects(change, first_dns.get(str(change.key), change.dn))
    )


def gated_leavers(leavers: Iterable[Account]) -> frozenset[GatedChange]:
    """What becomes of people who leave the scope: the same as once the plan disables them."""
    return frozenset(
        GatedChange(
            kind=Disable.kind,
            object=str(account.key),
            guid="" if account.object_guid is None else str(account.object_guid),
            before="enabled",
            after="disabled",
        )
        for account in leavers
    )


def unconfirmed(changes: Iterable[Change], confirmed: frozenset[GatedChange]) -> tuple[Change, ...]:
    """The changes without those that a person has confirmed whole already."""
    return tuple(change for change in changes if not (gated := gated_changes([change])) or not gated <= confirmed)


def checksum_of(gated: Iterable[GatedChange]) -> str:
    """The same for the same changes, in whatever order."""
    content = json.dumps(sorted(map(astuple, gated)), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()


def _effects(change: Change, first_dn: str) -> Iterator[tuple[str, str]]:
    match change:
        case Disable():
            yield "enabled", "disabled"
        case Delete():
            yield change.dn, ""
        case Rename(aside=False):
            yield first_dn, change.new_dn
        case RemoveMembers():
            yield from ((str(member.key), "") for member in change.members)
        case CreateUser() | CreateGroup():
            yield "", change.dn
        case SetPassword():
            yield "", "initial password"


def _guid(change: Change) -> str:
    return "" if isinstance(change, CreateContainer | CreateUser | CreateGroup) else str(change.guid)
