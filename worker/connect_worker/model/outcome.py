"""What became of one change."""

from dataclasses import dataclass
from enum import StrEnum

from connect_worker.model.change import Change
from connect_worker.model.ids import Guid


class Result(StrEnum):
    """How a change ended."""

    DONE = "done"
    FAILED = "failed"
    UNDELETABLE = "undeletable"  # to be deleted by hand; no failure of the run (ruling 39)
    SKIPPED = "skipped"  # something that it needs has failed
    NOT_STARTED = "not_started"  # the run was stopped before
    UNKNOWN = "unknown"  # the connection broke while it was under way


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One change and what became of it; `guid` is the new object's, `message` the directory's own words."""

    change: Change
    result: Result
    message: str = ""
    guid: Guid | None = None
