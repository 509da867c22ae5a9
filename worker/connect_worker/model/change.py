"""One step of a plan. Each knows its wave, the object it concerns, why it happens, and its own sentence."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import ClassVar

from connect_worker.model.account import NO_EXTENSIONS, Extensions, Profile
from connect_worker.model.directory import Login, ObjectKey
from connect_worker.model.ids import AccountKey, GroupKey, Guid

Value = str | bool | tuple[str, ...] | None


class Wave(IntEnum):
    """The order of changes: no wave needs a later one.

    Adoption, which writes nothing to a directory, stands before all; taking access away comes first, deletes come last.
    """

    ADOPT = 0
    DISABLE = 1
    CREATE_CONTAINER = 2
    STEP_ASIDE = 3
    RENAME = 4
    CREATE_USER = 5
    CREATE_GROUP = 6
    MODIFY = 7
    SET_PASSWORD = 8
    ENABLE = 9
    REMOVE_MEMBERS = 10
    ADD_MEMBERS = 11
    DELETE = 12


class Cause(StrEnum):
    """Why a change happens; the safety gate's limits go by it (ruling 35)."""

    NEW = "new"
    CHANGED = "changed"
    ADOPTED = "adopted"
    RETURNED = "returned"
    DELETED_BY_HAND = "deleted_by_hand"
    EXIT = "exit"
    OUT_OF_SCOPE = "out_of_scope"
    DEACTIVATED = "deactivated"
    IMMUNE = "immune"
    GRACE_OVER = "grace_over"
    EXIT_GRACE_OVER = "exit_grace_over"
    CLASS_ENDED = "class_ended"
    MEMBERSHIP = "membership"
    CLASS_CHANGED = "class_changed"
    REMOVED_BY_HAND = "removed_by_hand"
    RESET = "reset"
    CONFIRMED_RESET = "confirmed_reset"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, kw_only=True, slots=True)
class AttributeChange:
    """One attribute's value before and after; the attribute by its name in Login, Profile or DesiredGroup.

    Extension attributes go by EXTENSION_NAMES.
    """

    attribute: str
    before: Value
    after: Value


@dataclass(frozen=True, kw_only=True, slots=True)
class Adopt:
    """Link an object that stood there before Connect with its row (ruling 40). Nothing is written to the directory."""

    wave: ClassVar[Wave] = Wave.ADOPT
    kind: ClassVar[str] = "adopt"
    key: ObjectKey
    guid: Guid
    dn: str
    cause: Cause = Cause.ADOPTED

    @property
    def sentence(self) -> str:
        """What it does, for people."""
        return f"adopt {self.dn} as {self.key}"


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateContainer:
    """Create an organizational unit."""

    wave: ClassVar[Wave] = Wave.CREATE_CONTAINER
    kind: ClassVar[str] = "create_ou"
    key: ObjectKey | None = None
    dn: str
    cause: Cause = Cause.NEW

    @property
    def sentence(self) -> str:
        """What it does, for people."""
        return f"create organizational unit {self.dn}"


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateUser:
    """Create a user with its initial password. The manager follows in MODIFY, when everybody exists."""

    wave: ClassVar[Wave] = Wave.CREATE_USER
    kind: ClassVar[str] = "create_user"
    key: AccountKey
    dn: str
    login: Login
    profile: Profile
    must_change_password: bool
    extension_attributes: Extensions = NO_EXTENSIONS
    cause: Cause

    @property
    def sam_account_name(self) -> str | None:
        """As a group's."""
        return self.login.sam_account_name

    @property
    def sentence(self) -> str:
        """What it does, for people."""
        return f"create user {self.sam_account_name} as {self.dn}"


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateGroup:
    """Create a security group without members; they follow in ADD_MEMBERS."""

    wave: ClassVar[Wave] = Wave.CREATE_GROUP
    kind: ClassVar[str] = "create_group"
    key: GroupKey
    dn: str
    sam_account_name: str
    display_name: str | None
    description: str | None
    info: str | None
    cause: Cause

    @property
    def sentence(self) -> str:
        """What it does, for people."""
        return f"create group {self.sam_account_name} as {self.dn}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rename:
    """Rename or move an object. `aside` marks a temporary name, taken so that two objects can swap theirs."""

    kind: ClassVar[str] = "rename"
    key: ObjectKey
    guid: Guid
    dn: str
    new_dn: str
    cause: Cause
    aside: bool = False

    @property
    def wave(self) -> Wave:
        """Steps aside come before the renames that need the name."""
        return Wave.STEP_ASIDE if self.aside else Wave.RENAME

    @property
    def sentence(self) -> str:
        """What it does, for people."""
        return f"rename {self.dn} to {self.new_dn}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Modify:
    """Set attributes of a user or group, only those that differ. `dn` is the name at that time.

    `aside` marks what is given up for a while, so that two objects can swap theirs.
    """

    kind: ClassVar[str] = "modify"
    key: ObjectKey
    guid: Guid | None
    dn: str
    attributes: tuple[AttributeChange, ...]
    cause: Cause
    aside: bool = False

    @property
    def wave(self) -> Wave:
        """Steps aside come before whoever needs the value."""
        return Wave.STEP_ASIDE if self.aside else Wave.MODIFY

    @property
    def sentence(self) -> str:
        """What it does, for people."""
        what = ", ".join(f"{c.attribute} {_shown(c.before)} → {_shown(c.after)}" for c in self.attributes)
        return f"modify {self.dn}: {what}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Disable:
    """Lock a user out; the account stays."""

    wave: ClassVar[Wave] = Wave.DISABLE
    kind: ClassVar[str] = "disable"
    key: AccountKey
    guid: Guid
    dn: str
    cause: Cause

    @property
    def sentence(self) -> str:
        """What it does, for people."""
        return f"disable {self.dn} ({self.cause.value})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Enable:
    """Let a user in again whom Connect itself has disabled or just created."""

    wave: ClassVar[Wave] = Wave.ENABLE
    kind: ClassVar[str] = "enable"
    key: AccountKey
    guid: Guid
    dn: str
    cause: Cause

    @property
    def sentence(self) -> str:
        """What it does, for people."""
        return f"enable {self.dn} ({self.cause.value})"


