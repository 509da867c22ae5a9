"""TLS: always there, always verified."""

import socket
import ssl

import pytest

from tests.contract.directory_server.servers import Server


def _handshake(server: Server, name: str, *, ca_file: str | None) -> str | None:
    context = ssl.create_default_context(cafile=ca_file)
    with (
        socket.create_connection((server.host, server.ldaps_port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        return secure.version()


@pytest.mark.parametrize("name", ["dc1.school.test", "localhost"])
def test_ldaps_shows_a_certificate_for_its_names(server: Server, name: str) -> None:
    assert _handshake(server, name, ca_file=str(server.ca_file)) is not None


def test_the_certificate_holds_for_the_address(server: Server) -> None:
    assert _handshake(server, server.host, ca_file=str(server.ca_file)) is not None


def test_another_name_is_refused_by_the_client(server: Server) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"dc2\.school\.test"):
        _handshake(server, "dc2.school.test", ca_file=str(server.ca_file))


def test_an_unknown_authority_is_refused_by_the_client(server: Server) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(server, server.server_name, ca_file=None)


def test_starttls_protects_a_plain_connection(server: Server) -> None:
    with server.connect(tls=False) as client:
        assert client.connection.start_tls(read_server_info=False)
        assert client.bind(server.admin_dn, server.admin_password).code == 0
        assert client.read(server.base_dn, "objectClass").code == 0


def test_a_bind_without_tls_is_refused(server: Server) -> None:
    with server.connect(tls=False) as client:
        assert client.bind(server.admin_dn, server.admin_password).code == 8
