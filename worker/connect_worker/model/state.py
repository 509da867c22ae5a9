"""Connect's own tables as one value: what `update` turns from yesterday's into today's."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from connect_worker.model.account import Account
from connect_worker.model.directory import ObjectKey
from connect_worker.model.group import Group, Memberships
from connect_worker.model.ids import AccountKey, Guid


class NameKind(StrEnum):
    """What kind of name is taken. ADDRESS covers user principal names, mails and aliases alike.

    EMPLOYEE_ID is no name but says whose an object is: `core.employee_ids` has its form.
    """

    ADDRESS = "address"
    SAM = "sam"
    DN_FIRST_ELEMENT = "dn_first_element"
    EMPLOYEE_ID = "employee_id"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReservedName:
    """A name that nobody may be given: held outside Connect (`guid`), or by a deleted account until `until`.

    `name` is case-folded. The `owner` of a deleted account gets its own names back (ruling 12).
    """

    kind: NameKind
    name: str
    guid: Guid | None = None
    owner: AccountKey | None = None
    until: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TakeOver:
    """A row of connect_migration that waits: the object and the aliases that a user had before Connect (ruling 40).

    `refusal` says why the last update could not take it over.
    """

    key: AccountKey
    guid: Guid | None
    aliases: tuple[str, ...]
    refusal: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """Users, groups, memberships, reserved names, and what is still to be taken over."""

    accounts: tuple[Account, ...]
    groups: tuple[Group, ...]
    memberships: Memberships
    reserved: tuple[ReservedName, ...] = ()
    take_overs: tuple[TakeOver, ...] = ()

    @property
    def records(self) -> tuple[Account | Group, ...]:
        """All users and groups."""
        return (*self.accounts, *self.groups)


@dataclass(frozen=True, kw_only=True, slots=True)
class Intention:
    """A create that was committed before it was sent (ruling 34): it identifies, and is never replayed.

    An object with exactly this sAM name at exactly this DN's parent, created since, is ours.
    """

    key: ObjectKey
    sam_account_name: str
    dn: str
    intended_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """What a sync writes back for one object.

    `guid`, `password_set_at`, `disabled_since` and `password_change_denied` are facts and always written, where not
    None; `delete_on` while the row is still to delete; flags are cleared only while it has the `version` read.
    `unlinked` clears the GUID (the object is gone, its row stays); `gone` removes the row and reserves its names, or
    clears its GUID if it is neither to delete nor immune any more.
    """

    key: ObjectKey
    version: int
    guid: Guid | None = None
    password_set_at: datetime | None = None
    disabled_since: date | None = None
    delete_on: date | None = None
    enabled: bool = False
    clear_has_changed: bool = False
    clear_password_reset: bool = False
    password_change_denied: bool | None = None
    clear_regenerate_names: bool = False
    unlinked: bool = False
    gone: bool = False
    reserved: tuple[ReservedName, ...] = ()
