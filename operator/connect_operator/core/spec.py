"""A ConnectJob: what somebody wants for one customer. The CRD has refused what this module cannot read."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from connect_protocol.json_object import JsonObject

_UNITS = {"h": "hours", "m": "minutes", "s": "seconds"}


class Mode(StrEnum):
    """What a run does: the whole night, all of it but writing to the directory, or tables and validation only."""

    SYNC = "Sync"
    PLAN = "Plan"
    VALIDATE = "Validate"

    def does_less_than(self, other: "Mode") -> bool:
        """Whether it leaves out what the other does."""
        modes = list(Mode)
        return modes.index(self) > modes.index(other)


class Transport(StrEnum):
    """How the worker reaches the customer's network."""

    GRPC = "gRPC"
    SSH = "SSH"
    JUMP_HOST = "JumpHost"
    NONE = "None"


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretNames:
    """Secrets in the ConnectJob's namespace."""

    customer: str
    database: str
    directory: str | None = None
    relay: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RelaySpec:
    """`address` is host:port of the relay, or of the customer's jump host; empty without one."""

    transport: Transport = Transport.NONE
    address: str = ""

    @property
    def has_bridge(self) -> bool:
        """Whether the way goes through a relay of Connect's and a bridge."""
        return self.transport in {Transport.GRPC, Transport.SSH}

    def goes_by(self, names: Collection[str], namespace: str) -> bool:
        """Whether an address is one of these `name.namespace`s, or below one, seen from a pod in a namespace."""
        hosts = {_in_full(address.strip().rpartition(":")[0], namespace) for address in self.address.split(",")}
        return any(host == name or host.endswith(f".{name}") for host in hosts for name in names)


def _in_full(host: str, namespace: str) -> str:
    """A Service's name with its namespace, however it is written; any other name as it stands."""
    host = host.lower().rstrip(".")
    return host.partition(".svc.")[0].removesuffix(".svc") if "." in host else f"{host}.{namespace}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Safety:
    """Limits of the safety gate; None leaves the worker's own."""

    max_deletes: int | None = None
    max_delete_percent: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PodWishes:
    """Parts of the pod's template that are handed on to Kubernetes as they stand."""

    resources: Mapping[str, object] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[object, ...] = ()
    affinity: Mapping[str, object] = field(default_factory=dict)
    priority_class: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectJob:
    """Metadata and spec of a ConnectJob. `image` and `time_zone` are empty where the operator's default goes.

    `queue_name` is Kueue's LocalQueue, empty without Kueue.
    """

    namespace: str
    name: str
    uid: str
    generation: int
    created: datetime
    deleting: bool = False
    realm: str
    schedule: str
    time_zone: str = ""
    starting_deadline: timedelta = timedelta(minutes=30)
    image: str = ""
    timeout: timedelta = timedelta(hours=1)
    suspend: bool = False
    suspend_reason: str = ""
    suspended_by: str = ""
    mode: Mode = Mode.SYNC
    secrets: SecretNames
    relay: RelaySpec = field(default_factory=RelaySpec)
    safety: Safety = field(default_factory=Safety)
    successful_runs: int = 1
    failed_runs: int = 2
    queue_name: str = ""
    pod: PodWishes = field(default_factory=PodWishes)

    @classmethod
    def parse(cls, body: Mapping[str, object]) -> "ConnectJob":
        """Read an API object. Raises ValueError that names the field."""
        return _connect_job(JsonObject(body, "connectjob"))


def parse_duration(text: str) -> timedelta:
    """`1h30m` and the like. Raises ValueError."""
    if not re.fullmatch(r"([0-9]{1,4}[hms])+", text):
        raise ValueError(f"{text!r} is no duration such as 1h30m")
    return sum(
        (timedelta(**{_UNITS[unit]: int(count)}) for count, unit in re.findall(r"(\d+)([hms])", text)), timedelta()
    )


def _connect_job(body: JsonObject) -> ConnectJob:
    meta, spec = body.object("metadata"), body.object("spec")
    return ConnectJob(
        namespace=meta.text("namespace"),
        name=meta.text("name"),
        uid=meta.text("uid"),
        generation=meta.integer("generation"),
        created=meta.moment("creationTimestamp"),
        deleting=meta.has("deletionTimestamp"),
        realm=spec.text("realm"),
        schedule=spec.text("schedule"),
        time_zone=spec.optional_text("timeZone"),
        starting_deadline=timedelta(seconds=spec.optional_integer("startingDeadlineSeconds", 1800)),
        image=spec.optional_text("image"),
        timeout=parse_duration(spec.optional_text("timeout") or "1h"),
        suspend=spec.flag("suspend"),
        suspend_reason=spec.optional_text("suspendReason"),
        suspended_by=spec.optional_text("suspendedBy"),
        mode=Mode(spec.optional_text("mode") or Mode.SYNC),
        secrets=_secrets(spec.object("secrets")),
        relay=_relay(spec.object("relay")),
        safety=_safety(spec.object("safety")),
        successful_runs=spec.optional_integer("successfulRunsHistoryLimit", 1),
        failed_runs=spec.optional_integer("failedRunsHistoryLimit", 2),
        queue_name=spec.optional_text("queueName"),
        pod=_pod(spec),
    )


def _secrets(names: JsonObject) -> SecretNames:
    return SecretNames(
        customer=names.text("customer"),
        database=names.text("database"),
        directory=names.optional_text("directory") or None,
        relay=names.optional_text("relay") or None,
    )


def _relay(relay: JsonObject) -> RelaySpec:
    return RelaySpec(
        transport=Transport(relay.optional_text("transport") or Transport.NONE),
        address=relay.optional_text("address"),
    )


def _safety(safety: JsonObject) -> Safety:
    return Safety(
        max_deletes=safety.integer("maxDeletes") if safety.has("maxDeletes") else None,
        max_delete_percent=safety.integer("maxDeletePercent") if safety.has("maxDeletePercent") else None,
    )


def _pod(spec: JsonObject) -> PodWishes:
    return PodWishes(
        resources=spec.members("resources"),
        node_selector=_texts(spec.object("nodeSelector")),
        tolerations=spec.values("tolerations"),
        affinity=spec.members("affinity"),
        priority_class=spec.optional_text("priorityClassName"),
        labels=_texts(spec.object("podLabels")),
        annotations=_texts(spec.object("podAnnotations")),
    )


def _texts(members: JsonObject) -> dict[str, str]:
    return {name: members.text(name) for name in members.names()}
