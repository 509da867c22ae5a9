"""`doctor` at the directory: who signs in by what, what he may do, and whether the domain takes our passwords."""

from typing import Any

import pytest

from connect_worker.model.secret import Secret
from connect_worker.store.crypto import Keyring, config_owner
from tests.support.samba import SambaServer
from tests.support.site import Site, assert_clear, assert_discreet
from tests.support.worker import ENCRYPTION_KEY, Ended

BOTH = pytest.mark.parametrize("server", ["simulator", "samba"], indirect=True)
SAMBA = pytest.mark.parametrize("server", ["samba"], indirect=True)


def checks(site: Site) -> tuple[Ended, dict[str, dict[str, Any]]]:
    """Each link's check."""
    ended = site.worker.json("doctor")
    return ended, {check["link"]: check for check in ended.document["checks"]}


def leave_out(site: Site, *keys: str) -> None:
    """Take keys out of the directory's Secret."""
    for key in keys:
        (site.worker.secrets / "directory" / key).unlink()


def store(site: Site, *, host: str | None, username: str | None, password: str | None) -> None:
    """Enter a login in the configurator, as Connect seals it."""
    keyring = Keyring((Secret(ENCRYPTION_KEY),))
    sealed = None if password is None else keyring.seal(Secret(password), owner=config_owner("ad_password"))
    values = {"ad_hostname": host, "ad_username": username, "ad_password": sealed}
    assignments = ", ".join(f"{name} = " + ("NULL" if v is None else f"'{v}'") for name, v in values.items())
    site.customer.run(f"UPDATE connect.connect_config SET {assignments}")  # noqa: S608 - a test's own values


def test_what_the_secret_leaves_out_is_taken_from_the_configurator(site: Site) -> None:
    """The run signs in with it, and doctor tells which is in force, never what it is."""
    site.enrol(2)
    known = site.worker.directory
    leave_out(site, "bindDn", "password")
    store(site, host="dc9.school.test", username=known.bind_dn, password=known.password)
    ended, found = checks(site)
    assert (ended.exit_code, all(check["ok"] for check in found.values())) == (0, True), ended.stdout
    assert found["directory login"]["found"] == (
        "url from the Secret, bindDn from connect.connect_config.ad_username, "
        "password from connect.connect_config.ad_password"
    )
    assert_discreet(site, ended)
    ran = site.run()
    assert (ran.exit_code, ran.report["reason"]) == (0, "Synced"), ran.stdout
    assert_discreet(site, ran)


def test_the_secret_wins_over_what_the_configurator_has(site: Site) -> None:
    site.enrol(1)
    store(site, host="dc9.school.test", username="CN=nobody", password="wr0ng.Password")
    assert site.run().report["reason"] == "Synced"


def test_what_is_nowhere_is_told_when_the_directory_is_needed(site: Site) -> None:
    site.enrol(1)
    usn = site.domain.usn
    leave_out(site, "bindDn", "password")
    ended = site.run()
    says = ("directory/bindDn is missing", "connect.connect_config.ad_password is empty")
    assert_clear(site, ended, exit_code=2, reason="DirectoryLoginMissing", says=says)
    assert site.domain.usn == usn
    doctor, found = checks(site)
    assert (doctor.exit_code, found["directory login"]["ok"]) == (2, False)
    assert found["master data"]["ok"], "the other links are looked at all the same"


def test_a_stored_password_that_no_key_opens_is_told(site: Site) -> None:
    site.enrol(1)
    leave_out(site, "password")
    store(site, host=None, username=None, password="0ther.Password")
    site.worker.write("customer", encryptionKey="QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")
    ended = site.run()
    assert (ended.exit_code, ended.report["reason"]) == (2, "EncryptionKeyInvalid")


@BOTH
def test_a_domain_that_would_refuse_our_passwords_is_told_level_by_level(site: Site) -> None:
    """Before the first pupil is refused."""
    site.enrol(1)
    _, found = checks(site)
    assert found["password policies"]["found"].startswith("7 signs at least, of three kinds of signs")
    site.domain.demand_password_length(9)
    ended, found = checks(site)
    refused = found["password policies"]
    assert (ended.exit_code, refused["ok"]) == (2, False)
    assert "level Primar: simple passwords have 8 signs, and the domain wants 9 at least" in refused["found"]
    assert "password_digits" in refused["todo"]


@SAMBA
def test_a_fine_grained_policy_for_our_groups_counts_too(site: Site) -> None:
    assert isinstance(site.server, SambaServer)
    site.enrol(1)
    assert site.run().report["reason"] == "Synced"
    site.domain.create_fine_grained_policy("Pupils", length=14, holds_for="ALLE_STUD")
    _, found = checks(site)
    assert "the fine-grained policy Pupils wants 14 at least" in found["password policies"]["found"]


@SAMBA
def test_rights_that_are_missing_on_people_who_are_there_are_told(site: Site) -> None:
    """May not change his password needs more than other changes do."""
    assert isinstance(site.server, SambaServer)
    site.enrol(1)
    site.customer.configure({"levels": [{"level": "Primar", "password": {"may_not_change": True}}]})
    assert site.run().report["reason"] == "Synced"
    reader = site.server.make_service_account("reader", writes=[])
    site.worker.write("directory", bindDn=reader.dn, password=reader.password)
    ended, found = checks(site)
    pupils = next(check for link, check in found.items() if "OU=Pupils" in link)
    assert (ended.exit_code, pupils["ok"]) == (2, False)
    says = ("may not create users and groups", "may not write", "displayName", "may not change the rights on users")
    assert [part for part in says if part not in pupils["found"]] == []


@BOTH
def test_extension_attributes_that_are_used_must_be_in_the_schema(site: Site) -> None:
    site.enrol(1)
    assert "directory schema" not in checks(site)[1]
    site.customer.configure({"students": {"extension_templates": {3: "[Login]", 7: "[ID]"}}})
    assert checks(site)[1]["directory schema"]["found"] == "has the 2 extension attributes that are used"


@BOTH
def test_the_global_catalog_is_tried(site: Site) -> None:
    site.enrol(1)
    site.worker.write("directory", globalCatalogUrl=site.server.catalog_url)
    _, found = checks(site)
    assert found["global catalog"]["found"].endswith("0 names in the forest's other domains")
    assert site.run().report["reason"] == "Synced"
