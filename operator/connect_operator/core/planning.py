"""What a ConnectJob asks for, resolved: schedule, zone, image and the CronJob made from them."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from connect_operator.core.condition import Finding, Truth
from connect_operator.core.cronjob import Manifest, Resolved, fingerprint, manifest
from connect_operator.core.facts import Defaults
from connect_operator.core.spec import ConnectJob
from connect_operator.core.status import ConditionType, JobFinding
from connect_operator.schedule import zones
from connect_operator.schedule.clock_change import clock_change
from connect_operator.schedule.grammar import Schedule, ScheduleError, resolve
from connect_operator.schedule.zones import TimeZoneError


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
    """A schedule in a zone."""

    schedule: Schedule
    zone: ZoneInfo

    def next_after(self, moment: datetime) -> datetime | None:
        """The next run later than a moment."""
        return self.schedule.next_after(moment, self.zone)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The CronJob that is wanted.

    `fault` says why the schedule is refused; then `timetable`, `resolved` and `manifest` are None, and `hash` is empty.
    """

    image: str
    fault: JobFinding | None = None
    timetable: Timetable | None = None
    resolved: Resolved | None = None
    manifest: Manifest | None = None
    hash: str = ""


def make_plan(job: ConnectJob, defaults: Defaults) -> Plan:
    """What one ConnectJob asks for."""
    image, zone_name = job.image or defaults.image, job.time_zone or defaults.time_zone
    try:
        timetable = Timetable(schedule=resolve(job.schedule, realm=job.realm), zone=zones.zone(zone_name))
    except ScheduleError as error:
        return Plan(fault=_valid(Truth.FALSE, "ScheduleInvalid", f"spec.schedule: {error}"), image=image)
    except TimeZoneError as error:
        return Plan(fault=_valid(Truth.FALSE, "TimeZoneUnknown", f"spec.timeZone: {error}"), image=image)
    resolved = Resolved(
        image=image,
        time_zone=zone_name,
        schedule=timetable.schedule.expression,
        image_pull_secrets=defaults.image_pull_secrets,
        capped=defaults.max_concurrent_runs > 0,
    )
    wanted = manifest(job, resolved)
    return Plan(
        image=image,
        timetable=timetable,
        resolved=resolved,
        manifest=wanted,
        hash=fingerprint(wanted),
    )


def schedule_valid(job: ConnectJob, timetable: Timetable, now: datetime) -> JobFinding:
    """What the clock changes of the year to come do to a schedule that is not refused."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if sentences := _clock_changes(timetable, today):
        message = f"{' '.join(sentences)} Choose another hour, such as 3, or leave it."
        return _valid(Truth.TRUE, "SkippedOrTwiceAtClockChange", message)
    return _valid(Truth.TRUE, "Valid", f"{job.schedule} is {timetable.schedule.expression}, {timetable.zone.key}.")


@lru_cache(maxsize=4096)
def _clock_changes(timetable: Timetable, today: datetime) -> tuple[str, ...]:
    """The same all day long: looking a year ahead takes more time than all the rest of a reconcile."""
    return tuple(change.sentence for change in clock_change(timetable.schedule, timetable.zone, today))


def _valid(truth: Truth, reason: str, message: str) -> JobFinding:
    return Finding(type=ConditionType.SCHEDULE_VALID, truth=truth, reason=reason, message=message)
