"""Users and groups that a person enters (manual, «User:innen manuell hinzufügen»; rulings 19 and 24).

Entered are a first and a last name. What no person can know is filled in: the mandant mask, the place, the sAM name,
the display name, and a password by the manual users' policy. The rest waits for the office.
"""

from collections.abc import Callable
from dataclasses import replace

from connect_worker.core import dn
from connect_worker.core.passwords import tokens_of
from connect_worker.core.places import parent_of
from connect_worker.core.policies import under_policy
from connect_worker.model.account import Account, Profile, Status
from connect_worker.model.configuration import Configuration, PasswordPolicy
from connect_worker.model.group import Group
from connect_worker.model.ids import MOST_MANDANTS, AccountKey, Criterion, Mandant, MandantMask, UserType, mask_of
from connect_worker.model.secret import SealedSecret

NewPassword = Callable[[AccountKey, PasswordPolicy, frozenset[str]], SealedSecret]
"""Makes and seals an initial password that contains none of the tokens."""


def kept_user(account: Account, configuration: Configuration, new_password: NewPassword) -> Account:
    """A manual user as a night leaves him: completed where something is missing, never ended by rule."""
    account = _never_to_delete(account)
    if account.key.type is not UserType.MANUAL:
        return account
    policy = configuration.manual_password
    completed = replace(
        account,
        mandants=_mask(account.mandant_chosen),
        names=replace(
            account.names,
            dn_parent=account.names.dn_parent or parent_of(configuration, UserType.MANUAL),
            sam_account_name=account.names.sam_account_name or f"{configuration.test_prefix}{account.key}",
        ),
        profile=replace(account.profile, display_name=account.profile.display_name or _display_name(account.profile)),
        initial_password=account.initial_password or _first_password(account, policy, new_password),
    )
    completed = under_policy(completed, policy)
    return account if completed == account else replace(completed, has_changed=True)


def kept_group(group: Group, configured: MandantMask) -> Group:
    """A manual group as a night leaves it: mask and CN follow what a person has entered.

    A group over all mandants has chosen 0 and the mask of all that are configured (ruling 16).
    """
    group = _never_to_delete_group(group)
    if group.key.criterion is not Criterion.MANUAL:
        return group
    mandants = configured if group.mandant_chosen == 0 else _mask(group.mandant_chosen)
    completed = replace(group, mandants=mandants, cn=_cn(group))
    return group if completed == group else replace(completed, has_changed=True)


def _mask(chosen: Mandant | None) -> MandantMask | None:
    """The bit of the mandant that was chosen; nobody's where that is no mandant's number, which is warning 8."""
    return mask_of(chosen) if chosen is not None and 1 <= chosen <= MOST_MANDANTS else None


def _display_name(profile: Profile) -> str | None:
    return " ".join(part for part in (profile.surname, profile.given_name) if part) or None


def _first_password(account: Account, policy: PasswordPolicy, new_password: NewPassword) -> SealedSecret | None:
    """A password for who has no account yet: one that the directory knows is replaced by a person only."""
    if account.object_guid is not None:
        return None
    return new_password(account.key, policy, tokens_of(account.profile.given_name, account.profile.surname))


def _never_to_delete(account: Account) -> Account:
    """*To delete* is no person's to set: he stays locked out, and leaves by *immune* alone (ruling 24)."""
    if account.status is not Status.TO_DELETE:
        return account
    before = Status.DEACTIVATED if account.status_before is None else account.status_before
    return replace(account, status=before, status_before=None, delete_on=None, unmet=(), has_changed=True)


def _never_to_delete_group(group: Group) -> Group:
    if group.status is not Status.TO_DELETE:
        return group
    before = Status.DEACTIVATED if group.status_before is None else group.status_before
    return replace(group, status=before, status_before=None, delete_on=None, has_changed=True)


def _cn(group: Group) -> str | None:
    element = group.dn_first_element
    return dn.value_of(element) if element is not None and dn.is_common_name(element) else group.cn
