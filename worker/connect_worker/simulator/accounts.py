"""The rules of the account database: names, flags, passwords and group types, as Windows keeps them."""

import secrets
from datetime import UTC, datetime
from enum import IntEnum, IntFlag

from connect_worker.simulator.draft import Draft
from connect_worker.simulator.passwords import check_password, decode_password, seal
from connect_worker.simulator.results import Refusal, ResultCode, constraint, entry_exists, unwilling
from connect_worker.simulator.tree import Tree

_LONGEST_USER_NAME = 20
_FORBIDDEN_IN_NAMES = frozenset('"/\\[]:;|=,+*?<>')
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_NEVER = 2**63 - 1
_ALREADY_A_USER, _ALREADY_A_GROUP = "00000524", "00000526"
_UPN_TAKEN, _BAD_ACCOUNT_NAME, _NO_PASSWORD = "000021C8", "00000523", "0000052D"
_COMPLEX = 1
_BAD_GROUP_TYPE, _BAD_PARAMETER = "00002141", "00000057"


class AccountFlag(IntFlag):
    """userAccountControl."""

    DISABLED = 0x2
    LOCKED_OUT = 0x10
    PASSWORD_NOT_REQUIRED = 0x20
    NORMAL = 0x200
    INTERDOMAIN = 0x800
    WORKSTATION = 0x1000
    SERVER = 0x2000
    PASSWORD_NEVER_EXPIRES = 0x10000
    PASSWORD_EXPIRED = 0x800000


class GroupFlag(IntFlag):
    """groupType. The security bit is the sign of a 32-bit number."""

    GLOBAL = 2
    DOMAIN_LOCAL = 4
    UNIVERSAL = 8
    SECURITY = 0x80000000


class AccountType(IntEnum):
    """sAMAccountType."""

    SECURITY_GROUP = 268435456
    DISTRIBUTION_GROUP = 268435457
    SECURITY_ALIAS = 536870912
    DISTRIBUTION_ALIAS = 536870913
    USER = 805306368
    COMPUTER = 805306369


_ACCOUNT_KINDS = AccountFlag.NORMAL | AccountFlag.INTERDOMAIN | AccountFlag.WORKSTATION | AccountFlag.SERVER
_COMPUTED = AccountFlag.LOCKED_OUT | AccountFlag.PASSWORD_EXPIRED
_NEW_ACCOUNT = AccountFlag.NORMAL | AccountFlag.DISABLED | AccountFlag.PASSWORD_NOT_REQUIRED
_SCOPES = (GroupFlag.GLOBAL, GroupFlag.DOMAIN_LOCAL, GroupFlag.UNIVERSAL)
_USERS, _COMPUTERS = 513, 515


def settle_account(tree: Tree, draft: Draft) -> None:
    """Apply the rules to a draft: fill what the directory itself fills. Raises Refusal."""
    if draft.kind.name in ("user", "computer"):
        _settle_name(tree, draft)
        _settle_principal(tree, draft)
        _settle_password(tree, draft)
        _settle_flags(draft)
    elif draft.kind.name == "group":
        _settle_name(tree, draft)
        _settle_group_type(draft)


def filetime(moment: datetime) -> int:
    """Tenths of microseconds since 1601, as Windows counts time."""
    elapsed = moment - _EPOCH
    return (elapsed.days * 86400 + elapsed.seconds) * 10**7 + elapsed.microseconds * 10


def _settle_name(tree: Tree, draft: Draft) -> None:
    name = draft.text("sAMAccountName")
    if name is None:
        name = f"${secrets.token_hex(3).upper()}-{secrets.token_hex(6).upper()}"
        draft.values["sAMAccountName"] = (name.encode(),)
    elif "sAMAccountName" in draft.written:
        too_long = draft.kind.name == "user" and len(name) > _LONGEST_USER_NAME
        if too_long or _FORBIDDEN_IN_NAMES & set(name) or not name.strip(". "):
            raise _invalid_argument(_BAD_ACCOUNT_NAME)
    holder = tree.account(name)
    if holder is not None and holder is not draft.entry:
        raise entry_exists(_ALREADY_A_GROUP if holder.kind.name == "group" else _ALREADY_A_USER)


