"""A user as Connect keeps it: one row of main_connect_user."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum

from connect_worker.model.ids import AccountKey, Guid, Mandant, MandantMask, UserId, UserType
from connect_worker.model.secret import SealedSecret

ALIAS_PLACES = 5
Aliases = tuple[str | None, str | None, str | None, str | None, str | None]
NO_ALIASES: Aliases = (None, None, None, None, None)

EXTENSION_PLACES = 15
Extensions = tuple[str | None, ...]
"""One value for each of extensionAttribute1 to extensionAttribute15: EXTENSION_PLACES long."""
NO_EXTENSIONS: Extensions = (None,) * EXTENSION_PLACES
EXTENSION_NAMES = tuple(f"extension_attribute_{place}" for place in range(1, EXTENSION_PLACES + 1))
"""What changes call them, each by its place."""


class Status(IntEnum):
    """`UserStatus`: aktiviert, deaktiviert, zu löschen, immun."""

    ACTIVE = 0
    DEACTIVATED = 1
    TO_DELETE = 2
    IMMUNE = 3


class Unmet(StrEnum):
    """A condition of the scope that a person does not meet: the manual's checklist for «zu löschen»."""

    MANDANT = "mandant_not_configured"
    NOT_YET_ENTERED = "not_yet_entered"
    EXIT = "exit_reached"
    ENTRY_AFTER_EXIT = "entry_after_exit"
    NO_CLASS = "no_class"
    SCHOOL_YEAR = "class_not_of_current_school_year"
    NO_LEVEL = "class_without_level"
    LEVEL = "level_not_configured"
    FUNCTION = "no_function_that_counts"
    VANISHED = "no_longer_in_master_data"


class Origin(StrEnum):
    """Who set a value: Connect by rule, or a person by hand."""

    CONNECT = "connect"
    PERSON = "person"


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What identifies an account by name. `dn_first_element` is the escaped RDN, `CN=…`; cn is its plain value."""

    dn_parent: str | None
    dn_first_element: str | None
    cn: str | None
    sam_account_name: str | None
    user_principal_name: str | None
    mail: str | None
    aliases: Aliases = NO_ALIASES

    @property
    def dn(self) -> str | None:
        """The whole distinguished name, or None while a part is missing."""
        if self.dn_first_element is None or self.dn_parent is None:
            return None
        return f"{self.dn_first_element},{self.dn_parent}"

    @property
    def addresses(self) -> tuple[str, ...]:
        """Mail first, then the aliases that are set."""
        return tuple(address for address in (self.mail, *self.aliases) if address)


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What describes an account; None is absent in the directory. `manager` is a DN."""

    employee_id: str | None = None
    given_name: str | None = None
    surname: str | None = None
    display_name: str | None = None
    initials: str | None = None
    title: str | None = None
    company: str | None = None
    department: str | None = None
    manager: str | None = None
    office: str | None = None
    street_address: str | None = None
    postal_code: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    preferred_language: str | None = None
    home_page: str | None = None
    telephone_number: str | None = None
    info: str | None = None


class PrimaryRole(StrEnum):
    """`primaryRole` of Microsoft's school data."""

    STUDENT = "student"
    TEACHER = "teacher"


class Gender(StrEnum):
    """`educationStudent.gender`."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class EntraProfile:
    """What describes an account in Entra ID beside the Profile (seed 002, «Attribute», the second table)."""

    primary_role: PrimaryRole | None = None
    external_source: str | None = None
    mail_nickname: str | None = None
    business_phone: str | None = None
    mobile_phone: str | None = None
    usage_location: str | None = None
    user_type: str | None = None
    birth_on: date | None = None
    gender: Gender | None = None
    grade: str | None = None
    graduation_year: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One row of main_connect_user.

    `id` and `version` are None and 0 until the row is stored. `mandants` None is the seed's warning 8.
    `version` is the row version that a write-back must still find. `unmet` says why somebody is out of scope.
    `password_change_denied`: the directory may deny what `password_change_prevented` wants denied, or has wanted once.
    Dates are calendar days (ruling 2).
    `password_reset_confirmed`: somebody ordered this reset by name, so that no limit counts it (ruling 35).
    """

    key: AccountKey
    names: Names
    profile: Profile
    extension_attributes: Extensions = NO_EXTENSIONS
    entra: EntraProfile = EntraProfile()
    mandants: MandantMask | None
    mandant_chosen: Mandant | None
    mandant_chosen_by: Origin = Origin.CONNECT
    status: Status = Status.ACTIVE
    status_before: Status | None = None
    delete_on: date | None = None
    disabled_since: date | None = None
    unmet: tuple[Unmet, ...] = ()
    is_generic: bool = False
    has_changed: bool = True
    regenerate_names: bool = False
    initial_password: SealedSecret | None = None
    password_reset: bool = False
    password_reset_confirmed: bool = False
    password_set_at: datetime | None = None
    password_never_expires: bool = False
    must_change_password: bool = False
    password_change_prevented: bool = False
    weak_password_allowed: bool = False
    password_change_denied: bool = False
    object_guid: Guid | None = None
    warning: int | None = None
    source_version: str | None = None
    id: UserId | None = None
    version: int = 0

    @property
    def is_manual(self) -> bool:
        """Whether a person keeps this row, and no rule ends it (ruling 24), whatever the flag says."""
        return self.key.type is UserType.MANUAL or self.is_generic

    @property
    def is_draft(self) -> bool:
        """Whether somebody is still entering this manual user: neither validated nor synced yet (ruling 24).

        What is still to be set is the mandant, the password, or the status «aktiviert». Once it is linked with an
        object in a directory it is no draft any more, whatever is taken out of the row.
        """
        if self.key.type is not UserType.MANUAL or self.object_guid is not None:
            return False
        return self.mandant_chosen is None or self.initial_password is None or self.status is not Status.ACTIVE

    @property
    def dn(self) -> str | None:
        """The whole distinguished name, or None while a part is missing."""
        return self.names.dn
