"""What is observed of the world, trimmed to what the operator decides upon. `connect_operator.core.trim` reads it.

Moments have a time zone; they are UTC where they come from Kubernetes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

REFUSAL_HOLDS = timedelta(minutes=10)
"""After this time a CronJob is tried again that the API server refused for what is in it."""
FORBIDDEN_HOLDS = timedelta(minutes=1)
"""After this time one that the operator might not write: what forbids it may be a quota, or somebody's policy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """What the operator's own settings say where a ConnectJob says nothing."""

    image: str
    time_zone: str
    image_pull_secrets: tuple[str, ...] = ()
    max_concurrent_runs: int = 0
    patience: timedelta = timedelta(minutes=5)
    """A pod may take this long to start before somebody is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CronJobFacts:
    """The CronJob that has, or takes, the name of ours.

    `owner_uid` is its controlling owner's. `edited_by` comes from the newest entry of managedFields that is not of a
    subresource, `edited_at` from the newest of its spec.
    """

    namespace: str
    name: str
    uid: str
    resource_version: str
    generation: int
    owner_uid: str | None
    labels: Mapping[str, str] = field(default_factory=dict)
    suspended: bool
    created: datetime
    deleting: bool = False
    edited_by: str = ""
    edited_at: datetime | None = None
    last_schedule_time: datetime | None = None


class Trigger(StrEnum):
    """What started a run: the schedule, somebody with `kubectl create job --from`, or a ConnectRun."""

    SCHEDULED = "Scheduled"
    MANUAL = "Manual"
    REQUESTED = "Requested"


class Gatekeeper(StrEnum):
    """Who lets a Job start: nobody has to, the operator within its cap, Kueue, or a person, if one has suspended it."""

    NONE = "none"
    OPERATOR = "operator"
    KUEUE = "kueue"
    PERSON = "person"


@dataclass(frozen=True, kw_only=True, slots=True)
class JobEnd:
    """A Job's condition Complete or Failed, whichever it has; `at` is its last transition."""

    complete: bool
    at: datetime
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobFacts:
    """One run as Kubernetes sees it. `mode` is what MODE_ANNOTATION says; `end` is None until the Job has ended.

    `image` is its worker's; empty where its template has none. `suspended`: it waits, and has no pod; `held_since` is
    when Kubernetes noticed. `confirmed`: it may start although its ConnectJob is suspended.
    """

    name: str
    uid: str
    owner_uid: str | None
    trigger: Trigger
    mode: str
    image: str = ""
    created: datetime
    started: datetime | None = None
    end: JobEnd | None = None
    suspended: bool = False
    held_since: datetime | None = None
    gatekeeper: Gatekeeper = Gatekeeper.NONE
    confirmed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Why a container does not run yet."""

    reason: str
    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terminated:
    """How a container ended. `message` is the termination message: the worker's report, or the runtime's own words."""

    exit_code: int
    reason: str = ""
    message: str = ""
    started: datetime | None = None
    finished: datetime | None = None


class PodPhase(StrEnum):
    """Kubernetes' words."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    UNKNOWN = "Unknown"

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of the pod."""
        return self in {PodPhase.SUCCEEDED, PodPhase.FAILED}


@dataclass(frozen=True, kw_only=True, slots=True)
class PodFacts:
    """One try of a run. A pod seen DELETED stays among the facts, `gone`, some minutes longer than its Job.

    `reason` and `message` are the pod's own (DeadlineExceeded, Evicted). `unscheduled` is why PodScheduled is False,
    `disrupted` the reason of DisruptionTarget.
    """

    name: str
    uid: str
    job_uid: str | None
    phase: PodPhase
    created: datetime
    started: datetime | None = None
    reason: str = ""
    message: str = ""
    waiting: Waiting | None = None
    terminated: Terminated | None = None
    unscheduled: Waiting | None = None
    disrupted: str = ""
    gone: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class WarningEvent:
    """The newest Warning that Kubernetes has posted for a Job or pod, as `FailedCreate` or `FailedMount`."""

    object_uid: str
    reason: str
    message: str


class SecretRole(StrEnum):
    """What a Secret is for: its field in spec.secrets, and its folder in the pod."""

    CUSTOMER = "customer"
    DATABASE = "database"
    DIRECTORY = "directory"
    RELAY = "relay"


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretFinding:
    """What is wrong with a Secret: it is not there (`missing`), or lacks keys, or names another realm.

    `forbidden` is what the API server said if it may not be read.
    """

    role: SecretRole
    name: str
    missing: bool = False
    missing_keys: tuple[str, ...] = ()
    other_realm: str | None = None
    forbidden: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretsView:
    """What the last look at a ConnectJob's Secrets found, and for which generation of it."""

    generation: int
    looked_at: datetime
    findings: tuple[SecretFinding, ...] = ()


class BridgeState(StrEnum):
    """What the relay's admin endpoint says of a realm's bridge.

    UNKNOWN when it does not answer; UNHEARD when it has not been asked for long enough to tell, which is no news.
    """

    CONNECTED = "Connected"
    ABSENT = "Absent"
    UNKNOWN = "Unknown"
    UNHEARD = "Unheard"


@dataclass(frozen=True, kw_only=True, slots=True)
class RelayView:
    """The bridge of one realm. `since` is when it came or went; None if the relay does not say.

    How many relays have it, how many say that they have not, and how many do not answer.
    """

    state: BridgeState
    since: datetime | None = None
    connected: int = 0
    without: int = 0
    silent: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class RealmClaim:
    """A ConnectJob as far as it matters for whose a realm is."""

    realm: str
    namespace: str
    name: str
    uid: str
    created: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """The API server refused the CronJob of this hash; not tried again for a while.

    `forbidden`: not for what is in it, but because the operator may not write it, or not now.
    """

    hash: str
    message: str
    at: datetime
    forbidden: bool = False

    @property
    def until(self) -> datetime:
        """When it is tried again. An API server that has just started may forbid for a moment what it allows."""
        return self.at + (FORBIDDEN_HOLDS if self.forbidden else REFUSAL_HOLDS)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRefusal:
    """The API server refused the Job of the ConnectRun with this uid; `forbidden` as of a CronJob."""

    uid: str
    message: str
    forbidden: bool = False
