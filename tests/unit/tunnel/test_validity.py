"""What `doctor` says of the worker's certificate."""

from datetime import UTC, datetime, timedelta

import pytest

from connect_worker.tunnel.knock import validity

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (timedelta(days=30), "until 2026-12-22"),
        (timedelta(days=29), "until 2026-12-21 (29 days: have it renewed, connect-relay pki renew)"),
    ],
)
def test_a_certificate_that_ends_within_thirty_days_is_to_be_renewed(left: timedelta, told: str) -> None:
    assert validity(NOW + left, NOW) == told
