"""What a look at one ConnectJob is made from, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from connect_operator.core.facts import (
    CronJobFacts,
    Defaults,
    JobFacts,
    PodFacts,
    RealmClaim,
    Refusal,
    RelayView,
    RunRefusal,
    SecretsView,
    WarningEvent,
)
from connect_operator.core.run_status import Request, RunStatus
from connect_operator.core.spec import ConnectJob
from connect_operator.core.status import Status
from connect_operator.core.withdrawal import Withdrawal


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """Everything about one ConnectJob. `status` is what stands in the API object now (`status_document.parse`).

    `cron_job` is whatever CronJob has the name of ours. `jobs` and `pods` are all that have our label: never some of
    them, or a run would seem deleted. `secrets` must be no older than `secret_needs.due` allows, and `warnings` be
    there when `starting.wants_warnings` says so. `relay` is None where no relay is asked, `rival` where the realm is
    this one's (`connect_operator.core.realm`). `requests` are its ConnectRuns. `now` is in UTC. `unsuspended` is what
    the API server said if it did not let the CronJob be suspended in this very look. Before
    `not_put_back_before` nothing is put back that somebody else has changed: he has done so too often lately.
    """

    job: ConnectJob
    status: Status
    defaults: Defaults
    secrets: SecretsView
    now: datetime
    cron_job: CronJobFacts | None = None
    jobs: tuple[JobFacts, ...] = ()
    pods: tuple[PodFacts, ...] = ()
    warnings: tuple[WarningEvent, ...] = ()
    relay: RelayView | None = None
    rival: RealmClaim | None = None
    refusal: Refusal | None = None
    unsuspended: str = ""
    not_put_back_before: datetime | None = None
    requests: tuple[Request, ...] = ()
    run_refusal: RunRefusal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Create:
    """Create the CronJob of this manifest. If the API server refuses it, observe a `Refusal` of this hash."""

    manifest: Mapping[str, object]
    hash: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Replace:
    """Replace the CronJob's labels and /spec by the manifest's, if it still is this one. Refusals as for Create."""

    manifest: Mapping[str, object]
    hash: str
    uid: str
    resource_version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspend:
    """Set the CronJob's spec.suspend, if it still is this one."""

    uid: str
    resource_version: str


Action = Create | Replace | Suspend


DRIFT_CORRECTED = "DriftCorrected"
"""The reason of the event for an action that undoes what somebody else did."""


class EventType(StrEnum):
    """Kubernetes' two."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Posted for the ConnectJob, once for each transition.

    `about` tells it from others of the same reason that come of the same status: the uid of the run that has ended, the
    change of the CronJob that was put back.
    """

    type: EventType
    reason: str
    message: str
    about: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StartRun:
    """Create the Job of this manifest. If the API server refuses it, observe a `RunRefusal` of this uid."""

    manifest: Mapping[str, object]
    uid: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What is to be told of one ConnectRun: its status whole, and an event if its phase is another."""

    request: Request
    status: RunStatus
    event: Event | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOrders:
    """First the start, then the events and statuses, then the deletions, by uid and name."""

    start: StartRun | None = None
    told: tuple[Told, ...] = ()
    deleted: tuple[Request, ...] = ()
    look_again: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """First the action; then `after` with what came of it; then events, ConnectRuns, and the status if it is not None.

    Last, Jobs that are `withdrawn` are deleted: what the status tells of them is written by then.

    `look_again` is the next moment at which something changes without anybody telling.
    """

    action: Action | None = None
    status: Status | None = None
    events: tuple[Event, ...] = ()
    runs: RunOrders = field(default_factory=RunOrders)
    withdrawn: tuple[Withdrawal, ...] = ()
    look_again: datetime | None = None

    @property
    def puts_back(self) -> bool:
        """Whether the action undoes what somebody else did."""
        return any(event.reason == DRIFT_CORRECTED for event in self.events)

    def after(self, written: CronJobFacts) -> "Decision":
        """The same, once the action has made `written` of the CronJob."""
        return self if self.status is None else replace(self, status=self.status.after(written))
