"""Where to connect, and what must protect it."""

import pytest

from connect_worker.errors import ConfigurationError
from connect_worker.model.secret import Secret
from connect_worker.settings import DirectorySettings
from connect_worker.targets.active_directory.connection import Address, address_of


def _settings(url: str, *, start_tls: bool = True, server_name: str | None = None) -> DirectorySettings:
    return DirectorySettings(
        url=url, bind_dn="CN=connect", password=Secret("x"), start_tls=start_tls, server_name=server_name
    )


def test_ldaps_is_encrypted_at_once_on_its_own_port() -> None:
    assert address_of(_settings("ldaps://dc1.school.test")) == Address(
        host="dc1.school.test", port=636, server_name="dc1.school.test", tls_at_once=True, start_tls=False
    )


def test_ldap_is_encrypted_by_starttls() -> None:
    address = address_of(_settings("ldap://dc1.school.test:3389"))
    assert (address.port, address.start_tls, address.tls_at_once) == (3389, True, False)


def test_behind_a_tunnel_the_certificate_must_name_the_server_and_not_the_tunnel() -> None:
    address = address_of(_settings("ldaps://127.0.0.1:10636", server_name="dc1.school.test"))
    assert (address.host, address.server_name) == ("127.0.0.1", "dc1.school.test")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.4.5.6", "localhost", "[::1]"])
def test_plain_ldap_is_let_through_to_this_machine(host: str) -> None:
    address = address_of(_settings(f"ldap://{host}:3890", start_tls=False))
    assert not address.start_tls


@pytest.mark.parametrize("host", ["dc1.school.test", "10.0.0.1", "localhost.school.test", "[fe80::1]"])
def test_plain_ldap_to_another_machine_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="is not encrypted") as caught:
        address_of(_settings(f"ldap://{host}", start_tls=False))
    assert caught.value.reason == "DirectoryNotEncrypted"


@pytest.mark.parametrize("url", ["", "dc1.school.test", "https://dc1.school.test", "ldaps://", "ldaps://dc1:port"])
def test_what_is_no_url_of_a_directory_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="should look like ldaps://"):
        address_of(_settings(url))
