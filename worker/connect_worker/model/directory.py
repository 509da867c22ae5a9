"""What a directory holds and what it should hold, in one shape for every kind of directory."""

from dataclasses import dataclass
from enum import StrEnum

from connect_worker.model.account import NO_EXTENSIONS, Extensions, Profile
from connect_worker.model.ids import AccountKey, GroupKey, Guid

ObjectKey = AccountKey | GroupKey


class PasswordChange(StrEnum):
    """Whether a user may change his own password, as the rights on his object say."""

    ALLOWED = "allowed"
    PARTLY_DENIED = "partly_denied"  # to everyone or to himself, not to both
    DENIED = "denied"
    UNREADABLE = "unreadable"


class Remains(StrEnum):
    """What a directory keeps of a deleted object."""

    WHOLE = "whole"  # in the recycle bin, with everything
    TOMBSTONE = "tombstone"  # little more than its name and its identity


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """The attributes that a user signs in and is addressed by.

    `addresses` holds the primary address first, then the aliases sorted; an address is lower case.
    """

    sam_account_name: str | None
    user_principal_name: str | None
    mail: str | None
    addresses: tuple[str, ...]
    password_never_expires: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DesiredUser:
    """A user as the directory should have it. `guid` None: not there yet, or not yet linked."""

    key: AccountKey
    guid: Guid | None
    dn: str
    enabled: bool
    login: Login
    profile: Profile
    extension_attributes: Extensions = NO_EXTENSIONS


@dataclass(frozen=True, kw_only=True, slots=True)
class DesiredGroup:
    """A group as the directory should have it; `members` None: left as they are.

    `info` is written along with other attributes and never compared; None leaves it (ruling 22).
    `removed` are those whom a person has taken out.
    """

    key: GroupKey
    guid: Guid | None
    dn: str
    sam_account_name: str
    display_name: str | None
    description: str | None
    info: str | None
    members: frozenset[AccountKey] | None
    removed: frozenset[AccountKey] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class ActualUser:
    """A user as it was read. `protected`: adminCount=1 or isCriticalSystemObject. `created` is ISO 8601, UTC.

    While `must_change_password`, a missing `password_never_expires` is no difference (ruling 26).
    """

    guid: Guid
    dn: str
    enabled: bool
    login: Login
    profile: Profile
    protected: bool
    created: str
    must_change_password: bool = False
    extension_attributes: Extensions = NO_EXTENSIONS


@dataclass(frozen=True, kw_only=True, slots=True)
class ActualGroup:
    """A group as it was read; `members` are DNs as the directory spells them, complete."""

    guid: Guid
    dn: str
    sam_account_name: str | None
    display_name: str | None
    description: str | None
    info: str | None
    members: frozenset[str]
    protected: bool
    created: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """All users, groups and containers below the bases that were asked for, proven complete.

    `missing_bases` are bases that the directory does not have; of each, the nearest unit above it that is there stands
    among the `organizational_units`.
    """

    users: tuple[ActualUser, ...]
    groups: tuple[ActualGroup, ...]
    organizational_units: tuple[str, ...]
    missing_bases: tuple[str, ...]


class ObjectKind(StrEnum):
    """What an object is that holds a name. OTHER: a computer, a contact, a distribution list."""

    USER = "user"
    GROUP = "group"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenName:
    """The names of one object anywhere in the domain, for uniqueness and for adoption (rulings 12 and 40).

    `addresses` are all by which it can be reached, lower case, each once: user principal name, mail, and the mail
    addresses of proxyAddresses, which are `proxy_addresses` too, the primary one first. `protected` and `created` as
    in ActualUser.
    """

    guid: Guid
    dn: str
    sam_account_name: str | None
    addresses: tuple[str, ...]
    kind: ObjectKind = ObjectKind.OTHER
    user_principal_name: str | None = None
    mail: str | None = None
    proxy_addresses: tuple[str, ...] = ()
    employee_id: str | None = None
    protected: bool = False
    created: str = ""