def _settle_principal(tree: Tree, draft: Draft) -> None:
    name = draft.text("userPrincipalName")
    holder = tree.principal(name) if name is not None else None
    if holder is not None and holder is not draft.entry:
        raise constraint(_UPN_TAKEN, "userPrincipalName")


def _settle_password(tree: Tree, draft: Draft) -> None:
    sent = draft.values.pop("unicodePwd", ())
    if sent:
        password = decode_password(sent[0])
        check_password(
            password,
            shortest=tree.root.number("minPwdLength"),
            complex_one=bool(tree.root.number("pwdProperties") & _COMPLEX),
            account_name=draft.text("sAMAccountName") or "",
            display_name=draft.text("displayName") or "",
        )
        draft.password = seal(password)
    _settle_password_time(draft, filetime(tree.clock()), is_new=bool(sent))


def _settle_password_time(draft: Draft, now: int, *, is_new: bool) -> None:
    """Set pwdLastSet: it may become 0 (must change at the next logon) and -1 (as if set just now), nothing else."""
    before = draft.entry.number("pwdLastSet") if draft.entry is not None else 0
    asked = draft.number("pwdLastSet") if "pwdLastSet" in draft.written else None
    if asked is None:
        draft.set_number("pwdLastSet", now if is_new else before)
    elif asked == -1:
        draft.set_number("pwdLastSet", before or now)
    elif asked not in (0, before):
        raise _invalid_argument(_BAD_PARAMETER)


def _settle_flags(draft: Draft) -> None:
    asked = draft.number("userAccountControl")
    flags = AccountFlag(_NEW_ACCOUNT if asked is None else asked & 0xFFFFFFFF) & ~_COMPUTED
    if not flags & _ACCOUNT_KINDS:
        flags |= AccountFlag.NORMAL
    if "userAccountControl" in draft.written and _lacks_password(draft, flags):
        raise unwilling(_NO_PASSWORD)
    draft.set_number("userAccountControl", flags)
    is_user = bool(flags & AccountFlag.NORMAL)
    draft.set_number("sAMAccountType", AccountType.USER if is_user else AccountType.COMPUTER)
    draft.values.setdefault("primaryGroupID", (str(_USERS if is_user else _COMPUTERS).encode(),))
    draft.values.setdefault("accountExpires", (str(_NEVER).encode(),))


def _lacks_password(draft: Draft, flags: AccountFlag) -> bool:
    return not flags & (AccountFlag.DISABLED | AccountFlag.PASSWORD_NOT_REQUIRED) and draft.password is None


def _settle_group_type(draft: Draft) -> None:
    asked = draft.number("groupType")
    kind = GroupFlag.GLOBAL | GroupFlag.SECURITY if asked is None else GroupFlag(asked & 0xFFFFFFFF)
    scope = kind & ~GroupFlag.SECURITY
    if scope not in _SCOPES:
        raise unwilling(_BAD_GROUP_TYPE)
    if draft.entry is not None:
        before = GroupFlag(draft.entry.number("groupType") & 0xFFFFFFFF) & ~GroupFlag.SECURITY
        if scope != before and GroupFlag.UNIVERSAL not in (scope, before):
            raise unwilling(_BAD_GROUP_TYPE)
    secure = bool(kind & GroupFlag.SECURITY)
    draft.set_number("groupType", kind - (1 << 32) if secure else kind)
    if scope is GroupFlag.DOMAIN_LOCAL:
        draft.set_number("sAMAccountType", AccountType.SECURITY_ALIAS if secure else AccountType.DISTRIBUTION_ALIAS)
    else:
        draft.set_number("sAMAccountType", AccountType.SECURITY_GROUP if secure else AccountType.DISTRIBUTION_GROUP)


def _invalid_argument(code: str) -> Refusal:
    return Refusal(ResultCode.OTHER, f"{code}: SysErr: DSID-031A1202, problem 22 (Invalid argument), data 0")
