"""What changes by the passing of time alone: when to look again, and runs that are missed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connect_operator.core.decision import Observed, Replace
from connect_operator.core.facts import JobEnd, Refusal, SecretsView, Trigger
from connect_operator.core.reconcile import reconcile
from connect_operator.core.status import ConditionType
from tests.support.connect_jobs import (
    LAST_NIGHT,
    NOW,
    SUSPENDED,
    applied,
    as_left,
    cron_job,
    job,
    lacking,
    message,
    observed,
    settled,
    told,
    wanted_hash,
)


class TestWhenToLookAgain:
    def test_when_the_next_run_starts(self) -> None:
        seen = settled(secrets=SecretsView(generation=1, looked_at=NOW + timedelta(hours=9)))
        assert reconcile(seen).look_again == LAST_NIGHT + timedelta(days=1)

    def test_an_hour_before_it_for_the_secrets(self) -> None:
        assert reconcile(settled()).look_again == LAST_NIGHT + timedelta(hours=23)

    def test_not_for_a_missing_secret_which_is_looked_for_by_its_own_clock(self) -> None:
        assert reconcile(settled(secrets=lacking(missing=True))).look_again is None

    def test_when_a_refused_cronjob_is_to_be_tried_again(self) -> None:
        refusal = Refusal(hash=wanted_hash(), message="no", at=NOW - timedelta(minutes=4))
        assert reconcile(observed(refusal=refusal)).look_again == NOW + timedelta(minutes=6)

    def test_sooner_where_it_was_forbidden(self) -> None:
        """As by an API server that does not know its rules yet."""
        refusal = Refusal(hash=wanted_hash(), message="no", at=NOW - timedelta(seconds=20), forbidden=True)
        assert reconcile(observed(refusal=refusal)).look_again == NOW + timedelta(seconds=40)


class TestMissedRun:
    def seen(self, minutes_after: int, **changes: object) -> Observed:
        """Some time after the moment at which tonight's run should have started."""
        tonight = LAST_NIGHT + timedelta(days=1)
        now = tonight + timedelta(minutes=minutes_after)
        changes = {"cron_job": cron_job(), "secrets": SecretsView(generation=1, looked_at=now), **changes}
        return settled(now=now, **changes)

    def test_shows_when_its_deadline_has_passed(self) -> None:
        decision = reconcile(self.seen(33))
        assert told(decision.status, ConditionType.LAST_RUN_SUCCEEDED) == "False RunMissed"
        assert "2026-11-23 02:17 UTC" in message(decision.status, ConditionType.LAST_RUN_SUCCEEDED)
        assert [event.reason for event in decision.events] == ["RunMissed"]
        assert decision.status is not None
        assert (decision.status.summary.result, decision.status.summary.reason) == ("Missed", "RunMissed")

    def test_does_not_show_before(self) -> None:
        seen = self.seen(20)
        assert not told(reconcile(seen).status, ConditionType.LAST_RUN_SUCCEEDED)
        assert reconcile(seen).look_again == seen.now + timedelta(minutes=12)

    def test_does_not_show_when_the_run_started(self) -> None:
        started = cron_job(last_schedule_time=LAST_NIGHT + timedelta(days=1))
        assert not told(reconcile(self.seen(33, cron_job=started)).status, ConditionType.LAST_RUN_SUCCEEDED)

    def test_does_not_show_when_the_cronjob_was_changed_since(self) -> None:
        edited = cron_job(edited_at=LAST_NIGHT + timedelta(days=1, minutes=1))
        assert not told(reconcile(self.seen(33, cron_job=edited)).status, ConditionType.LAST_RUN_SUCCEEDED)

    def test_does_not_show_while_suspended(self) -> None:
        suspended = self.seen(33, job=replace(SUSPENDED, generation=1), cron_job=cron_job(suspended=True))
        again = reconcile(replace(suspended, status=settled(SUSPENDED).status))
        assert not told(again.status, ConditionType.LAST_RUN_SUCCEEDED)

    def test_does_not_show_of_a_cronjob_that_is_just_put_right(self) -> None:
        """Until now it may have had another schedule, or been suspended by somebody."""
        decision = reconcile(as_left(self.seen(33)))
        assert isinstance(decision.action, Replace)
        assert not told(decision.status, ConditionType.LAST_RUN_SUCCEEDED)

    @pytest.mark.parametrize("mode", ["Plan", "Validate"])
    def test_shows_although_a_run_that_does_less_has_come_since(self, mode: str) -> None:
        """Whether it was before the deadline or after it."""
        tonight = LAST_NIGHT + timedelta(days=1)
        for minutes in (13, 90):
            at = tonight + timedelta(minutes=minutes)
            end = JobEnd(complete=True, at=at + timedelta(minutes=1))
            lesser = job(trigger=Trigger.REQUESTED, mode=mode, created=at, started=at, end=end)
            under_way = self.seen(minutes + 1, jobs=(replace(lesser, end=None),))
            known = replace(applied(under_way, reconcile(under_way)), jobs=(lesser,), now=NOW + timedelta(days=1))
            decision = reconcile(known)
            status = decision.status or known.status
            assert told(status, ConditionType.LAST_RUN_SUCCEEDED) == "False RunMissed"
            assert status.summary.result == "Missed"

    def test_goes_with_a_run_by_hand_that_does_all(self) -> None:
        missed = self.seen(33)
        by_hand = job(trigger=Trigger.MANUAL, created=missed.now, started=missed.now)
        after = reconcile(replace(applied(missed, reconcile(missed)), jobs=(by_hand,)))
        assert after.status is not None
        assert after.status.condition(ConditionType.LAST_RUN_SUCCEEDED) is None

    def test_goes_when_the_next_run_starts(self) -> None:
        missed = self.seen(33)
        seen = replace(applied(missed, reconcile(missed)), now=missed.now + timedelta(days=1))
        started = cron_job(last_schedule_time=LAST_NIGHT + timedelta(days=2))
        decision = reconcile(replace(seen, cron_job=started))
        assert decision.status is not None
        assert decision.status.condition(ConditionType.LAST_RUN_SUCCEEDED) is None

    def test_stays_when_the_cronjob_is_written_since_and_heals_with_the_next_run(self) -> None:
        """An operator of a new version, or another timeout, starts no run."""
        missed = self.seen(33)
        told_of = applied(missed, reconcile(missed))
        written = replace(
            told_of, now=missed.now + timedelta(hours=1), job=replace(missed.job, timeout=timedelta(hours=2))
        )
        decision = reconcile(written)
        assert isinstance(decision.action, Replace)
        assert told(decision.status, ConditionType.LAST_RUN_SUCCEEDED) == "False RunMissed"
        after = applied(written, decision)
        later = reconcile(replace(after, now=after.now + timedelta(minutes=1)))
        assert told(later.status or after.status, ConditionType.LAST_RUN_SUCCEEDED) == "False RunMissed"
        assert "RunMissed" not in {event.reason for event in (*decision.events, *later.events)}
        ran = reconcile(replace(after, jobs=(job(created=after.now, started=after.now),)))
        assert ran.status is not None
        assert ran.status.condition(ConditionType.LAST_RUN_SUCCEEDED) is None
