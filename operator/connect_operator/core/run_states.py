"""How a ConnectRun stands, as its status: one function for each way."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from connect_operator.core.condition import Finding, Truth
from connect_operator.core.run_status import (
    Outcome,
    Request,
    RunConditionType,
    RunFinding,
    RunPhase,
    RunStatus,
    run_conditions,
)
from connect_operator.core.runs import OpenRun
from connect_operator.core.status import Evidence, LastRun, Phase, Result

PATIENCE = timedelta(minutes=1)
"""An obstacle that may pass, as a Secret that is applied a moment later, does not end a younger ConnectRun."""

_PHASES = {Phase.QUEUED: RunPhase.QUEUED, Phase.STARTING: RunPhase.STARTING, Phase.RUNNING: RunPhase.RUNNING}


@dataclass(frozen=True, kw_only=True, slots=True)
class Obstacle:
    """Why a ConnectRun may not start; `final` if that cannot pass."""

    reason: str
    message: str
    final: bool = True

    @property
    def finding(self) -> RunFinding:
        """What it makes of the condition Accepted."""
        return Finding(type=RunConditionType.ACCEPTED, truth=Truth.FALSE, reason=self.reason, message=self.message)


ACCEPTED = Finding(
    type=RunConditionType.ACCEPTED,
    truth=Truth.TRUE,
    reason="Accepted",
    message="It starts when no other run of its ConnectJob is under way and none is before it.",
)
"""There is no obstacle."""


def under_way(request: Request, run: OpenRun, now: datetime) -> RunStatus:
    """Its Job goes on, or waits to be let start."""
    phase = _PHASES[run.phase]
    return RunStatus(
        phase=phase,
        job_name=run.job.name,
        started=None if phase is RunPhase.QUEUED else run.job.started or run.job.created,
        conditions=run_conditions((ACCEPTED, _unknown(phase)), request, now),
    )


def made(request: Request, phase: RunPhase, now: datetime) -> RunStatus:
    """Its Job is made in this look."""
    return RunStatus(
        phase=phase,
        job_name=request.run.job_name,
        conditions=run_conditions((ACCEPTED, _unknown(phase)), request, now),
    )


def finished(request: Request, run: LastRun, now: datetime) -> RunStatus:
    """Its Job has ended, as this run."""
    outcome = Outcome(
        result=run.result,
        reason=run.reason,
        message=run.message,
        todo=run.todo,
        changes=run.changes,
        user_warnings=run.user_warnings,
        group_warnings=run.group_warnings,
        plan_checksum=run.plan_checksum,
        reported=run.evidence is Evidence.REPORT,
    )
    return RunStatus(
        phase=RunPhase.FINISHED,
        job_name=run.name,
        started=run.started,
        completed=run.completed,
        outcome=outcome,
        conditions=run_conditions((ACCEPTED, _succeeded(outcome)), request, now),
    )


def lost(request: Request, reason: str, message: str, now: datetime) -> RunStatus:
    """It was under way, and its Job is gone."""
    outcome = Outcome(result=Result.STOPPED, reason=reason, message=message)
    return RunStatus(
        phase=RunPhase.FINISHED,
        job_name=request.status.job_name,
        started=request.status.started,
        completed=now,
        outcome=outcome,
        conditions=run_conditions((ACCEPTED, _succeeded(outcome)), request, now),
    )


def queued(request: Request, position: int, now: datetime) -> RunStatus:
    """It waits for its turn; `position` is 1 for the next."""
    findings = ACCEPTED, _unknown(RunPhase.QUEUED)
    return RunStatus(phase=RunPhase.QUEUED, position=position, conditions=run_conditions(findings, request, now))


def obstructed(request: Request, obstacle: Obstacle, now: datetime) -> RunStatus:
    """Queued as long as the obstacle may pass, then cancelled."""
    if obstacle.final or now >= request.run.created + PATIENCE:
        return cancelled(request, obstacle, now)
    findings = obstacle.finding, _unknown(RunPhase.QUEUED)
    return RunStatus(phase=RunPhase.QUEUED, conditions=run_conditions(findings, request, now))


def cancelled(request: Request, obstacle: Obstacle, now: datetime) -> RunStatus:
    """It never starts."""
    outcome = Outcome(result=None, reason=obstacle.reason, message=obstacle.message)
    return RunStatus(
        phase=RunPhase.CANCELLED,
        completed=now,
        outcome=outcome,
        conditions=run_conditions((obstacle.finding, _succeeded(outcome)), request, now),
    )


def is_obstructed(status: RunStatus) -> bool:
    """Whether it is queued with an obstacle that may pass."""
    return status.phase is RunPhase.QUEUED and any(each.finding.truth is Truth.FALSE for each in status.conditions)


def _unknown(phase: RunPhase) -> RunFinding:
    return Finding(
        type=RunConditionType.SUCCEEDED, truth=Truth.UNKNOWN, reason=phase.value, message="It has not ended yet."
    )


def _succeeded(outcome: Outcome) -> RunFinding:
    return Finding(
        type=RunConditionType.SUCCEEDED,
        truth=Truth.TRUE if outcome.result is Result.DONE else Truth.FALSE,
        reason=outcome.reason,
        message=outcome.advice or "It ended well.",
    )
