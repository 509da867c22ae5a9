"""Time zones by name, from the locked data."""

from datetime import UTC, datetime

import pytest

from connect_operator.schedule.zones import TimeZoneError, names, zone


def test_a_zone_is_read_from_the_packages_data() -> None:
    moment = datetime(2027, 7, 1, tzinfo=UTC)
    assert moment.astimezone(zone("Europe/Zurich")).isoformat() == "2027-07-01T02:00:00+02:00"
    assert zone("America/Argentina/Ushuaia").key == "America/Argentina/Ushuaia"


def test_every_name_can_be_read() -> None:
    assert {zone(name).key for name in names()} == names()
    assert len(names()) > 590


def test_the_data_are_the_packages_and_not_the_machines() -> None:
    """Morocco gave up its clock changes in a release that machines do not have yet."""
    assert datetime(2027, 7, 1, tzinfo=zone("Africa/Casablanca")).isoformat().endswith("+00:00")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("europe/zurich", 'Write "Europe/Zurich"'),
        ("Europe/Zürich", 'Write "Europe/Zurich"'),
        ("Europe/Zurich ", 'Write "Europe/Zurich"'),
        ("America/New York", 'Write "America/New_York"'),
        ("utc", 'Write "UTC"'),
        ("", 'Write an IANA name such as "Europe/Zurich", or "UTC"'),
        ("Local", 'Write an IANA name such as "Europe/Zurich", or "UTC"'),
        ("CEST", 'Write an IANA name such as "Europe/Zurich", or "UTC"'),
        ("UTC+1", 'Write an IANA name such as "Europe/Zurich", or "UTC"'),
        ("Factory", 'Write an IANA name such as "Europe/Zurich", or "UTC"'),
        ("../tzdata/zones", 'Write an IANA name such as "Europe/Zurich", or "UTC"'),
        ("Europe", 'Write an IANA name such as "Europe/Zurich", or "UTC"'),
    ],
)
def test_an_unknown_zone_is_refused_with_advice(name: str, advice: str) -> None:
    with pytest.raises(TimeZoneError) as caught:
        zone(name)
    assert str(caught.value) == f'Time zone "{name}" is unknown. {advice}.'
