"""What the safety gate stopped, who approved it, and for how long that is good (rulings 35 and 36)."""

from datetime import date
from uuid import UUID

import pytest

from connect_protocol.report import RunResult
from connect_worker.errors import ConfigurationError
from connect_worker.model.act import Act
from connect_worker.model.approval import ApprovalOrder, BlockedPlan, Gate, GatedChange
from connect_worker.model.change import Cause, Disable
from connect_worker.model.ids import RunId
from connect_worker.model.outcome import Outcome, Result
from connect_worker.settings import DatabaseSettings
from connect_worker.store.repository import Store
from tests.support.builders import guid, student_key
from tests.support.postgres import PostgresServer

TODAY = date(2026, 11, 16)
BLOCKED, APPLYING = RunId(UUID(int=1)), RunId(UUID(int=2))
CHECKSUM = f"sha256:{'0' * 64}"
GATED = frozenset(
    GatedChange(kind="disable", object=f"S.{n:05d}", guid=str(guid(f"{n}")), before="enabled", after="disabled")
    for n in range(1, 12)
)
SENTENCE = "11 users to disable because of their exit date exceed the limit of 10"


@pytest.fixture
async def stopped(store: Store) -> BlockedPlan:
    """A run was stopped tonight, and another one has begun."""
    plan = BlockedPlan(gate=Gate.PLAN, checksum=CHECKSUM, gated=GATED, excesses=(SENTENCE,))
    for run in (BLOCKED, APPLYING):
        await store.start_run(run, command="run", trigger="schedule", realm="hofen", day=TODAY)
    await store.keep_plan(BLOCKED, plan)
    return plan


def order(checksum: str = CHECKSUM) -> ApprovalOrder:
    return ApprovalOrder(checksum=checksum, approved_by="k.muster", comment="the school closes")


def later(postgres: PostgresServer, school: DatabaseSettings, table: str, column: str, by: str) -> None:
    """Let time pass for what stands in a table."""
    postgres.run(f"UPDATE connect.{table} SET {column} = {column} - interval '{by}'", database=school.name)  # noqa: S608


async def end(store: Store, result: RunResult) -> None:
    """The run that had the approval comes to its end."""
    await store.finish_run(APPLYING, result=result, reason="", exit_code=0, report="{}", plan_checksum=None)


async def refused(store: Store, checksum: str = CHECKSUM) -> str:
    with pytest.raises(ConfigurationError) as caught:
        await store.approve(order(checksum))
    assert caught.value.reason == "ApprovalRefused"
    assert "Plan anew" in caught.value.todo
    return caught.value.what


async def test_an_approval_holds_what_was_stopped_and_who_approved_it(store: Store, stopped: BlockedPlan) -> None:
    assert await store.read_approvals() == ()
    await store.approve(order())
    (approval,) = await store.read_approvals()
    assert (approval.gate, approval.checksum, approval.gated) == (Gate.PLAN, CHECKSUM, stopped.gated)
    assert approval.approved_by == "k.muster"


@pytest.mark.usefixtures("stopped")
async def test_who_approved_what_stands_in_the_database(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    await store.approve(order())
    await store.use_approvals(APPLYING, await store.read_approvals())
    kept = postgres.run(
        "SELECT approved_by, comment, used_by = '00000000-0000-0000-0000-000000000002', excesses[1], "
        "gated -> 0 ->> 'object' FROM connect.connect_approval JOIN connect.connect_plan USING (checksum)",
        database=school.name,
    )
    assert kept == f"k.muster|the school closes|t|{SENTENCE}|S.00001"


@pytest.mark.usefixtures("stopped")
async def test_it_is_good_for_one_run(store: Store) -> None:
    await store.approve(order())
    await store.approve(order())
    await store.use_approvals(APPLYING, await store.read_approvals())
    await end(store, RunResult.DONE)
    assert await store.read_approvals() == ()
    assert f"was approved by k.muster, and run {APPLYING} has applied it" in await refused(store)


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize("result", [None, RunResult.STOPPED, RunResult.FAILED])
async def test_what_its_run_left_undone_can_be_approved_again(store: Store, result: RunResult | None) -> None:
    """As Kubernetes does that starts the same command again; None: killed, without an end."""
    await store.approve(order())
    await store.use_approvals(APPLYING, await store.read_approvals())
    if result is not None:
        await end(store, result)
    assert await store.read_approvals() == ()
    await store.approve(order())
    assert len(await store.read_approvals()) == 1


async def test_a_plan_that_is_stopped_again_can_be_approved_again(store: Store, stopped: BlockedPlan) -> None:
    """As when the directory had refused all of it."""
    await store.approve(order())
    await store.use_approvals(APPLYING, await store.read_approvals())
    await store.keep_plan(APPLYING, stopped)
    await store.approve(order())
    assert len(await store.read_approvals()) == 1


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize(("age", "good"), [("23 hours 59 minutes", 1), ("24 hours", 0)])
async def test_it_is_good_for_24_hours(
    store: Store, school: DatabaseSettings, postgres: PostgresServer, age: str, good: int
) -> None:
    await store.approve(order())
    later(postgres, school, "connect_approval", "approved_at", age)
    assert len(await store.read_approvals()) == good


async def test_only_what_was_stopped_can_be_approved(store: Store) -> None:
    assert await refused(store, "sha256:nonsense") == "No run was stopped with a plan of the checksum sha256:nonsense"


@pytest.mark.usefixtures("stopped")
async def test_a_plan_of_yesterday_cannot_be_approved(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    later(postgres, school, "connect_plan", "made_at", "24 hours")
    assert "more than 24 hours ago" in await refused(store)


@pytest.mark.usefixtures("stopped")
async def test_what_was_approved_does_not_enter_the_sum_of_seven_days(store: Store) -> None:
    left = Disable(key=student_key(1), guid=guid("1"), dn="CN=1", cause=Cause.OUT_OF_SCOPE)
    exit_ = Disable(key=student_key(2), guid=guid("2"), dn="CN=2", cause=Cause.EXIT)
    await store.record_outcomes(APPLYING, [Outcome(change=c, result=Result.DONE) for c in (left, exit_)])
    assert len(await store.read_recent_acts(since=TODAY, until=TODAY)) == 2
    await store.approve(order())
    await store.use_approvals(APPLYING, await store.read_approvals())
    assert await store.read_recent_acts(since=TODAY, until=TODAY) == ()


async def test_of_a_run_that_was_approved_for_its_scope_the_rest_counts(store: Store, stopped: BlockedPlan) -> None:
    checksum = f"sha256:{'1' * 64}"
    scope = BlockedPlan(gate=Gate.SCOPE, checksum=checksum, gated=stopped.gated, excesses=("11 people",))
    await store.keep_plan(BLOCKED, scope)
    await store.approve(order(checksum))
    await store.use_approvals(APPLYING, await store.read_approvals())
    left = Disable(key=student_key(1), guid=guid("1"), dn="CN=1", cause=Cause.OUT_OF_SCOPE)
    exit_ = Disable(key=student_key(2), guid=guid("2"), dn="CN=2", cause=Cause.EXIT)
    await store.record_outcomes(APPLYING, [Outcome(change=c, result=Result.DONE) for c in (left, exit_)])
    acts = await store.read_recent_acts(since=TODAY, until=TODAY)
    assert acts == (Act(kind="disable", cause=Cause.EXIT, key=student_key(2)),)
