"""Which scheduled run is to bring the next success: what an alert on a night without one looks at."""

from dataclasses import replace
from datetime import datetime, timedelta

from connect_operator.core.decision import Observed
from connect_operator.core.facts import JobFacts
from connect_operator.core.reconcile import reconcile
from tests.support.connect_jobs import (
    LAST_NIGHT,
    MUSTERWIL,
    NOW,
    SUSPENDED,
    applied,
    complete,
    ended_pod,
    job,
    lacking,
    observed,
    report,
    settled,
)
from tests.support.last_night import BLOCKED, POLICY

DAY = timedelta(days=1)
TONIGHT = LAST_NIGHT + DAY
BEFORE = replace(settled(), now=LAST_NIGHT - timedelta(minutes=5))
"""Before last night's run, which nobody has heard of yet."""


def expected(seen: Observed) -> datetime | None:
    decision = reconcile(seen)
    return (decision.status or seen.status).expected_run


def at(moment: datetime, seen: Observed, *jobs: JobFacts) -> Observed:
    """The world as the operator has left it, some time later."""
    return replace(applied(seen, reconcile(seen)), now=moment, jobs=jobs)


AWAITED = at(LAST_NIGHT, replace(BEFORE, status=replace(BEFORE.status, expected_run=LAST_NIGHT)))


def test_at_first_it_is_the_next_run() -> None:
    assert expected(observed()) == TONIGHT
    assert expected(settled()) == TONIGHT


def test_a_run_whose_time_has_come_is_awaited_until_it_has_succeeded() -> None:
    assert expected(AWAITED) == LAST_NIGHT
    under_way = at(LAST_NIGHT + timedelta(minutes=1), AWAITED, job())
    assert expected(under_way) == LAST_NIGHT
    done = replace(at(NOW, under_way, job(end=complete())), pods=(ended_pod(0, report().to_json()),))
    assert expected(done) == TONIGHT


def test_a_run_that_failed_is_still_awaited_nights_later() -> None:
    failure = replace(at(NOW, AWAITED, job(end=POLICY)), pods=(ended_pod(3, BLOCKED.to_json()),))
    assert expected(failure) == LAST_NIGHT
    assert expected(at(NOW + 3 * DAY, failure, job(end=POLICY))) == LAST_NIGHT


def test_a_later_success_by_hand_is_as_good() -> None:
    by_hand = job(name="by-hand", uid="by-hand", created=NOW, started=NOW, end=replace(complete(), at=NOW))
    assert expected(at(NOW + timedelta(hours=1), AWAITED, by_hand)) == TONIGHT


def test_a_run_that_never_came_is_awaited_though_nothing_is_ready() -> None:
    lacks = replace(AWAITED, secrets=lacking(missing=True), now=NOW)
    assert expected(lacks) == LAST_NIGHT


def test_nothing_is_awaited_of_a_suspended_one_and_nothing_old_when_it_is_resumed() -> None:
    suspended = replace(at(NOW, AWAITED), job=SUSPENDED)
    assert expected(suspended) is None
    resumed = replace(at(NOW + DAY, suspended), job=replace(MUSTERWIL, generation=3))
    assert expected(resumed) == TONIGHT + DAY


def test_an_edited_schedule_does_not_ask_for_a_run_of_the_past() -> None:
    """Edited at five in the afternoon to noon: the first run is tomorrow's."""
    edited = replace(settled(), job=replace(MUSTERWIL, generation=2, schedule="0 12 * * *"))
    assert expected(edited) == NOW.replace(hour=11) + DAY


def test_a_schedule_that_cannot_be_read_asks_for_no_run() -> None:
    assert expected(settled(job=replace(MUSTERWIL, generation=2, schedule="0 3 * * 8"))) is None
