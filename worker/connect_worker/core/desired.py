"""What the directory should look like, drawn from Connect's tables.

account             linked or not      in the directory
active              either             there, enabled, every attribute as in the row
deactivated         linked             there, disabled, attributes left
to delete           linked             there, disabled; gone when its grace is over (ruling 1)
immune              linked             gone
anything else       not linked         nothing

group               linked or not      in the directory
active              either             there, every attribute as in the row, members as computed
deactivated,        linked             there, its members left; gone when it is to be deleted and its grace is over
or to delete
immune              linked             gone
any, without type   linked             left as it is; gone as above

An active row, or a group, whose DN cannot be read is left alone (finding 105); whoever goes, goes by GUID.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from datetime import date

from connect_worker.core.dn import is_name
from connect_worker.core.extension_places import NO_EXTENSION_PLACES, ExtensionPlaces
from connect_worker.model.account import Account, Profile, Status
from connect_worker.model.directory import DesiredGroup, DesiredUser, Login, ObjectKey
from connect_worker.model.group import Group, Members
from connect_worker.model.ids import AccountKey, Guid
from connect_worker.model.state import State


@dataclass(frozen=True, kw_only=True, slots=True)
class Desired:
    """The wanted picture. `leaving` and `ended` are linked objects whose time is over, `left_alone` blocked ones.

    `frozen` are users whose memberships stay as the directory has them: not active (ruling 7), or blocked.
    `released` are linked groups that are no longer meant for this directory: nothing is done to them.
    `linked` are all objects of ours, whatever becomes of them. `extension_places`: which extension attributes are kept,
    also where they are to be empty.
    """

    active: tuple[tuple[Account, DesiredUser], ...]
    disabled: tuple[Account, ...]
    leaving: tuple[Account, ...]
    left_alone: tuple[Account, ...]
    groups: tuple[tuple[Group, DesiredGroup], ...]
    ended: tuple[Group, ...]
    released: tuple[Group, ...]
    frozen: frozenset[AccountKey]
    linked: frozenset[Guid]
    extension_places: ExtensionPlaces


def desire(
    state: State, *, today: date, blocked: Container[ObjectKey] = (), extensions: ExtensionPlaces | None = None
) -> Desired:
    """The picture of `state`, without the objects in `blocked` (Connect's own findings, ruling 32).

    To lock somebody out takes no names: who is not active is disabled, whatever is found in his record.
    """
    accounts = [account for account in state.accounts if account.key not in blocked]
    groups = [group for group in state.groups if group.key not in blocked]
    linked_groups = [group for group in groups if group.object_guid is not None]
    linked = [account for account in state.accounts if account.object_guid is not None]
    leaving = tuple(account for account in linked if is_due(account, today))
    due = {account.key for account in leaving}
    active_keys = frozenset(account.key for account in accounts if account.status is Status.ACTIVE)
    return Desired(
        active=tuple(_active_users(accounts)),
        disabled=tuple(a for a in linked if a.status in {Status.DEACTIVATED, Status.TO_DELETE} and a.key not in due),
        leaving=leaving,
        left_alone=tuple(a for a in linked if a.key in blocked and a.status is Status.ACTIVE),
        groups=tuple(_groups(groups, state, active_keys, today)),
        ended=tuple(group for group in linked_groups if is_due(group, today)),
        released=tuple(group for group in linked_groups if group.ad_type is None and not is_due(group, today)),
        frozen=frozenset(a.key for a in state.accounts if a.status is not Status.ACTIVE or a.key in blocked),
        linked=frozenset(record.object_guid for record in state.records if record.object_guid is not None),
        extension_places=extensions or NO_EXTENSION_PLACES,
    )


def is_due(record: Account | Group, today: date) -> bool:
    """Immune, or to delete with the whole grace passed since an earlier run disabled it (ruling 1)."""
    if record.status is Status.IMMUNE:
        return True
    waited = record.disabled_since is not None and record.delete_on is not None and record.delete_on <= today
    return record.status is Status.TO_DELETE and waited


def _active_users(accounts: Iterable[Account]) -> Iterable[tuple[Account, DesiredUser]]:
    for account in accounts:
        names = account.names
        dn = names.dn
        if account.status is not Status.ACTIVE or dn is None or names.sam_account_name is None or not is_name(dn):
            continue
        if account.object_guid is None and account.initial_password is None:
            continue
        addresses = tuple(dict.fromkeys(address.lower() for address in names.addresses))
        login = Login(
            sam_account_name=names.sam_account_name,
            user_principal_name=names.user_principal_name,
            mail=names.mail,
            addresses=(*addresses[:1], *sorted(addresses[1:])),
            password_never_expires=account.password_never_expires,
        )
        yield (
            account,
            DesiredUser(
                key=account.key,
                guid=account.object_guid,
                dn=dn,
                enabled=True,
                login=login,
                profile=_with_readable_manager(account.profile),
                extension_attributes=account.extension_attributes,
            ),
        )


def _with_readable_manager(profile: Profile) -> Profile:
    """A manager typed by hand who is no DN is none: no directory could link to him."""
    if profile.manager is None or is_name(profile.manager):
        return profile
    return replace(profile, manager=None)


def _groups(
    groups: Iterable[Group], state: State, active: frozenset[AccountKey], today: date
) -> Iterable[tuple[Group, DesiredGroup]]:
    nobody = Members()
    for group in groups:
        dn = group.dn
        waits = group.status is not Status.ACTIVE and group.object_guid is None
        if group.ad_type is None or waits or is_due(group, today):
            continue
        if dn is None or group.sam_account_name is None or not is_name(dn):
            continue
        rebuilt = group.status is Status.ACTIVE
        known = state.memberships.get(group.key, nobody)
        yield (
            group,
            DesiredGroup(
                key=group.key,
                guid=group.object_guid,
                dn=dn,
                sam_account_name=group.sam_account_name,
                display_name=group.display_name,
                description=group.description,
                info=group.info,
                members=known.effective & active if rebuilt else None,
                removed=known.removed,
            ),
        )
