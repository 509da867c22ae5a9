"""What differs at the users."""

from collections.abc import Iterator
from dataclasses import fields, replace

from connect_worker.core.attribute_diff import attribute_changes, extension_changes
from connect_worker.core.dn import normalise
from connect_worker.core.picture import Picture
from connect_worker.core.prevention import prevention, prevention_changes
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
_PROFILE_FIELDS = tuple(field.name for field in fields(Profile) if field.name != "manager")


def user_changes(picture: Picture) -> Iterator[Change]:
    """Creates, renames, modifications, passwords and enabling of those who are active; disabling of the others."""
    for account, user in picture.desired.active:
        if not picture.is_ambiguous(account):
            yield from _active_changes(picture, account, _with_manager_where_he_is(picture, user))
    for account in (*picture.desired.disabled, *picture.desired.leaving):
        if account.status is not Status.IMMUNE:
            yield from _disabling(picture, account)


def _active_changes(picture: Picture, account: Account, user: DesiredUser) -> Iterator[Change]:
    actual = picture.user(user.key)
    if actual is not None and actual.protected:
        picture.note(f"{user.key} ({actual.dn}) is protected and left as it is")
    elif actual is not None:
        yield from _present_changes(picture, account, user, actual)
    elif picture.is_elsewhere(user.key) or picture.is_waiting(user.key):
        return
    elif account.initial_password is not None:
        yield from _creation(picture, account, user)
    else:
        picture.note(f"{user.key} was deleted by hand and has no initial password: not created anew")


def _disabling(picture: Picture, account: Account) -> Iterator[Change]:
    actual = picture.user(account.key)
    if actual is None:
        picture.is_elsewhere(account.key)
    elif actual.protected and actual.enabled:
        picture.note(f"{account.key} ({actual.dn}) is protected and must be disabled by hand")
    elif actual.enabled:
        yield Disable(key=account.key, guid=actual.guid, dn=actual.dn, cause=_cause_of_disable(account))


def _with_manager_where_he_is(picture: Picture, user: DesiredUser) -> DesiredUser:
    """The link to a manager whom no rename can bring to his own DN leads to where he is."""
    left_at = picture.left_at(user.profile.manager) if user.profile.manager is not None else None
    return user if left_at is None else replace(user, profile=replace(user.profile, manager=left_at))


def _creation(picture: Picture, account: Account, user: DesiredUser) -> Iterator[Change]:
    cause = Cause.NEW if account.object_guid is None else Cause.DELETED_BY_HAND
    if cause is Cause.DELETED_BY_HAND:
        picture.note_deleted(user.key, user.dn)
    yield CreateUser(
        key=user.key,
        dn=user.dn,
        login=user.login,
        profile=replace(user.profile, manager=None),
        extension_attributes=user.extension_attributes,
        must_change_password=account.must_change_password,
        cause=cause,
    )
    if user.profile.manager is not None and picture.will_stand_at(user.profile.manager):
        manager = AttributeChange(attribute="manager", before=None, after=user.profile.manager)
        yield Modify(key=user.key, guid=None, dn=user.dn, attributes=(manager,), cause=cause)
    if account.password_change_prevented:
        yield prevention(account, user.dn, guid=None, cause=cause)


def _present_changes(picture: Picture, account: Account, user: DesiredUser, actual: ActualUser) -> Iterator[Change]:
    if actual.dn != user.dn and normalise(actual.dn) != normalise(user.dn):
        cause = Cause.ADOPTED if user.key in picture.adopted else Cause.CHANGED
        yield Rename(key=user.key, guid=actual.guid, dn=actual.dn, new_dn=user.dn, cause=cause)
    attributes = tuple(_attribute_changes(picture, account, user, actual))
    if attributes:
        yield Modify(key=user.key, guid=actual.guid, dn=user.dn, attributes=attributes, cause=Cause.CHANGED)
    yield from prevention_changes(picture, account, actual, user.dn)
    interrupted = picture.is_recovered(user.key) and account.password_set_at is None
    if (account.password_reset or interrupted) and account.initial_password is None:
        picture.note(f"{user.key} has no initial password that could be set")
    elif account.password_reset or interrupted:
        yield SetPassword(
            key=user.key,
            guid=actual.guid,
            dn=user.dn,
            must_change_password=account.must_change_password,
            cause=Cause.INTERRUPTED if interrupted else _cause_of_reset(account),
        )
    locked_out_by_connect = account.disabled_since is not None and user.key not in picture.adopted
    if not actual.enabled and (locked_out_by_connect or interrupted):
        yield Enable(key=user.key, guid=actual.guid, dn=user.dn, cause=Cause.RETURNED)
    elif not actual.enabled:
        picture.note(f"{user.key} ({user.dn}) was disabled by somebody else and is left so")


def _attribute_changes(
    picture: Picture, account: Account, user: DesiredUser, actual: ActualUser
) -> Iterator[AttributeChange]:
    if user.login != actual.login:
        for change in attribute_changes(user.login, actual.login, _LOGIN_FIELDS):
            if not _waits_for_the_user(change, account, actual):
                yield change
    if user.profile != actual.profile:
        yield from attribute_changes(user.profile, actual.profile, _PROFILE_FIELDS)
    if user.extension_attributes != actual.extension_attributes:
        kept = picture.desired.extension_places[user.key.type]
        yield from extension_changes(user.extension_attributes, actual.extension_attributes, kept)
    wanted, found = user.profile.manager, actual.profile.manager
    if _may_be_another(picture, wanted, found) and _is_other_manager(picture, wanted, found):
        yield AttributeChange(attribute="manager", before=found, after=wanted)


def _waits_for_the_user(change: AttributeChange, account: Account, actual: ActualUser) -> bool:
    """A password that never expires need not be changed either: the bit is set once it was (ruling 26)."""
    set_for_good = account.password_reset and not account.must_change_password
    never = change.attribute == "password_never_expires" and change.after is True
    return never and actual.must_change_password and not set_for_good


def _may_be_another(picture: Picture, wanted: str | None, found: str | None) -> bool:
    """Under one DN, too, two people can stand: who leaves it in this plan, and who takes it."""
    return wanted != found or (found is not None and picture.is_vacated(found))


def _is_other_manager(picture: Picture, wanted: str | None, found: str | None) -> bool:
    """Whether the link must be changed, and can be.

    A manager who is renamed in this plan is still the same, for the directory's link follows. One who is not there
    and will not be created, such as one with a finding, is waited for: the link stays as it is.
    """
    if wanted is None or found is None:
        return wanted is None or picture.will_stand_at(wanted)
    key = picture.key_at(found)
    future = picture.planned_dn(key) if key is not None else None
    if normalise(future or found) == normalise(wanted):
        return False
    return picture.will_stand_at(wanted)


def _cause_of_reset(account: Account) -> Cause:
    return Cause.CONFIRMED_RESET if account.password_reset_confirmed else Cause.RESET


def _cause_of_disable(account: Account) -> Cause:
    if account.status is Status.DEACTIVATED:
        return Cause.DEACTIVATED
    return Cause.EXIT if Unmet.EXIT in account.unmet else Cause.OUT_OF_SCOPE
