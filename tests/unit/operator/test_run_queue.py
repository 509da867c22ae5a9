"""ConnectRuns of one ConnectJob: who starts, who waits, who is cancelled, and what is told of those that ran."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connect_operator.core import run_document
from connect_operator.core.connect_run import ConnectRun
from connect_operator.core.decision import Observed, RunOrders
from connect_operator.core.facts import Gatekeeper, JobFacts, RunRefusal, Trigger
from connect_operator.core.reconcile import reconcile
from connect_operator.core.run_queue import KEPT, orphaned
from connect_operator.core.run_states import PATIENCE
from connect_operator.core.run_status import Outcome, Request, RunPhase, RunStatus
from connect_operator.core.spec import Mode
from connect_operator.core.status import Result
from connect_operator.core.trim import job_facts
from tests.support.connect_jobs import (
    DEFAULTS,
    MUSTERWIL,
    NOW,
    SUSPENDED,
    complete,
    ended_pod,
    job,
    lacking,
    report,
    settled,
)


def request(
    name: str = "wanted", *, age: timedelta = timedelta(), status: RunStatus | None = None, **spec: Any
) -> Request:
    facts: dict[str, Any] = {"connect_job": "musterwil", "mode": Mode.PLAN} | spec
    run = ConnectRun(namespace="connect", name=name, uid=f"{name}-uid", generation=1, created=NOW - age, **facts)
    return Request(run=run, status=status or RunStatus())


def decided(seen: Observed, *requests: Request) -> RunOrders:
    return reconcile(replace(seen, requests=requests)).runs


def told(orders: RunOrders) -> dict[str, str]:
    """Phase of each ConnectRun of which something is told, with its place or reason."""
    return {each.request.run.name: _shown(each.status) for each in orders.told}


def _shown(status: RunStatus) -> str:
    more = status.outcome.reason if status.outcome else str(status.position or "")
    return f"{status.phase} {more}".strip()


def made_by(wanted: Request, **changes: Any) -> JobFacts:
    return job(name=wanted.run.job_name, uid="made", trigger=Trigger.REQUESTED, created=NOW, started=NOW, **changes)


def test_the_oldest_starts_and_the_others_wait_in_order_of_age_then_name() -> None:
    runs = [request("b"), request("a"), request("oldest", age=timedelta(seconds=5))]
    orders = decided(settled(), *runs)
    assert orders.start is not None
    assert orders.start.uid == "oldest-uid"
    assert told(orders) == {"oldest": "Starting", "a": "Queued 1", "b": "Queued 2"}


def test_none_starts_while_another_run_is_under_way() -> None:
    orders = decided(settled(jobs=(job(),)), request())
    assert orders.start is None
    assert told(orders) == {"wanted": "Queued 1"}


def test_one_that_is_being_deleted_does_not_start() -> None:
    """A finalizer of somebody's, or a deletion in the foreground, may keep it for a while."""
    wanted = request()
    going = replace(wanted, run=replace(wanted.run, deleting=True))
    orders = decided(settled(), going)
    assert orders.start is None
    assert told(orders) == {"wanted": "Cancelled Deleted"}
    assert told(decided(settled(jobs=(made_by(wanted),)), going)) == {"wanted": "Starting"}


def test_what_waits_is_cancelled_once_its_connect_job_is_suspended_unless_that_is_confirmed() -> None:
    for confirmed, shown in ((False, "Cancelled Suspended"), (True, "Queued")):
        wanted = request(mode=Mode.SYNC, confirm_locked=confirmed)
        waits = replace(
            made_by(wanted), suspended=True, gatekeeper=Gatekeeper.OPERATOR, started=None, confirmed=confirmed
        )
        assert told(decided(settled(SUSPENDED, jobs=(waits,)), wanted)) == {"wanted": shown}


