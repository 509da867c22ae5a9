"""What the directory refuses is told in its own words; the rest is done, and the next run makes up for it."""

import pytest

from tests.support.builders import BASE
from tests.support.samba import SambaServer
from tests.support.scenario import School
from tests.support.simulator import SimulatorServer
from tests.support.site import Site, assert_clear, assert_recorded

PUPILS = 5
BOTH = pytest.mark.parametrize("server", ["simulator", "samba"], indirect=True)


def grant(site: Site, account: str, unit: str) -> None:
    """The domain's administrator lets an account do everything in an organizational unit; both as DNs."""
    server = site.server
    assert isinstance(server, SambaServer | SimulatorServer)
    (server.delegate if isinstance(server, SambaServer) else server.simulator.rights.delegate)(account, unit)


@BOTH
def test_passwords_that_the_domain_refuses(site: Site) -> None:
    """The pupils' initial passwords are too short for the domain: the staff and the groups are made all the same."""
    site.enrol(PUPILS)
    site.customer.configure({"staff": {"password": {"length": 14}}})
    site.domain.demand_password_length(12)
    ended = site.run()
    says = ("changes were not made", "create user S.0000", "password policy refuses", "0000052D")
    assert_clear(site, ended, exit_code=6, reason="ChangesFailed", says=says)
    assert_recorded(site, ended)
    assert site.created() == site.linked() == {"P.00001"}
    assert ended.report["changes"]["create_user"] == {"done": 1, "failed": PUPILS}
    refused = site.customer.rows("SELECT object, message FROM connect.connect_change WHERE result = 'failed'")
    assert sorted(row["object"] for row in refused) == [f"S.{n:05d}" for n in range(1, PUPILS + 1)]
    assert all("0000052D" in row["message"] for row in refused), refused
    objects = site.domain.objects()
    assert objects["KL.1"].values("member") == [objects["P.00001"].dn]
    site.domain.demand_password_length(7)
    assert site.run().report["reason"] == "Synced"
    site.assert_complete(PUPILS)


@pytest.mark.parametrize(("allowed", "groups"), [(PUPILS, "done"), (PUPILS - 1, "not_started")])
def test_more_refusals_than_are_allowed_end_the_run(site: Site, allowed: int, groups: str) -> None:
    """What comes after them is not even tried; the count is the configured one."""
    site.enrol(PUPILS)
    site.customer.configure({"staff": {"password": {"length": 14}}})
    site.domain.demand_password_length(12)
    ended = site.run(CONNECT_SAFETY_MAX_FAILURES=str(allowed))
    assert (ended.exit_code, ended.report["reason"]) == (6, "ChangesFailed"), ended.stdout
    assert ended.report["changes"]["create_user"] == {"done": 1, "failed": PUPILS}
    assert ended.report["changes"]["create_group"] == {groups: 3}


@pytest.mark.parametrize("server", ["samba"], indirect=True)
def test_an_account_without_the_right_to_write(site: Site) -> None:
    """Every refusal names what is missing; after too many of them the run does not go on trying."""
    assert isinstance(site.server, SambaServer)
    site.enrol(40)
    for unit in ("Pupils", "Staff", "Groups"):
        site.server.make_ou(unit)
    reader = site.server.make_service_account("reader", writes=[])
    site.worker.write("directory", bindDn=reader.dn, password=reader.password)
    usn = site.domain.usn
    ended = site.run()
    assert_clear(site, ended, exit_code=6, reason="ChangesFailed", says=("lacks the right",))
    assert_recorded(site, ended)
    assert ended.report["changes"]["create_group"] == {"not_started": 3}, "too many have failed before"
    assert site.created() == site.linked() == set()
    assert site.domain.usn - usn <= 1, "at most the reader's own sign-in is noted"


@BOTH
def test_rights_that_are_missing_in_one_unit_hold_up_only_what_stands_there(site: Site) -> None:
    """Staff and groups are made; the pupils follow in the night after somebody has granted the rest."""
    site.enrol(PUPILS)
    for unit in ("Pupils", "Staff", "Groups"):
        site.domain.make_place(f"OU={unit}")
    account = site.domain.create_service_account("connect")
    site.worker.write("directory", bindDn=account.bind_dn, password=account.password)
    for unit in ("Staff", "Groups"):
        grant(site, account.bind_dn, f"OU={unit},{BASE}")
    ended = site.run()
    says = ("changes were not made", "create user S.0000", "lacks the right")
    assert_clear(site, ended, exit_code=6, reason="ChangesFailed", says=says)
    assert_recorded(site, ended)
    assert site.created() == site.linked() == {"P.00001"}
    assert ended.report["changes"]["create_user"] == {"done": 1, "failed": PUPILS}
    assert ended.report["changes"]["create_group"] == {"done": 3}
    grant(site, account.bind_dn, f"OU=Pupils,{BASE}")
    assert site.run().report["reason"] == "Synced"
    site.assert_complete(PUPILS)


@BOTH
def test_one_name_that_is_taken_holds_up_nobody_else(site: Site) -> None:
    """A finding of Connect's own blocks its object only (ruling 32): a foreign group has the class's sAM name."""
    site.enrol(PUPILS)
    site.domain.create_user("Foreign", place="OU=Elsewhere", attributes={"sAMAccountName": "KL.1"})
    ended = site.run()
    assert (ended.exit_code, ended.report["reason"]) == (0, "Synced"), ended.stdout
    assert [(row["object"], row["code"]) for row in ended.document["findings"]] == [
        ("students_and_teacher_per_class:0:1", 103)
    ]
    assert len(site.created()) == PUPILS + 1
    site.domain.delete("KL.1")
    site.customer.edit_school(School())
    assert site.run().report["reason"] == "Synced"
    site.assert_complete(PUPILS)
