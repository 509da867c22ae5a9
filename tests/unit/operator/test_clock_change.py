"""What a schedule loses or has twice when the clocks change, told beforehand."""

from datetime import UTC, datetime

import pytest

from connect_operator.schedule.clock_change import ClockChange, Effect, clock_change
from connect_operator.schedule.grammar import resolve
from connect_operator.schedule.zones import zone

NOW = datetime(2026, 11, 22, 12, 0, 5, 250_000, tzinfo=UTC)


def changes(expression: str, zone_name: str, now: datetime = NOW) -> tuple[ClockChange, ...]:
    return clock_change(resolve(expression, realm="musterwil"), zone(zone_name), now)


@pytest.mark.parametrize(
    ("expression", "zone_name", "told"),
    [
        pytest.param(
            "30 2 * * *",
            "Europe/Zurich",
            [
                "leaves out the run of Sunday 2027-03-28 02:30",
                "starts twice the run of Sunday 2027-10-31 02:30",
            ],
            id="every night",
        ),
        pytest.param("0 2 * * mon-fri", "Europe/Zurich", [], id="not on Sundays"),
        pytest.param("0 2 1 * *", "Europe/Zurich", [], id="on the first of a month"),
        pytest.param("0 3 * * *", "Europe/Zurich", [], id="after the skipped hour"),
        pytest.param("59 1 * * *", "Europe/Zurich", [], id="before the skipped hour"),
        pytest.param("*/5 * * * *", "Europe/Zurich", [], id="at all hours nothing is lost"),
        pytest.param(
            "*/15 2 * 3 *",
            "Europe/Zurich",
            [
                (
                    "leaves out the run of Sunday 2027-03-28 02:00, Sunday 2027-03-28 02:15, Sunday 2027-03-28 02:30"
                    " and 1 more"
                ),
            ],
            id="several",
        ),
        pytest.param("30 2 * * *", "UTC", [], id="no clock change at all"),
        pytest.param(
            "45 1 * * *",
            "Australia/Lord_Howe",
            [
                "starts twice the run of Sunday 2027-04-04 01:45",
                "adds, though the schedule does not name it, the run of Sunday 2027-10-03 02:45",
            ],
            id="half an hour",
        ),
        pytest.param(
            "0 5 * * 5", "Africa/Cairo", ["leaves out the run of Friday 2027-04-30 05:00"], id="no midnight, no Friday"
        ),
        pytest.param(
            "0 * * * 5",
            "Africa/Cairo",
            [
                (
                    "leaves out the run of Friday 2027-04-30 01:00, Friday 2027-04-30 02:00, Friday 2027-04-30 03:00"
                    " and 20 more"
                ),
            ],
            id="a whole Friday is missed even at all hours",
        ),
        pytest.param(
            "0 5 * * 6",
            "America/Santiago",
            ["adds, though the schedule does not name it, the run of Sunday 2027-09-05 05:00"],
            id="no midnight, one Saturday too many",
        ),
    ],
)
def test_the_sentence_names_day_and_hour(expression: str, zone_name: str, told: list[str]) -> None:
    expected = [f"As the clocks change in {zone_name}, Kubernetes {what}." for what in told]
    assert [change.sentence for change in changes(expression, zone_name)] == expected


def test_a_whole_day_that_a_zone_leaves_out_is_told() -> None:
    """It is the day before the one on which the clocks go on."""
    told = changes("0 3 * * *", "Pacific/Apia", datetime(2011, 12, 1, tzinfo=UTC))
    assert told[0].sentence == (
        "As the clocks change in Pacific/Apia, Kubernetes leaves out the run of Friday 2011-12-30 03:00."
    )


def test_it_tells_the_instant_of_the_change() -> None:
    """To the second, though `now` has fractions."""
    assert changes("30 2 * 3 *", "Europe/Zurich") == (
        ClockChange(
            at=datetime(2027, 3, 28, 1, 0, tzinfo=UTC),
            zone="Europe/Zurich",
            effect=Effect.LEFT_OUT,
            runs=(datetime(2027, 3, 28, 2, 30),),  # noqa: DTZ001
        ),
    )


@pytest.mark.parametrize(
    ("now", "days"),
    [
        pytest.param(
            datetime(2027, 3, 28, 0, 59, 59, tzinfo=UTC), ["2027-03-28", "2027-10-31", "2028-03-26"], id="before"
        ),
        pytest.param(datetime(2027, 3, 28, 1, 0, tzinfo=UTC), ["2027-10-31", "2028-03-26"], id="after"),
    ],
)
def test_it_looks_thirteen_months_ahead(now: datetime, days: list[str]) -> None:
    """A change that has just been is told no more; the same of next year is in sight."""
    assert [f"{change.at:%Y-%m-%d}" for change in changes("30 2 * * *", "Europe/Zurich", now)] == days
