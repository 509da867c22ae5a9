"""The operator's decision as tables: what is seen, and what is done, said and told."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from connect_operator.decision import Action, Create, Observed, Replace, Suspend
from connect_operator.facts import (
    BridgeState,
    RealmClaim,
    Refusal,
    RelayView,
    SecretFinding,
    SecretRole,
    SecretsView,
)
from connect_operator.reconcile import reconcile
from connect_operator.status import ConditionType, Status
from tests.support.connect_jobs import (
    CREATED,
    DEFAULTS,
    LAST_NIGHT,
    MUSTERWIL,
    NOW,
    applied,
    cron_job,
    observed,
    settled,
    told,
    wanted_hash,
)

NOTHING = "nothing"
OLDER = RealmClaim(realm="musterwil", namespace="old", name="first", uid="1", created=CREATED - timedelta(days=1))
EDITED = replace(MUSTERWIL, generation=2, timeout=timedelta(hours=2))
SUSPENDED = replace(MUSTERWIL, generation=2, suspend=True, suspend_reason="holidays", suspended_by="on-call")


def lacking(**what: object) -> SecretsView:
    finding = SecretFinding(role=SecretRole.DATABASE, name="musterwil-database", **what)  # type: ignore[arg-type]
    return SecretsView(generation=1, looked_at=NOW, findings=(finding,))


def as_left(seen: Observed, **changes: object) -> Observed:
    """The CronJob of a settled ConnectJob, changed by somebody: edits raise its generation."""
    assert seen.cron_job is not None
    changed = replace(seen.cron_job, **{"generation": 2, "edited_by": "kubectl-edit", **changes})  # type: ignore[arg-type]
    return replace(seen, cron_job=changed)


def named(action: Action | None) -> str:
    return NOTHING if action is None else type(action).__name__


@dataclass(frozen=True, kw_only=True)
class Case:
    seen: Observed
    action: str
    ready: str = "True Reconciled"
    events: tuple[str, ...] = ()


CASES = {
    "a new ConnectJob": Case(seen=observed(), action="Create", events=("Reconciled",)),
    "nothing has changed": Case(seen=settled(), action=NOTHING),
    "the spec was edited": Case(seen=settled(job=EDITED), action="Replace"),
    "the operator has a newer image": Case(
        seen=settled(defaults=replace(DEFAULTS, image="connect-worker:2.0")), action="Replace"
    ),
    "suspended": Case(seen=settled(job=SUSPENDED), action="Replace", events=("Suspended",)),
    "resumed": Case(
        seen=settled(SUSPENDED, job=replace(MUSTERWIL, generation=3)), action="Replace", events=("Resumed",)
    ),
    "somebody has edited the CronJob": Case(seen=as_left(settled()), action="Replace", events=("DriftCorrected",)),
    "somebody has taken a label off the CronJob": Case(
        seen=as_left(settled(), generation=1, labels={}), action="Replace", events=("DriftCorrected",)
    ),
    "somebody has deleted the CronJob": Case(seen=settled(cron_job=None), action="Create", events=("DriftCorrected",)),
    "somebody has deleted it and made another one that we own": Case(
        seen=as_left(settled(), uid="other", generation=1), action="Replace", events=("DriftCorrected",)
    ),
    "the operator died between writing the CronJob and the status": Case(
        seen=as_left(settled(), edited_by="connect-operator"), action="Replace"
    ),
    "the CronJob is being deleted": Case(
        seen=as_left(settled(), deleting=True),
        action=NOTHING,
        ready="False CronJobBeingDeleted",
        events=("CronJobBeingDeleted",),
    ),
    "another's CronJob has the name": Case(
        seen=observed(cron_job=cron_job(owner_uid="somebody", labels={})),
        action=NOTHING,
        ready="False NameTaken",
        events=("NameTaken",),
    ),
    "nobody's CronJob has the name, without our label": Case(
        seen=observed(cron_job=cron_job(owner_uid=None, labels={})),
        action=NOTHING,
        ready="False NameTaken",
        events=("NameTaken",),
    ),
    "a CronJob was left behind by a ConnectJob of this name": Case(
        seen=observed(cron_job=cron_job(owner_uid=None)),
        action="Suspend",
        ready="False NameTaken",
        events=("NameTaken",),
    ),
    "the earlier ConnectJob's CronJob is about to be collected": Case(
        seen=observed(cron_job=cron_job(owner_uid="earlier-uid")),
        action=NOTHING,
        ready="False NameTaken",
        events=("NameTaken",),
    ),
    "a Secret is missing from the beginning": Case(
        seen=observed(secrets=lacking(missing=True)),
        action=NOTHING,
        ready="False SecretMissing",
        events=("SecretMissing",),
    ),
    "a Secret goes missing": Case(
        seen=settled(secrets=lacking(missing=True)),
        action="Suspend",
        ready="False SecretMissing",
        events=("SecretMissing",),
    ),
    "a Secret lacks a key": Case(
        seen=settled(secrets=lacking(missing_keys=("password",))),
        action="Suspend",
        ready="False SecretKeyMissing",
        events=("SecretKeyMissing",),
    ),
    "a Secret is another customer's": Case(
        seen=settled(secrets=lacking(other_realm="nachbarwil")),
        action="Suspend",
        ready="False RealmMismatch",
        events=("RealmMismatch",),
    ),
    "an older ConnectJob has the realm": Case(
        seen=settled(rival=OLDER), action="Suspend", ready="False RealmTaken", events=("RealmTaken",)
    ),
    "the schedule makes no sense": Case(
        seen=settled(job=replace(MUSTERWIL, generation=2, schedule="0 25 * * *")),
        action="Suspend",
        ready="False ScheduleInvalid",
        events=("ScheduleInvalid",),
    ),
    "there is no such time zone": Case(
        seen=observed(replace(MUSTERWIL, time_zone="Europe/Zuerich")),
        action=NOTHING,
        ready="False TimeZoneUnknown",
        events=("TimeZoneUnknown",),
    ),
    "Kubernetes refuses the CronJob": Case(
        seen=observed(refusal=Refusal(hash=wanted_hash(), message="spec…memory: Invalid value", at=NOW)),
        action=NOTHING,
        ready="False TemplateRefused",
        events=("TemplateRefused",),
    ),
    "Kubernetes refused an earlier one": Case(
        seen=observed(refusal=Refusal(hash="of another spec", message="no", at=NOW)),
        action="Create",
        events=("Reconciled",),
    ),
    "Kubernetes refused it ten minutes ago": Case(
        seen=observed(refusal=Refusal(hash=wanted_hash(), message="quota", at=NOW - timedelta(minutes=10))),
        action="Create",
        events=("Reconciled",),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_seen_decides_what_is_written_and_told(case: Case) -> None:
    decision = reconcile(case.seen)
    status = decision.status or case.seen.status
    assert named(decision.action) == case.action
    assert told(status, ConditionType.READY) == case.ready
    assert tuple(event.reason for event in decision.events) == case.events
    assert status.generation == case.seen.job.generation


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_next_look_finds_nothing_to_do(case: Case) -> None:
    after = applied(case.seen, reconcile(case.seen))
    again = reconcile(after)
    assert (again.action, again.status, again.events) == (None, None, ())


TROUBLE = {
    "a Secret": settled(secrets=lacking(missing=True)),
    "the realm": settled(rival=OLDER),
    "a refusal": settled(
        job=replace(EDITED, generation=2),
        refusal=Refusal(hash=wanted_hash(EDITED), message="no", at=NOW),
    ),
}


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE.keys())
def test_trouble_heals_by_itself_when_its_cause_goes(trouble: Observed) -> None:
    suspended = applied(trouble, reconcile(trouble))
    assert suspended.cron_job is not None
    assert suspended.cron_job.suspended
    cured = replace(suspended, secrets=SecretsView(generation=1, looked_at=NOW), rival=None, refusal=None)
    decision = reconcile(cured)
    assert isinstance(decision.action, Replace)
    assert [event.reason for event in decision.events] == ["Reconciled"]
    after = applied(cured, decision)
    assert after.cron_job is not None
    assert not after.cron_job.suspended
    assert told(after.status, ConditionType.READY) == "True Reconciled"


def test_a_cronjob_resumed_by_hand_is_suspended_again_while_not_ready() -> None:
    trouble = settled(secrets=lacking(missing=True))
    suspended = applied(trouble, reconcile(trouble))
    decision = reconcile(as_left(suspended, suspended=False))
    assert isinstance(decision.action, Suspend)
    (event,) = decision.events
    assert event.reason == "DriftCorrected"
    assert "kubectl-edit" in event.message


def test_drift_is_told_with_the_editors_name() -> None:
    (event,) = reconcile(as_left(settled())).events
    assert "kubectl-edit" in event.message


def test_another_trouble_is_told_anew() -> None:
    trouble = settled(secrets=lacking(missing=True))
    other = replace(applied(trouble, reconcile(trouble)), secrets=lacking(missing_keys=("port",)))
    assert [event.reason for event in reconcile(other).events] == ["SecretKeyMissing"]


def test_a_connectjob_that_is_being_deleted_is_left_alone() -> None:
    decision = reconcile(settled(job=replace(MUSTERWIL, deleting=True), cron_job=None))
    assert (decision.action, decision.status, decision.events, decision.look_again) == (None, None, (), None)


def message(status: Status | None, kind: ConditionType) -> str:
    condition = status.condition(kind) if status else None
    assert condition is not None
    return condition.finding.message


def test_messages_name_the_secret_its_field_and_what_to_do() -> None:
    missing = reconcile(settled(secrets=lacking(missing=True))).status
    assert message(missing, ConditionType.READY) == (
        "Secret musterwil-database (spec.secrets.database) does not exist in connect. Create it."
    )
    keys = reconcile(settled(secrets=lacking(missing_keys=("host", "port")))).status
    assert "lacks, or has empty: host, port" in message(keys, ConditionType.READY)
    realm = reconcile(settled(rival=OLDER)).status
    assert "old/first" in message(realm, ConditionType.READY)


def test_a_suspension_is_told_with_who_why_and_since_when() -> None:
    decision = reconcile(settled(job=SUSPENDED))
    assert decision.status is not None
    assert decision.status.suspended_since == NOW
    assert "by on-call: holidays" in message(decision.status, ConditionType.SUSPENDED)
    assert decision.status.next_run is None
    assert decision.status.summary.suspended == "since 2026-11-22"


def test_a_suspension_keeps_its_day_and_ends() -> None:
    first = applied(settled(), reconcile(settled(job=SUSPENDED)))
    later = replace(first, job=replace(SUSPENDED, generation=3, suspend_reason="longer"), now=NOW + timedelta(days=2))
    kept = reconcile(later).status
    assert kept is not None
    assert kept.suspended_since == NOW
    resumed = reconcile(replace(first, job=replace(MUSTERWIL, generation=3)))
    assert resumed.status is not None
    assert resumed.status.suspended_since is None
    assert [event.reason for event in resumed.events] == ["Resumed"]


RELAYS = {
    "connected": (RelayView(state=BridgeState.CONNECTED), "True BridgeConnected", "BridgeConnected"),
    "absent": (RelayView(state=BridgeState.ABSENT, since=LAST_NIGHT), "False BridgeAbsent", "BridgeAbsent"),
    "no answer": (RelayView(state=BridgeState.UNKNOWN), "Unknown RelayNotReachable", "RelayNotReachable"),
}


@pytest.mark.parametrize(("view", "condition", "event"), RELAYS.values(), ids=RELAYS.keys())
def test_the_bridge_shows_as_a_condition_and_never_stops_the_cronjob(
    view: RelayView, condition: str, event: str
) -> None:
    decision = reconcile(settled(relay=view))
    assert told(decision.status, ConditionType.RELAY_CONNECTED) == condition
    assert [told.reason for told in decision.events] == [event]
    assert decision.action is None


def test_without_a_relay_nothing_is_said_of_bridges() -> None:
    assert settled().status.condition(ConditionType.RELAY_CONNECTED) is None


def test_an_hour_that_the_clock_change_skips_is_told_once_and_runs_all_the_same() -> None:
    at_half_past_two = replace(MUSTERWIL, schedule="30 2 * * *")
    decision = reconcile(observed(at_half_past_two))
    assert isinstance(decision.action, Create)
    assert told(decision.status, ConditionType.SCHEDULE_VALID) == "True SkippedOrTwiceAtClockChange"
    assert "SkippedOrTwiceAtClockChange" in {event.reason for event in decision.events}


def test_conditions_keep_their_time_until_their_truth_changes() -> None:
    seen = settled()
    later = replace(seen, now=NOW + timedelta(minutes=5), job=replace(EDITED, timeout=MUSTERWIL.timeout))
    status = reconcile(later).status
    assert status is not None
    ready = status.condition(ConditionType.READY)
    assert ready is not None
    assert (ready.since, ready.generation) == (NOW, 2)
    broken = reconcile(replace(later, secrets=lacking(missing=True))).status
    assert broken is not None
    not_ready = broken.condition(ConditionType.READY)
    assert not_ready is not None
    assert not_ready.since == NOW + timedelta(minutes=5)


def test_an_image_of_its_own_holds_a_customer_back() -> None:
    pinned = reconcile(observed(replace(MUSTERWIL, image="connect-worker:0.9")))
    assert isinstance(pinned.action, Create)
    assert "connect-worker:0.9" in str(pinned.action.manifest)
    assert pinned.status is not None
    assert pinned.status.image == "connect-worker:0.9"
    assert settled().status.image == DEFAULTS.image


class TestWhenToLookAgain:
    def test_when_the_next_run_starts(self) -> None:
        seen = settled(secrets=SecretsView(generation=1, looked_at=NOW + timedelta(hours=9)))
        assert reconcile(seen).look_again == LAST_NIGHT + timedelta(days=1)

    def test_an_hour_before_it_for_the_secrets(self) -> None:
        assert reconcile(settled()).look_again == LAST_NIGHT + timedelta(hours=23)

    def test_every_minute_while_a_secret_is_missing(self) -> None:
        assert reconcile(settled(secrets=lacking(missing=True))).look_again == NOW + timedelta(minutes=1)

    def test_when_a_refused_cronjob_is_to_be_tried_again(self) -> None:
        refusal = Refusal(hash=wanted_hash(), message="no", at=NOW - timedelta(minutes=4))
        assert reconcile(observed(refusal=refusal)).look_again == NOW + timedelta(minutes=6)


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

    def test_goes_when_the_next_run_starts(self) -> None:
        missed = self.seen(33)
        seen = replace(applied(missed, reconcile(missed)), now=missed.now + timedelta(days=1))
        started = cron_job(last_schedule_time=LAST_NIGHT + timedelta(days=2))
        decision = reconcile(replace(seen, cron_job=started))
        assert decision.status is not None
        assert decision.status.condition(ConditionType.LAST_RUN_SUCCEEDED) is None
