"""The conditions: what they say, since when, and what is told of them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connect_operator.core.decision import Create
from connect_operator.core.facts import (
    BridgeState,
    RealmClaim,
    RelayView,
    SecretRole,
)
from connect_operator.core.reconcile import reconcile
from connect_operator.core.status import ConditionType
from tests.support.connect_jobs import (
    CREATED,
    LAST_NIGHT,
    MUSTERWIL,
    NOW,
    SUSPENDED,
    applied,
    lacking,
    message,
    observed,
    settled,
    told,
)


def test_messages_name_the_secret_its_field_and_what_to_do() -> None:
    missing = reconcile(settled(secrets=lacking(missing=True))).status
    assert message(missing, ConditionType.READY) == (
        "Secret musterwil-database (spec.secrets.database) does not exist in connect. Create it."
    )
    keys = reconcile(settled(secrets=lacking(missing_keys=("host", "port")))).status
    assert "lacks, or has empty: host, port" in message(keys, ConditionType.READY)
    older = RealmClaim(realm="musterwil", namespace="old", name="first", uid="1", created=CREATED)
    realm = reconcile(settled(rival=older)).status
    assert "old/first" in message(realm, ConditionType.READY)


def test_all_secrets_that_are_missing_are_named_at_once() -> None:
    database, directory = lacking(missing=True), lacking(missing_keys=("password",))
    other = replace(directory.findings[0], name="musterwil-directory", role=SecretRole.DIRECTORY)
    both = replace(database, findings=(*database.findings, other))
    told = reconcile(settled(secrets=both)).status
    assert "Secret musterwil-database (spec.secrets.database) does not exist" in message(told, ConditionType.READY)
    assert "Secret musterwil-directory (spec.secrets.directory) lacks" in message(told, ConditionType.READY)


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


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (RelayView(state=BridgeState.CONNECTED, connected=2), "is connected to the relay."),
        (RelayView(state=BridgeState.CONNECTED, connected=1, without=1), "is connected to 1 of 2 relays."),
        (
            RelayView(state=BridgeState.CONNECTED, connected=1, silent=1),
            "is connected to 1 of 2 relays. Relays that do not answer the operator: 1. Look at their pods.",
        ),
        (
            RelayView(state=BridgeState.ABSENT, without=1, silent=1),
            "connect-bridge in the customer's network. Relays that do not answer the operator: 1. Look at their pods.",
        ),
    ],
)
def test_of_several_relays_it_is_told_how_many_have_the_bridge(view: RelayView, message: str) -> None:
    status = reconcile(settled(relay=view)).status
    assert status is not None
    condition = status.condition(ConditionType.RELAY_CONNECTED)
    assert condition is not None
    assert condition.finding.message.endswith(message)


@pytest.mark.parametrize("view", [view for view, _, _ in RELAYS.values()], ids=RELAYS.keys())
def test_as_long_as_nothing_is_heard_of_a_bridge_what_was_known_stands(view: RelayView) -> None:
    seen = settled(relay=view)
    known = applied(seen, reconcile(seen))
    decision = reconcile(replace(known, relay=RelayView(state=BridgeState.UNHEARD)))
    assert (decision.action, decision.status, decision.events) == (None, None, ())


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
    later = replace(seen, now=NOW + timedelta(minutes=5), job=replace(MUSTERWIL, generation=2))
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
