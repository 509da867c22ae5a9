"""Who may not change his password: wanted against found (seed 002, «Konfigurator»: «PW-Änderung verhindern»).

    wanted   found                    change
    yes      allowed, or half denied  denied
    no       denied, or half denied   allowed again
    either   as wanted                none
    either   not understood           none, and told
    either   not looked at            none

The rights on an object are dear to read. They are looked at while anybody active is, or was, to be prevented:
`password_change_denied` remembers who was, until he has been seen free.
"""

from collections.abc import Iterator

from connect_worker.core.picture import Picture
from connect_worker.model.account import Account, Status
from connect_worker.model.change import AttributeChange, Cause, Modify
from connect_worker.model.directory import ActualUser, PasswordChange
from connect_worker.model.ids import AccountKey, Guid
from connect_worker.model.state import State

ATTRIBUTE = "password_change_prevented"
_WANTED = {True: PasswordChange.DENIED, False: PasswordChange.ALLOWED}


def is_to_be_looked_at(state: State) -> bool:
    """Whether the rights have to be read."""
    return any(_is_concerned(account) for account in state.accounts)


def prevention(account: Account, dn: str, *, guid: Guid | None, cause: Cause = Cause.CHANGED) -> Modify:
    """The change that brings the rights to what is wanted. It stands alone: it needs rights of its own."""
    wanted = account.password_change_prevented
    change = AttributeChange(attribute=ATTRIBUTE, before=not wanted, after=wanted)
    return Modify(key=account.key, guid=guid, dn=dn, attributes=(change,), cause=cause)


def prevented_by(change: Modify) -> bool | None:
    """Whether the change denies (True) or allows (False) to change the password; None: it does neither."""
    found = next((one for one in change.attributes if one.attribute == ATTRIBUTE), None)
    return None if found is None else bool(found.after)


def prevention_changes(picture: Picture, account: Account, actual: ActualUser, dn: str) -> Iterator[Modify]:
    """The change that is due, if one is; rights that are not understood are told."""
    found = picture.password_change(actual.guid)
    if found is PasswordChange.UNREADABLE:
        if _is_concerned(account):
            picture.note_unreadable_rights(actual.dn)
    elif found is not None and found is not _WANTED[account.password_change_prevented]:
        yield prevention(account, dn, guid=actual.guid)


def seen_denied(picture: Picture) -> Iterator[AccountKey]:
    """Who is denied as it is wanted, and nobody remembers: a run was killed, or somebody else has done it."""
    return _seen(picture, prevented=True)


def seen_allowed(picture: Picture) -> Iterator[AccountKey]:
    """Who was denied, and is free again."""
    return _seen(picture, prevented=False)


def _seen(picture: Picture, *, prevented: bool) -> Iterator[AccountKey]:
    for account, _ in picture.desired.active:
        is_news = account.password_change_denied is not prevented and account.password_change_prevented is prevented
        user = picture.user(account.key) if is_news else None
        if user is not None and picture.password_change(user.guid) is _WANTED[prevented]:
            yield account.key


def _is_concerned(account: Account) -> bool:
    return account.status is Status.ACTIVE and (account.password_change_prevented or account.password_change_denied)
