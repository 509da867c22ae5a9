"""Nights of one customer, from the ConnectJob to Active Directory and back into kubectl's table."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cluster_customer import ClusterCustomer, Document
from tests.support.distant_domain import DistantDomain
from tests.support.domain import SignIn
from tests.support.kubectl_connect import RBAC, Person, bound_person
from tests.support.scenario import Office, School
from tests.support.shown import Page

pytestmark = pytest.mark.timeout(600)
PUPILS = 24
ON_CALL = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "connect-connect-on-call"}
THE_SAME_PLACE = "CN=Anna.Muster1"


@pytest.fixture(scope="module")
def customer(new_customer: Callable[..., ClusterCustomer], page: Page) -> Iterator[ClusterCustomer]:
    """The customer musterwil, with a bridge, as it was set up on the first day."""
    made = new_customer("musterwil", PUPILS)
    made.apply_secrets()
    made.apply()
    with made.bridge():
        made.wait_for_condition("Ready", "True", "Reconciled")
        page.shows("before the first run", made.table())
        yield made


@pytest.fixture
def on_call(customer: ClusterCustomer, tmp_path: Path) -> Person:
    """Somebody with the chart's role for on-call, and with no other access to the customer."""
    release = customer.release
    return bound_person(release.cluster, release.namespace, "k.muster", ON_CALL, tmp_path)


@pytest.fixture(scope="module")
def first_night(customer: ClusterCustomer, page: Page) -> Document:
    """What the ConnectJob tells of the first run."""
    ended = customer.run()
    page.shows("after the first run", customer.table())
    page.shows("after the first run, wide", customer.table("--output=wide"))
    return ended


def test_the_first_night_fills_the_directory(
    customer: ClusterCustomer, first_night: Document, domain: DistantDomain
) -> None:
    """Everybody has an account in which the initial password is accepted, and is in the groups."""
    assert (first_night["result"], first_night["reason"]) == ("Done", "Synced"), first_night
    everybody = {f"S.{number:05d}" for number in range(1, PUPILS + 1)}
    objects = domain.objects()
    dns = sorted(objects[sam].dn for sam in everybody)
    assert objects["ALLE_STUD"].values("member") == dns
    assert objects["KL.1"].values("member") == sorted([*dns, objects["P.00001"].dn])
    passwords = customer.office.initial_passwords()
    answers = domain.sign_ins({objects[sam].dn: passwords[sam] for sam in everybody})
    assert set(answers.values()) == {SignIn.ACCEPTED}


def test_the_status_tells_what_the_first_night_did(customer: ClusterCustomer, first_night: Document) -> None:
    assert first_night["trigger"] == "Manual"
    assert first_night["mode"] == "Sync"
    assert first_night["changes"]["create_user"]["done"] == PUPILS + 1, first_night["changes"]
    row = customer.row()
    assert row["REALM"] == "musterwil"
    assert (row["RESULT"], row["REASON"], row["WARNINGS"]) == ("Done", "Synced", "0")
    minute = row["SCHEDULE"].split()[0].zfill(2)
    assert f" 03:{minute} " in row["NEXT RUN"]


def test_a_second_night_leaves_the_directory_unchanged(
    customer: ClusterCustomer, first_night: Document, domain: DistantDomain
) -> None:
    assert first_night["reason"] == "Synced"
    before = domain.usn
    second = customer.run()
    assert (second["result"], second["reason"]) == ("Done", "NothingToDo")
    assert domain.usn == before


def test_the_pod_has_no_token_and_no_privileges(customer: ClusterCustomer) -> None:
    """The namespace enforces the restricted Pod Security besides, so that it could not run otherwise."""
    pod = customer.pods(customer.run()["name"])[-1]
    container = pod["spec"]["containers"][0]
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert [mount for mount in container["volumeMounts"] if "serviceaccount" in mount["mountPath"]] == []
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_a_warning_blocks_until_it_is_solved(
    customer: ClusterCustomer, first_night: Document, domain: DistantDomain, page: Page
) -> None:
    """Two pupils would stand in one place: nothing at all is written until the office has parted them."""
    assert first_night["reason"] == "Synced"
    before = domain.usn
    customer.office.edit_school(School(students={PUPILS + 1: {"last_name": "Neu"}}))
    customer.office.edit_office(Office(users={"S.00002": {"user_config_dn_first_elem": THE_SAME_PLACE}}))
    blocked = customer.run()
    assert (blocked["result"], blocked["reason"]) == ("Blocked", "BlockedByWarnings"), blocked
    page.shows("blocked by warnings", customer.table())
    customer.wait_for_condition("Validated", "False", "WarningsPresent")
    assert domain.usn == before
    customer.office.edit_office(Office(users={"S.00002": {"user_config_regenerate_names": True}}))
    assert customer.run()["reason"] == "Synced"
    customer.wait_for_condition("Validated", "True", "NoWarnings")
    assert domain.find(f"S.{PUPILS + 1:05d}")


