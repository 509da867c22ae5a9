"""Signing in: who may, under which names, and what a refusal tells."""

import pytest

from tests.contract.directory_server.differences import Difference
from tests.contract.directory_server.servers import DISABLED, PASSWORD, Place, Server, quoted


def test_an_account_signs_in_by_its_dn(place: Place) -> None:
    assert place.server.try_bind(place.enabled_user("Anna"), PASSWORD).code == 0


def test_an_account_signs_in_by_its_principal_name_whatever_the_case(place: Place) -> None:
    name = f"{place.sam()}@example.org"
    place.enabled_user("Anna", userPrincipalName=name)
    assert place.server.try_bind(name.upper(), PASSWORD).code == 0


def test_an_account_signs_in_by_its_account_name_at_the_domain(place: Place) -> None:
    name = place.sam()
    place.enabled_user("Anna", sAMAccountName=name)
    assert place.server.try_bind(f"{name}@{place.server.realm}", PASSWORD).code == 0


def test_an_account_signs_in_by_domain_and_account_name(place: Place) -> None:
    name = place.sam()
    place.enabled_user("Anna", sAMAccountName=name)
    assert place.server.try_bind(f"SCHOOL\\{name}", PASSWORD).code == 0


def test_a_wrong_password_is_52e(place: Place) -> None:
    refused = place.server.try_bind(place.enabled_user("Anna"), "Wr0ng.Morgenrot")
    assert refused.code == 49
    assert "data 52e" in refused.message


def test_an_unknown_account_is_refused(server: Server) -> None:
    refused = server.try_bind(f"CN=nobody,{server.base_dn}", PASSWORD)
    assert refused.code == 49
    assert server.expect(Difference.UNKNOWN_ACCOUNT, windows="data 525", samba="data 52e") in refused.message


def test_a_disabled_account_is_533(place: Place) -> None:
    user = place.user("Anna", userAccountControl=DISABLED, unicodePwd=quoted(PASSWORD))
    refused = place.server.try_bind(user, PASSWORD)
    assert refused.code == 49
    assert "data 533" in refused.message


def test_an_account_that_must_change_its_password_is_773(place: Place) -> None:
    refused = place.server.try_bind(place.enabled_user("Anna", pwdLastSet="0"), PASSWORD)
    assert refused.code == 49
    assert "data 773" in refused.message


def test_an_expired_account_is_701(place: Place) -> None:
    user = place.enabled_user("Anna")
    assert place.client.replace(user, "accountExpires", "132000000000000000").code == 0
    refused = place.server.try_bind(user, PASSWORD)
    assert refused.code == 49
    assert "data 701" in refused.message


def test_a_wrong_password_hides_that_the_account_is_disabled(place: Place) -> None:
    user = place.user("Anna", userAccountControl=DISABLED, unicodePwd=quoted(PASSWORD))
    assert "data 52e" in place.server.try_bind(user, "Wr0ng.Morgenrot").message


def test_a_failed_bind_signs_out(place: Place) -> None:
    with place.server.connect() as client:
        assert client.bind(place.server.admin_dn, place.server.admin_password).code == 0
        assert client.bind(place.server.admin_dn, "Wr0ng.Morgenrot").code == 49
        code = client.read(place.server.base_dn, "1.1").code
        assert code == place.server.expect(Difference.FAILED_BIND, windows=1, samba=0)


def test_nobody_who_has_not_signed_in_reads_anything(server: Server) -> None:
    with server.connect() as client:
        answer = client.search(server.base_dn)
    assert (answer.code, answer.entries) == (1, {})


def test_anybody_reads_the_root_dse(server: Server) -> None:
    with server.connect() as client:
        root = client.read("", "defaultNamingContext").only
    assert root["defaultNamingContext"] == [server.base_dn.encode()]


@pytest.mark.parametrize("attribute", ["configurationNamingContext", "schemaNamingContext", "dnsHostName"])
def test_the_root_dse_names(server: Server, attribute: str) -> None:
    with server.connect() as client:
        root = client.read("", attribute).only
    expected = {
        "configurationNamingContext": f"CN=Configuration,{server.base_dn}",
        "schemaNamingContext": f"CN=Schema,CN=Configuration,{server.base_dn}",
        "dnsHostName": server.server_name,
    }
    assert root[attribute][0].decode().lower() == expected[attribute].lower()


def test_an_ordinary_account_may_not_write(place: Place) -> None:
    user, other = place.enabled_user("Anna"), place.user("Berta")
    with place.server.connect() as client:
        assert client.bind(user, PASSWORD).code == 0
        assert client.replace(other, "description", "x").code == 50


def test_a_delegated_account_writes_in_its_unit_only(place: Place) -> None:
    account, unit = place.enabled_user("service"), place.unit("delegated")
    place.server.delegate(account, unit)
    with place.server.connect() as client:
        assert client.bind(account, PASSWORD).code == 0
        assert client.add(f"CN=Inside,{unit}", "user", {"sAMAccountName": place.sam()}).code == 0
        assert client.add(place.dn("Outside"), "user", {"sAMAccountName": place.sam()}).code == 50
