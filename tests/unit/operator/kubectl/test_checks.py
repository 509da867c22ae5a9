"""What the doctor finds, and what it says to do."""

from dataclasses import replace
from typing import Any

from connect_operator.kubectl.checks import (
    KINDS,
    Check,
    Mark,
    check_customer,
    check_kinds,
    check_part,
    check_rights,
    lines,
)
from connect_operator.kubectl.customer import Customer
from connect_operator.kubectl.rights import NEEDED, PATCH_JOB
from connect_operator.kubectl.table import Style
from connect_protocol.json_object import JsonObject
from tests.support.connect_jobs import MUSTERWIL, settled

VERSION = "0.1.0"


def marks(checks: list[Check]) -> list[Mark]:
    return [check.mark for check in checks]


def deployment(*, ready: int | None, version: str = VERSION) -> JsonObject:
    status: dict[str, Any] = {} if ready is None else {"readyReplicas": ready}
    meta = {"name": "connect-operator", "labels": {"app.kubernetes.io/version": version}}
    return JsonObject({"metadata": meta, "spec": {"replicas": 1}, "status": status}, "deployment")


def test_all_kinds_must_be_served() -> None:
    assert marks(list(check_kinds(KINDS))) == [Mark.WELL]
    (lacking,) = check_kinds(["connectjobs", "connectjobs/status"])
    assert lacking.found == "schoolconnect.io/v1alpha1 has no connectruns, connectruns/status"
    assert "upgrade the chart" in lacking.todo


def test_a_part_that_is_up_and_of_this_version_is_well() -> None:
    assert marks(list(check_part("operator", [deployment(ready=1)], VERSION))) == [Mark.WELL]


def test_a_part_that_is_down_needs_somebody() -> None:
    (down,) = check_part("operator", [deployment(ready=None)], VERSION)
    assert (down.mark, down.found) == (Mark.UNWELL, "connect-operator has 0 of 1 pods ready")


def test_another_version_is_noted() -> None:
    (_, other) = check_part("operator", [deployment(ready=1, version="0.2.0")], VERSION)
    assert (other.mark, other.found) == (Mark.NOTED, "connect-operator is version 0.2.0, this command 0.1.0")


def test_a_part_that_is_not_here_may_be_elsewhere() -> None:
    assert marks(list(check_part("relay", [], VERSION))) == [Mark.NOTED]


def test_a_customer_whose_conditions_are_well_is_well() -> None:
    status = settled().status
    assert marks(list(check_customer(Customer(job=MUSTERWIL, status=status)))) == [Mark.WELL]


def test_a_customer_that_the_operator_has_not_looked_at_needs_somebody() -> None:
    (unseen,) = check_customer(Customer(job=replace(MUSTERWIL, generation=7), status=settled().status))
    assert unseen.mark is Mark.UNWELL
    assert "has not looked" in unseen.found


def test_rights_that_are_lacking_are_named_for_each_command() -> None:
    allowed = {right: right != PATCH_JOB for rights in NEEDED.values() for right in rights}
    given, lock, unlock = check_rights(allowed, "connect")
    assert given.mark is Mark.WELL
    assert given.found == "yours in namespace connect: status, logs, run, plan, approve, new --apply, doctor"
    assert lock.found == "you may not patch connectjobs.schoolconnect.io in namespace connect"
    assert (lock.todo, unlock.about) == ("", "rights: unlock")
    assert "ask for a role" in unlock.todo


def test_what_is_to_be_done_stands_below() -> None:
    check = Check(about="relay", mark=Mark.UNWELL, found="down", todo="start it")
    assert list(lines([check], Style(coloured=False))) == ["✗ relay: down", "  → start it"]