def test_the_safety_gate_holds_until_the_school_is_back(
    customer: ClusterCustomer, first_night: Document, domain: DistantDomain, page: Page
) -> None:
    """Half of the school has vanished from the master data: nobody is locked out for it."""
    assert first_night["reason"] == "Synced"
    before = domain.usn
    half = range(1, PUPILS // 2)
    customer.office.edit_school(School(students=dict.fromkeys(half)))
    blocked = customer.run()
    assert (blocked["result"], blocked["reason"]) == ("Blocked", "BlockedBySafetyGate"), blocked
    page.shows("blocked by the safety gate", customer.table())
    message = customer.wait_for_condition("LastRunSucceeded", "False", "BlockedBySafetyGate")
    assert "limit" in message
    assert domain.usn == before
    customer.office.edit_school(School(students={number: {} for number in half}))
    assert customer.run()["result"] == "Done"
    customer.wait_for_condition("LastRunSucceeded", "True", "NothingToDo")
    events = customer.release.kubectl("events", f"--for=connectjob/{customer.realm}")
    page.shows("events", "\n".join(line for line in events.splitlines() if "Bridge" not in line))


def test_the_offices_lock_holds_up_the_directory_and_is_told(
    customer: ClusterCustomer, first_night: Document, domain: DistantDomain
) -> None:
    """By the real worker: who has locked it stands in the status until a run finds the lock lifted."""
    assert first_night["reason"] == "Synced"
    before = domain.usn
    customer.office.edit_office(Office(locked="Sekretariat"))
    held = customer.run()
    assert (held["result"], held["reason"]) == ("Blocked", "Locked"), held
    assert customer.status()["officeLock"]["by"] == "Sekretariat"
    assert customer.row()["SUSPENDED"].startswith("by office, since ")
    assert domain.usn == before
    customer.office.edit_office(Office(locked=""))
    assert customer.run()["result"] == "Done"
    assert "officeLock" not in customer.status()


def test_on_call_approves_exactly_the_plan_that_was_printed(
    customer: ClusterCustomer, first_night: Document, domain: DistantDomain, on_call: Person
) -> None:
    """A stopped night, its plan by the log, an approval that is too late for it, and one that is not."""
    assert first_night["reason"] == "Synced"
    realm = customer.realm
    gone = range(1, PUPILS // 2)
    customer.office.edit_school(School(students=dict.fromkeys(gone)))
    assert "BlockedBySafetyGate" in on_call("run", realm, "--wait", code=3).output
    before = domain.usn
    printed = _printed_plan(customer, on_call)
    assert {change["object"] for change in printed["changes"]} == {f"S.{number:05d}" for number in gone}

    customer.office.edit_school(School(students={PUPILS: None}))
    refused = on_call("approve", realm, printed["checksum"], "--reason=the school closes", "--wait", code=3)
    assert "BlockedBySafetyGate" in refused.output, "one more would be locked out than was approved"
    assert domain.usn == before

    printed = _printed_plan(customer, on_call)
    approved = on_call("approve", realm, printed["checksum"], "--reason=the school closes", "--wait")
    assert approved.output.startswith("Done, Synced")
    locked_out = {sam for sam, each in domain.objects().items() if sam.startswith("S.") and not each.is_enabled}
    assert locked_out == {change["object"] for change in printed["changes"]}
    assert len(locked_out) == len(gone) + 1


def _printed_plan(customer: ClusterCustomer, on_call: Person) -> Document:
    """What the plugin has read in the log of the run that ended last, and nothing that it made itself."""
    customer.wait("the end of the run is told", lambda status: "activeRun" not in status)
    runs = customer.release.kubectl("get", "connectruns", "--output=name")
    said = on_call("plan", customer.realm, "--output=json", code=3)
    assert customer.release.kubectl("get", "connectruns", "--output=name") == runs
    printed: Document = said.document
    return printed
