"""Who signs in to the directory: the Secret field by field, then the configurator's tables (ruling 41)."""

from pathlib import Path

import pytest

from connect_worker.errors import ConfigurationError
from connect_worker.model.secret import Secret
from connect_worker.settings import DirectorySecret, DirectorySettings, Keytab
from connect_worker.stages.credentials import StoredLogin, directory_settings, sources

WHOLE = DirectorySecret(url="ldaps://dc1.school.test", bind_dn="CN=connect", password=Secret("of the Secret"), ca="CA")
STORED = StoredLogin(host="dc2.school.test", username="SCHOOL\\scolaris", password=Secret("of the tables"))


def test_a_whole_secret_wins_over_everything_stored() -> None:
    assert directory_settings(WHOLE, STORED) == DirectorySettings(
        url="ldaps://dc1.school.test", bind_dn="CN=connect", password=Secret("of the Secret"), ca="CA"
    )
    assert sources(WHOLE) == "url from the Secret, bindDn from the Secret, password from the Secret"


def test_each_field_that_the_secret_leaves_out_is_the_tables() -> None:
    known = DirectorySecret(bind_dn="CN=connect", server_name="dc", tunnel_port=4711)
    assert directory_settings(known, STORED) == DirectorySettings(
        url="ldaps://dc2.school.test",
        bind_dn="CN=connect",
        password=Secret("of the tables"),
        server_name="dc",
        tunnel_port=4711,
    )
    told = "bindDn from the Secret, url from connect.connect_config.ad_hostname"
    assert sources(known) == f"{told}, password from connect.connect_config.ad_password"


def test_a_keytab_needs_neither_account_nor_password() -> None:
    keytab = Keytab(principal="connect@SCHOOL.TEST", path=Path("keytab"))
    known = DirectorySecret(url="ldaps://dc1.school.test", keytab=keytab)
    settings = directory_settings(known, STORED)
    assert (settings.bind_dn, settings.password, settings.keytab) == ("connect@SCHOOL.TEST", Secret(""), keytab)
    assert sources(known) == "url from the Secret, keytab from the Secret"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("dc2.school.test", "ldaps://dc2.school.test"),
        ("dc2.school.test:1636", "ldaps://dc2.school.test:1636"),
        ("ldap://dc2.school.test", "ldap://dc2.school.test"),
        ("ldaps://dc2.school.test/", "ldaps://dc2.school.test"),
    ],
)
def test_a_stored_host_is_entered_by_ldaps_unless_it_says_otherwise(host: str, url: str) -> None:
    known = DirectorySecret(bind_dn="x", password=Secret("y"))
    assert directory_settings(known, StoredLogin(host=host)).url == url


@pytest.mark.parametrize("stored", [StoredLogin(host="http://dc2"), StoredLogin(host="dc 2/x")])
def test_a_stored_host_that_is_none_is_told(stored: StoredLogin) -> None:
    with pytest.raises(ConfigurationError, match=r"connect\.connect_config\.ad_hostname"):
        directory_settings(DirectorySecret(bind_dn="x", password=Secret("y")), stored)


def test_what_is_in_neither_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        directory_settings(DirectorySecret(bind_dn="CN=connect"), StoredLogin(username="x"))
    assert caught.value.faults == (
        "directory/url is missing, and connect.connect_config.ad_hostname is empty",
        "directory/password is missing, and connect.connect_config.ad_password is empty",
    )
    assert caught.value.reason == "DirectoryLoginMissing"


def test_no_password_is_told_in_any_fault() -> None:
    with pytest.raises(ConfigurationError) as caught:
        directory_settings(DirectorySecret(), StoredLogin(password=Secret("of the tables")))
    assert "of the tables" not in str(caught.value)
