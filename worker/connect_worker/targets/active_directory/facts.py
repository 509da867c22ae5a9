"""What `doctor` asks of a directory: what the account may do where, and what the domain asks of passwords."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connect_worker.model.password_rules import PasswordRules
from connect_worker.targets.active_directory.answers import Entry, ResultCode
from connect_worker.targets.active_directory.attributes import (
    ACCOUNT_CONTROL,
    ADDRESSES,
    PASSWORD_LAST_SET,
    TEXT,
    USER_FIELDS,
)
from connect_worker.targets.active_directory.channel import Channel
from connect_worker.targets.active_directory.requests import Scope, Search

_CREATABLE, _WRITABLE, _RIGHTS = "allowedChildClassesEffective", "allowedAttributesEffective", "sDRightsEffective"
_ACCESS_LIST = 0x4
# Who is protected by adminCount may not be written by anybody that rights were delegated to.
_ORDINARY_USER = "(&(objectClass=user)(!(objectClass=computer))(!(adminCount=1)))"
_WRITTEN = (*(TEXT[field] for field in USER_FIELDS), ADDRESSES, ACCOUNT_CONTROL, PASSWORD_LAST_SET)
_COMPLEX = 1
_TICKS_A_DAY = 24 * 60 * 60 * 10**7
_FINE_GRAINED = "CN=Password Settings Container,CN=System"
_OF_DOMAIN = ("minPwdLength", "pwdProperties", "pwdHistoryLength", "maxPwdAge")
_OF_FINE_GRAINED = (
    "cn",
    "msDS-MinimumPasswordLength",
    "msDS-PasswordComplexityEnabled",
    "msDS-PasswordHistoryLength",
    "msDS-MaximumPasswordAge",
    "msDS-PSOAppliesTo",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class UserFacts:
    """What the account may do to one of the users below a base."""

    dn: str
    unwritable: tuple[str, ...]
    may_change_rights: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseFacts:
    """What the account may do at one base. All False where the base is not there; `user` None: nobody is below."""

    dn: str
    exists: bool
    may_create_users: bool = False
    may_create_groups: bool = False
    may_create_units: bool = False
    user: UserFacts | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryFacts:
    """What `doctor` tells of a directory that answers and lets us in.

    `password_rules`: the domain's first, then fine-grained ones, as far as the account may read them.
    `missing_attributes`: those wanted that the schema does not have.
    """

    signed_in_as: str
    domain_dn: str
    bases: tuple[BaseFacts, ...]
    password_rules: tuple[PasswordRules, ...]
    missing_attributes: tuple[str, ...]


def base_facts(channel: Channel, base: str) -> BaseFacts:
    """What the account may do at a base, and to the first ordinary user below it."""
    answer = channel.ask(Search(base=base, attributes=(_CREATABLE,)))
    if answer.code == ResultCode.NO_SUCH_OBJECT or not answer.entries:
        return BaseFacts(dn=base, exists=False)
    allowed = _lower(answer.entries[0], _CREATABLE)
    return BaseFacts(
        dn=base,
        exists=True,
        may_create_users=b"user" in allowed,
        may_create_groups=b"group" in allowed,
        may_create_units=b"organizationalunit" in allowed,
        user=_user_facts(channel, base),
    )


def password_rules(channel: Channel, domain_dn: str) -> tuple[PasswordRules, ...]:
    """The domain's own policy, and the fine-grained ones, which only administrators may read unless it is granted."""
    domain = channel.ask(Search(base=domain_dn, attributes=_OF_DOMAIN))
    container = f"{_FINE_GRAINED},{domain_dn}"
    fine = channel.ask(Search(base=container, scope=Scope.ONE_LEVEL, attributes=_OF_FINE_GRAINED))
    return (*map(_of_domain, domain.entries), *(_of_fine_grained(fine.entries) if not fine.code else ()))


def _user_facts(channel: Channel, base: str) -> UserFacts | None:
    search = Search(base=base, scope=Scope.SUBTREE, filter=_ORDINARY_USER, attributes=(_WRITABLE, _RIGHTS), page=1)
    found = channel.ask(search).entries
    if not found:
        return None
    writable = _lower(found[0], _WRITABLE)
    return UserFacts(
        dn=found[0].dn,
        unwritable=tuple(name for name in _WRITTEN if name.lower().encode() not in writable),
        may_change_rights=bool(_number(found[0], _RIGHTS) & _ACCESS_LIST),
    )


def _of_domain(entry: Entry) -> PasswordRules:
    return PasswordRules(
        shortest=_number(entry, "minPwdLength"),
        complex=bool(_number(entry, "pwdProperties") & _COMPLEX),
        history=_number(entry, "pwdHistoryLength"),
        max_age_days=_days(entry, "maxPwdAge"),
    )


def _of_fine_grained(entries: Sequence[Entry]) -> Iterator[PasswordRules]:
    for entry in entries:
        values = entry.attributes
        yield PasswordRules(
            name=values["cn"][0].decode("utf-8", "replace"),
            shortest=_number(entry, "msDS-MinimumPasswordLength"),
            complex=values.get("msds-passwordcomplexityenabled") == [b"TRUE"],
            history=_number(entry, "msDS-PasswordHistoryLength"),
            max_age_days=_days(entry, "msDS-MaximumPasswordAge"),
            applies_to=tuple(dn.decode("utf-8", "replace") for dn in values.get("msds-psoappliesto", ())),
        )


def _days(entry: Entry, name: str) -> int | None:
    """A negative number of tenths of microseconds; 0 and the smallest there is mean never."""
    ticks = -_number(entry, name)
    return ticks // _TICKS_A_DAY if 0 < ticks < 2**63 else None


def _number(entry: Entry, name: str) -> int:
    found = entry.attributes.get(name.lower())
    return int(found[0]) if found else 0


def _lower(entry: Entry, name: str) -> set[bytes]:
    return {value.lower() for value in entry.attributes.get(name.lower(), [])}
