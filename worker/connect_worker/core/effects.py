"""What another configuration would do to today's data: counted by kind and reason, before anybody saves it (ruling 42).

Compared are two states that were updated from the same tables and the same master data, with either configuration.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from connect_worker.core.validation import validate
from connect_worker.model.account import Account, Profile, Status
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ObjectKey
from connect_worker.model.group import Group, Members
from connect_worker.model.ids import UserType
from connect_worker.model.state import State

EXAMPLES = 3
_KINDS = {UserType.STUDENT: "pupils", UserType.STAFF: "staff", UserType.MANUAL: "manual users"}
_NAMES = ("dn_first_element", "sam_account_name", "user_principal_name", "mail")
_FLAGS = ("password_never_expires", "must_change_password", "password_change_prevented")
_GROUP_NAMES = ("dn_parent", "dn_first_element", "sam_account_name", "display_name", "description", "ad_type")
_NOBODY = Members()


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """Whom or what one kind of change concerns: how many, why, and a few of them."""

    what: str
    reason: str
    count: int
    examples: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """For people."""
        more = ", …" if self.count > len(self.examples) else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.count} {self.what}{reason}: {', '.join(self.examples)}{more}"


def effects(present: State, future: State) -> tuple[Effect, ...]:
    """What differs in users, groups and memberships, the commonest of a kind first."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for what, reason, whom in (*_of_accounts(present, future), *_of_groups(present, future)):
        found[what, reason].append(whom)
    return _counted(found)


def warnings(
    present: State, configuration: Configuration | None, future: State, proposed: Configuration
) -> tuple[Effect, ...]:
    """The findings that block and were not there before, by their code; `configuration` None: there was none."""
    known = set(_blocking(present, configuration)) if configuration is not None else set()
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for key, code in _blocking(future, proposed):
        if (key, code) not in known:
            found["records with a new warning", str(code)].append(str(key))
    return _counted(found)


def _counted(found: dict[tuple[str, str], list[str]]) -> tuple[Effect, ...]:
    return tuple(
        Effect(what=what, reason=reason, count=len(whom), examples=tuple(whom[:EXAMPLES]))
        for (what, reason), whom in sorted(found.items(), key=lambda item: (item[0][0], -len(item[1]), item[0][1]))
    )


def _blocking(state: State, configuration: Configuration) -> Iterable[tuple[ObjectKey, int]]:
    return [(f.key, f.code) for f in validate(state, configuration).findings if f.blocks]


_Told = Iterator[tuple[str, str, str]]


def _of_accounts(present: State, future: State) -> _Told:
    old = {account.key: account for account in present.accounts}
    new = {account.key: account for account in future.accounts}
    for key, account in new.items():
        kind = _KINDS[key.type]
        if key not in old:
            yield f"{kind} who come in", "", str(key)
        elif account != old[key]:
            yield from ((f"{kind} {what}", reason, str(key)) for what, reason in _changes(old[key], account))
    yield from ((f"{_KINDS[key.type]} whose rows go", "", str(key)) for key in old if key not in new)


def _changes(before: Account, after: Account) -> Iterator[tuple[str, str]]:
    """What differs at one user, and why."""
    leaves = (before.status is Status.TO_DELETE, after.status is Status.TO_DELETE)
    if leaves == (False, True):
        yield "who leave", ", ".join(reason.value.replace("_", " ") for reason in after.unmet)
    if leaves == (True, False):
        yield "who come back", ""
    names = [name for name in _NAMES if getattr(before.names, name) != getattr(after.names, name)]
    if names:
        yield "who are renamed", ", ".join(names).replace("_", " ")
    if before.names.dn_parent != after.names.dn_parent:
        yield "who are moved", f"to {after.names.dn_parent}"
    if before.mandant_chosen != after.mandant_chosen:
        yield "with another mandant", str(after.mandant_chosen)
    if any(getattr(before, flag) != getattr(after, flag) for flag in _FLAGS):
        yield "with other rules for their passwords", ""
    attributes = [f.name for f in fields(Profile) if getattr(before.profile, f.name) != getattr(after.profile, f.name)]
    if before.extension_attributes != after.extension_attributes:
        attributes.append("extension_attributes")
    yield from (("with other attributes", attribute.replace("_", " ")) for attribute in attributes)


def _of_groups(present: State, future: State) -> _Told:
    old = {group.key: group for group in present.groups}
    new = {group.key: group for group in future.groups}
    for key, group in new.items():
        criterion = key.criterion.value.replace("_", " ")
        if key not in old:
            yield "groups that are made", criterion, str(key)
        elif group != old[key]:
            yield from ((what, criterion, str(key)) for what in _group_changes(old[key], group))
        before = present.memberships.get(key, _NOBODY).effective if key in old else frozenset()
        after = future.memberships.get(key, _NOBODY).effective
        yield from (("members who join", criterion, f"{user} in {key}") for user in sorted(after - before))
        yield from (("members who leave", criterion, f"{user} in {key}") for user in sorted(before - after))
    yield from (("groups whose rows go", "", str(key)) for key in old if key not in new)


def _group_changes(before: Group, after: Group) -> Iterator[str]:
    ended = (before.status is Status.TO_DELETE, after.status is Status.TO_DELETE)
    if ended == (False, True):
        yield "groups that end"
    if ended == (True, False):
        yield "groups that revive"
    if any(getattr(before, name) != getattr(after, name) for name in _GROUP_NAMES):
        yield "groups with another name, place or type"
