"""Signing in."""

from connect_worker.simulator.accounts import AccountFlag, filetime
from connect_worker.simulator.entry import Entry
from connect_worker.simulator.passwords import opens
from connect_worker.simulator.results import Refusal, ResultCode
from connect_worker.simulator.tree import Tree

_NO_SUCH_USER, _WRONG_PASSWORD, _DISABLED = "525", "52e", "533"
_EXPIRED, _MUST_CHANGE, _LOCKED_OUT = "701", "773", "775"


def authenticate(tree: Tree, name: str, password: str) -> Entry:
    """The account that name (a DN, a principal name, or the account's behind domain and backslash) and password open.

    Raises Refusal 49 with Windows' reason as `data …`; why an account is closed is told only to who knows its password.
    """
    account = _account(tree, name)
    if account is None or "userAccountControl" not in account.values:
        raise _refused(_NO_SUCH_USER)
    if account.number("lockoutTime"):
        raise _refused(_LOCKED_OUT)
    if account.password is None or not opens(account.password, password):
        raise _refused(_WRONG_PASSWORD)
    flags = AccountFlag(account.number("userAccountControl"))
    if flags & AccountFlag.DISABLED:
        raise _refused(_DISABLED)
    if 0 < account.number("accountExpires") <= filetime(tree.clock()):
        raise _refused(_EXPIRED)
    if not account.number("pwdLastSet") and not flags & AccountFlag.PASSWORD_NEVER_EXPIRES:
        raise _refused(_MUST_CHANGE)
    return account


def _account(tree: Tree, name: str) -> Entry | None:
    domain, backslash, account = name.partition("\\")
    if backslash and domain.lower() == tree.netbios_name.lower():
        return tree.account(account)
    if "@" in name and "=" not in name:
        return tree.principal(name) or _implicit_principal(tree, name)
    try:
        return tree.look_up(name)
    except Refusal:
        return None


def _implicit_principal(tree: Tree, name: str) -> Entry | None:
    """Every account also has the name account@domain."""
    account, _, domain = name.rpartition("@")
    return tree.account(account) if domain.lower() == tree.dns_name else None


def _refused(reason: str) -> Refusal:
    return Refusal(
        ResultCode.INVALID_CREDENTIALS,
        f"80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data {reason}, v4563",
    )
