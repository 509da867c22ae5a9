"""The test prefix: with it set, nothing without it is ever written, and it stays while objects bear it (ruling 42)."""

from collections.abc import Iterable, Iterator

from connect_worker.core.dn import is_name, value_of
from connect_worker.model.change import Change, CreateContainer, CreateGroup, CreateUser, Modify, Rename
from connect_worker.model.state import State

_NAMES = frozenset({"sam_account_name", "user_principal_name", "mail", "addresses"})


def bare_names(changes: Iterable[Change], prefix: str) -> tuple[str, ...]:
    """What lacks the prefix among the objects that a plan concerns, and among the names that it writes, each once.

    A copy of a production database still knows the production objects, and their aliases. Organizational units have
    no prefix.
    """
    start = prefix.casefold()
    names = (name for change in changes if not isinstance(change, CreateContainer) for name in _names(change))
    return tuple(told for told, name in dict.fromkeys(names) if not name.casefold().startswith(start))


def _names(change: Change) -> Iterator[tuple[str, str]]:
    """Each name as it is told, and what of it must begin with the prefix."""
    yield change.dn, value_of(change.dn)
    if isinstance(change, Rename) and not change.aside:
        yield change.new_dn, value_of(change.new_dn)
    if isinstance(change, CreateUser):
        login = change.login
        for name in (login.sam_account_name, login.user_principal_name, login.mail, *login.addresses):
            yield from ((name, name),) if name else ()
    if isinstance(change, CreateGroup) and change.sam_account_name:
        yield change.sam_account_name, change.sam_account_name
    if isinstance(change, Modify):
        for attribute in change.attributes:
            yield from _written(attribute.after) if attribute.attribute in _NAMES else ()


def _written(value: object) -> Iterator[tuple[str, str]]:
    values = value if isinstance(value, tuple) else (value,)
    return ((name, name) for name in values if isinstance(name, str))


def holders(state: State, prefix: str) -> tuple[str, ...]:
    """The keys of the records whose objects bear this prefix; of all linked ones, where it is empty."""
    return tuple(
        str(record.key) for record in state.records if record.object_guid is not None and _bears(record.dn, prefix)
    )


def _bears(dn: str | None, prefix: str) -> bool:
    return dn is not None and is_name(dn) and value_of(dn).casefold().startswith(prefix.casefold())
