"""The operator's settings: what the environment says, read once, every fault named at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from connect_operator.errors import SettingsError
from connect_operator.schedule.zones import TimeZoneError, zone

DEFAULT_TIME_ZONE = "Europe/Zurich"
DEFAULT_LEVEL = "info"
LOG_LEVELS = ("debug", "info", "warning", "error")
LAST_PORT = 65_535
MOST_RUNS = 100_000

T = TypeVar("T")


class Variable(StrEnum):
    """Environment variables of the operator."""

    WORKER_IMAGE = "CONNECT_WORKER_IMAGE"
    TIME_ZONE = "CONNECT_TIME_ZONE"
    NAMESPACE = "CONNECT_NAMESPACE"
    IMAGE_PULL_SECRETS = "CONNECT_IMAGE_PULL_SECRETS"
    RELAY_ADMIN_URL = "CONNECT_RELAY_ADMIN_URL"
    RELAY_NAMES = "CONNECT_RELAY_NAMES"
    LOG_LEVEL = "CONNECT_LOG_LEVEL"
    METRICS_PORT = "CONNECT_METRICS_PORT"
    HEALTH_PORT = "CONNECT_HEALTH_PORT"
    UNWATCHED_INTERVAL = "CONNECT_UNWATCHED_INTERVAL"
    RELAY_INTERVAL = "CONNECT_RELAY_INTERVAL"
    RECHECK_INTERVAL = "CONNECT_RECHECK_INTERVAL"
    MAX_CONCURRENT_RUNS = "CONNECT_MAX_CONCURRENT_RUNS"
    START_PATIENCE = "CONNECT_START_PATIENCE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the operator is told. `namespace` None means all; `relay_admin_url` None means that nobody asks a relay.

    `relay_names` are those by which ConnectJobs call the relay that is asked; none: whatever they call it.

    `unwatched_interval` is the time between two looks at what must change but is not watched: a Secret that lacks
    something, a CronJob of somebody else's that has our name. `start_patience` is how long a run's pod may take to run
    before somebody is told. `max_concurrent_runs` is how many may go on at once in all; 0 is no limit.
    """

    worker_image: str
    time_zone: str = DEFAULT_TIME_ZONE
    namespace: str | None = None
    image_pull_secrets: tuple[str, ...] = ()
    relay_admin_url: str | None = None
    relay_names: tuple[str, ...] = ()
    log_level: str = DEFAULT_LEVEL
    metrics_port: int = 8080
    health_port: int = 8081
    unwatched_interval: timedelta = timedelta(minutes=1)
    relay_interval: timedelta = timedelta(seconds=30)
    recheck_interval: timedelta = timedelta(minutes=5)
    start_patience: timedelta = timedelta(minutes=5)
    max_concurrent_runs: int = 0


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The operator's settings. Raises SettingsError with every fault."""
    source = _Source(environ)
    standard = Settings(worker_image="")
    settings = Settings(
        worker_image=source.required(Variable.WORKER_IMAGE),
        time_zone=source.optional(Variable.TIME_ZONE, _time_zone, standard.time_zone),
        namespace=source.optional(Variable.NAMESPACE, str, None),
        image_pull_secrets=source.optional(Variable.IMAGE_PULL_SECRETS, _names, standard.image_pull_secrets),
        relay_admin_url=source.optional(Variable.RELAY_ADMIN_URL, _url, None),
        relay_names=source.optional(Variable.RELAY_NAMES, _names, standard.relay_names),
        log_level=source.optional(Variable.LOG_LEVEL, _log_level, standard.log_level),
        metrics_port=source.optional(Variable.METRICS_PORT, _port, standard.metrics_port),
        health_port=source.optional(Variable.HEALTH_PORT, _port, standard.health_port),
        unwatched_interval=source.optional(Variable.UNWATCHED_INTERVAL, _seconds, standard.unwatched_interval),
        relay_interval=source.optional(Variable.RELAY_INTERVAL, _seconds, standard.relay_interval),
        recheck_interval=source.optional(Variable.RECHECK_INTERVAL, _seconds, standard.recheck_interval),
        start_patience=source.optional(Variable.START_PATIENCE, _seconds, standard.start_patience),
        max_concurrent_runs=source.optional(Variable.MAX_CONCURRENT_RUNS, _count, standard.max_concurrent_runs),
    )
    if source.faults:
        raise SettingsError(*source.faults, todo="Correct the operator's environment, then start it again")
    return settings


class _Source:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[str] = []

    def required(self, variable: Variable) -> str:
        value = self._environ.get(variable, "")
        if not value:
            self.faults.append(f"{variable} is not set")
        return value

    def optional(self, variable: Variable, read: Callable[[str], T], otherwise: T) -> T:
        value = self._environ.get(variable)
        if not value:
            return otherwise
        try:
            return read(value)
        except ValueError as error:
            self.faults.append(f"{variable}: {value!r} {error}")
            return otherwise


def _time_zone(value: str) -> str:
    try:
        return zone(value).key
    except TimeZoneError:
        raise ValueError("is no IANA time zone") from None


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is no http:// or https:// address")
    return value.rstrip("/")


def _log_level(value: str) -> str:
    if value not in LOG_LEVELS:
        raise ValueError(f"is none of {', '.join(LOG_LEVELS)}")
    return value


def _port(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= LAST_PORT:
        raise ValueError(f"is no port from 1 to {LAST_PORT}")
    return int(value)


def _count(value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) > MOST_RUNS:
        raise ValueError(f"is no number from 0 to {MOST_RUNS}")
    return int(value)


def _seconds(value: str) -> timedelta:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 24 * 3600:
        raise ValueError("is no number of seconds, above 0 and at most a day")
    return timedelta(seconds=seconds)
