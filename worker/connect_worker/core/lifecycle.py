"""Status, grace and return: what happens to an account whose person leaves the scope or comes back.

in scope          active ──► active          deactivated ──► deactivated (by hand, stays)
                  to delete ──► the status before, delete date cleared
out of scope      active, deactivated ──► to delete, delete date by ruling 1
                  to delete ──► to delete (the date never moves earlier; one that another program left out is added)
immune            stays until its object is gone (ruling 5)
"""

from dataclasses import replace
from datetime import date, timedelta

from connect_worker.model.account import Account, Status, Unmet
from connect_worker.model.group import Group


def delete_date(exit_on: date | None, today: date, grace_days: int) -> date:
    """max(exit date, today) + grace, in calendar days (rulings 1 and 2). The end of time is no exit date."""
    leaves = today if exit_on is None or exit_on == date.max else max(exit_on, today)
    grace = timedelta(days=grace_days)
    return min(leaves, date.max - grace) + grace


def kept(account: Account) -> Account:
    """The account of a person in scope. `disabled_since` stays until the directory has enabled it (ruling 38)."""
    if account.status is not Status.TO_DELETE:
        return account if not account.unmet else replace(account, unmet=())
    before = account.status_before if account.status_before is not None else Status.ACTIVE
    return replace(account, status=before, status_before=None, delete_on=None, unmet=(), has_changed=True)


def dismissed(
    account: Account, unmet: tuple[Unmet, ...], *, exit_on: date | None, today: date, grace_days: int
) -> Account:
    """The account of a person out of scope."""
    if account.status is Status.IMMUNE:
        return account
    leaves = account.status is Status.TO_DELETE
    if leaves and account.delete_on is not None:
        return account if account.unmet == unmet else replace(account, unmet=unmet)
    return replace(
        account,
        status=Status.TO_DELETE,
        status_before=account.status_before if leaves else account.status,
        delete_on=delete_date(exit_on, today, grace_days),
        unmet=unmet,
        has_changed=True,
    )


def kept_group(group: Group) -> Group:
    """A group that its rule yields (again): it revives unchanged (ruling 18)."""
    if group.status is not Status.TO_DELETE:
        return group
    before = group.status_before if group.status_before is not None else Status.ACTIVE
    return replace(group, status=before, status_before=None, delete_on=None, disabled_since=None, has_changed=True)


def ended_group(group: Group, *, today: date, grace_days: int) -> Group:
    """A group that no rule yields any more: it keeps its members and gets a delete date."""
    if group.status is Status.IMMUNE or (group.status is Status.TO_DELETE and group.delete_on is not None):
        return group
    return replace(
        group,
        status=Status.TO_DELETE,
        status_before=group.status_before if group.status is Status.TO_DELETE else group.status,
        delete_on=delete_date(None, today, grace_days),
        has_changed=True,
    )
