"""The configurator (seed 002, «Konfigurator») as types: what connect_config and its sister tables hold."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from connect_worker.model.account import NO_EXTENSIONS, Extensions
from connect_worker.model.ids import Criterion, GroupKey, Mandant

TEAMS = frozenset({"O365", "EDUCLASS"})
"""The types of groups that mailboxes, files and classwork hang on (`AadType`)."""
TEAM_GRACE_DAYS = 365


class PasswordKind(IntEnum):
    """`Passwortstärke`: 1 simple, 2 simple with a special character, 3 complex."""

    SIMPLE = 1
    SIMPLE_WITH_SPECIAL = 2
    COMPLEX = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class PasswordPolicy:
    """How initial passwords are made and what holds for them in the directory.

    `digits`: number of digits in a simple password. `length`: of a complex one.
    """

    kind: PasswordKind
    digits: int = 3
    length: int = 8
    never_expires: bool = False
    must_change: bool = False
    may_not_change: bool = False

    @property
    def allows_weak(self) -> bool:
        """Whether Entra ID must take weaker passwords (`DisableStrongPassword`).

        So with both simple kinds: their length is configured, and who is given simple ones may choose simple ones.
        """
        return self.kind is not PasswordKind.COMPLEX


class InfoSwitch(IntEnum):
    """What `info` is filled with. VERSION is 2 for staff and 1 for students in the database (seed 002)."""

    EMPTY = 0
    SUBSTITUTION = 1
    VERSION = 2


class TitleSwitch(IntEnum):
    """What a staff member's `title` is filled with."""

    EMPTY = 0
    PROFESSION = 1
    FUNCTION = 2


class OfficeSwitch(IntEnum):
    """What `physicalDeliveryOfficeName` is filled with; students have CLASSROOM or nothing."""

    EMPTY = 0
    CLASSROOM = 1
    STAFF_ROOM = 2


class DisplayNameFollows(StrEnum):
    """When given name, surname and display name follow the master data (ruling 14)."""

    AT_ONCE = "at_once"
    REGENERATE = "regenerate"


@dataclass(frozen=True, kw_only=True, slots=True)
class Audience:
    """The settings that exist once for staff and once for students. A constant that is set wins (ruling 23).

    `parent` is the OU below the customer's base DN. Days are calendar days. `extension_templates` has a template in
    brackets for each extension attribute that is configured.
    """

    parent: str
    name_template: str
    lead_days: int
    grace_days: int
    password: PasswordPolicy
    info: InfoSwitch = InfoSwitch.EMPTY
    initials: bool = False
    title: TitleSwitch = TitleSwitch.EMPTY
    office: OfficeSwitch = OfficeSwitch.EMPTY
    business_phone: bool = False
    primary_role: bool = False
    entra_business_phone: bool = False
    entra_mobile_phone: bool = False
    company: str | None = None
    department: str | None = None
    country: str = "CH"
    language: str = "de-DE"
    user_type: str = "Member"
    extension_templates: Extensions = NO_EXTENSIONS


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelRule:
    """A configured level (Stufe) and its password policy; `program_years` empty: for all of the level.

    `last_program_year` is the level's, after which its pupils leave school; the highest of its rows holds.
    """

    position: int
    level: str
    program_years: frozenset[int]
    password: PasswordPolicy
    last_program_year: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MandantRule:
    """A mandant that is configured for Connect."""

    number: Mandant
    student_domain: str
    staff_domain: str
    student_home_page: str | None = None
    staff_home_page: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupRule:
    """A group definition: which criterion, where, and how the names are built (templates in brackets).

    `grace_days` None: the usual ones of Configuration.group_grace_days.
    """

    criterion: Criterion
    parent: str
    dn_first_element: str
    name: str
    display_name: str
    sam_account_name: str
    ad_type: str | None
    aad_type: str | None = None
    grace_days: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """How much may be done unasked: a count or a percentage of what there is, whichever is larger."""

    count: int = 10
    percent: float = 10.0

    def of(self, population: int) -> int:
        """The number that is still allowed; a percentage has three decimals at most."""
        return max(self.count, population * round(self.percent * 1000) // 100_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The safety gate's limits, one for each kind of change that takes something away (ruling 35).

    `disables` holds for whoever leaves the scope too, `recreations` for objects that are missing. What is ordinary,
    the end of a person's or a class's time, has its kind's count and `exit_percent`. `failures`: refused changes that
    stop a run.
    """

    deletes: Limit = Limit()
    disables: Limit = Limit()
    removals: Limit = Limit()
    renames: Limit = Limit()
    resets: Limit = Limit()
    recreations: Limit = Limit()
    exit_percent: float = 25.0
    failures: Limit = Limit(percent=25.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """One customer's configuration, checked as a whole.

    `relaxed_warnings` are codes from 1 to 9 that hold up their own record only. `protected_objects` are DNs or login
    names of what is never touched.
    """

    base_dn: str
    staff: Audience
    students: Audience
    levels: tuple[LevelRule, ...]
    mandants: tuple[MandantRule, ...]
    groups: tuple[GroupRule, ...]
    manual_password: PasswordPolicy = PasswordPolicy(kind=PasswordKind.COMPLEX, must_change=True)
    state: str | None = None
    test_prefix: str = ""
    sync_ad: bool = True
    restrict_functions: bool = False
    create_containers: bool = True
    class_carry_over_days: int = 30
    reserve_days: int = 365
    display_name_follows: DisplayNameFollows = DisplayNameFollows.AT_ONCE
    employee_id_is_insurance_number: bool = False
    show_gender: bool = False
    relaxed_warnings: frozenset[int] = frozenset()
    protected_objects: tuple[str, ...] = ()
    adoption: bool = False
    rename_at_adoption: bool = False
    locked_by: str | None = None
    lock_reason: str | None = None
    locked_at: datetime | None = None

    def group_grace_days(self, key: GroupKey) -> int:
        """How long a group that ended stays (ruling 18): by its definition, else by its type, else like its people."""
        rule = next((rule for rule in self.groups if rule.criterion is key.criterion), None)
        if rule is not None and rule.grace_days is not None:
            return rule.grace_days
        if rule is not None and rule.aad_type in TEAMS:
            return TEAM_GRACE_DAYS
        return max(self.staff.grace_days, self.students.grace_days)
