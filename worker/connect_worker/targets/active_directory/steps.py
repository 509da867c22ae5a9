"""How each kind of change is made: a conversation of one or more requests, each after the answer to the one before.

A conversation yields requests and is sent their answers. It raises RefusedError. Several run at once (see apply); a
directory may answer requests that are under way together in any order.
"""

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TypeVar

from ldap3.utils.conv import escape_filter_chars

from connect_worker.core import dn as names
from connect_worker.core.prevention import prevented_by
from connect_worker.model.change import (
    AddMembers,
    Change,
    CreateContainer,
    Delete,
    Disable,
    Enable,
    Member,
    Modify,
    RemoveMembers,
    SetPassword,
)
from connect_worker.model.ids import AccountKey, Guid
from connect_worker.model.secret import Secret
from connect_worker.targets.active_directory.answers import Answer, Entry, ResultCode
from connect_worker.targets.active_directory.attributes import DESCRIPTOR, GUID, Held
from connect_worker.targets.active_directory.entries import HELD_ATTRIBUTES, held_of
from connect_worker.targets.active_directory.refusals import RefusedError, words_of
from connect_worker.targets.active_directory.requests import (
    Control,
    DeleteEntry,
    ModifyEntry,
    Request,
    Scope,
    Search,
    WriteRequest,
)
from connect_worker.targets.active_directory.writing import (
    members_request,
    needs_held,
    prevention_request,
    request_of,
    target_of,
)
from connect_worker.targets.base import Passwords

T = TypeVar("T")
Conversation = Generator[Request, Answer, T]
Steps = Conversation[None]
SwitchingChange = Disable | Enable | SetPassword | Modify

# A whole list of members is refused when one of them is there already, gone already, or no object at all.
_ONE_SPOILS_ALL = frozenset(
    {
        ResultCode.NO_SUCH_ATTRIBUTE,
        ResultCode.ATTRIBUTE_OR_VALUE_EXISTS,
        ResultCode.NO_SUCH_OBJECT,
        ResultCode.UNWILLING_TO_PERFORM,
        ResultCode.ENTRY_ALREADY_EXISTS,
    }
)
_NEVER_DELETED_ALONG = frozenset({b"user", b"group", b"computer"})
_NAMED_REFUSALS = 3


class UndeletableError(RefusedError):
    """An object that only a person can delete (ruling 39)."""

    def __init__(self, answer: Answer, why: str) -> None:
        super().__init__(replace(answer, message=f"{why}: {answer.message}"))


class MembersRefusedError(RefusedError):
    """Some members were refused; the others are done."""

    def __init__(self, refused: Sequence[tuple[Member, Answer]], total: int) -> None:
        some = "; ".join(f"{member.key}: {words_of(answer)}" for member, answer in refused[:_NAMED_REFUSALS])
        super().__init__(replace(refused[0][1], message=f"{len(refused)} of {total} members were refused: {some}"))


class Memory:
    """What is known of users before they are changed, as they were read."""

    def __init__(self) -> None:
        self._held: dict[Guid, Held] = {}

    def keep(self, guid: Guid, held: Held) -> None:
        """Note what an object holds."""
        self._held[guid] = held

    def find(self, guid: Guid | None) -> Held | None:
        """What is known of an object."""
        return self._held.get(guid) if guid is not None else None

    def forget(self, guid: Guid | None) -> None:
        """Drop what is known of an object that has changed."""
        if guid is not None:
            self._held.pop(guid, None)


def steps_of(change: Change, memory: Memory, passwords: Passwords) -> Steps:
    """The conversation that makes a change. What is so already is success."""
    match change:
        case CreateContainer():
            return _create_container(change)
        case AddMembers() | RemoveMembers():
            return _members(change)
        case Delete():
            return _delete(change)
        case Modify() if (prevented := prevented_by(change)) is not None:
            return _prevent(change, prevented=prevented)
        case Disable() | Enable() | SetPassword() | Modify() if needs_held(change):
            return _switch(change, memory, passwords)
    return _write(request_of(change, Held(), passwords))


def _write(request: WriteRequest) -> Steps:
    answer = yield from _edit(request)
    if answer.code:
        raise RefusedError(answer)
    return None


def _create_container(change: CreateContainer) -> Steps:
    answer = yield request_of(change, Held(), _no_passwords)
    if answer.code not in {ResultCode.SUCCESS, ResultCode.ENTRY_ALREADY_EXISTS}:
        raise RefusedError(answer)


