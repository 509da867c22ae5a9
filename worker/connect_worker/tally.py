"""What a run has done so far, from which its report is made."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from connect_protocol.counts import ChangeCount, WarningCount
from connect_protocol.exit_codes import ExitCode
from connect_protocol.report import OfficeLock, PeopleCount, Report, RunResult, StageDuration
from connect_worker import log
from connect_worker.core.plan import Plan
from connect_worker.core.validation import Validation
from connect_worker.errors import (
    BlockedBySafetyGateError,
    BlockedError,
    ConnectError,
    LockedByOfficeError,
    StoppedError,
    TimedOutError,
)
from connect_worker.model.approval import Gate
from connect_worker.model.configuration import Configuration
from connect_worker.model.outcome import Outcome, Result
from connect_worker.stages.gate import Verdict

PLANNED = "planned"
_TOLD = frozenset({Result.FAILED, Result.UNKNOWN, Result.UNDELETABLE})
MOST_ERRORS = 10


@dataclass(kw_only=True, slots=True)
class Tally:
    """Collects while a run goes on; `reason` is the word of a run that ends well."""

    run_id: str
    realm: str
    command: str
    started_at: datetime
    reason: str = "Done"
    stages: list[StageDuration] = field(default_factory=list)
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    user_warnings: Counter[int] = field(default_factory=Counter)
    group_warnings: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    people: PeopleCount | None = None
    plan: Plan | None = None
    verdict: Verdict | None = None
    validation: Validation | None = None
    office_lock: OfficeLock | None = None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage, and bind its name to every line of the log."""
        begun = time.perf_counter()
        try:
            with log.stage(name):
                yield
        finally:
            self.stages.append(StageDuration(stage=name, seconds=time.perf_counter() - begun))

    def configured(self, configuration: Configuration) -> None:
        """Tell whether the office has locked the sync."""
        if configuration.locked_by is not None:
            self.office_lock = OfficeLock(
                by=configuration.locked_by,
                reason=configuration.lock_reason or "",
                since=configuration.locked_at.isoformat(timespec="seconds") if configuration.locked_at else "",
            )

    def validated(self, validation: Validation) -> None:
        """Count the warnings that the columns show."""
        self.validation = validation
        self.user_warnings = Counter(validation.user_codes.values())
        self.group_warnings = Counter(validation.group_codes.values())

    def judged(self, verdict: Verdict) -> None:
        """Keep what the safety gate says; of a change of scope only if it stops the run, for the plan is judged too."""
        if verdict.gate is Gate.PLAN or verdict.blocked:
            self.verdict = verdict

    def planned(self, plan: Plan) -> None:
        """Count what a plan would do."""
        self.plan = plan
        self.changes = Counter({(kind, PLANNED): count for kind, count in plan.counts().items()})

    def applied(self, outcomes: Iterable[Outcome]) -> None:
        """Count what became of the plan, and keep the first errors."""
        self.changes = Counter()
        for outcome in outcomes:
            self.changes[outcome.change.kind, outcome.result.value] += 1
            if outcome.result in _TOLD and len(self.errors) < MOST_ERRORS:
                self.errors.append(f"{outcome.change.sentence}: {outcome.message}")

    def report(self, now: datetime, error: ConnectError | None) -> Report:
        """The report of a run that ended now, well or with an error."""
        code = ExitCode.DONE if error is None else error.exit_code
        return Report(
            run_id=self.run_id,
            realm=self.realm,
            command=self.command,
            result=_result(error),
            reason=self.reason if error is None else error.reason,
            exit_code=code,
            started_at=self.started_at.isoformat(timespec="seconds"),
            finished_at=now.isoformat(timespec="seconds"),
            stages=tuple(self.stages),
            changes=tuple(ChangeCount(kind=k, result=r, count=n) for (k, r), n in sorted(self.changes.items())),
            user_warnings=_counts(self.user_warnings),
            group_warnings=_counts(self.group_warnings),
            errors=tuple(self.errors),
            message="" if error is None else error.what,
            todo="" if error is None else error.todo,
            plan_checksum=self._checksum(error),
            approved_by=self.verdict.approved_by if self.verdict is not None else None,
            people=self.people,
            office_lock=self.office_lock,
        )

    def _checksum(self, error: ConnectError | None) -> str | None:
        """What a person could approve: where the update was stopped, there is no plan."""
        if self.plan is not None:
            return self.plan.checksum
        return error.checksum if isinstance(error, BlockedBySafetyGateError) else None


def _result(error: ConnectError | None) -> RunResult:
    if error is None:
        return RunResult.DONE
    if isinstance(error, BlockedError | LockedByOfficeError):
        return RunResult.BLOCKED
    return RunResult.STOPPED if isinstance(error, StoppedError | TimedOutError) else RunResult.FAILED


def _counts(codes: Counter[int]) -> tuple[WarningCount, ...]:
    return tuple(WarningCount(code=code, count=count) for code, count in sorted(codes.items()))
