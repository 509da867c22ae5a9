"""A finding of the validation."""

from dataclasses import dataclass
from enum import IntEnum

from connect_worker.model.directory import ObjectKey

FIRST_OWN_CODE = 101
"""The seed's warnings are numbered below, Connect's own findings from here on (ruling 32)."""


class NoteCode(IntEnum):
    """The findings that only the update can make, for it has the master data."""

    VALUE_CUT = 108
    INSURANCE_NUMBER_SHARED = 109
    LEVEL_ROW_MISSING = 110


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What the update has seen of a record: the validation tells it, and nothing waits for it."""

    key: ObjectKey
    code: NoteCode
    found: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One rule's finding on one record: the seed's «Warnung».

    Codes 1 to 9 are the seed's and block everything, unless the customer has `relaxed` them; from 101 on, Connect's
    own, which block their object only (ruling 32). `found` says what was found in the record `name`. `blocks` is False
    for rows on their way out (ruling 31), and for what is only told.
    """

    key: ObjectKey
    code: int
    name: str
    found: str
    blocks: bool = True
    relaxed: bool = False

    @property
    def blocks_everything(self) -> bool:
        """Whether the sync of the whole customer waits for this finding's cure (manual, «Warnungen»)."""
        return self.blocks and self.code < FIRST_OWN_CODE and not self.relaxed
