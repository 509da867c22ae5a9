"""What a validation rule is."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from connect_worker.core.rules.context import Context

Record = TypeVar("Record", contravariant=True)  # noqa: PLC0105  a rule for users and groups serves as either


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """One text in both of the program's languages."""

    english: str
    german: str


class Rule(ABC, Generic[Record]):
    """One thing that may be wrong with a record.

    `code` is the seed's «Fehlertyp» (1 to 9) or Connect's own number (from 101). `meaning` names what is wrong,
    `condition` says exactly when, `solution` what a person does about it (manual, «Arten von Warnungen und deren
    Lösung»). `blocks` False: the finding is only told.
    """

    code: ClassVar[int]
    meaning: ClassVar[Text]
    condition: ClassVar[str]
    solution: ClassVar[Text]
    blocks: ClassVar[bool] = True

    @abstractmethod
    def find(self, record: Record, context: Context) -> str | None:
        """Say what was found in the record; None if nothing is wrong."""
