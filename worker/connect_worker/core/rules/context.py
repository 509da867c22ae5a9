"""What a rule may look at beyond its own record: built once a validation, in linear time."""

from collections.abc import Iterable
from dataclasses import dataclass

from connect_worker.model.account import Account
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ObjectKey
from connect_worker.model.ids import Guid, Mandant
from connect_worker.model.state import NameKind, ReservedName, State


def folded(name: str) -> str:
    """Fold a name for comparison as SQL Server's usual collation does: case and trailing blanks do not count.

    Accents do. `ß` equals `ss`, the Turkish dotless `ı` is no `i`.
    """
    return name.rstrip(" ").casefold()


class Holders:
    """Who holds which name."""

    __slots__ = ("_holders",)

    def __init__(self, names: Iterable[tuple[ObjectKey, str | None]]) -> None:
        """Take pairs of holder and name; a holder's names stand together. A missing name is nobody's."""
        self._holders: dict[str, list[ObjectKey]] = {}
        for key, name in names:
            if name is not None:
                holders = self._holders.setdefault(folded(name), [])
                if holders[-1:] != [key]:
                    holders.append(key)

    def other(self, name: str | None, key: ObjectKey) -> ObjectKey | None:
        """Find somebody else than `key` who holds this name."""
        holders = self._holders.get(folded(name), []) if name is not None else []
        return next((holder for holder in holders if holder != key), None)


class ForeignNames:
    """The names of one kind that objects outside Connect hold in the directory."""

    __slots__ = ("_guids",)

    def __init__(self, reserved: Iterable[ReservedName], kind: NameKind) -> None:
        self._guids: dict[str, list[Guid]] = {}
        for name in reserved:
            if name.kind is kind and name.guid is not None:
                self._guids.setdefault(folded(name.name), []).append(name.guid)

    def holder(self, name: str | None, own: Guid | None) -> Guid | None:
        """Find an object other than `own` that holds this name."""
        guids = self._guids.get(folded(name), []) if name is not None else []
        return next((guid for guid in guids if guid != own), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """All records' names and the configured mandants."""

    configured: frozenset[Mandant]
    user_dn_first_elements: Holders
    group_dn_first_elements: Holders
    user_sam_account_names: Holders
    group_sam_account_names: Holders
    addresses: Holders
    foreign_sam_account_names: ForeignNames
    foreign_addresses: ForeignNames

    @classmethod
    def of(cls, state: State, configuration: Configuration) -> "Context":
        """Gather it from all rows of both tables, whatever their status: a name held is held."""
        users, groups = state.accounts, state.groups
        return cls(
            configured=frozenset(mandant.number for mandant in configuration.mandants),
            user_dn_first_elements=Holders((user.key, user.names.dn_first_element) for user in users),
            group_dn_first_elements=Holders((group.key, group.dn_first_element) for group in groups),
            user_sam_account_names=Holders((user.key, user.names.sam_account_name) for user in users),
            group_sam_account_names=Holders((group.key, group.sam_account_name) for group in groups),
            addresses=Holders((user.key, address) for user in users for address in addresses_of(user)),
            foreign_sam_account_names=ForeignNames(state.reserved, NameKind.SAM),
            foreign_addresses=ForeignNames(state.reserved, NameKind.ADDRESS),
        )


def addresses_of(account: Account) -> tuple[str, ...]:
    """User principal name, mail and aliases, as far as they are set."""
    principal = account.names.user_principal_name
    return (principal, *account.names.addresses) if principal else account.names.addresses
