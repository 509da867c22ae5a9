"""Searches: scopes, filters, attributes, pages and ranges."""

import ldap3
import pytest
from ldap3.utils.conv import escape_bytes

from tests.contract.directory_server.differences import Difference
from tests.contract.directory_server.servers import Place, Server
from tests.support.ldap_client import DOMAIN_SCOPE


@pytest.fixture
def school(place: Place) -> Place:
    """Three users, a group, and a unit with a fourth user."""
    place.user("Anna", givenName="Anna", sn="Müller", title="Rektorin", employeeID="10", mail="anna@school.test")
    place.enabled_user("Berta", givenName="Berta", sn="Meyer", employeeID="20")
    place.user("Carla", givenName="Carla", sn="Moser")
    place.group("Gruppe", place.dn("Anna"))
    unit = place.unit("unit")
    place.client.add(f"CN=Dora,{unit}", "user", {"sAMAccountName": place.sam()})
    return place


def _cns(place: Place, wanted: str, scope: str = ldap3.SUBTREE) -> set[str]:
    return {dn.split(",")[0].removeprefix("CN=") for dn in place.client.found(place.ou, wanted, scope=scope)}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("(sn=müller)", {"Anna"}),
        ("(givenName=ANNA)", {"Anna"}),
        ("(sn=M*)", {"Anna", "Berta", "Carla"}),
        ("(sn=*e*r)", {"Anna", "Berta", "Carla"}),
        ("(sn=M*y*r)", {"Berta"}),
        ("(mail=*)", {"Anna"}),
        ("(&(objectClass=user)(!(mail=*)))", {"Berta", "Carla", "Dora"}),
        ("(&(objectClass=user)(!(title=Rektorin)))", {"Berta", "Carla", "Dora"}),
        ("(|(cn=Anna)(cn=Carla))", {"Anna", "Carla"}),
        ("(&(objectCategory=person)(objectClass=user)(sn=*))", {"Anna", "Berta", "Carla"}),
        ("(objectCategory=group)", {"Gruppe"}),
        ("(objectClass=group)", {"Gruppe"}),
        ("(employeeID>=20)", {"Berta"}),
        ("(employeeID<=10)", {"Anna"}),
        ("(userAccountControl:1.2.840.113556.1.4.803:=2)", {"Anna", "Carla", "Dora"}),
        ("(&(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))", {"Berta"}),
        ("(userAccountControl:1.2.840.113556.1.4.804:=34)", {"Anna", "Carla", "Dora"}),
        ("(userAccountControl=512)", {"Berta"}),
        ("(shoeSize=44)", set()),
        ("(!(shoeSize=44))", set()),
        ("(anotherUnknown=*)", set()),
    ],
)
def test_a_filter_finds(school: Place, wanted: str, found: set[str]) -> None:
    if wanted == "(!(shoeSize=44))":
        everything = {"Anna", "Berta", "Carla", "Dora", "Gruppe"}
        found = school.server.expect(Difference.NOT_UNDEFINED, windows=set(), samba=everything)
    assert {cn for cn in _cns(school, wanted) if not cn.startswith("OU=")} == found


def test_accents_in_a_filter(school: Place) -> None:
    expected = school.server.expect(Difference.ACCENTS, windows={"Anna"}, samba=set())
    assert _cns(school, "(sn=Muller)") == expected


def test_members_are_found_by_their_group(school: Place) -> None:
    assert _cns(school, f"(memberOf={school.dn('Gruppe')})") == {"Anna"}
    assert _cns(school, f"(member={school.dn('Anna')})") == {"Gruppe"}


def test_an_object_is_found_by_its_guid(school: Place) -> None:
    guid = school.client.read(school.dn("Anna"), "objectGUID").only["objectGUID"][0]
    assert _cns(school, f"(objectGUID={escape_bytes(guid)})") == {"Anna"}


def test_an_object_is_found_by_its_sid(school: Place) -> None:
    sid = school.client.read(school.dn("Anna"), "objectSid").only["objectSid"][0]
    assert _cns(school, f"(objectSid={escape_bytes(sid)})") == {"Anna"}


def test_scopes(school: Place) -> None:
    assert _cns(school, "(objectClass=user)", ldap3.LEVEL) == {"Anna", "Berta", "Carla"}
    assert _cns(school, "(objectClass=user)") == {"Anna", "Berta", "Carla", "Dora"}
    assert _cns(school, "(objectClass=user)", ldap3.BASE) == set()


def test_a_missing_base_is_refused(place: Place) -> None:
    answer = place.client.search(f"OU=missing,{place.ou}")
    assert (answer.code, answer.entries) == (32, {})


def test_a_base_is_named_by_guid(school: Place) -> None:
    guid = school.client.read(school.ou, "objectGUID").only["objectGUID"][0].hex()
    assert len(school.client.found(f"<GUID={guid}>", "(objectClass=user)")) == 4


def test_only_the_attributes_asked_for_are_returned(school: Place) -> None:
    found = school.client.read(school.dn("Anna"), "sn", "givenName", "carLicense").only
    assert set(found) == {"sn", "givenName"}


def test_no_attributes_are_returned_for_1_1(school: Place) -> None:
    assert school.client.read(school.dn("Anna"), "1.1").only == {}


def test_back_links_come_unasked_and_passwords_never(school: Place) -> None:
    assert "memberOf" in school.client.read(school.dn("Anna")).only
    found = school.client.read(school.dn("Berta"), "*", "unicodePwd").only
    assert "unicodePwd" not in found
    assert "nTSecurityDescriptor" not in school.client.read(school.dn("Berta")).only


def test_the_whole_domain_refers_to_the_configuration(server: Server, place: Place) -> None:
    answer = place.client.search(server.base_dn, "(cn=nobody)")
    assert [url for url in answer.references if f"CN=Configuration,{server.base_dn}" in url]
    assert place.client.search(server.base_dn, "(cn=nobody)", controls=[DOMAIN_SCOPE]).references == []


def test_a_unit_refers_to_nothing(place: Place) -> None:
    assert place.client.search(place.ou).references == []


def test_the_schema_tells_which_attributes_there_are(server: Server, place: Place) -> None:
    schema = f"CN=Schema,CN=Configuration,{server.base_dn}"
    wanted = "(&(objectClass=attributeSchema)(|(lDAPDisplayName=extensionAttribute1)(lDAPDisplayName=shoeSize)))"
    answer = place.client.search(schema, wanted, attributes=["lDAPDisplayName"])
    assert [found["lDAPDisplayName"] for found in answer.entries.values()] == [[b"extensionAttribute1"]]


def test_an_unknown_critical_control_is_refused(place: Place) -> None:
    answer = place.client.search(place.ou, controls=[("1.2.3.4.5.6", True, None)])
    assert answer.code == 12


def test_an_unknown_control_that_is_not_critical_is_ignored(place: Place) -> None:
    assert place.client.search(place.ou, controls=[("1.2.3.4.5.6", False, None)]).code == 0
