"""The next run, as Kubernetes finds it; every row here was told by its library (tests/integration/operator)."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from connect_operator.schedule.cron_fields import Fields
from connect_operator.schedule.grammar import Schedule, ScheduleError, resolve
from connect_operator.schedule.zones import zone


def schedule(expression: str) -> Schedule:
    return resolve(expression, realm="musterwil")


def runs(expression: str, zone_name: str, after: str, count: int) -> list[str]:
    """The next runs after a wall-clock time, as the wall clock shows them."""
    where = zone(zone_name)
    found: list[str] = []
    run = schedule(expression).next_after(datetime.fromisoformat(after).replace(tzinfo=where), where)
    while run is not None and len(found) < count:
        found.append(run.astimezone(where).isoformat(" ", timespec="minutes"))
        run = schedule(expression).next_after(run, where)
    return found


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        pytest.param("0 3 * * *", "2026-11-22 02:59", ["2026-11-22 03:00", "2026-11-23 03:00"], id="every day"),
        pytest.param("0 3 * * *", "2026-11-22 03:00", ["2026-11-23 03:00"], id="later, never the same moment"),
        pytest.param("0 3 * * *", "2026-11-22 02:59:59.9", ["2026-11-22 03:00"], id="a fraction of a second"),
        pytest.param("0 3 31 * *", "2027-01-31 12:00", ["2027-03-31 03:00", "2027-05-31 03:00"], id="long months"),
        pytest.param("0 3 1 1 *", "2026-11-22 12:00", ["2027-01-01 03:00", "2028-01-01 03:00"], id="once a year"),
        pytest.param("0 3 29 2 *", "2026-11-22 12:00", ["2028-02-29 03:00", "2032-02-29 03:00"], id="leap years"),
        pytest.param("0 3 * * fri", "2026-11-22 12:00", ["2026-11-27 03:00", "2026-12-04 03:00"], id="Fridays"),
        pytest.param(
            "0 3 * * mon-fri", "2026-11-27 03:00", ["2026-11-30 03:00", "2026-12-01 03:00"], id="working days"
        ),
        pytest.param(
            "0 3 13 * 5",
            "2026-12-05 12:00",
            ["2026-12-11 03:00", "2026-12-13 03:00"],
            id="Fridays and the 13th: either",
        ),
        pytest.param(
            "0 3 */2 * 1",
            "2026-11-22 12:00",
            ["2026-11-23 03:00", "2026-11-25 03:00", "2026-11-27 03:00", "2026-11-29 03:00", "2026-11-30 03:00"],
            id="a star with a step is no star: odd days, and Mondays",
        ),
        pytest.param(
            "0 3 */1 * 1", "2026-11-22 12:00", ["2026-11-23 03:00", "2026-11-30 03:00"], id="with step 1 it is one"
        ),
        pytest.param(
            "0 3 1-31 * 1", "2026-11-22 12:00", ["2026-11-23 03:00", "2026-11-24 03:00"], id="all days are no star"
        ),
        pytest.param(
            "0 3 *,5 * 1", "2026-11-22 12:00", ["2026-11-23 03:00", "2026-11-30 03:00"], id="a star in a list is one"
        ),
        pytest.param("50/5 23 31 12 *", "2026-12-31 23:54", ["2026-12-31 23:55", "2027-12-31 23:50"], id="n/step"),
    ],
)
def test_by_the_calendar(expression: str, after: str, expected: list[str]) -> None:
    assert runs(expression, "UTC", after, len(expected)) == [f"{run}+00:00" for run in expected]


@pytest.mark.parametrize(
    ("expression", "zone_name", "after", "expected"),
    [
        pytest.param(
            "30 2 * * *", "Europe/Zurich", "2027-03-27 12:00", ["2027-03-29 02:30+02:00"], id="Zurich skips 02:30"
        ),
        pytest.param(
            "30 2 * * *",
            "Europe/Zurich",
            "2027-10-30 12:00",
            ["2027-10-31 02:30+02:00", "2027-10-31 02:30+01:00", "2027-11-01 02:30+01:00"],
            id="Zurich has 02:30 twice",
        ),
        pytest.param(
            "0 3 * * *",
            "Europe/Zurich",
            "2027-03-27 12:00",
            ["2027-03-28 03:00+02:00", "2027-03-29 03:00+02:00"],
            id="Zurich at 03:00 in spring",
        ),
        pytest.param(
            "0 3 * * *",
            "Europe/Zurich",
            "2027-10-30 12:00",
            ["2027-10-31 03:00+01:00", "2027-11-01 03:00+01:00"],
            id="Zurich at 03:00 in autumn",
        ),
        pytest.param(
            "0 * * * *",
            "Europe/Stockholm",
            "2027-03-28 00:30",
            ["2027-03-28 01:00+01:00", "2027-03-28 03:00+02:00"],
            id="Stockholm, every hour in spring",
        ),
        pytest.param(
            "0 * * * *",
            "Europe/Stockholm",
            "2027-10-31 01:30",
            ["2027-10-31 02:00+02:00", "2027-10-31 02:00+01:00", "2027-10-31 03:00+01:00"],
            id="Stockholm, every hour in autumn",
        ),
        pytest.param(
            "30 2 * * *", "America/New_York", "2027-03-13 12:00", ["2027-03-15 02:30-04:00"], id="New York skips 02:30"
        ),
        pytest.param(
            "30 1 * * *",
            "America/New_York",
            "2027-11-06 12:00",
            ["2027-11-07 01:30-04:00", "2027-11-07 01:30-05:00", "2027-11-08 01:30-05:00"],
            id="New York has 01:30 twice",
        ),
        pytest.param(
            "15 2 * * *",
            "Australia/Lord_Howe",
            "2027-10-02 12:00",
            ["2027-10-04 02:15+11:00"],
            id="half an hour skipped",
        ),
        pytest.param(
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2027-04-03 12:00",
            ["2027-04-04 01:45+11:00", "2027-04-04 01:45+10:30", "2027-04-05 01:45+10:30"],
            id="half an hour twice",
        ),
        pytest.param(
            "0 2 * * *",
            "Australia/Lord_Howe",
            "2027-04-03 12:00",
            ["2027-04-05 02:00+10:30"],
            id="hours counted from the first 01:00 miss the 02:00 that there is",
        ),
        pytest.param(
            "0 5 * * 5", "Africa/Cairo", "2027-04-24 12:00", ["2027-05-07 05:00+03:00"], id="a Friday without midnight"
        ),
        pytest.param(
            "0 5 * * 6",
            "America/Santiago",
            "2027-09-01 12:00",
            ["2027-09-04 05:00-04:00", "2027-09-05 05:00-03:00", "2027-09-11 05:00-03:00"],
            id="a Sunday without midnight, taken for Saturday",
        ),
        pytest.param(
            "0 3 * 10 *",
            "America/Asuncion",
            "2023-08-15 12:00",
            ["2023-10-31 03:00-03:00"],
            id="a month without midnight",
        ),
        pytest.param(
            "0 3 * * *",
            "Pacific/Apia",
            "2011-12-28 12:00",
            ["2011-12-29 03:00-10:00", "2011-12-31 03:00+14:00"],
            id="Apia had no 30 December 2011",
        ),
        pytest.param(
            "30 2 * * *",
            "Africa/Casablanca",
            "2026-02-14 12:00",
            ["2026-02-15 02:30+01:00", "2026-02-15 02:30+00:00", "2026-02-16 02:30+00:00"],
            id="Casablanca sets the clocks back for Ramadan",
        ),
        pytest.param(
            "30 2 * * *", "Africa/Casablanca", "2026-03-21 12:00", ["2026-03-23 02:30+01:00"], id="and forward after it"
        ),
    ],
)
def test_at_clock_changes(expression: str, zone_name: str, after: str, expected: list[str]) -> None:
    assert runs(expression, zone_name, after, len(expected)) == expected


def test_a_day_that_a_zone_leaves_out_is_passed_over() -> None:
    """The library itself would look for that Friday for ever; the operator must not."""
    assert runs("0 3 * * 5", "Pacific/Apia", "2011-12-28 12:00", 1) == ["2012-01-06 03:00+14:00"]


def test_there_may_be_no_run_within_five_years() -> None:
    """1900, 2100, 2200 … are no leap years."""
    seldom = schedule("0 3 29 2 *")
    assert seldom.next_after(datetime(2096, 3, 1, tzinfo=UTC), zone("UTC")) is None
    assert seldom.next_after(datetime(2098, 12, 31, 12, tzinfo=UTC), zone("UTC")) is None
    assert seldom.next_after(datetime(2099, 1, 1, tzinfo=UTC), zone("UTC")) == datetime(2104, 2, 29, 3, tzinfo=UTC)


def test_the_moment_may_be_of_any_zone_and_the_run_is_in_utc() -> None:
    moment = datetime(2026, 11, 22, 3, 0, tzinfo=timezone(timedelta(hours=5)))
    run = schedule("30 0 * * *").next_after(moment, zone("Europe/Zurich"))
    assert run == datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    assert run.tzinfo is UTC


def field_texts(low: int, high: int) -> st.SearchStrategy[str]:
    """Values, ranges with steps, stars with steps."""
    values = st.integers(low, high)
    ranges = st.tuples(values, values, st.integers(1, high)).map(
        lambda part: f"{min(part[:2])}-{max(part[:2])}/{min(part[2], high - low + 1)}"
    )
    element = st.one_of(values.map(str), ranges, st.integers(1, high - low + 1).map(lambda step: f"*/{step}"))
    return st.one_of(st.just("*"), st.lists(element, min_size=1, max_size=2).map(",".join))


EXPRESSIONS = st.tuples(
    field_texts(0, 59), field_texts(0, 23), field_texts(1, 31), field_texts(1, 12), field_texts(0, 6)
).map(" ".join)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ZONES = st.sampled_from(["UTC", "Europe/Zurich", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago"]).map(zone)


def matches(fields: Fields, moment: datetime) -> bool:
    """Whether a minute is one of a schedule's, by the definition alone."""
    return (
        moment.minute in fields.minute.values
        and moment.hour in fields.hour.values
        and moment.month in fields.month.values
        and fields.matches_day(moment)
    )