def test_the_job_of_a_confirmed_run_says_so() -> None:
    for confirmed in (False, True):
        start = decided(settled(), request(mode=Mode.SYNC, confirm_locked=confirmed)).start
        assert start is not None
        metadata = {"uid": "made", "creationTimestamp": "2026-11-22T17:00:00Z"}
        manifest: Any = start.manifest
        made = job_facts({**manifest, "metadata": manifest["metadata"] | metadata})
        assert made.confirmed is confirmed


def test_a_job_is_named_by_forty_characters_and_eight_of_the_uid() -> None:
    run = replace(request().run, name="x" * 63, uid="01234567-89ab")
    assert run.job_name == f"run-{'x' * 40}-01234567"


def test_a_job_that_stands_already_is_followed_and_no_second_one_made() -> None:
    """As after a crash between Job and status."""
    wanted = request()
    orders = decided(settled(jobs=(made_by(wanted),)), wanted)
    assert orders.start is None
    assert told(orders) == {"wanted": "Starting"}
    assert [each.event.reason for each in orders.told if each.event] == ["RunStarted"]


def test_its_end_is_what_the_report_says() -> None:
    wanted = request(status=RunStatus(phase=RunPhase.RUNNING, job_name=request().run.job_name))
    over = replace(made_by(wanted), end=replace(complete(), at=NOW))
    word = report(plan_checksum="sha256:1", message="well").to_json()
    pod = replace(ended_pod(0, word), job_uid="made")
    orders = decided(settled(jobs=(over,), pods=(pod,)), wanted)
    (told_of,) = orders.told
    outcome = told_of.status.outcome
    assert outcome is not None
    assert (outcome.result, outcome.reason, outcome.plan_checksum) == (Result.DONE, "NothingToDo", "sha256:1")
    assert told_of.event is not None
    assert told_of.event.reason == "RunSucceeded"


def test_a_job_that_is_gone_was_deleted() -> None:
    wanted = request(status=RunStatus(phase=RunPhase.RUNNING, job_name=request().run.job_name))
    assert told(decided(settled(), wanted)) == {"wanted": "Finished JobDeleted"}


@pytest.mark.parametrize(
    ("mode", "confirmed", "phase"),
    [
        (Mode.VALIDATE, False, "Starting"),
        (Mode.PLAN, False, "Starting"),
        (Mode.SYNC, False, "Cancelled Suspended"),
        (Mode.SYNC, True, "Starting"),
    ],
)
def test_while_suspended_a_sync_must_be_confirmed(mode: Mode, confirmed: bool, phase: str) -> None:
    assert told(decided(settled(SUSPENDED), request(mode=mode, confirm_locked=confirmed))) == {"wanted": phase}


@pytest.mark.parametrize("mode", [Mode.PLAN, Mode.VALIDATE])
def test_a_run_may_do_less_than_its_connect_jobs_mode_and_never_more(mode: Mode) -> None:
    seen = settled(replace(MUSTERWIL, mode=mode))
    assert told(decided(seen, request(mode=mode))) == {"wanted": "Starting"}
    assert told(decided(seen, request(mode=Mode.SYNC))) == {"wanted": "Cancelled ModeRefused"}


def test_a_young_run_waits_a_minute_for_its_connect_job_to_be_ready_and_no_longer() -> None:
    seen = settled(secrets=lacking(missing=True))
    young = decided(seen, request())
    assert told(young) == {"wanted": "Queued"}
    assert young.look_again == NOW + PATIENCE
    assert told(decided(seen, request(age=PATIENCE))) == {"wanted": "Cancelled SecretMissing"}


def test_one_that_may_not_run_holds_up_nobody() -> None:
    orders = decided(settled(), request("first", age=timedelta(seconds=1)), request("second"))
    assert told(orders) == {"first": "Starting", "second": "Queued 1"}
    refused = replace(settled(), run_refusal=RunRefusal(uid="first-uid", message="quota"))
    orders = decided(refused, request("first", age=timedelta(seconds=1)), request("second"))
    assert told(orders) == {"first": "Cancelled JobRefused", "second": "Queued 1"}
    assert (orders.start, orders.look_again) == (None, NOW)


