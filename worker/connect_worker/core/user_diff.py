"""What differs at the users."""

from collections.abc import Iterator
from dataclasses import fields, replace

from connect_worker.core.attribute_diff import attribute_changes
from connect_worker.core.dn import normalise
from connect_worker.core.picture import Picture
from connect_worker.model.account import Account, Profile, Status, Unmet
from connect_worker.model.change import (
    AttributeChange,
    Cause,
    Change,
    CreateUser,
    Disable,
    Enable,
    Modify,
    Rename,
    SetPassword,
)
from connect_worker.model.directory import ActualUser, DesiredUser, Login

_LOGIN_FIELDS = tuple(field.name for field in fields(Login))
_PROFILE_FIELDS = tuple(field.name for field in fields(Profile))


def user_changes(picture: Picture) -> Iterator[Change]:
    """Creates, renames, modifications, passwords and enabling of those who are active; disabling of the others."""
    for account, user in picture.desired.active:
        yield from _active_changes(picture, account, _with_manager_where_he_is(picture, user))
    for account in (*picture.desired.disabled, *picture.desired.leaving):
        actual = picture.user(account.key)
        if actual is not None and actual.enabled and account.status is not Status.IMMUNE:
            yield Disable(key=account.key, guid=actual.guid, dn=actual.dn, cause=_cause_of_disable(account))


def _active_changes(picture: Picture, account: Account, user: DesiredUser) -> Iterator[Change]:
    actual = picture.user(user.key)
    if actual is not None:
        yield from _present_changes(picture, account, user, actual)
    elif picture.is_elsewhere(user.key):
        return
    elif account.initial_password is not None:
        yield from _creation(picture, account, user)
    else:
        picture.note(f"{user.key} was deleted by hand and has no initial password: not created anew")


def _with_manager_where_he_is(picture: Picture, user: DesiredUser) -> DesiredUser:
    """The link to a manager whom somebody moved out of the OUs leads to where he is."""
    moved_to = picture.moved_to(user.profile.manager) if user.profile.manager is not None else None
    return user if moved_to is None else replace(user, profile=replace(user.profile, manager=moved_to))


def _creation(picture: Picture, account: Account, user: DesiredUser) -> Iterator[Change]:
    cause = Cause.NEW if account.object_guid is None else Cause.DELETED_BY_HAND
    if cause is Cause.DELETED_BY_HAND:
        picture.note(f"{user.key} ({user.dn}) was deleted by hand and is created anew")
    yield CreateUser(
        key=user.key,
        dn=user.dn,
        login=user.login,
        profile=replace(user.profile, manager=None),
        must_change_password=account.must_change_password,
        cause=cause,
    )
    if user.profile.manager is not None:
        manager = AttributeChange(attribute="manager", before=None, after=user.profile.manager)
        yield Modify(key=user.key, guid=None, dn=user.dn, attributes=(manager,), cause=cause)


def _present_changes(picture: Picture, account: Account, user: DesiredUser, actual: ActualUser) -> Iterator[Change]:
    if actual.dn != user.dn and normalise(actual.dn) != normalise(user.dn):
        yield Rename(key=user.key, guid=actual.guid, dn=actual.dn, new_dn=user.dn, cause=Cause.CHANGED)
    attributes = tuple(_attribute_changes(picture, user, actual))
    if attributes:
        yield Modify(key=user.key, guid=actual.guid, dn=user.dn, attributes=attributes, cause=Cause.CHANGED)
    interrupted = picture.is_recovered(user.key) and account.password_set_at is None
    if account.password_reset or interrupted:
        yield SetPassword(
            key=user.key,
            guid=actual.guid,
            dn=user.dn,
            must_change_password=account.must_change_password,
            cause=Cause.INTERRUPTED if interrupted else Cause.RESET,
        )
    if not actual.enabled and (account.disabled_since is not None or interrupted):
        yield Enable(key=user.key, guid=actual.guid, dn=user.dn, cause=Cause.RETURNED)
    elif not actual.enabled:
        picture.note(f"{user.key} ({user.dn}) was disabled by somebody else and is left so")


def _attribute_changes(picture: Picture, user: DesiredUser, actual: ActualUser) -> Iterator[AttributeChange]:
    if user.login != actual.login:
        for change in attribute_changes(user.login, actual.login, _LOGIN_FIELDS):
            if not _waits_for_the_user(change, actual):
                yield change
    if user.profile != actual.profile:
        for change in attribute_changes(user.profile, actual.profile, _PROFILE_FIELDS):
            if change.attribute != "manager" or not _is_same_manager(picture, user.profile, actual.profile):
                yield change


def _waits_for_the_user(change: AttributeChange, actual: ActualUser) -> bool:
    """A password that never expires need not be changed either: the bit is set once it was (ruling 26)."""
    return change.attribute == "password_never_expires" and change.after is True and actual.must_change_password


def _is_same_manager(picture: Picture, wanted: Profile, found: Profile) -> bool:
    """A manager who is renamed in this plan is still the same: the directory's link follows."""
    if wanted.manager is None or found.manager is None:
        return wanted.manager is found.manager
    key = picture.key_at(found.manager)
    future = picture.planned_dn(key) if key is not None else None
    return normalise(future or found.manager) == normalise(wanted.manager)


def _cause_of_disable(account: Account) -> Cause:
    if account.status is Status.DEACTIVATED:
        return Cause.DEACTIVATED
    return Cause.EXIT if Unmet.EXIT in account.unmet else Cause.OUT_OF_SCOPE
