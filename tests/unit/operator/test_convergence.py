"""Whatever is observed: one decision, carried out, leaves nothing to do. A status is written only where it differs."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from connect_operator.core.condition import Truth
from connect_operator.core.decision import Observed
from connect_operator.core.facts import (
    BridgeState,
    CronJobFacts,
    Gatekeeper,
    JobEnd,
    JobFacts,
    PodFacts,
    PodPhase,
    RealmClaim,
    Refusal,
    RelayView,
    SecretFinding,
    SecretRole,
    SecretsView,
    Terminated,
    Trigger,
    Waiting,
    WarningEvent,
)
from connect_operator.core.reconcile import reconcile
from connect_operator.core.spec import ConnectJob, Mode
from connect_operator.core.status import ConditionType
from connect_protocol.counts import WarningCount
from connect_protocol.report import RunResult
from tests.support.connect_jobs import (
    CREATED,
    LAST_NIGHT,
    MUSTERWIL,
    NOW,
    applied,
    cron_job,
    job,
    observed,
    pod,
    report,
    wanted_hash,
)

REASONS = ["Synced", "BlockedByWarnings", "RelayUnreachable", "Stopped"]

minutes = st.integers(min_value=-60 * 24 * 3, max_value=0).map(lambda count: NOW + timedelta(minutes=count))
findings = st.builds(
    SecretFinding,
    role=st.sampled_from(SecretRole),
    name=st.just("a-secret"),
    missing=st.booleans(),
    missing_keys=st.just(("port",)),
    other_realm=st.sampled_from([None, None, "other"]),
)
messages = st.one_of(
    st.sampled_from(["", "Traceback"]),
    st.builds(
        report,
        reason=st.sampled_from(REASONS),
        result=st.sampled_from(RunResult),
        exit_code=st.sampled_from([0, 3, 7, 9]),
        user_warnings=st.just((WarningCount(code=3, count=2),)),
    ).map(lambda made: made.to_json()),
)
waits = st.builds(Waiting, reason=st.sampled_from(["ContainerCreating", "ErrImagePull", "CreateContainerConfigError"]))
terminations = st.builds(
    Terminated,
    exit_code=st.sampled_from([0, 1, 3, 7, 9, 137]),
    reason=st.sampled_from(["Error", "OOMKilled", "StartError"]),
    message=messages,
    started=st.one_of(st.none(), st.just(LAST_NIGHT)),
)


@st.composite
def jobs(draw: st.DrawFn) -> JobFacts:
    begun = draw(minutes)
    after = timedelta(minutes=draw(st.integers(min_value=0, max_value=90)))
    reason = draw(st.sampled_from(["DeadlineExceeded", "BackoffLimitExceeded", "PodFailurePolicy"]))
    end = JobEnd(complete=draw(st.booleans()), at=min(begun + after, NOW), reason=reason)
    return job(
        name=f"run-{draw(st.integers(0, 2))}",
        uid=f"run-{draw(st.integers(0, 2))}",
        created=begun,
        started=draw(st.sampled_from([None, begun])),
        trigger=draw(st.sampled_from(Trigger)),
        owner_uid=draw(st.sampled_from([None, "cronjob-uid", "cronjob-uid"])),
        end=draw(st.sampled_from([None, end])),
        suspended=draw(st.booleans()),
        held_since=draw(st.sampled_from([None, begun])),
        gatekeeper=draw(st.sampled_from(Gatekeeper)),
        mode=draw(st.sampled_from([*Mode, ""])),
    )


@st.composite
def pods(draw: st.DrawFn) -> PodFacts:
    return pod(
        name=draw(st.sampled_from("abc")),
        job_uid=f"run-{draw(st.integers(0, 2))}",
        phase=draw(st.sampled_from(PodPhase)),
        created=draw(minutes),
        reason=draw(st.sampled_from(["", "", "DeadlineExceeded", "Evicted"])),
        waiting=draw(st.one_of(st.none(), waits)),
        terminated=draw(st.one_of(st.none(), terminations)),
        unscheduled=draw(st.one_of(st.none(), st.just(Waiting(reason="Unschedulable", message="no node")))),
        disrupted=draw(st.sampled_from(["", "PreemptionByScheduler"])),
        gone=draw(st.booleans()),
    )


@st.composite
def cron_jobs(draw: st.DrawFn) -> CronJobFacts:
    return cron_job(
        uid=draw(st.sampled_from(["cronjob-uid", "another"])),
        generation=draw(st.integers(1, 3)),
        owner_uid=draw(st.sampled_from([MUSTERWIL.uid, MUSTERWIL.uid, MUSTERWIL.uid, None, "somebody"])),
        suspended=draw(st.booleans()),
        deleting=draw(st.sampled_from([False, False, True])),
        edited_by=draw(st.sampled_from(["", "kubectl-edit", "connect-operator"])),
        edited_at=draw(st.one_of(st.none(), minutes)),
        last_schedule_time=draw(st.one_of(st.none(), minutes)),
        labels=draw(st.sampled_from([{}, cron_job().labels])),
    )


connect_jobs = st.builds(
    replace,
    st.just(MUSTERWIL),
    generation=st.integers(1, 3),
    schedule=st.sampled_from(["17 3 * * *", "30 2 * * *", "H * * * *", "0 25 * * *"]),
    time_zone=st.sampled_from(["", "Asia/Tokyo", "Nowhere"]),
    suspend=st.booleans(),
    suspend_reason=st.sampled_from(["", "holidays"]),
    mode=st.sampled_from(Mode),
)


@st.composite
def worlds(draw: st.DrawFn) -> Observed:
    wanted: ConnectJob = draw(connect_jobs)
    found = draw(st.sampled_from([(), (), (draw(findings),)]))
    holder = RealmClaim(realm="musterwil", namespace="old", name="first", uid="1", created=CREATED)
    refusal = Refusal(hash=wanted_hash(), message="no", at=draw(minutes))
    return observed(
        wanted,
        now=NOW + timedelta(microseconds=draw(st.integers(0, 999_999))),
        cron_job=draw(st.one_of(st.none(), cron_jobs())),
        jobs=tuple({each.uid: each for each in draw(st.lists(jobs(), max_size=3))}.values()),
        pods=tuple(draw(st.lists(pods(), max_size=3))),
        warnings=draw(
            st.sampled_from([(), (WarningEvent(object_uid="run-1", reason="FailedCreate", message="exceeded quota"),)])
        ),
        secrets=SecretsView(generation=wanted.generation, looked_at=NOW, findings=found),
        relay=draw(st.one_of(st.none(), st.builds(RelayView, state=st.sampled_from(BridgeState)))),
        rival=draw(st.sampled_from([None, None, holder])),
        refusal=draw(st.sampled_from([None, refusal])),
    )


def carried_on(first: Observed, second: Observed) -> Observed:
    """The second world, with the status that the first one left."""
    return replace(second, status=applied(first, reconcile(first)).status)


@given(first=worlds(), second=worlds())
def test_a_decision_carried_out_leaves_nothing_to_do(first: Observed, second: Observed) -> None:
    world = carried_on(first, second)
    again = reconcile(applied(world, reconcile(world)))
    assert (again.action, again.status, again.events) == (None, None, ())


@given(first=worlds(), second=worlds())
def test_what_is_told_is_fit_to_be_told(first: Observed, second: Observed) -> None:
    """Kubernetes refuses conditions and events without a reason; a reason without words helps nobody."""
    world = carried_on(first, second)
    decision = reconcile(world)
    status = decision.status or world.status
    kinds = [condition.finding.type for condition in status.conditions]
    assert kinds == sorted(kinds, key=list(ConditionType).index)
    for condition in status.conditions:
        assert condition.finding.reason.isalnum()
        assert condition.finding.message
        assert condition.generation == world.job.generation
    for event in decision.events:
        assert event.reason.isalnum()
        assert event.message


@given(first=worlds(), second=worlds())
def test_no_run_is_scheduled_while_not_ready(first: Observed, second: Observed) -> None:
    world = carried_on(first, second)
    after = applied(world, reconcile(world))
    ours = after.cron_job is not None and after.cron_job.owner_uid == MUSTERWIL.uid and not after.cron_job.deleting
    ready = after.status.truth(ConditionType.READY) is Truth.TRUE
    if ours and after.cron_job is not None:
        assert ready or after.cron_job.suspended
    assert ready or after.status.next_run is None


@given(first=worlds(), second=worlds())
def test_the_history_never_goes_back(first: Observed, second: Observed) -> None:
    world = carried_on(first, second)
    before, after = world.status.history.last, applied(world, reconcile(world)).status.history.last
    if before is not None:
        assert after is not None
        assert after.uid == before.uid or after.completed >= before.completed
