"""When a schedule's next run is: step for step as Kubernetes' library finds it (robfig/cron 3, `SpecSchedule.Next`).

The steps are its, not ours, since each of its oddities is a night on which a customer is synced or not:

- It looks at UTC instants through the zone's clock, so an hour that the clocks skip has no run, and one that they
  repeat has two.
- It moves by months and days on the wall clock, by hours and minutes in real time, and comes back to the larger unit
  only where it sees the smaller one at its lowest value (month 1, day 1, hour 0, minute 0). Where the clocks skip that
  very value (Cairo, Santiago and Beirut have no midnight on one day a year) it goes on into the next day unchecked.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connect_operator.schedule.cron_fields import Fields

_YEARS = 5  # the library gives up after them
_NOON = 12
_SECOND, _MINUTE, _HOUR, _DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def next_run(fields: Fields, moment: datetime, zone: ZoneInfo) -> datetime | None:
    """The first run later than an aware moment, in UTC; None if there is none within five years."""
    return _Walk(fields, moment, zone).find()


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of a naive wall-clock time, as Go's `time.Date` finds it.

    A time that comes twice is its first coming or its second, depending on the zone; one that is skipped lies an hour
    before or after. Python's `fold` decides otherwise.
    """
    as_if_utc = wall.replace(tzinfo=UTC)
    return as_if_utc - _offset(as_if_utc - _offset(as_if_utc, zone), zone)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


class _Walk:
    """A way through the calendar: each step goes to its column's next match; False: a larger unit has rolled over."""

    def __init__(self, fields: Fields, moment: datetime, zone: ZoneInfo) -> None:
        self._fields = fields
        self._zone = zone
        self._aligned = False
        self._go(moment.astimezone(UTC).replace(microsecond=0) + _SECOND)

    def _go(self, at: datetime) -> None:
        self._at = at
        self._wall = at.astimezone(self._zone).replace(tzinfo=None)

    def find(self) -> datetime | None:
        last_year = self._wall.year + _YEARS
        while self._wall.year <= last_year:
            if self._month() and self._day() and self._hour() and self._minute() and self._second():
                return self._at
        return None

    def _month(self) -> bool:
        while self._wall.month not in self._fields.month.values:
            self._align(self._wall.replace(day=1, hour=0, minute=0, second=0))
            self._go(instant(_a_month_later(self._wall), self._zone))
            if self._wall.month == 1:
                return False
        return True

    def _day(self) -> bool:
        while not self._fields.matches_day(self._wall):
            self._align(self._wall.replace(hour=0, minute=0, second=0))
            self._next_day()
            if self._wall.day == 1:
                return False
        return True

    def _next_day(self) -> None:
        before = self._at
        self._go(instant(self._wall + _DAY, self._zone))
        hour = self._wall.hour
        if hour:  # there is no midnight
            self._go(self._at + _HOUR * (24 - hour if hour > _NOON else -hour))
        if self._at <= before:  # a zone that leaves out a whole day (Apia 2011): the library would never return
            self._go(before + _DAY)

    def _hour(self) -> bool:
        while self._wall.hour not in self._fields.hour.values:
            self._align(self._wall.replace(minute=0, second=0))
            self._go(self._at + _HOUR)
            if self._wall.hour == 0:
                return False
        return True

    def _minute(self) -> bool:
        while self._wall.minute not in self._fields.minute.values:
            self._aligned = True
            self._go(self._at.replace(second=0) + _MINUTE)
            if self._wall.minute == 0:
                return False
        return True

    def _second(self) -> bool:
        seconds = self._wall.second
        if seconds:
            self._aligned = True
            self._go(self._at + _MINUTE - _SECOND * seconds)
        return not seconds

    def _align(self, beginning: datetime) -> None:
        """Go back to the beginning of a unit, once: what is left of the first one cannot match."""
        if not self._aligned:
            self._aligned = True
            self._go(instant(beginning, self._zone))


def _a_month_later(wall: datetime) -> datetime:
    """The same day of the next month; one that it lacks runs over into the month after."""
    first = (wall.replace(day=1) + 32 * _DAY).replace(day=1)
    return first + (wall.day - 1) * _DAY
