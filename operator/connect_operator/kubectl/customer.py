"""A ConnectJob as the commands show it: what was asked for, and what the operator tells of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from connect_operator.core import status_document
from connect_operator.core.condition import Truth
from connect_operator.core.spec import ConnectJob
from connect_operator.core.status import ConditionType, JobCondition, Status

_WELL = {
    ConditionType.READY: {Truth.TRUE},
    ConditionType.SCHEDULE_VALID: {Truth.TRUE},
    ConditionType.SUSPENDED: {Truth.FALSE},
    # Unknown for the moments in which each run begins.
    ConditionType.RUN_STARTED: {Truth.TRUE, Truth.UNKNOWN},
    ConditionType.RELAY_CONNECTED: {Truth.TRUE},
    ConditionType.VALIDATED: {Truth.TRUE},
    ConditionType.LAST_RUN_SUCCEEDED: {Truth.TRUE},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """One ConnectJob. `stage` is where its running worker is, if anybody has looked."""

    job: ConnectJob
    status: Status
    stage: str = ""

    @classmethod
    def parse(cls, body: Mapping[str, object]) -> "Customer":
        """Read an API object. Raises ValueError that names the field."""
        return cls(job=ConnectJob.parse(body), status=status_document.parse(body))

    @property
    def unwell(self) -> tuple[JobCondition, ...]:
        """The conditions that a person should read, the gravest first."""
        order = list(_WELL)
        told = [each for each in self.status.conditions if each.finding.truth not in _WELL[each.finding.type]]
        return tuple(sorted(told, key=lambda each: order.index(each.finding.type)))

    @property
    def is_seen(self) -> bool:
        """Whether the operator has looked at it as it is now."""
        return self.status.generation == self.job.generation

    @property
    def last_job(self) -> str:
        """The Job of the run that goes on, else of the last one; empty before the first."""
        if self.status.active is not None:
            return self.status.active.name
        return self.status.history.last.name if self.status.history.last is not None else ""
