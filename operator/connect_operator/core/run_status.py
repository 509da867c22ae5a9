"""What the operator tells of a ConnectRun."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connect_operator.core.condition import Condition, Finding, conditions
from connect_operator.core.connect_run import ConnectRun
from connect_operator.core.status import Result, advice
from connect_protocol.counts import ChangeCount, WarningCount


class RunPhase(StrEnum):
    """How far a ConnectRun has come."""

    QUEUED = "Queued"
    STARTING = "Starting"
    RUNNING = "Running"
    FINISHED = "Finished"
    CANCELLED = "Cancelled"

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self in {RunPhase.FINISHED, RunPhase.CANCELLED}


class RunConditionType(StrEnum):
    """What is said of a ConnectRun."""

    ACCEPTED = "Accepted"
    SUCCEEDED = "Succeeded"


RunFinding = Finding[RunConditionType]
RunCondition = Condition[RunConditionType]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of it. `result` is None for one that was cancelled; the counts are the report's."""

    result: Result | None
    reason: str
    message: str = ""
    todo: str = ""
    changes: tuple[ChangeCount, ...] = ()
    user_warnings: tuple[WarningCount, ...] = ()
    group_warnings: tuple[WarningCount, ...] = ()
    plan_checksum: str = ""
    reported: bool = False

    @property
    def advice(self) -> str:
        """What was wrong and what to do about it; nothing if nothing was."""
        return advice(self.message, self.todo)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunStatus:
    """All of it. `phase` is None until the operator has seen it; `position` is 0 for what does not wait."""

    phase: RunPhase | None = None
    position: int = 0
    job_name: str = ""
    started: datetime | None = None
    completed: datetime | None = None
    outcome: Outcome | None = None
    conditions: tuple[RunCondition, ...] = ()

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.phase is not None and self.phase.over


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A ConnectRun as the API server has it."""

    run: ConnectRun
    status: RunStatus


def run_conditions(findings: Iterable[RunFinding], request: Request, now: datetime) -> tuple[RunCondition, ...]:
    """Findings with the moment since when each has been true, false or unknown."""
    return conditions(findings, request.status.conditions, generation=request.run.generation, now=now)