def _switch(change: SwitchingChange, memory: Memory, passwords: Passwords) -> Steps:
    """A change of bits or of a part of the values: what somebody else has changed since the read is not lost."""
    target = target_of(change.guid, change.dn)
    held = memory.find(change.guid) or (yield from _look(target))
    answer = yield from _edit(request_of(change, held, passwords))
    if answer.code == ResultCode.NO_SUCH_ATTRIBUTE:
        held = yield from _look(target)
        answer = yield from _edit(request_of(change, held, passwords))
    memory.forget(change.guid)
    if answer.code:
        raise RefusedError(answer)


def _prevent(change: Modify, *, prevented: bool) -> Steps:
    """Read the rights, edit two entries, write them back."""
    target = target_of(change.guid, change.dn)
    found = yield from _done(Search(base=target, attributes=(DESCRIPTOR,), controls=(Control.ACCESS_LIST,)))
    (descriptor, *_) = _only(found).attributes.get(DESCRIPTOR.lower()) or [b""]
    try:
        request = prevention_request(target, descriptor, prevented=prevented)
    except ValueError as unknown:
        raise ValueError(f"the rights on {change.dn} are left as they are: {unknown}") from unknown
    answer = yield from _edit(request)
    if answer.code:
        raise RefusedError(answer)


def _members(change: AddMembers | RemoveMembers) -> Steps:
    request = request_of(change, Held(), _no_passwords)
    answer = yield request
    if answer.code in _ONE_SPOILS_ALL:
        yield from _members_one_by_one(change)
    elif answer.code:
        raise RefusedError(answer)


def _members_one_by_one(change: AddMembers | RemoveMembers) -> Conversation[None]:
    refused: list[tuple[Member, Answer]] = []
    for member in change.members:
        answer = yield members_request(change, (member.dn,))
        if answer.code and not (yield from _is_so_already(change, member)):
            refused.append((member, answer))
    if refused:
        raise MembersRefusedError(refused, len(change.members))


def _is_so_already(change: AddMembers | RemoveMembers, member: Member) -> Conversation[bool]:
    membership = f"(member={escape_filter_chars(member.dn)})"
    found = yield Search(base=target_of(change.guid, change.dn), filter=membership, attributes=(GUID,))
    return not found.code and bool(found.entries) == isinstance(change, AddMembers)


def _delete(change: Delete) -> Steps:
    request = request_of(change, Held(), _no_passwords)
    answer = yield request
    if answer.code == ResultCode.NOT_ALLOWED_ON_NON_LEAF:
        yield from _delete_children(request.dn, answer)
        answer = yield request
    if answer.code == ResultCode.INSUFFICIENT_ACCESS_RIGHTS:
        raise UndeletableError(answer, "it is protected from deletion, or Connect's account may not delete it")
    if answer.code not in {ResultCode.SUCCESS, ResultCode.NO_SUCH_OBJECT}:
        raise RefusedError(answer)


def _delete_children(target: str, refusal: Answer) -> Conversation[None]:
    """Delete what hangs below a user (a mailbox's devices, say) by name, if none of it is an account or a group."""
    found = yield from _done(Search(base=target, scope=Scope.SUBTREE, attributes=("objectClass",)))
    by_depth = sorted(found.entries, key=lambda entry: len(names.elements(entry.dn)))
    children = by_depth[1:]
    if any(_NEVER_DELETED_ALONG.intersection(child.attributes.get("objectclass", ())) for child in children):
        raise UndeletableError(refusal, f"accounts or groups lie below it: {'; '.join(child.dn for child in children)}")
    for child in reversed(children):
        yield from _done(DeleteEntry(dn=child.dn))


def _edit(request: WriteRequest) -> Conversation[Answer]:
    """Send a request, unless it is a modification and nothing is left to modify."""
    if isinstance(request, ModifyEntry) and not request.modifications:
        return Answer(request_id=0, code=ResultCode.SUCCESS, message="")
    return (yield request)


def _look(target: str) -> Conversation[Held]:
    found = yield from _done(Search(base=target, attributes=HELD_ATTRIBUTES))
    return held_of(_only(found))


def _done(request: Request) -> Conversation[Answer]:
    """Send a request that must succeed."""
    answer = yield request
    if answer.code:
        raise RefusedError(answer)
    return answer


def _only(found: Answer) -> Entry:
    if not found.entries:
        raise RefusedError(replace(found, code=ResultCode.NO_SUCH_OBJECT, message="the account may not see the object"))
    return found.entries[0]


def _no_passwords(key: AccountKey) -> Secret:
    raise LookupError(f"no password is needed for {key}")
