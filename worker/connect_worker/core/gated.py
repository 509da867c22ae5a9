"""What a person approves: the changes that the safety gate counts, told apart and identified (ruling 36).

Members stand one by one, so that a part of what was approved is recognised as a part. Neither passwords nor times, nor
temporary names, nor the reasons why something happens: only what it does to which object.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass

from connect_worker.core.guards import guard_of
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


@dataclass(frozen=True, kw_only=True, order=True, slots=True)
class GatedChange:
    """One thing done to one object. `guid` is empty for an object that is created anew."""

    kind: str
    object: str
    guid: str
    before: str
    after: str


def gated_changes(changes: Iterable[Change]) -> frozenset[GatedChange]:
    """Those of a plan, in no order."""
    counted = [change for change in changes if guard_of(change.kind, change.cause, change.key) is not None]
    first_dns = {str(change.key): change.dn for change in counted if isinstance(change, Rename) and change.aside}
    return frozenset(
        GatedChange(kind=change.kind, object=str(change.key), guid=_guid(change), before=before, after=after)
        for change in counted
        for before, after in _effects(change, first_dns.get(str(change.key), change.dn))
    )


def checksum_of(gated: Iterable[GatedChange]) -> str:
    """The same for the same changes, in whatever order."""
    content = json.dumps(sorted(map(astuple, gated)), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


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
