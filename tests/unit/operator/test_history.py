"""What is remembered of the runs that have ended."""

from dataclasses import replace
from datetime import timedelta

from connect_operator.core.decision import Observed
from connect_operator.core.facts import JobEnd, JobFacts, Trigger
from connect_operator.core.reconcile import reconcile
from connect_operator.core.status import ConditionType, Status
from connect_protocol.report import RunResult
from tests.support.connect_jobs import (
    CREATED,
    LAST_NIGHT,
    NOW,
    applied,
    complete,
    ended_pod,
    failed,
    job,
    report,
    settled,
    told,
)
from tests.support.last_night import BLOCKED, POLICY, seen


def night(number: int, *, succeeded: bool = True) -> JobFacts:
    """The Job of a night some days ago; 0 is the last."""
    begun = LAST_NIGHT - timedelta(days=number)
    end = JobEnd(complete=succeeded, at=begun + timedelta(minutes=3))
    return job(name=f"night-{number}", uid=f"night-{number}", created=begun, started=begun, end=end)


def history(run: Observed) -> Status:
    return reconcile(run).status or run.status


class TestHistory:
    def test_nothing_is_lost_while_the_operator_is_away(self) -> None:
        run = seen(night(0, succeeded=False), night(2), night(1, succeeded=False))
        status = history(run)
        assert status.history.last is not None
        assert status.history.last.name == "night-0"
        assert status.history.consecutive_failures == 2
        assert status.history.last_successful == LAST_NIGHT - timedelta(days=2) + timedelta(minutes=3)
        assert status.history.last_failure == LAST_NIGHT + timedelta(minutes=3)
        told_of = [event.message.partition(":")[0] for event in reconcile(run).events if "Run" in event.reason]
        assert told_of == ["night-2", "night-1", "night-0"]

    def test_a_run_stays_when_its_job_is_gone(self) -> None:
        run = seen(night(0))
        assert history(replace(applied(run, reconcile(run)), jobs=())).history == history(run).history

    def test_an_older_run_never_comes_back(self) -> None:
        run = seen(night(0))
        older = replace(applied(run, reconcile(run)), jobs=(night(1, succeeded=False), night(2)))
        assert reconcile(older).status is None

    def test_a_report_is_not_forgotten_when_the_pod_goes(self) -> None:
        run = seen(job(end=complete()), ended_pod(0, report().to_json()))
        assert reconcile(replace(applied(run, reconcile(run)), pods=())).status is None

    def test_a_report_that_comes_late_is_taken_and_not_counted_twice(self) -> None:
        run = seen(job(end=POLICY))
        late = replace(applied(run, reconcile(run)), pods=(ended_pod(3, BLOCKED.to_json()),))
        decision = reconcile(late)
        assert decision.status is not None
        assert decision.status.history.last is not None
        assert decision.status.history.last.reason == "BlockedByWarnings"
        assert decision.status.history.consecutive_failures == 1

    def test_a_job_that_only_seemed_to_be_deleted_is_not_counted_twice(self) -> None:
        run = seen(job(), now=LAST_NIGHT + timedelta(minutes=1))
        gone = replace(applied(run, reconcile(run)), jobs=())
        back = replace(applied(gone, reconcile(gone)), jobs=(job(end=POLICY),), pods=(ended_pod(3, BLOCKED.to_json()),))
        status = history(replace(back, now=NOW))
        assert [event.reason for event in reconcile(back).events] == ["WarningsPresent"]
        assert status.history.last is not None
        assert status.history.last.reason == "BlockedByWarnings"
        assert status.history.consecutive_failures == 1

    def test_each_of_several_runs_that_end_in_one_second_is_told_once(self) -> None:
        """Whichever of them is seen first."""
        runs = [replace(night(0, succeeded=False), name=uid, uid=uid) for uid in ("run-c", "run-a", "run-b")]
        world, told_of = seen(runs[0]), []
        for count in (1, 2, 3, 3):
            world = replace(world, jobs=tuple(runs[:count]))
            decision = reconcile(world)
            told_of += [event.message.partition(":")[0] for event in decision.events if event.reason == "RunFailed"]
            world = applied(world, decision)
        assert told_of == ["run-c", "run-a", "run-b"]
        assert world.status.history.consecutive_failures == 3
        later = history(replace(world, jobs=(job(uid="later", end=failed("x", minutes=4)),)))
        assert (later.history.consecutive_failures, later.history.same_second) == (4, ())

    def test_success_ends_a_row_of_failures(self) -> None:
        run = seen(night(2, succeeded=False), night(1, succeeded=False))
        status = history(replace(applied(run, reconcile(run)), jobs=(night(0),)))
        assert status.history.consecutive_failures == 0

    def test_jobs_of_an_earlier_connectjob_and_of_nobody_are_none_of_ours(self) -> None:
        earlier = replace(night(0), created=CREATED - timedelta(seconds=1))
        assert history(seen(earlier)).history.last is None
        assert history(seen(replace(night(0), owner_uid=None))).history.last is None

    def test_a_run_that_did_less_than_the_night_is_neither_its_success_nor_its_failure(self) -> None:
        plan = replace(night(0), mode="Plan")
        status = history(seen(night(1, succeeded=False), plan))
        assert status.history.last is not None
        assert status.history.last.name == plan.name
        assert (status.history.last_successful, status.history.consecutive_failures) == (None, 1)
        failed_plan = replace(night(0, succeeded=False), mode="Plan")
        assert history(seen(night(1), failed_plan)).history.consecutive_failures == 0


