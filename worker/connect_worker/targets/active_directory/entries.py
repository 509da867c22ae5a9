"""Entries of a search as the objects that they are. A text that is not UTF-8 is read with U+FFFD for what is not.

Raises IncompleteReadError for an object without what every object of its kind has: the account may not see it.
"""

from collections.abc import Mapping
from uuid import UUID

from connect_worker.core.access_list import password_change
from connect_worker.errors import IncompleteReadError
from connect_worker.model.account import NO_EXTENSIONS, Extensions, Profile
from connect_worker.model.directory import (
    ActualGroup,
    ActualUser,
    Login,
    ObjectKind,
    PasswordChange,
    Remains,
    TakenName,
)
from connect_worker.model.ids import Guid
from connect_worker.targets.active_directory.answers import Entry
from connect_worker.targets.active_directory.attributes import (
    ACCOUNT_CONTROL,
    ADDRESSES,
    DESCRIPTOR,
    DISABLED,
    EXTENSIONS,
    GUID,
    MEMBER,
    NEVER_EXPIRES,
    PASSWORD_LAST_SET,
    RECYCLED,
    TEXT,
    Held,
    foreign_addresses,
    mail_addresses,
)

READ_ATTRIBUTES = (
    *("objectClass", GUID, "whenCreated", "adminCount", "isCriticalSystemObject"),
    *(ACCOUNT_CONTROL, PASSWORD_LAST_SET, ADDRESSES, MEMBER),
    *TEXT.values(),
)
TAKEN_ATTRIBUTES = (
    *(GUID, "sAMAccountName", "sAMAccountType", "userPrincipalName", "mail", ADDRESSES),
    *("employeeID", "whenCreated", "adminCount", "isCriticalSystemObject"),
)
HELD_ATTRIBUTES = (ACCOUNT_CONTROL, ADDRESSES)

_Values = Mapping[str, list[bytes]]
_NAMES = {field: name.lower() for field, name in TEXT.items()}
_PROFILE = {field: _NAMES[field] for field in Profile.__dataclass_fields__}
_EXTENSIONS = tuple(name.lower() for name in EXTENSIONS.values())
_NONE: list[bytes] = []
# By sAMAccountType: ordinary users; security groups, which ours are too, those of one domain included.
_KINDS = {"805306368": ObjectKind.USER, "268435456": ObjectKind.GROUP, "536870912": ObjectKind.GROUP}


def is_user(entry: Entry) -> bool:
    """Whether the entry is a person's or service's account."""
    return b"user" in entry.attributes.get("objectclass", _NONE)


def is_group(entry: Entry) -> bool:
    """Whether the entry is a group of any kind."""
    return b"group" in entry.attributes.get("objectclass", _NONE)


def user_of(entry: Entry) -> ActualUser:
    """The user that an entry with READ_ATTRIBUTES is."""
    values = entry.attributes
    control = _control(entry)
    return ActualUser(
        guid=guid_of(entry),
        dn=entry.dn,
        enabled=not control & DISABLED,
        login=Login(
            sam_account_name=_text(values, "samaccountname"),
            user_principal_name=_text(values, "userprincipalname"),
            mail=_text(values, "mail"),
            addresses=mail_addresses(values.get("proxyaddresses", _NONE)),
            password_never_expires=bool(control & NEVER_EXPIRES),
        ),
        profile=Profile(**{field: _text(values, name) for field, name in _PROFILE.items()}),
        protected=_is_protected(values),
        created=_created(values),
        must_change_password=values.get("pwdlastset") == [b"0"],
        extension_attributes=_extensions(values),
    )


def group_of(entry: Entry, members: frozenset[str]) -> ActualGroup:
    """The group that an entry with READ_ATTRIBUTES is; `members` are all of its members' DNs."""
    values = entry.attributes
    return ActualGroup(
        guid=guid_of(entry),
        dn=entry.dn,
        sam_account_name=_text(values, "samaccountname"),
        display_name=_text(values, "displayname"),
        description=_text(values, "description"),
        info=_text(values, "info"),
        members=members,
        protected=_is_protected(values),
        created=_created(values),
    )


def taken_name_of(entry: Entry) -> TakenName:
    """The names that an entry with TAKEN_ATTRIBUTES holds; its addresses are each there once, lower case."""
    values = entry.attributes
    own = (_text(values, "userprincipalname"), _text(values, "mail"))
    proxies = tuple(filter(None, mail_addresses(values.get("proxyaddresses", _NONE))))
    mails = (*(name.lower() for name in own if name), *proxies)
    return TakenName(
        guid=guid_of(entry),
        dn=entry.dn,
        sam_account_name=_text(values, "samaccountname"),
        addresses=tuple(dict.fromkeys(filter(None, mails))),
        kind=_KINDS.get(_text(values, "samaccounttype") or "", ObjectKind.OTHER),
        user_principal_name=own[0],
        mail=own[1],
        proxy_addresses=proxies,
        employee_id=_text(values, "employeeid"),
        protected=_is_protected(values),
        created=_created(values),
    )


def held_of(entry: Entry) -> Held:
    """What must be known of a user before a part of it is written."""
    return Held(
        account_control=_control(entry),
        foreign_addresses=foreign_addresses(entry.attributes.get("proxyaddresses", _NONE)),
    )


def password_change_of(entry: Entry) -> PasswordChange:
    """Whether the user may change his password; the rights that the account may not see are not readable."""
    found = entry.attributes.get(DESCRIPTOR.lower())
    return password_change(found[0]) if found else PasswordChange.UNREADABLE


def remains_of(entry: Entry) -> Remains:
    """What is left of a deleted object: a tombstone has lost the display name that all our objects have."""
    is_recycled = entry.attributes.get(RECYCLED.lower()) == [b"TRUE"]
    return Remains.WHOLE if "displayname" in entry.attributes and not is_recycled else Remains.TOMBSTONE


def guid_of(entry: Entry) -> Guid:
    """The object's GUID, which Windows keeps with the little end first."""
    raw = entry.attributes.get("objectguid")
    if not raw:
        raise _not_readable(entry, GUID)
    return Guid(UUID(bytes_le=raw[0]))


def _control(entry: Entry) -> int:
    raw = entry.attributes.get("useraccountcontrol")
    if not raw:
        raise _not_readable(entry, ACCOUNT_CONTROL)
    return int(raw[0])


def _text(values: _Values, name: str) -> str | None:
    found = values.get(name)
    return found[0].decode("utf-8", "replace") if found else None


def _extensions(values: _Values) -> Extensions:
    found = tuple(_text(values, name) for name in _EXTENSIONS)
    return found if any(found) else NO_EXTENSIONS


def _is_protected(values: _Values) -> bool:
    return values.get("admincount") == [b"1"] or values.get("iscriticalsystemobject") == [b"TRUE"]


def _created(values: _Values) -> str:
    """`20261122143140.0Z` as 2026-11-22T14:31:40Z."""
    raw = _text(values, "whencreated") or ""
    day, time = f"{raw[:4]}-{raw[4:6]}-{raw[6:8]}", f"{raw[8:10]}:{raw[10:12]}:{raw[12:14]}"
    return f"{day}T{time}Z" if raw else ""


def _not_readable(entry: Entry, attribute: str) -> IncompleteReadError:
    return IncompleteReadError(
        f"{attribute} of {entry.dn} cannot be read",
        todo="Grant the account that Connect signs in with the right to read all properties of users and groups",
    )
