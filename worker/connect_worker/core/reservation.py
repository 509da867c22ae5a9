"""Names that stay taken after their account is gone (ruling 12)."""

from collections.abc import Iterator
from datetime import date

from connect_worker.model.account import Account
from connect_worker.model.state import NameKind, ReservedName


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