def test_what_is_forbidden_for_a_moment_is_tried_again_for_a_minute() -> None:
    """A webhook that starts anew, a quota: what forbids it may pass, unlike what is wrong with the Job."""
    seen = replace(settled(), run_refusal=RunRefusal(uid="wanted-uid", message="webhook", forbidden=True))
    young = decided(seen, request())
    assert told(young) == {"wanted": "Queued"}
    assert young.look_again == NOW + timedelta(seconds=10)
    assert told(decided(seen, request(age=PATIENCE))) == {"wanted": "Cancelled JobRefused"}


def test_what_was_wanted_of_an_earlier_connect_job_is_not_done_for_its_successor() -> None:
    successor = settled(replace(MUSTERWIL, created=NOW))
    assert told(decided(successor, request(age=timedelta(hours=1)))) == {"wanted": "Cancelled ConnectJobDeleted"}


def test_without_its_connect_job_a_run_waits_a_minute_unless_it_had_been_accepted() -> None:
    assert told(orphaned([request()], NOW)) == {"wanted": "Queued"}
    assert told(orphaned([request(age=PATIENCE)], NOW)) == {"wanted": "Cancelled ConnectJobMissing"}
    (queued,) = decided(settled(jobs=(job(),)), request()).told
    assert told(orphaned([replace(request(), status=queued.status)], NOW)) == {"wanted": "Cancelled ConnectJobDeleted"}
    begun = request(status=RunStatus(phase=RunPhase.RUNNING, job_name="run-wanted"))
    assert told(orphaned([begun], NOW)) == {"wanted": "Finished ConnectJobDeleted"}


def test_the_newest_that_are_over_are_kept() -> None:
    def over(number: int) -> Request:
        ended = NOW - timedelta(minutes=number)
        return request(f"run-{number:02}", status=RunStatus(phase=RunPhase.FINISHED, completed=ended))

    orders = decided(settled(), *(over(number) for number in range(KEPT + 2)))
    assert {each.run.name for each in orders.deleted} == {f"run-{KEPT}", f"run-{KEPT + 1}"}


def test_nothing_is_told_twice() -> None:
    """What was told comes back from the API server, and the same world gives nothing new."""
    seen = settled(jobs=(job(),))
    for orders in (decided(seen, request()), decided(seen, request(mode=Mode.SYNC, approve="sha256:1"))):
        (first,) = orders.told
        stored = run_document.parse({"status": run_document.to_document(first.status)})
        assert decided(seen, replace(first.request, status=stored)).told == ()


def test_a_status_that_somebody_has_spoilt_is_none() -> None:
    assert run_document.parse({"status": {"phase": "Somewhere"}}) == RunStatus()
    assert run_document.parse({}) == RunStatus()


def test_what_is_cancelled_has_no_result() -> None:
    outcome = Outcome(result=None, reason="Suspended")
    document = run_document.to_document(RunStatus(phase=RunPhase.CANCELLED, outcome=outcome))
    assert document == {"phase": "Cancelled", "reason": "Suspended"}


def test_a_job_that_is_born_suspended_waits_until_it_is_let_start() -> None:
    seen = settled(defaults=replace(DEFAULTS, max_concurrent_runs=1))
    wanted = request()
    first = decided(seen, wanted)
    assert told(first) == {"wanted": "Queued"}
    assert [each.event for each in first.told] == [None]
    stored = replace(wanted, status=first.told[0].status)
    waits = replace(made_by(wanted), suspended=True, gatekeeper=Gatekeeper.OPERATOR, started=None)
    assert told(decided(replace(seen, jobs=(waits,)), stored)) == {}
    late = replace(seen, jobs=(waits,), now=NOW + MUSTERWIL.starting_deadline)
    assert told(decided(late, stored)) == {"wanted": "Cancelled WaitedTooLong"}
    assert [each.job for each in reconcile(replace(late, requests=(stored,))).withdrawn] == [waits]
    let = replace(seen, jobs=(replace(waits, suspended=False, started=NOW),))
    assert told(decided(let, stored)) == {"wanted": "Starting"}