@dataclass(frozen=True, kw_only=True, slots=True)
class SetPassword:
    """Set the stored initial password, which the change itself never holds."""

    wave: ClassVar[Wave] = Wave.SET_PASSWORD
    kind: ClassVar[str] = "set_password"
    key: AccountKey
    guid: Guid
    dn: str
    must_change_password: bool
    cause: Cause

    @property
    def sentence(self) -> str:
        """What it does, for people."""
        return f"set the initial password of {self.dn}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A member to add or remove; `dn` is its name at that time."""

    key: AccountKey
    dn: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AddMembers:
    """Add a chunk of members to a group; `guid` None: the group is created in the same plan."""

    wave: ClassVar[Wave] = Wave.ADD_MEMBERS
    kind: ClassVar[str] = "add_members"
    key: GroupKey
    guid: Guid | None
    dn: str
    members: tuple[Member, ...]
    cause: Cause = Cause.MEMBERSHIP

    @property
    def sentence(self) -> str:
        """What it does, for people."""
        return f"add {_named(self.members)} to {self.dn}"


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveMembers:
    """Remove a chunk of members from a group."""

    wave: ClassVar[Wave] = Wave.REMOVE_MEMBERS
    kind: ClassVar[str] = "remove_members"
    key: GroupKey
    guid: Guid
    dn: str
    members: tuple[Member, ...]
    cause: Cause = Cause.MEMBERSHIP

    @property
    def sentence(self) -> str:
        """What it does, for people."""
        return f"remove {_named(self.members)} from {self.dn}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delete:
    """Delete a user or group that an earlier run disabled and whose grace is over, or an immune one."""

    wave: ClassVar[Wave] = Wave.DELETE
    kind: ClassVar[str] = "delete"
    key: ObjectKey
    guid: Guid
    dn: str
    cause: Cause

    @property
    def sentence(self) -> str:
        """What it does, for people."""
        return f"delete {self.dn} ({self.cause.value})"


Change = (
    Adopt
    | Disable
    | CreateContainer
    | Rename
    | CreateUser
    | CreateGroup
    | Modify
    | SetPassword
    | Enable
    | RemoveMembers
    | AddMembers
    | Delete
)


def _shown(value: Value) -> str:
    return "–" if value is None or value == () else repr(value) if isinstance(value, str) else str(value)


def _named(members: tuple[Member, ...]) -> str:
    few = 3
    names = ", ".join(str(member.key) for member in members[:few])
    return names if len(members) <= few else f"{names} and {len(members) - few} more"
