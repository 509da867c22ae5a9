"""Reading the directory: in pages, and whole, or not at all."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from ldap3.utils.conv import escape_filter_chars

from connect_worker.core.dn import split
from connect_worker.errors import IncompleteReadError
from connect_worker.model.directory import ActualGroup, ActualUser, PasswordChange, Remains, Snapshot, TakenName
from connect_worker.model.ids import Guid
from connect_worker.targets.active_directory.answers import Answer, Entry, ResultCode
from connect_worker.targets.active_directory.attributes import DESCRIPTOR, GUID, RECYCLED, TEXT
from connect_worker.targets.active_directory.channel import Channel
from connect_worker.targets.active_directory.entries import (
    READ_ATTRIBUTES,
    TAKEN_ATTRIBUTES,
    group_of,
    guid_of,
    held_of,
    is_group,
    is_user,
    password_change_of,
    remains_of,
    taken_name_of,
    user_of,
)
from connect_worker.targets.active_directory.member_list import MemberList
from connect_worker.targets.active_directory.refusals import words_of
from connect_worker.targets.active_directory.requests import Control, Scope, Search
from connect_worker.targets.active_directory.steps import Memory

DELETED_OBJECTS = "CN=Deleted Objects"
PAGE_ENTRIES = 1000
"""What a Windows server gives at most in one answer."""
FILTERS_PER_SEARCH = 200
USERS = "(&(objectClass=user)(!(objectClass=computer)))"
MANAGED = f"(|(objectClass=organizationalUnit)(objectClass=group){USERS})"
NAMED = "(|(sAMAccountName=*)(userPrincipalName=*)(mail=*)(proxyAddresses=*))"
_SAM = TEXT["sam_account_name"]


class Reader:
    """Reads over one channel. Each method raises IncompleteReadError and ConnectionFailedError."""

    def __init__(self, channel: Channel, domain_dn: str) -> None:
        self._channel = channel
        self._domain_dn = domain_dn

    def read(self, bases: Sequence[str], memory: Memory, extensions: Collection[str] = ()) -> Snapshot:
        """Everything below the bases, with these extension attributes.

        What a later change must know of a user is noted in `memory`.
        """
        attributes = (*READ_ATTRIBUTES, *extensions)
        users: dict[Guid, ActualUser] = {}
        groups: dict[Guid, Entry] = {}
        units: dict[str, None] = {}
        missing: list[str] = []
        for base in bases:
            # An object that is moved while we read may be seen twice: the later sight holds.
            for entry in self._below(base, attributes, missing):
                if is_user(entry):
                    user = user_of(entry)
                    users[user.guid] = user
                    memory.keep(user.guid, held_of(entry))
                elif is_group(entry):
                    groups[guid_of(entry)] = entry
                else:
                    units[entry.dn] = None
        units |= dict.fromkeys(unit for base in missing for unit in self._nearest_above(base))
        return Snapshot(
            users=tuple(users.values()),
            groups=tuple(self._groups(groups.values())),
            organizational_units=tuple(units),
            missing_bases=tuple(missing),
        )

    def read_password_changes(self, bases: Sequence[str]) -> dict[Guid, PasswordChange]:
        """Whether each of the users below the bases may change his own password."""
        found: dict[Guid, PasswordChange] = {}
        for base in bases:
            search = Search(
                base=base,
                scope=Scope.SUBTREE,
                filter=USERS,
                attributes=(GUID, DESCRIPTOR),
                controls=(Control.ACCESS_LIST,),
            )
            if self._is_there(base):
                found |= {guid_of(entry): password_change_of(entry) for entry in self._pages(search)}
        return found

    def read_taken_names(self) -> tuple[TakenName, ...]:
        """The names of everything in the domain that has any."""
        search = Search(base=self._domain_dn, scope=Scope.SUBTREE, filter=NAMED, attributes=TAKEN_ATTRIBUTES)
        return tuple(taken_name_of(entry) for entry in self._pages(search))

    def read_guids(self, names: Sequence[str]) -> dict[str, Guid]:
        """The GUIDs of these sAM account names, anywhere in the domain; the names in the answer are case-folded."""
        wanted = [f"({_SAM}={escape_filter_chars(name)})" for name in names]
        entries = self._any_of(wanted, (GUID, _SAM))
        return {entry.attributes[_SAM.lower()][0].decode().casefold(): guid_of(entry) for entry in entries}

    def locate(self, guids: Iterable[Guid]) -> dict[Guid, str]:
        """Where these objects are, anywhere in the domain; deleted ones are not found."""
        wanted = [f"({GUID}={_escaped(guid.bytes_le)})" for guid in dict.fromkeys(guids)]
        return {guid_of(entry): entry.dn for entry in self._any_of(wanted, (GUID,))}

    def find_deleted(self, guids: Iterable[Guid]) -> dict[Guid, Remains]:
        """What is left of these deleted objects. Most accounts may not look there: then nothing is found."""
        wanted = [f"({GUID}={_escaped(guid.bytes_le)})" for guid in dict.fromkeys(guids)]
        searches = [
            Search(
                base=f"{DELETED_OBJECTS},{self._domain_dn}",
                scope=Scope.ONE_LEVEL,
                filter=f"(|{''.join(wanted[start : start + FILTERS_PER_SEARCH])})",
                attributes=(GUID, RECYCLED, "displayName"),
                controls=(Control.SHOW_DELETED,),
            )
            for start in range(0, len(wanted), FILTERS_PER_SEARCH)
        ]
        answers = self._channel.ask_all(searches)
        return {guid_of(entry): remains_of(entry) for answer in answers if not answer.code for entry in answer.entries}

    def _any_of(self, filters: Sequence[str], attributes: tuple[str, ...]) -> Iterator[Entry]:
        """The domain's entries that meet one of the filters."""
        for start in range(0, len(filters), FILTERS_PER_SEARCH):
            either = "".join(filters[start : start + FILTERS_PER_SEARCH])
            yield from self._pages(
                Search(base=self._domain_dn, scope=Scope.SUBTREE, filter=f"(|{either})", attributes=attributes)
            )

    def _below(self, base: str, attributes: tuple[str, ...], missing: list[str]) -> Iterator[Entry]:
        if not self._is_there(base):
            missing.append(base)
            return
        yield from self._pages(Search(base=base, scope=Scope.SUBTREE, filter=MANAGED, attributes=attributes))

    def _nearest_above(self, base: str) -> Iterator[str]:
        """The organizational unit, if there is one, below which a missing base would have to be made."""
        while (base := split(base)[1]).casefold().startswith("ou="):
            if self._is_there(base):
                yield base
                return

    def _is_there(self, base: str) -> bool:
        answer = self._channel.ask(Search(base=base, attributes=("objectClass",)))
        if answer.code == ResultCode.NO_SUCH_OBJECT:
            return False
        _demand_whole(answer, base)
        return True

    def _pages(self, search: Search) -> Iterator[Entry]:
        """The entries of all pages. The next page is asked for before this one is taken apart."""
        request_id = self._channel.send(replace(search, page=PAGE_ENTRIES))
        seen = 0
        while True:
            answer = self._channel.wait_for(request_id)
            seen += len(answer.entries)
            _demand_whole(answer, search.base, seen=seen)
            if answer.cookie is None:
                raise _incomplete(f"{search.base}: after {seen} objects the answer does not say whether more follow")
            if answer.cookie:
                request_id = self._channel.send(replace(search, page=PAGE_ENTRIES, cookie=answer.cookie))
            yield from answer.entries
            if not answer.cookie:
                return

    def _groups(self, entries: Iterable[Entry]) -> Iterator[ActualGroup]:
        lists = [MemberList(entry) for entry in entries]
        while unfinished := [one for one in lists if not one.complete]:
            answers = self._channel.ask_all([one.next_range for one in unfinished])
            for one, answer in zip(unfinished, answers, strict=True):
                _demand_whole(answer, f"the members of {one.group.dn}")
                one.add(answer.entries[0] if answer.entries else None)
        return (group_of(one.group, one.dns) for one in lists)


def _demand_whole(answer: Answer, what: str, *, seen: int = 0) -> None:
    """Raise unless the directory says that this is all of it."""
    after = f" after {seen} objects" if seen else ""
    if answer.code:
        raise _incomplete(f"{what}{after}: {words_of(answer)}")
    if answer.continuations:
        raise _incomplete(f"{what}{after}: a part of it is said to be on another server")


def _incomplete(what: str) -> IncompleteReadError:
    return IncompleteReadError(
        f"the directory did not give all of what was asked for, at {what}",
        todo="Nothing was written. Run again; if it stays, check the account's rights and the server's limits",
    )


def _escaped(raw: bytes) -> str:
    return "".join(f"\\{byte:02x}" for byte in raw)
