"""What a person does by a command, as the audit keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connect_worker.model.ids import AccountKey


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficeAct:
    """One act on one object (`key`, `dn`), or on the configuration; never with a secret's value."""

    kind: str
    sentence: str
    key: AccountKey | None = None
    dn: str = ""
    before: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)
