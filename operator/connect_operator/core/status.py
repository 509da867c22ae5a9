"""A ConnectJob's status as types. `status_document` reads and writes it as Kubernetes keeps it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from connect_operator.core.condition import Condition, Finding, Truth
from connect_operator.core.facts import CronJobFacts, Trigger
from connect_protocol.counts import ChangeCount, WarningCount
from connect_protocol.report import StageDuration


class ConditionType(StrEnum):
    """What is said of a ConnectJob."""

    READY = "Ready"
    SCHEDULE_VALID = "ScheduleValid"
    SUSPENDED = "Suspended"
    RUN_STARTED = "RunStarted"
    RELAY_CONNECTED = "RelayConnected"
    VALIDATED = "Validated"
    LAST_RUN_SUCCEEDED = "LastRunSucceeded"


JobFinding = Finding[ConditionType]
JobCondition = Condition[ConditionType]


class Phase(StrEnum):
    """What goes on: no run; one that waits to be let start; one whose pod does not run yet; a run."""

    IDLE = "Idle"
    QUEUED = "Queued"
    STARTING = "Starting"
    RUNNING = "Running"


class Result(StrEnum):
    """How a run ended."""

    DONE = "Done"
    BLOCKED = "Blocked"
    FAILED = "Failed"
    STOPPED = "Stopped"


class Evidence(StrEnum):
    """Where a run's result and reason were read; from the weakest to the strongest."""

    JOB = "Job"
    POD = "Pod"
    REPORT = "Report"


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficeLock:
    """That the school's office has suspended the sync. `since` is None where nobody knows."""

    by: str
    reason: str = ""
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ActiveRun:
    """A run that has not ended. `started` is when its Job started, or was made if it has not."""

    name: str
    uid: str
    trigger: Trigger
    mode: str
    image: str = ""
    started: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class LastRun:
    """A run that has ended. `begun`: its worker ran, were it for a moment. Counts and lock are the report's."""

    name: str
    uid: str
    trigger: Trigger
    mode: str
    image: str = ""
    started: datetime
    completed: datetime
    result: Result
    reason: str
    evidence: Evidence
    begun: bool
    message: str = ""
    todo: str = ""
    stages: tuple[StageDuration, ...] = ()
    changes: tuple[ChangeCount, ...] = ()
    user_warnings: tuple[WarningCount, ...] = ()
    group_warnings: tuple[WarningCount, ...] = ()
    plan_checksum: str = ""
    office_lock: OfficeLock | None = None

    @property
    def succeeded(self) -> bool:
        """Whether nobody needs to look at it."""
        return self.result is Result.DONE

    @property
    def advice(self) -> str:
        """What was wrong and what to do about it; nothing if nothing was."""
        return advice(self.message, self.todo)

    @property
    def words(self) -> str:
        """The advice, or that there is none."""
        return self.advice or f"{self.name} ended well."


def advice(message: str, todo: str) -> str:
    """What was wrong and what to do about it, of which either may be empty, as sentences."""
    return " ".join(part.rstrip(".") + "." for part in (message, todo) if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """What is kept of the runs that have ended, whose Jobs may be gone.

    `last_full` is the one that did all that the ConnectJob's mode asks, where `last` did less, as a Plan in between.
    `same_second`: the uids of the runs told before `last` that ended in the same second, so that none is told twice.
    """

    last: LastRun | None = None
    last_full: LastRun | None = None
    same_second: tuple[str, ...] = ()
    last_successful: datetime | None = None
    last_failure: datetime | None = None
    consecutive_failures: int = 0

    @property
    def deciding(self) -> LastRun | None:
        """The run that tells how the ConnectJob fares: what did less than a night heals none of its failures."""
        return self.last_full or self.last


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Our last write to the CronJob: what it became, and the hash of what we wanted."""

    uid: str
    generation: int
    hash: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The columns of `kubectl get connectjobs`, ready-made; empty where there is nothing to say.

    `last_run` is when the run ended that the others tell of.
    """

    last_run: datetime | None = None
    result: str = ""
    reason: str = ""
    warnings: str = ""
    changes: str = ""
    duration: str = ""
    suspended: str = ""
    next_run: str = ""
    lags: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """All of it. `suspended_since` is when the operator first saw the suspension.

    `office_lock` is what the last run found that has read the customer's configuration.
    `expected_run` is the scheduled run that is to bring the next success: `next_run`, or an earlier one that has not.
    """

    generation: int = 0
    conditions: tuple[JobCondition, ...] = ()
    phase: Phase = Phase.IDLE
    cron_job: str = ""
    image: str = ""
    time_zone: str = ""
    suspended_since: datetime | None = None
    office_lock: OfficeLock | None = None
    resolved_schedule: str = ""
    next_run: datetime | None = None
    expected_run: datetime | None = None
    last_schedule: datetime | None = None
    history: History = field(default_factory=History)
    active: ActiveRun | None = None
    wanted: Wanted | None = None
    summary: Summary = field(default_factory=Summary)

    def condition(self, kind: ConditionType) -> JobCondition | None:
        """The condition of a type, if there is one."""
        return next((condition for condition in self.conditions if condition.finding.type is kind), None)

    def truth(self, kind: ConditionType) -> Truth | None:
        """Whether a condition holds; None if nothing is said of it."""
        condition = self.condition(kind)
        return None if condition is None else condition.finding.truth

    def after(self, written: CronJobFacts) -> "Status":
        """This status once the API server has made `written` of the CronJob that was wanted."""
        if self.wanted is None:
            return self
        return replace(self, wanted=replace(self.wanted, uid=written.uid, generation=written.generation))
