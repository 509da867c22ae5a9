"""The part of Active Directory's schema that accounts and groups need: syntaxes, limits, links and classes."""

from dataclasses import dataclass
from enum import Enum, auto


class Syntax(Enum):
    """How an attribute's values are written and compared."""

    TEXT = auto()
    INTEGER = auto()
    BOOLEAN = auto()
    TIME = auto()
    NAME = auto()
    OCTETS = auto()
    SID = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribute:
    """An attribute's definition. `upper` is the longest text in UTF-16 code units.

    `back_link` names the attribute at the other end of a link. A `secret` one is never returned, a `system` one is
    written by the directory alone, a `kept` one survives a deletion, a `hidden` one comes only where it is named.
    """

    name: str
    syntax: Syntax = Syntax.TEXT
    single: bool = True
    upper: int | None = None
    back_link: str | None = None
    secret: bool = False
    system: bool = False
    kept: bool = False
    hidden: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectClass:
    """A structural class: its whole chain from `top`, the attribute that names its objects, and what they may hold."""

    name: str
    chain: tuple[str, ...]
    naming_attribute: str
    category: str
    attributes: frozenset[str]


_TEXTS: dict[str, dict[str, int | None]] = {
    "everything": {
        "adminDescription": 1024,
        "adminDisplayName": 256,
        "description": 1024,
        "displayName": 256,
        "wWWHomePage": 2048,
    },
    "container": {"cn": 64},
    "person": {
        "cn": 64,
        "c": 3,
        "co": 128,
        "comment": None,
        "company": 64,
        "department": 64,
        "division": 256,
        "employeeID": 16,
        "employeeNumber": 512,
        "employeeType": 256,
        "facsimileTelephoneNumber": 64,
        "generationQualifier": 64,
        "givenName": 64,
        "homePhone": 64,
        "info": 1024,
        "initials": 6,
        "ipPhone": 64,
        "l": 128,
        "mail": 256,
        "middleName": 64,
        "mobile": 64,
        "pager": 64,
        "personalTitle": 64,
        "physicalDeliveryOfficeName": 128,
        "postalCode": 40,
        "preferredLanguage": None,
        "sn": 64,
        "st": 128,
        "streetAddress": 1024,
        "telephoneNumber": 64,
        "title": 128,
    },
    "account": {
        "homeDirectory": None,
        "homeDrive": None,
        "profilePath": None,
        "sAMAccountName": 256,
        "scriptPath": None,
        "userPrincipalName": 1024,
        "userWorkstations": 1024,
    },
    "group": {"cn": 64, "info": 1024, "mail": 256, "sAMAccountName": 256, "telephoneNumber": 64},
    "unit": {
        "c": 3,
        "co": 128,
        "facsimileTelephoneNumber": 64,
        "l": 128,
        "ou": 64,
        "physicalDeliveryOfficeName": 128,
        "postalCode": 40,
        "st": 128,
        "street": 1024,
        "telephoneNumber": 64,
    },
    "definition": {"lDAPDisplayName": 256},
    "domain": {"dc": 255},
}
_CLOUD = {f"msDS-cloudExtensionAttribute{number}": 1024 for number in range(1, 21)}
_EXCHANGE = {f"extensionAttribute{number}": 1024 if number <= 10 else 2048 for number in range(1, 16)}  # noqa: PLR2004
_LISTS: dict[str, int | None] = {
    "otherMailbox": None,
    "otherMobile": 64,
    "otherTelephone": 64,
    "proxyAddresses": 1123,
    "url": None,
}
_LINKS = {"member": "memberOf", "manager": "directReports", "managedBy": "managedObjects"}
_ACCOUNT_NUMBERS = (
    "accountExpires",
    "countryCode",
    "lockoutTime",
    "pwdLastSet",
    "userAccountControl",
    "primaryGroupID",
)
_DOMAIN_NUMBERS = ("maxPwdAge", "minPwdAge", "minPwdLength", "pwdHistoryLength", "pwdProperties")
_SYSTEM = (
    Attribute(name="objectClass", single=False, kept=True),
    Attribute(name="objectCategory", syntax=Syntax.NAME, kept=True),
    Attribute(name="objectGUID", syntax=Syntax.OCTETS, system=True, kept=True),
    Attribute(name="objectSid", syntax=Syntax.SID, system=True, kept=True),
    Attribute(name="name", upper=255, system=True, kept=True),
    Attribute(name="distinguishedName", syntax=Syntax.NAME, system=True, kept=True),
    Attribute(name="instanceType", syntax=Syntax.INTEGER, kept=True),
    Attribute(name="whenCreated", syntax=Syntax.TIME, system=True, kept=True),
    Attribute(name="whenChanged", syntax=Syntax.TIME, system=True, kept=True),
    Attribute(name="uSNCreated", syntax=Syntax.INTEGER, system=True, kept=True),
    Attribute(name="uSNChanged", syntax=Syntax.INTEGER, system=True, kept=True),
    Attribute(name="isDeleted", syntax=Syntax.BOOLEAN, system=True, kept=True),
    Attribute(name="lastKnownParent", syntax=Syntax.NAME, system=True, kept=True),
    Attribute(name="isCriticalSystemObject", syntax=Syntax.BOOLEAN, system=True),
    Attribute(name="sAMAccountType", syntax=Syntax.INTEGER, system=True),
    Attribute(name="adminCount", syntax=Syntax.INTEGER),
    Attribute(name="nTSecurityDescriptor", syntax=Syntax.OCTETS, hidden=True),
)
_KEPT = frozenset({"sAMAccountName", "userAccountControl", "groupType", "cn", "ou"})