class TestALesserRun:
    """A Plan or Validate run, mostly on request, between the nights of a ConnectJob whose mode is Sync."""

    @staticmethod
    def since(blocked: Observed, *, mode: str = "Plan", result: RunResult = RunResult.DONE) -> Observed:
        """The world of a blocked night, and of a run of this mode ten hours later."""
        at = LAST_NIGHT + timedelta(hours=10)
        end = JobEnd(complete=True, at=at + timedelta(minutes=1))
        lesser = job(name=mode, uid=mode, trigger=Trigger.REQUESTED, mode=mode, created=at, started=at, end=end)
        told = report(command=mode.lower(), result=result, reason="Planned", plan_checksum="sha256:ab")
        pod = replace(ended_pod(0, told.to_json()), uid=mode, job_uid=mode)
        known = applied(blocked, reconcile(blocked))
        return replace(known, jobs=(*known.jobs, lesser), pods=(*known.pods, pod))

    def test_leaves_condition_and_columns_to_the_night_that_was_blocked(self) -> None:
        blocked = seen(job(end=POLICY), ended_pod(3, BLOCKED.to_json()))
        before = history(blocked)
        for mode in ("Plan", "Validate"):
            after = history(self.since(blocked, mode=mode))
            assert after.history.last is not None
            assert after.history.last.name == mode
            assert after.condition(ConditionType.LAST_RUN_SUCCEEDED) == before.condition(
                ConditionType.LAST_RUN_SUCCEEDED
            )
            assert after.summary == before.summary
            assert (after.summary.result, after.summary.reason) == ("Blocked", "BlockedByWarnings")
            assert told(after, ConditionType.VALIDATED) == "True NoWarnings"

    def test_is_no_failure_of_the_nights_either(self) -> None:
        well = seen(job(end=complete()), ended_pod(0, report().to_json()))
        after = history(self.since(well, result=RunResult.FAILED))
        assert told(after, ConditionType.LAST_RUN_SUCCEEDED) == "True NothingToDo"
        assert after.summary.result == "Done"

    def test_is_remembered_beside_the_night_until_the_next_night(self) -> None:
        known = self.since(seen(job(end=POLICY), ended_pod(3, BLOCKED.to_json())))
        known = applied(known, reconcile(known))
        assert reconcile(known).status is None
        again = applied(known, reconcile(self.since(known, mode="Validate")))
        assert again.status.history.deciding is not None
        assert again.status.history.deciding.reason == "BlockedByWarnings"
        at = NOW - timedelta(hours=1)
        by_hand = job(name="by-hand", uid="by-hand", created=at, started=at, end=JobEnd(complete=True, at=NOW))
        cured = history(replace(again, jobs=(*again.jobs, by_hand), now=NOW + timedelta(minutes=1)))
        assert cured.history.last_full is None
        assert told(cured, ConditionType.LAST_RUN_SUCCEEDED).startswith("True")

    def test_tells_what_it_found_where_there_was_no_night_yet(self) -> None:
        after = history(self.since(settled()))
        assert told(after, ConditionType.LAST_RUN_SUCCEEDED) == "True Planned"
        assert after.summary.result == "Done"
