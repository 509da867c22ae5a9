"""Names that nobody may be given: of deleted accounts, and of objects outside Connect (ruling 12)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date

from connect_worker.core.dn import is_below, split
from connect_worker.core.employee_ids import identity_of
from connect_worker.core.recovery import is_meant
from connect_worker.model.account import Account
from connect_worker.model.directory import ObjectKey, TakenName
from connect_worker.model.ids import Guid
from connect_worker.model.state import Intention, NameKind, ReservedName, State

Identities = Callable[[TakenName], Sequence[str]]
"""Whom an object may be, by its employeeID (`core.employee_ids`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Strangers:
    """The objects that belong to no row.

    What a killed run intended is none of them: it will be recognised (ruling 34), for the rows that are `expected`.
    """

    objects: tuple[TakenName, ...]
    expected: frozenset[ObjectKey] = frozenset()


def strangers(state: State, taken: Iterable[TakenName], intentions: Iterable[Intention]) -> Strangers:
    """Tell the objects of others from ours."""
    linked = {record.object_guid for record in state.records}
    intended = {intention.sam_account_name.casefold(): intention for intention in intentions}
    objects: list[TakenName] = []
    expected: set[ObjectKey] = set()
    for found in taken:
        intention = intended.get((found.sam_account_name or "").casefold())
        if found.guid in linked:
            continue
        if intention is not None and is_meant(intention, found):
            expected.add(intention.key)
        else:
            objects.append(found)
    return Strangers(objects=tuple(objects), expected=frozenset(expected))


def with_foreign_names(
    state: State, found: Strangers, bases: Sequence[str], identities: Identities = lambda _: ()
) -> State:
    """The state with the names that strangers hold today, in place of those of the last run.

    A DN's first element is taken only by an object below `bases`, where it would be in the way of ours. Whose object is
    expected is not held up by another one with his employeeID.
    """
    expected = {
        identity_of(account.key.type, account.profile.employee_id)
        for account in (state.accounts if found.expected else ())
        if account.key in found.expected and account.profile.employee_id
    }
    foreign = dict.fromkeys(
        ReservedName(kind=kind, name=name, guid=stranger.guid)
        for stranger in found.objects
        for kind, name in (
            *_foreign_names(stranger, bases),
            *((NameKind.EMPLOYEE_ID, identity) for identity in identities(stranger) if identity not in expected),
        )
    )
    return replace(state, reserved=(*(name for name in state.reserved if name.guid is None), *foreign))


def without_names_of(state: State, guids: AbstractSet[Guid]) -> State:
    """The state without the names that these objects hold: their rows hold them from now on."""
    if not guids:
        return state
    return replace(state, reserved=tuple(n for n in state.reserved if n.guid is None or n.guid not in guids))


def reserved_names(account: Account, *, until: date) -> tuple[ReservedName, ...]:
    """The addresses and the DN's first element of a deleted account, kept for its own person until then."""
    return tuple(
        ReservedName(kind=kind, name=name.casefold(), owner=account.key, until=until)
        for kind, name in dict.fromkeys(_names(account))
    )


def _names(account: Account) -> Iterator[tuple[NameKind, str]]:
    names = account.names
    if names.dn_first_element:
        yield NameKind.DN_FIRST_ELEMENT, names.dn_first_element
    for address in (names.user_principal_name, *names.addresses):
        if address:
            yield NameKind.ADDRESS, address.casefold()


def _is_below_any(dn: str, bases: Sequence[str]) -> bool:
    return any(is_below(dn, base) for base in bases)


def _foreign_names(found: TakenName, bases: Sequence[str]) -> Iterator[tuple[NameKind, str]]:
    if found.sam_account_name:
        yield NameKind.SAM, found.sam_account_name.casefold()
    for address in found.addresses:
        yield NameKind.ADDRESS, address.casefold()
    if _is_below_any(found.dn, bases):
        yield NameKind.DN_FIRST_ELEMENT, split(found.dn)[0].casefold()