def possible(expression: str) -> Schedule:
    """The schedule; another try for dates that never come."""
    try:
        return schedule(expression)
    except ScheduleError:
        reject()


@given(expression=EXPRESSIONS, moment=MOMENTS)
def test_in_utc_it_is_the_first_minute_that_matches(expression: str, moment: datetime) -> None:
    """Nothing in between: tried minute by minute for three days, and day by day up to the run."""
    found = possible(expression)
    run = found.next_after(moment, zone("UTC"))
    assert run is not None
    assert matches(found.fields, run)
    assert (run.second, run.microsecond) == (0, 0)
    minutes = (moment.replace(second=0, microsecond=0) + timedelta(minutes=n) for n in range(1, 3 * 1_440))
    assert run == next((at for at in minutes if matches(found.fields, at)), run)
    days = (moment + timedelta(days=n) for n in range(1, (run - moment).days))
    assert not any(day.month in found.fields.month.values and found.fields.matches_day(day) for day in days)


@given(expression=EXPRESSIONS, moment=MOMENTS, where=ZONES)
def test_in_any_zone_it_is_later_and_the_wall_clock_shows_what_was_asked(
    expression: str, moment: datetime, where: ZoneInfo
) -> None:
    """From run to run time goes on, whatever the clocks do."""
    found = possible(expression)
    for _ in range(5):
        run = found.next_after(moment, where)
        assert run is not None
        assert run > moment
        assert run.astimezone(where).minute in found.fields.minute.values
        assert run.astimezone(where).hour in found.fields.hour.values
        moment = run
