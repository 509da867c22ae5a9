"""What `kubectl connect status` shows of ConnectJobs in every state."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connect_operator.core.condition import Condition, Finding, Truth
from connect_operator.core.facts import Trigger
from connect_operator.core.status import (
    ActiveRun,
    ConditionType,
    Evidence,
    History,
    LastRun,
    Phase,
    Result,
    Status,
    Summary,
)
from connect_operator.kubectl.customer import Customer
from connect_operator.kubectl.overview import age, detail, document, overview
from connect_operator.kubectl.table import Style
from tests.support.connect_jobs import MUSTERWIL, NOW, SUSPENDED

PLAIN = Style(coloured=False)
BLOCKED = LastRun(
    name="connect-musterwil-1",
    uid="run-1",
    trigger=Trigger.SCHEDULED,
    mode="Sync",
    started=NOW - timedelta(hours=2),
    completed=NOW - timedelta(hours=1),
    result=Result.BLOCKED,
    reason="BlockedBySafetyGate",
    evidence=Evidence.REPORT,
    begun=True,
    plan_checksum="sha256:abc",
)
STATUS = Status(
    generation=1,
    conditions=(
        Condition(
            finding=Finding(
                type=ConditionType.LAST_RUN_SUCCEEDED,
                truth=Truth.FALSE,
                reason="BlockedBySafetyGate",
                message="11 users to disable exceed the limit of 10.",
            ),
            generation=1,
            since=NOW - timedelta(minutes=5),
        ),
        Condition(
            finding=Finding(type=ConditionType.READY, truth=Truth.TRUE, reason="Reconciled", message=""),
            generation=1,
            since=NOW,
        ),
    ),
    history=History(last=BLOCKED),
    summary=Summary(result="Blocked", reason="BlockedBySafetyGate", warnings="0", changes="+3 ~1", suspended="No"),
)
CUSTOMER = Customer(job=MUSTERWIL, status=STATUS)
WELL = Customer(job=replace(MUSTERWIL, name="adorf"), status=Status(generation=1))
RUNNING = replace(
    CUSTOMER,
    stage="apply 3/9",
    status=replace(
        STATUS,
        phase=Phase.RUNNING,
        active=ActiveRun(name="connect-musterwil-2", uid="2", trigger=Trigger.MANUAL, mode="Sync", started=NOW),
    ),
)


def rows(*customers: Customer, namespaces: bool = False) -> list[list[str]]:
    text = overview(customers, now=NOW, style=PLAIN, namespaces=namespaces)
    return [line.split("   ") for line in text.splitlines()]


def test_those_who_need_a_person_come_first() -> None:
    assert [row[0].strip() for row in rows(WELL, CUSTOMER)] == ["NAME", "musterwil", "adorf"]


def test_a_run_that_is_starting_needs_nobody() -> None:
    starting = Finding(
        type=ConditionType.RUN_STARTED, truth=Truth.UNKNOWN, reason="Starting", message="It has no running pod yet."
    )
    begins = replace(WELL.status, conditions=(Condition(finding=starting, generation=1, since=NOW),))
    assert rows(replace(WELL, status=begins), CUSTOMER)[1][0] == "musterwil"
    assert document(replace(WELL, status=begins))["troubles"] == []
    late = replace(begins, conditions=(replace(begins.conditions[0], finding=replace(starting, truth=Truth.FALSE)),))
    assert document(replace(WELL, status=late))["troubles"]


def test_a_plan_since_the_blocked_night_stands_below_it_and_never_in_its_place() -> None:
    plan = replace(BLOCKED, name="plan", uid="2", mode="Plan", result=Result.DONE, reason="Planned", completed=NOW)
    planned = replace(
        CUSTOMER, status=replace(STATUS, history=History(last=replace(plan, plan_checksum="new"), last_full=BLOCKED))
    )
    (_, row) = (" ".join(words).split() for words in rows(planned))
    assert row == ["musterwil", "Idle", "Blocked", "BlockedBySafetyGate", "0", "+3", "~1", "60m", "No"]
    text = detail(planned, now=NOW, style=PLAIN)
    assert "last run  Blocked, BlockedBySafetyGate: connect-musterwil-1 (Sync), 60m ago" in text
    assert "since     Done, Planned: plan (Plan), 0s ago" in text
    told = document(planned)
    assert (told["lastRun"], told["result"], told["planChecksum"]) == ("connect-musterwil-1", "Blocked", "new")


def test_a_line_tells_result_reason_and_how_long_ago() -> None:
    (_, row) = (" ".join(words).split() for words in rows(CUSTOMER))
    assert row == ["musterwil", "Idle", "Blocked", "BlockedBySafetyGate", "0", "+3", "~1", "60m", "No"]


def test_of_all_namespaces_each_line_names_its_own() -> None:
    assert [row[0].strip() for row in rows(CUSTOMER, namespaces=True)] == ["NAMESPACE", "connect"]


def test_the_stage_of_a_run_that_goes_on_is_told() -> None:
    assert "Running: apply 3/9" in overview([RUNNING], now=NOW, style=PLAIN, namespaces=False)
    assert "doing     Running: apply 3/9" in detail(RUNNING, now=NOW, style=PLAIN)


def test_a_suspension_that_the_operator_has_not_seen_is_told_all_the_same() -> None:
    assert rows(Customer(job=SUSPENDED, status=STATUS))[1][-1].strip() == "Yes"


def test_the_detail_tells_what_is_wrong_and_not_what_is_well() -> None:
    text = detail(CUSTOMER, now=NOW, style=PLAIN)
    assert "LastRunSucceeded False, BlockedBySafetyGate, for 5m\n  11 users to disable exceed the limit of 10." in text
    assert "Reconciled" not in text
    assert "plan      sha256:abc" in text


def test_the_detail_says_when_the_operator_has_not_looked() -> None:
    changed = replace(CUSTOMER, job=replace(MUSTERWIL, generation=2))
    assert "The operator has not looked at its latest change" in detail(changed, now=NOW, style=PLAIN)
    assert "The operator has not looked" not in detail(CUSTOMER, now=NOW, style=PLAIN)


def test_names_of_others_cannot_move_the_cursor() -> None:
    job = replace(MUSTERWIL, suspend=True, suspend_reason="\x1b[2J\nnone")
    assert "\x1b" not in detail(replace(CUSTOMER, job=job), now=NOW, style=Style(coloured=False))


def test_colours_say_what_the_words_say() -> None:
    text = overview([CUSTOMER], now=NOW, style=Style(coloured=True), namespaces=False)
    assert "\x1b[33mBlockedBySafetyGate\x1b[0m" in text


def test_machines_are_told_the_same() -> None:
    told = document(CUSTOMER)
    assert (told["result"], told["reason"], told["planChecksum"]) == ("Blocked", "BlockedBySafetyGate", "sha256:abc")
    assert told["lastRunEnded"] == "2026-11-22T16:00:00+00:00"


@pytest.mark.parametrize(
    ("duration", "shown"),
    [(-5, "0s"), (119, "119s"), (120, "2m"), (10_799, "179m"), (10_800, "3h"), (172_799, "47h"), (172_800, "2d")],
)
def test_ages_are_short(duration: int, shown: str) -> None:
    assert age(timedelta(seconds=duration)) == shown


def test_whom_the_operator_has_never_looked_at_stands_first_and_is_not_told_to_be_idle() -> None:
    unseen = Customer(job=replace(MUSTERWIL, name="zuletzt"), status=Status())
    lines = overview([WELL, CUSTOMER, unseen], now=NOW, style=PLAIN, namespaces=False).splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["musterwil", "Idle"], ["zuletzt", "Unseen"], ["adorf", "Idle"]]
