"""A group as Connect keeps it (one row of main_connect_group), and who belongs to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from connect_worker.model.account import Origin, Status
from connect_worker.model.ids import AccountKey, Criterion, GroupId, GroupKey, Guid, Mandant, MandantMask


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One row of main_connect_group.

    `ad_type` is SG (security group) or None: not in Active Directory; `aad_type` likewise SG, O365, EDUCLASS or None.
    `info` names program version and time: it is written along with other changes only (ruling 22).
    """

    key: GroupKey
    dn_parent: str | None
    dn_first_element: str | None
    cn: str | None
    sam_account_name: str | None
    display_name: str | None
    description: str | None
    ad_type: str | None
    mandants: MandantMask | None
    mandant_chosen: Mandant | None
    mandant_chosen_by: Origin = Origin.CONNECT
    status: Status = Status.ACTIVE
    status_before: Status | None = None
    delete_on: date | None = None
    disabled_since: date | None = None
    is_generic: bool = False
    has_changed: bool = True
    object_guid: Guid | None = None
    info: str | None = None
    aad_type: str | None = None
    aad_mail_nickname: str | None = None
    aad_guid: Guid | None = None
    warning: int | None = None
    id: GroupId | None = None
    version: int = 0

    @property
    def is_manual(self) -> bool:
        """Whether a person keeps this group, and no rule ends it (ruling 24)."""
        return self.key.criterion is Criterion.MANUAL or self.is_generic

    @property
    def dn(self) -> str | None:
        """The whole distinguished name, or None while a part is missing."""
        if self.dn_first_element is None or self.dn_parent is None:
            return None
        return f"{self.dn_first_element},{self.dn_parent}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Members:
    """Who belongs to one group and why. `removed` are tombstones: taken out by a person, not to be added by rule."""

    automatic: frozenset[AccountKey] = frozenset()
    manual: frozenset[AccountKey] = frozenset()
    removed: frozenset[AccountKey] = frozenset()

    @property
    def effective(self) -> frozenset[AccountKey]:
        """Those who should be members in the directory."""
        return (self.automatic - self.removed) | self.manual


Memberships = Mapping[GroupKey, Members]