def _text(name: str, upper: int | None, *, single: bool = True) -> Attribute:
    return Attribute(name=name, upper=upper, single=single, kept=name in _KEPT)


def _definitions() -> tuple[Attribute, ...]:
    found = list(_SYSTEM)
    texts = {name: upper for owner in _TEXTS.values() for name, upper in owner.items()} | _CLOUD | _EXCHANGE
    found += [_text(name, upper) for name, upper in texts.items()]
    found += [_text(name, upper, single=False) for name, upper in _LISTS.items()]
    found += [Attribute(name=name, syntax=Syntax.INTEGER, kept=name in _KEPT) for name in _ACCOUNT_NUMBERS]
    found += [Attribute(name=name, syntax=Syntax.INTEGER) for name in _DOMAIN_NUMBERS]
    found += [Attribute(name="groupType", syntax=Syntax.INTEGER, kept=True)]
    found += [Attribute(name="unicodePwd", syntax=Syntax.OCTETS, secret=True)]
    found += [Attribute(name="isDefunct", syntax=Syntax.BOOLEAN)]
    found += [Attribute(name="thumbnailPhoto", syntax=Syntax.OCTETS, upper=102400)]
    found += [Attribute(name="mS-DS-ConsistencyGuid", syntax=Syntax.OCTETS)]
    for forward, back in _LINKS.items():
        found.append(Attribute(name=forward, syntax=Syntax.NAME, single=forward != "member", back_link=back))
        found.append(Attribute(name=back, syntax=Syntax.NAME, single=False, system=True))
    return tuple(found)


ATTRIBUTES = {attribute.name.lower(): attribute for attribute in _definitions()}
EXCHANGE_ATTRIBUTES = frozenset(_EXCHANGE)
FORWARD_LINKS = tuple(_LINKS)
BACK_LINKS = {back: forward for forward, back in _LINKS.items()}

_EVERYTHING = frozenset(_TEXTS["everything"]) | {attribute.name for attribute in _SYSTEM} | {"url", *BACK_LINKS}
_RECIPIENT = frozenset(_EXCHANGE) | {"proxyAddresses"}
_PERSON = frozenset(_TEXTS["person"]) | _RECIPIENT | {"otherTelephone", "otherMobile", "otherMailbox", "thumbnailPhoto"}
_USER = (
    _PERSON
    | frozenset(_TEXTS["account"])
    | frozenset(_CLOUD)
    | frozenset(_ACCOUNT_NUMBERS)
    | {"manager", "unicodePwd", "mS-DS-ConsistencyGuid"}
)


def _class(name: str, chain: str, naming: str, category: str, attributes: frozenset[str]) -> ObjectClass:
    return ObjectClass(
        name=name,
        chain=("top", *chain.split()),
        naming_attribute=naming,
        category=category,
        attributes=attributes | _EVERYTHING,
    )


CLASSES = {
    found.name.lower(): found
    for found in (
        _class("user", "person organizationalPerson user", "CN", "Person", _USER),
        _class("computer", "person organizationalPerson user computer", "CN", "Computer", _USER | {"managedBy"}),
        _class("contact", "person organizationalPerson contact", "CN", "Person", _PERSON | {"manager"}),
        _class(
            "group",
            "group",
            "CN",
            "Group",
            frozenset(_TEXTS["group"]) | _RECIPIENT | frozenset(_CLOUD) | {"member", "managedBy", "groupType"},
        ),
        _class(
            "organizationalUnit",
            "organizationalUnit",
            "OU",
            "Organizational-Unit",
            frozenset(_TEXTS["unit"]) | {"managedBy"},
        ),
        _class("container", "container", "CN", "Container", frozenset(_TEXTS["container"])),
        _class("classStore", "classStore", "CN", "Class-Store", frozenset(_TEXTS["container"])),
        _class(
            "attributeSchema",
            "attributeSchema",
            "CN",
            "Attribute-Schema",
            frozenset({"cn", "isDefunct", "lDAPDisplayName"}),
        ),
        _class(
            "domainDNS",
            "domain domainDNS",
            "DC",
            "Domain-DNS",
            frozenset({"dc", *_DOMAIN_NUMBERS}),
        ),
    )
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """The attributes of one directory; without `exchange` it has no extensionAttribute1–15, like a plain domain."""

    exchange: bool = True

    def find(self, name: str) -> Attribute | None:
        """The definition of an attribute, whatever its spelling; None where the schema has none."""
        found = ATTRIBUTES.get(name.lower())
        if found is not None and not self.exchange and found.name in EXCHANGE_ATTRIBUTES:
            return None
        return found

    def attributes(self) -> tuple[Attribute, ...]:
        """Every attribute there is."""
        return tuple(found for name in ATTRIBUTES if (found := self.find(name)) is not None)


def structural_class(names: list[str]) -> ObjectClass | None:
    """The most special class among those given, None if none of them is known."""
    known = [found for name in names if (found := CLASSES.get(name.lower())) is not None]
    return max(known, key=lambda found: len(found.chain), default=None)
