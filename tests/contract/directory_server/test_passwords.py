"""Passwords and the flags around them."""

import pytest

from tests.contract.directory_server.differences import Difference
from tests.contract.directory_server.servers import DISABLED, ENABLED, PASSWORD, Place, quoted


def test_a_password_that_was_set_opens(place: Place) -> None:
    user = place.enabled_user("Anna")
    assert place.client.replace(user, "unicodePwd", quoted("An0ther.Abend")).code == 0
    assert place.server.try_bind(user, "An0ther.Abend").code == 0


@pytest.mark.parametrize("weak", ["Kurz1.", "alleskleingeschrieben", "GROSSUNDklein"])
def test_a_weak_password_is_52d(place: Place, weak: str) -> None:
    user = place.enabled_user("Xaver")
    result = place.client.replace(user, "unicodePwd", quoted(weak))
    assert result.code == place.server.expect(Difference.WEAK_PASSWORD, windows=53, samba=19)
    assert "0000052D" in result.message
    assert place.server.try_bind(user, PASSWORD).code == 0


def test_a_password_that_holds_the_account_s_name(place: Place) -> None:
    user = place.enabled_user("Xaver", sAMAccountName="xaverius")
    result = place.client.replace(user, "unicodePwd", quoted("77.Xaverius.77"))
    refused = place.server.expect(Difference.NAME_IN_PASSWORD, windows=True, samba=False)
    assert ("0000052D" in result.message) is refused


def test_a_password_that_holds_a_part_of_the_person_s_name(place: Place) -> None:
    user = place.enabled_user("Xaver", displayName="Xaver Zgraggen-Kai")
    result = place.client.replace(user, "unicodePwd", quoted("Kai382ro!x"))
    assert result.code == place.server.expect(Difference.NAME_IN_PASSWORD, windows=53, samba=0)


def test_a_password_without_quotation_marks_is_refused(place: Place) -> None:
    result = place.client.replace(place.user("Anna"), "unicodePwd", PASSWORD.encode("utf-16-le"))
    assert result.code == 53


def test_enabling_an_account_without_a_password(place: Place) -> None:
    user = place.user("Anna")
    result = place.client.replace(user, "userAccountControl", ENABLED)
    assert result.code == place.server.expect(Difference.ENABLED_WITHOUT_PASSWORD, windows=53, samba=0)


def test_enabling_an_account_with_a_password(place: Place) -> None:
    user = place.user("Anna", unicodePwd=quoted(PASSWORD))
    assert place.client.value(user, "userAccountControl") == "546"
    assert place.client.replace(user, "userAccountControl", ENABLED).code == 0
    assert place.server.try_bind(user, PASSWORD).code == 0


def test_disabling_keeps_the_password(place: Place) -> None:
    user = place.enabled_user("Anna")
    assert place.client.replace(user, "userAccountControl", DISABLED).code == 0
    assert place.client.replace(user, "userAccountControl", ENABLED).code == 0
    assert place.server.try_bind(user, PASSWORD).code == 0


def test_setting_a_password_ends_must_change(place: Place) -> None:
    user = place.enabled_user("Anna", pwdLastSet="0")
    assert place.client.replace(user, "unicodePwd", quoted("An0ther.Abend")).code == 0
    assert place.client.value(user, "pwdLastSet") != "0"


def test_must_change_is_set_and_taken_back(place: Place) -> None:
    user = place.enabled_user("Anna")
    assert place.client.replace(user, "pwdLastSet", "0").code == 0
    assert "data 773" in place.server.try_bind(user, PASSWORD).message
    assert place.client.replace(user, "pwdLastSet", "-1").code == 0
    assert place.server.try_bind(user, PASSWORD).code == 0


def test_pwdlastset_takes_no_other_value(place: Place) -> None:
    assert place.client.replace(place.enabled_user("Anna"), "pwdLastSet", "132000000000000000").code == 80


def test_a_password_is_never_read_or_searched(place: Place) -> None:
    place.enabled_user("Anna")
    assert place.client.found(place.ou, "(unicodePwd=*)") == set()
