"""What the safety gate counts: one thing that is taken from one object, whether planned or done."""

from dataclasses import dataclass

from connect_worker.model.change import Cause
from connect_worker.model.directory import ObjectKey
from connect_worker.model.ids import AccountKey


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """One object's part of a change of this `kind`; `member`: who is taken out, where `key` is a group."""

    kind: str
    cause: Cause
    key: ObjectKey
    member: AccountKey | None = None
