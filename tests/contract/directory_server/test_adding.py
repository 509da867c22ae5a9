"""New objects: what is filled in, what must be unique, what is refused."""

from uuid import UUID

import pytest

from tests.contract.directory_server.differences import Difference
from tests.contract.directory_server.servers import ENABLED, Place, quoted
from tests.support.ldap_client import Given


def test_a_user_gets_identity_class_and_category(place: Place) -> None:
    found = place.client.read(place.user("Anna")).only
    assert found["objectClass"] == [b"top", b"person", b"organizationalPerson", b"user"]
    assert found["objectCategory"] == [f"CN=Person,CN=Schema,CN=Configuration,{place.server.base_dn}".encode()]
    assert UUID(bytes_le=found["objectGUID"][0])
    assert found["objectSid"][0][:2] == b"\x01\x05"
    assert (found["cn"], found["name"]) == ([b"Anna"], [b"Anna"])
    assert found["distinguishedName"] == [place.dn("Anna").encode()]


def test_a_user_without_flags_is_disabled_and_needs_no_password(place: Place) -> None:
    found = place.client.read(place.user("Anna")).only
    assert found["userAccountControl"] == [b"546"]
    assert found["pwdLastSet"] == [b"0"]
    assert found["primaryGroupID"] == [b"513"]
    assert found["sAMAccountType"] == [b"805306368"]
    assert found["accountExpires"] == [b"9223372036854775807"]


def test_a_user_with_everything_is_created_in_one_request(place: Place) -> None:
    user = place.enabled_user(
        "Anna",
        givenName="Anna",
        sn="Müller",
        displayName="Anna Müller ¦ 3a",
        mail="anna@school.test",
        proxyAddresses=["SMTP:anna@school.test", "smtp:a@school.test"],
        employeeID="S.12345",
        extensionAttribute3="Primar",
    )
    assert place.client.value(user, "displayName") == "Anna Müller ¦ 3a"
    assert place.client.values(user, "proxyAddresses") == {"SMTP:anna@school.test", "smtp:a@school.test"}
    assert place.client.value(user, "userAccountControl") == ENABLED
    assert place.client.value(user, "pwdLastSet") != "0"


def test_an_account_without_a_name_gets_one(place: Place) -> None:
    assert place.client.add(place.dn("Anna"), "user").code == 0
    assert (place.client.value(place.dn("Anna"), "sAMAccountName") or "").startswith("$")


def test_the_same_name_twice_is_refused_whatever_the_case(place: Place) -> None:
    place.user("Anna")
    assert place.client.add(place.dn("ANNA"), "user", {"sAMAccountName": place.sam()}).code == 68


def test_the_same_name_in_another_unit_is_fine(place: Place) -> None:
    place.user("Anna")
    other = f"CN=Anna,{place.unit('other')}"
    assert place.client.add(other, "user", {"sAMAccountName": place.sam()}).code == 0


def test_names_that_differ_in_accents_only(place: Place) -> None:
    place.user("Zoe")
    result = place.client.add(place.dn("Zoé"), "user", {"sAMAccountName": place.sam()})
    assert result.code == place.server.expect(Difference.ACCENTS, windows=68, samba=0)


def test_a_missing_parent_is_refused(place: Place) -> None:
    result = place.client.add(f"CN=Anna,OU=missing,{place.ou}", "user", {"sAMAccountName": place.sam()})
    assert result.code == 32


def test_what_is_no_dn_is_refused(place: Place) -> None:
    assert place.client.read(f"Anna,{place.ou}").code == 34


@pytest.mark.parametrize("kind", ["user", "group"])
def test_an_account_name_is_unique_over_users_and_groups(place: Place, kind: str) -> None:
    name = place.sam()
    place.user("Anna", sAMAccountName=name)
    result = place.client.add(place.dn("Berta"), kind, {"sAMAccountName": name.upper()})
    assert result.code == 68
    code = place.server.expect(Difference.ACCOUNT_NAME_TAKEN, windows="00000524", samba="00002071")
    assert code in result.message


def test_a_principal_name_is_unique_whatever_the_case(place: Place) -> None:
    name = f"{place.sam()}@school.test"
    place.user("Anna", userPrincipalName=name)
    given = {"sAMAccountName": place.sam(), "userPrincipalName": name.upper()}
    result = place.client.add(place.dn("Berta"), "user", given)
    assert result.code == 19
    code = place.server.expect(Difference.PRINCIPAL_NAME_TAKEN, windows="000021C8", samba="0000202F")
    assert code in result.message


def test_mail_and_proxy_addresses_are_not_unique(place: Place) -> None:
    for name in ("Anna", "Berta"):
        user = place.user(name, mail="a@school.test", proxyAddresses=["SMTP:a@school.test"])
        assert place.client.value(user, "mail") == "a@school.test"
        assert place.client.values(user, "proxyAddresses") == {"SMTP:a@school.test"}


def test_an_account_name_longer_than_20(place: Place) -> None:
    result = place.client.add(place.dn("Anna"), "user", {"sAMAccountName": "a" * 8 + place.sam() + "b" * 6})
    assert result.code == place.server.expect(Difference.LONG_ACCOUNT_NAME, windows=80, samba=0)


