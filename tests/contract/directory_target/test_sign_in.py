"""Signing in: encrypted, verified, and every refusal says what to do."""

from dataclasses import replace
from socket import socket
from typing import TypeVar

import pytest

from connect_worker.errors import ConfigurationError, ConnectError, ConnectionFailedError, LoginRefusedError
from connect_worker.model.secret import Secret
from connect_worker.settings import DirectorySettings
from connect_worker.targets.active_directory import ActiveDirectory
from tests.support.certificates import create_authority
from tests.support.directory_changes import PASSWORD, create_user, disable, set_password
from tests.support.directory_servers import DirectoryServer, Workplace

E = TypeVar("E", bound=ConnectError)


async def _refusal(settings: DirectorySettings, kind: type[E]) -> E:
    with pytest.raises(kind) as caught:
        async with ActiveDirectory(settings):
            pass
    assert settings.password.reveal() not in str(caught.value)
    assert caught.value.todo
    return caught.value


def _port_of(settings: DirectorySettings) -> int:
    return int(settings.url.rsplit(":", 1)[1])


async def test_starttls_signs_in_like_ldaps(server: DirectoryServer) -> None:
    async with ActiveDirectory(server.with_start_tls) as target:
        assert target.domain_dn == server.base_dn


async def test_a_wrong_password_is_refused_as_such(server: DirectoryServer) -> None:
    error = await _refusal(replace(server.settings, password=Secret("wrong Passw0rd")), LoginRefusedError)
    assert error.reason == "DirectoryLoginFailed"
    assert server.settings.bind_dn in error.what
    assert "the password is wrong" in error.what


async def test_an_account_that_does_not_exist_is_refused(server: DirectoryServer) -> None:
    nobody = f"CN=nobody,CN=Users,{server.base_dn}"
    error = await _refusal(server.settings_of(nobody, "Passw0rd.1"), LoginRefusedError)
    assert error.reason == "DirectoryLoginFailed"
    assert nobody in error.what


async def test_a_disabled_account_is_said_to_be_disabled(place: Workplace) -> None:
    user = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(user)
    await place.must(disable(user.key, guid, user.dn))
    error = await _refusal(place.server.settings_of(user.dn, PASSWORD.reveal()), LoginRefusedError)
    assert "the account is disabled" in error.what


async def test_an_account_that_must_change_its_password_is_said_to(place: Workplace) -> None:
    user = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(user)
    await place.must(set_password(user.key, guid, user.dn, must_change=True))
    error = await _refusal(place.server.settings_of(user.dn, PASSWORD.reveal()), LoginRefusedError)
    assert "must change its password" in error.what


@pytest.mark.parametrize("protection", ["ldaps", "starttls"])
async def test_an_authority_that_has_not_signed_the_certificate_is_refused(
    server: DirectoryServer, protection: str
) -> None:
    settings = replace(server.protected_by(protection), ca=create_authority().pem)
    error = await _refusal(settings, LoginRefusedError)
    assert error.reason == "DirectoryCertificateInvalid"
    assert "ca.crt" in error.todo


@pytest.mark.parametrize("protection", ["ldaps", "starttls"])
async def test_a_certificate_for_another_name_is_refused_even_if_it_names_the_dialled_address(
    server: DirectoryServer, protection: str
) -> None:
    """Behind a tunnel the dialled address is this machine's, and proves nothing."""
    settings = replace(server.protected_by(protection), server_name="dc2.school.test")
    error = await _refusal(settings, LoginRefusedError)
    assert error.reason == "DirectoryCertificateInvalid"
    assert "expected is one for dc2.school.test" in error.what


async def test_an_authority_that_is_no_certificate_is_a_configuration_error(server: DirectoryServer) -> None:
    error = await _refusal(replace(server.settings, ca="no certificate"), ConfigurationError)
    assert "ca.crt holds no certificate" in error.what


async def test_nobody_at_the_address_is_a_failed_connection(server: DirectoryServer) -> None:
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"ldaps://127.0.0.1:{taken.getsockname()[1]}"
        error = await _refusal(replace(server.settings, url=url), ConnectionFailedError)
    assert error.reason == "DirectoryUnreachable"
    assert url.removeprefix("ldaps://") in error.what


async def test_a_name_that_nobody_knows_is_a_failed_connection(server: DirectoryServer) -> None:
    error = await _refusal(replace(server.settings, url="ldaps://dc1.school.invalid"), ConnectionFailedError)
    assert "dc1.school.invalid:636" in error.what


async def test_a_port_that_speaks_something_else_is_a_failed_connection(server: DirectoryServer) -> None:
    """LDAPS to the port of plain LDAP."""
    port = _port_of(server.with_start_tls)
    host = server.with_start_tls.url.removeprefix("ldap://").split(":")[0]
    await _refusal(replace(server.settings, url=f"ldaps://{host}:{port}"), ConnectionFailedError)


async def test_plain_ldap_to_another_machine_is_refused_before_anything_is_sent(server: DirectoryServer) -> None:
    settings = replace(server.settings, url="ldap://192.0.2.1:389", start_tls=False)
    error = await _refusal(settings, ConfigurationError)
    assert error.reason == "DirectoryNotEncrypted"


async def test_a_directory_that_wants_encryption_says_so_to_a_plain_connection(server: DirectoryServer) -> None:
    """To this machine a plain connection is tried; Samba refuses it, as a Windows server does by now."""
    error = await _refusal(replace(server.with_start_tls, start_tls=False), LoginRefusedError)
    assert "StartTLS" in error.todo
