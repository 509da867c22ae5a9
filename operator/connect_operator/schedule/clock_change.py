"""What the clock changes of a zone do to a schedule's runs.

Kubernetes leaves out a run at 02:30 in spring, when the zone has no such time, and starts it twice in autumn. So that
somebody knows beforehand, what the calendar promises is compared with what the library would really start.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from connect_operator.schedule.grammar import Schedule
from connect_operator.schedule.next_run import instant

HORIZON = timedelta(days=396)
"""How far ahead clock changes are looked for: thirteen months, so that each yearly one is always in sight."""

_DAY = timedelta(days=1)
_HOURS = 24
_LONGEST_LIST = 3


class Effect(StrEnum):
    """What Kubernetes does with a run at a clock change."""

    LEFT_OUT = "leaves out"
    TWICE = "starts twice"
    ADDED = "adds, though the schedule does not name it,"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockChange:
    """Runs that a clock change leaves out, repeats or adds."""

    at: datetime
    """The instant at which the clocks change, in UTC."""
    zone: str
    effect: Effect
    runs: tuple[datetime, ...]
    """What the wall clock shows or would show at these runs (naive), in order; at least one."""

    @property
    def sentence(self) -> str:
        """For the condition: which zone, what happens, and to which day and hour."""
        shown = ", ".join(f"{run:%A %Y-%m-%d %H:%M}" for run in self.runs[:_LONGEST_LIST])
        more = f" and {len(self.runs) - _LONGEST_LIST} more" if len(self.runs) > _LONGEST_LIST else ""
        return f"As the clocks change in {self.zone}, Kubernetes {self.effect} the run of {shown}{more}."


def clock_change(schedule: Schedule, zone: ZoneInfo, now: datetime) -> tuple[ClockChange, ...]:
    """What the clock changes of the thirteen months after `now` (aware) do to the schedule, in order; often nothing.

    An hourly schedule that runs at all hours is none the worse for an hour that is skipped or repeated.
    """
    return tuple(
        ClockChange(at=at, zone=zone.key, effect=effect, runs=tuple(runs))
        for at in _changes(zone, now.astimezone(UTC), now.astimezone(UTC) + HORIZON)
        for effect, runs in _effects(schedule, zone, at)
        if runs
    )


def _changes(zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[datetime]:
    """Every instant between two at which the zone's offset becomes another, to the second."""
    while since < until:
        step = min(since + _DAY, until)
        if _offset(step, zone) != _offset(since, zone):
            yield _first_after_change(zone, since, step)
        since = step


def _first_after_change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Between two moments with unlike offsets: the first whole second with the later one's."""
    seconds = int((after - before).total_seconds())
    low, high = 0, seconds
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(before + timedelta(seconds=middle), zone) == _offset(after, zone):
            high = middle
        else:
            low = middle
    return before.replace(microsecond=0) + timedelta(seconds=high)


def _effects(schedule: Schedule, zone: ZoneInfo, at: datetime) -> Iterator[tuple[Effect, list[datetime]]]:
    """Promised and real runs compared, over the day of a change and the days before and after it."""
    today = datetime.combine(at.astimezone(zone).date(), time.min)
    first, end = today - _DAY, today + 2 * _DAY
    promised = set(_promised(schedule, first, end))
    real = Counter(_real(schedule, zone, first, end))
    left_out, twice = promised - real.keys(), {run for run, count in real.items() if count > 1}
    if len(schedule.fields.hour.values) == _HOURS:
        left_out, twice = {run for run in left_out if _exists(run, zone)}, set()
    yield Effect.LEFT_OUT, sorted(left_out)
    yield Effect.TWICE, sorted(twice)
    yield Effect.ADDED, sorted(real.keys() - promised)


def _promised(schedule: Schedule, first: datetime, end: datetime) -> Iterator[datetime]:
    """The schedule by the calendar alone: every wall-clock time that it names."""
    fields, day = schedule.fields, first
    while day < end:
        if day.month in fields.month.values and fields.matches_day(day):
            for hour in fields.hour.values:
                yield from (day.replace(hour=hour, minute=minute) for minute in fields.minute.values)
        day += _DAY


def _real(schedule: Schedule, zone: ZoneInfo, first: datetime, end: datetime) -> Iterator[datetime]:
    """What the wall clock shows at each run that Kubernetes would start; looked for from a day earlier on."""
    run = schedule.next_after(instant(first - _DAY, zone), zone)
    while run is not None and (wall := run.astimezone(zone).replace(tzinfo=None)) < end:
        if wall >= first:
            yield wall
        run = schedule.next_after(run, zone)


def _exists(wall: datetime, zone: ZoneInfo) -> bool:
    return instant(wall, zone).astimezone(zone).replace(tzinfo=None) == wall


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()
