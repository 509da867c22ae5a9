"""Active Directory's attributes by the names that Connect gives them (seed 002, attribute tables), and their values."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from connect_worker.model.account import EXTENSION_NAMES
from connect_worker.model.change import Value
from connect_worker.model.secret import Secret

# Fields of Login, Profile and DesiredGroup that hold one text.
TEXT: Mapping[str, str] = MappingProxyType(
    {
        "sam_account_name": "sAMAccountName",
        "user_principal_name": "userPrincipalName",
        "mail": "mail",
        "employee_id": "employeeID",
        "given_name": "givenName",
        "surname": "sn",
        "display_name": "displayName",
        "initials": "initials",
        "title": "title",
        "company": "company",
        "department": "department",
        "manager": "manager",
        "office": "physicalDeliveryOfficeName",
        "street_address": "streetAddress",
        "postal_code": "postalCode",
        "city": "l",
        "state": "st",
        "country": "c",
        "preferred_language": "preferredLanguage",
        "home_page": "wWWHomePage",
        "telephone_number": "telephoneNumber",
        "info": "info",
        "description": "description",
    }
)
USER_FIELDS = tuple(field for field in TEXT if field != "description")
"""Those that a user has."""
EXTENSIONS: Mapping[str, str] = MappingProxyType(
    {name: f"extensionAttribute{place}" for place, name in enumerate(EXTENSION_NAMES, start=1)}
)
"""Only where Exchange, or somebody else, has put them into the schema."""
ADDRESSES = "proxyAddresses"
ACCOUNT_CONTROL = "userAccountControl"
PASSWORD = "unicodePwd"  # noqa: S105 - an attribute's name
PASSWORD_LAST_SET = "pwdLastSet"  # noqa: S105 - an attribute's name
MEMBER = "member"
GUID = "objectGUID"
DESCRIPTOR = "nTSecurityDescriptor"
RECYCLED = "isRecycled"

DISABLED = 0x2
NORMAL_ACCOUNT = 0x200
NEVER_EXPIRES = 0x10000
GLOBAL_SECURITY_GROUP = b"-2147483646"

_PRIMARY, _ALIAS = "SMTP:", "smtp:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What an object holds that we write a part of only, and must therefore know.

    `foreign_addresses` are those of other kinds than mail (x500:, sip: …), as they stand in proxyAddresses.
    """

    account_control: int = NORMAL_ACCOUNT
    foreign_addresses: tuple[bytes, ...] = ()


def text_values(value: Value) -> tuple[bytes, ...]:
    """A text as an attribute's values: none for None and "", which a directory does not keep."""
    return (str(value).encode(),) if value else ()


def address_values(addresses: Sequence[str], foreign: Iterable[bytes]) -> tuple[bytes, ...]:
    """proxyAddresses: the primary address, the aliases, and those of other kinds as they were."""
    mails = (f"{_ALIAS if place else _PRIMARY}{address}" for place, address in enumerate(addresses) if address)
    return (*(mail.encode() for mail in mails), *foreign)


def mail_addresses(values: Iterable[bytes]) -> tuple[str, ...]:
    """The mail addresses of proxyAddresses, lower case: the primary one first, then the aliases sorted.

    The first is "" when none is primary, and any further primary ones follow it: neither is what Connect writes.
    """
    primary: list[str] = []
    aliases: list[str] = []
    for kind, address in _mails(values):
        (primary if kind == _PRIMARY else aliases).append(address.lower())
    if not primary and not aliases:
        return ()
    return (*(sorted(primary) or ("",)), *sorted(aliases))


def foreign_addresses(values: Iterable[bytes]) -> tuple[bytes, ...]:
    """The values of proxyAddresses that are no mail addresses."""
    return tuple(value for value in values if value[:5].lower() != b"smtp:")


def password_value(password: Secret) -> bytes:
    """The password as unicodePwd wants it: in quotes, UTF-16, little end first."""
    return f'"{password.reveal()}"'.encode("utf-16-le")


def switched(control: int, *, on: int = 0, off: int = 0) -> int:
    """An account control with some bits set and others cleared; all that we do not know stay."""
    return control & ~off | on


def _mails(values: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    for value in values:
        kind, address = value[:5].decode("utf-8", "replace"), value[5:].decode("utf-8", "replace")
        if kind.lower() == _ALIAS:
            yield kind, address