def test_a_group_s_account_name_may_be_longer_than_20(place: Place) -> None:
    assert place.client.add(place.dn("Gruppe"), "group", {"sAMAccountName": place.sam() + "g" * 30}).code == 0


def test_a_forbidden_character_in_an_account_name(place: Place) -> None:
    result = place.client.add(place.dn("Anna"), "user", {"sAMAccountName": f"{place.sam()}+x"})
    assert result.code == place.server.expect(Difference.FORBIDDEN_CHARACTER, windows=80, samba=19)


def test_a_common_name_longer_than_64(place: Place) -> None:
    result = place.client.add(place.dn("A" * 65), "user", {"sAMAccountName": place.sam()})
    assert result.code == place.server.expect(Difference.LONG_COMMON_NAME, windows=19, samba=0)


@pytest.mark.parametrize(
    ("attribute", "longest"),
    [
        ("employeeID", 16),
        ("initials", 6),
        ("givenName", 64),
        ("c", 3),
        ("department", 64),
        ("extensionAttribute1", 1024),
        ("extensionAttribute11", 2048),
    ],
)
def test_a_value_longer_than_its_attribute_allows(place: Place, attribute: str, longest: int) -> None:
    user = place.user("Anna", **{attribute: "x" * longest})
    result = place.client.replace(user, attribute, "x" * (longest + 1))
    assert result.code == place.server.expect(Difference.LONG_VALUE, windows=19, samba=21)
    assert place.client.value(user, attribute) == "x" * longest


def test_an_empty_value_is_refused(place: Place) -> None:
    assert place.client.add(place.dn("Anna"), "user", {"sAMAccountName": place.sam(), "title": ""}).code == 21


def test_an_unknown_attribute_is_refused(place: Place) -> None:
    result = place.client.add(place.dn("Anna"), "user", {"sAMAccountName": place.sam(), "shoeSize": "44"})
    assert result.code == 16


def test_an_attribute_of_another_class_is_refused(place: Place) -> None:
    result = place.client.add(place.dn("Gruppe"), "group", {"sAMAccountName": place.sam(), "givenName": "Anna"})
    assert result.code == 65


def test_two_values_of_a_single_valued_attribute(place: Place) -> None:
    result = place.client.add(place.dn("Anna"), "user", {"sAMAccountName": place.sam(), "title": ["a", "b"]})
    assert result.code == 19


def test_the_same_value_twice_is_refused(place: Place) -> None:
    given: dict[str, Given] = {"sAMAccountName": place.sam(), "proxyAddresses": ["smtp:a@b", "smtp:a@b"]}
    assert place.client.add(place.dn("Anna"), "user", given).code == 20


def test_the_same_value_in_another_case(place: Place) -> None:
    given: dict[str, Given] = {"sAMAccountName": place.sam(), "proxyAddresses": ["smtp:a@b", "SMTP:A@b"]}
    result = place.client.add(place.dn("Anna"), "user", given)
    assert result.code == place.server.expect(Difference.CASE_OF_VALUES, windows=20, samba=0)


def test_a_class_s_naming_attribute_is_the_only_one(place: Place) -> None:
    result = place.client.add(f"OU=Anna,{place.ou}", "user", {"sAMAccountName": place.sam()})
    assert result.code == 64


def test_special_characters_in_names_survive(place: Place) -> None:
    user = place.user('M\\C3\\BCller\\, \\"Anna\\" \\+ \\#1')
    assert place.client.value(user, "cn") == 'Müller, "Anna" + #1'


def test_enabling_a_new_account_without_a_password(place: Place) -> None:
    result = place.client.add(place.dn("Anna"), "user", {"sAMAccountName": place.sam(), "userAccountControl": ENABLED})
    assert result.code == place.server.expect(Difference.ENABLED_WITHOUT_PASSWORD, windows=53, samba=0)


def test_must_change_is_set_together_with_the_password(place: Place) -> None:
    assert place.client.value(place.enabled_user("Anna", pwdLastSet="0"), "pwdLastSet") == "0"


def test_a_group_is_global_and_secure_by_default(place: Place) -> None:
    found = place.client.read(place.group("Gruppe")).only
    assert found["groupType"] == [b"-2147483646"]
    assert found["sAMAccountType"] == [b"268435456"]


@pytest.mark.parametrize(
    ("group_type", "account_type"),
    [
        ("-2147483646", b"268435456"),
        ("-2147483644", b"536870912"),
        ("-2147483640", b"268435456"),
        ("2", b"268435457"),
        ("4", b"536870913"),
        ("8", b"268435457"),
    ],
)
def test_a_group_s_account_type_follows_its_type(place: Place, group_type: str, account_type: bytes) -> None:
    found = place.client.read(place.group("Gruppe", groupType=group_type)).only
    assert (found["groupType"], found["sAMAccountType"]) == ([group_type.encode()], [account_type])


def test_a_password_too_weak_refuses_the_whole_new_object(place: Place) -> None:
    given: dict[str, Given] = {"sAMAccountName": place.sam(), "unicodePwd": quoted("kurz")}
    result = place.client.add(place.dn("Anna"), "user", given)
    assert "0000052D" in result.message
    assert place.client.read(place.dn("Anna")).code == 32
