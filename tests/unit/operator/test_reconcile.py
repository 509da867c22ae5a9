"""The operator's decision as tables: what is seen, and what is done, said and told."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from connect_operator.announcement import Announcement
from connect_operator.core.decision import Action, Create, Observed, Replace, Suspend
from connect_operator.core.drift import left_behind
from connect_operator.core.facts import (
    RealmClaim,
    Refusal,
    SecretsView,
)
from connect_operator.core.reconcile import reconcile
from connect_operator.core.status import ConditionType
from connect_operator.errors import ForbiddenError, RefusedError
from connect_operator.known import KnownJob
from connect_operator.reconciler import as_refusal
from tests.support.connect_jobs import (
    CREATED,
    DEFAULTS,
    MUSTERWIL,
    NOW,
    SUSPENDED,
    applied,
    as_left,
    cron_job,
    lacking,
    observed,
    settled,
    told,
    wanted_hash,
)

NOTHING = "nothing"
OLDER = RealmClaim(realm="musterwil", namespace="old", name="first", uid="1", created=CREATED - timedelta(days=1))
EDITED = replace(MUSTERWIL, generation=2, timeout=timedelta(hours=2))


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
    "the API server does not let the operator write the CronJob": Case(
        seen=observed(refusal=Refusal(hash=wanted_hash(), message="exceeded quota", at=NOW, forbidden=True)),
        action=NOTHING,
        ready="False Forbidden",
        events=("Forbidden",),
    ),
    "Kubernetes refused an earlier one": Case(
        seen=observed(refusal=Refusal(hash="of another spec", message="no", at=NOW)),
        action="Create",
        events=("Reconciled",),
    ),
    "the API server did not let the operator write it a minute ago": Case(
        seen=observed(
            refusal=Refusal(hash=wanted_hash(), message="quota", at=NOW - timedelta(minutes=1), forbidden=True)
        ),
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


def test_each_of_several_resumptions_while_not_ready_has_an_event_of_its_own() -> None:
    """The status is the same before and after, so that the event's name must come from elsewhere."""
    trouble = settled(secrets=lacking(missing=True))
    suspended = applied(trouble, reconcile(trouble))
    names = set()
    for generation in (9, 11, 11):
        again = as_left(suspended, suspended=False, generation=generation)
        decision = reconcile(again)
        assert (decision.status or again.status).conditions == suspended.status.conditions
        known = KnownJob(job=again.job, status=again.status, resource_version="7", status_digest="the same")
        (event,) = decision.events
        names.add(Announcement(subject=known.subject, event=event, at=NOW, instance="operator").name)
    assert len(names) == 2


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


def test_an_image_of_its_own_holds_a_customer_back() -> None:
    pinned = reconcile(observed(replace(MUSTERWIL, image="connect-worker:0.9")))
    assert isinstance(pinned.action, Create)
    assert "connect-worker:0.9" in str(pinned.action.manifest)
    assert pinned.status is not None
    assert pinned.status.image == "connect-worker:0.9"
    assert settled().status.image == DEFAULTS.image


@pytest.mark.parametrize(("owner", "suspended"), [(None, True), ("job-uid", True), ("somebody", False)])
def test_while_a_connect_job_is_being_deleted_its_cronjob_starts_nothing(owner: str | None, suspended: bool) -> None:
    """A foreign finalizer may hold it for days."""
    action = left_behind(cron_job(owner_uid=owner), by="job-uid")
    assert isinstance(action, Suspend) is suspended


def test_the_cronjob_of_a_connect_job_that_is_not_known_is_left_to_its_owner() -> None:
    assert left_behind(cron_job(owner_uid="job-uid")) is None


@pytest.mark.parametrize(
    ("error", "says", "todo"),
    [
        (RefusedError("spec…memory: Invalid value"), "spec…memory: Invalid value", "Correct the field in the spec."),
        (ForbiddenError("cronjobs.batch is forbidden"), "cronjobs.batch is forbidden", "Look at the operator's rights"),
    ],
)
def test_what_the_api_server_does_not_let_happen_is_told_in_its_words_with_what_to_do(
    error: RefusedError | ForbiddenError, says: str, todo: str
) -> None:
    """Nobody is sent to the spec for a right that is missing."""
    action = reconcile(observed()).action
    assert isinstance(action, Create)
    (event,) = reconcile(observed(refusal=as_refusal(error, action, NOW))).events
    assert says in event.message
    assert todo in event.message
