"""Objects that are never touched although the directory itself does not protect them (ruling 39).

These are the account that Connect signs in with, and those that the customer lists.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from connect_worker.core.dn import is_name, normalise
from connect_worker.model.directory import ActualGroup, ActualUser, Snapshot


@dataclass(frozen=True, slots=True)
class _Names:
    """Distinguished names in normal form, and login names folded."""

    dns: frozenset[str]
    logins: frozenset[str]


def with_protected(actual: Snapshot, names: Iterable[str]) -> Snapshot:
    r"""The snapshot in which the objects of these names are protected.

    A name is a DN, a sAM account name, `DOMAIN\name`, or a user principal name, of which the part before the @ may be
    the sAM account name.
    """
    wanted = _read(names)
    return replace(
        actual,
        users=tuple(replace(user, protected=True) if _is_user(user, wanted) else user for user in actual.users),
        groups=tuple(replace(group, protected=True) if _is_group(group, wanted) else group for group in actual.groups),
    )


def _read(names: Iterable[str]) -> _Names:
    given = [name.strip() for name in names if name.strip()]
    dns = [normalise(name) for name in given if is_name(name)]
    logins = [name.rpartition("\\")[2].casefold() for name in given if not is_name(name)]
    return _Names(frozenset(dns), frozenset((*logins, *(login.partition("@")[0] for login in logins))))


def _is_user(user: ActualUser, wanted: _Names) -> bool:
    login = user.login
    logins = (login.sam_account_name, login.user_principal_name)
    return any(name is not None and name.casefold() in wanted.logins for name in logins) or _stands_at(user.dn, wanted)


def _is_group(group: ActualGroup, wanted: _Names) -> bool:
    sam = group.sam_account_name
    return (sam is not None and sam.casefold() in wanted.logins) or _stands_at(group.dn, wanted)


def _stands_at(dn: str, wanted: _Names) -> bool:
    # A directory writes names without blanks around separators: only escapes can be spelled in two ways.
    return bool(wanted.dns) and (normalise(dn) if "\\" in dn else dn.casefold()) in wanted.dns
