"""What a password policy means for an account: it follows at once, the password never does (ruling 28)."""

from dataclasses import replace

from connect_worker.model.account import Account
from connect_worker.model.configuration import PasswordPolicy


def under_policy(account: Account, policy: PasswordPolicy) -> Account:
    """The account with the policy's flags; itself where it has them already."""
    wanted = (policy.never_expires, policy.must_change, policy.may_not_change, policy.allows_weak)
    found = (
        account.password_never_expires,
        account.must_change_password,
        account.password_change_prevented,
        account.weak_password_allowed,
    )
    if wanted == found:
        return account
    return replace(
        account,
        password_never_expires=policy.never_expires,
        must_change_password=policy.must_change,
        password_change_prevented=policy.may_not_change,
        weak_password_allowed=policy.allows_weak,
        has_changed=True,
    )
