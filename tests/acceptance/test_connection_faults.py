"""A server that is away, refuses, or is another one than it should be: a clear message, and nothing half written."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.certificates import create_authority
from tests.support.ports import reserved_port
from tests.support.site import Site, assert_clear, assert_recorded

Place = Callable[[], AbstractContextManager[int]]
BOTH = pytest.mark.parametrize("server", ["simulator", "samba"], indirect=True)


@pytest.fixture(autouse=True)
def _enrolled(site: Site) -> Iterator[None]:
    """Whatever a test does: in the end neither directory nor tables have anything."""
    site.enrol(3)
    usn = site.domain.usn
    yield
    assert site.domain.usn == usn
    assert site.customer.users() == {}


@contextmanager
def silence() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])


@pytest.mark.parametrize("there", [reserved_port, silence])
def test_the_database_is_away(site: Site, there: Place) -> None:
    """No row tells of it, so the report must."""
    with there() as port:
        site.worker.write("database", port=str(port))
        ended = site.run()
    assert_clear(site, ended, exit_code=7, reason="DatabaseUnreachable", says=(f"127.0.0.1:{port}",))


@pytest.mark.parametrize("there", [reserved_port, silence])
def test_the_directory_is_away(site: Site, there: Place) -> None:
    with there() as port:
        site.worker.write("directory", url=f"ldaps://127.0.0.1:{port}")
        ended = site.run()
    assert_clear(site, ended, exit_code=7, reason="DirectoryUnreachable", says=(f"127.0.0.1:{port}",))
    assert_recorded(site, ended)


def test_the_database_refuses_the_password(site: Site) -> None:
    site.worker.write("database", password="Not.The-Passw0rd")
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason="DatabaseLoginFailed", says=("connect_worker", "password"))
    assert "Not.The-Passw0rd" not in ended.stdout + ended.stderr


@BOTH
def test_the_directory_refuses_the_password(site: Site) -> None:
    site.worker.write("directory", password="Not.The-Passw0rd")
    ended = site.run()
    says = ("CN=Administrator", "the password is wrong")
    assert_clear(site, ended, exit_code=2, reason="DirectoryLoginFailed", says=says)
    assert_recorded(site, ended)
    assert "Not.The-Passw0rd" not in ended.stdout + ended.stderr


def test_the_database_shows_a_certificate_for_another_name(site: Site) -> None:
    site.worker.write("database", serverName="db.elsewhere.example")
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason="DatabaseCertificateInvalid", says=("db.elsewhere.example",))


@BOTH
def test_the_directory_shows_a_certificate_for_another_name(site: Site) -> None:
    site.worker.write("directory", serverName="dc9.elsewhere.example")
    ended = site.run()
    says = ("dc9.elsewhere.example", "certificate")
    assert_clear(site, ended, exit_code=2, reason="DirectoryCertificateInvalid", says=says)
    assert_recorded(site, ended)


def test_an_unknown_authority_has_signed_the_database(site: Site) -> None:
    site.worker.write("database", **{"ca.crt": create_authority().pem})
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason="DatabaseCertificateInvalid", says=("does not verify",))
    assert "ca.crt" in ended.report["todo"]


@BOTH
def test_an_unknown_authority_has_signed_the_directory(site: Site) -> None:
    site.worker.write("directory", **{"ca.crt": create_authority().pem})
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason="DirectoryCertificateInvalid", says=("certificate",))
    assert "ca.crt" in ended.report["todo"]


def test_start_tls_is_verified_too(site: Site) -> None:
    """The other way to encryption trusts nobody else either."""
    address = urlsplit(site.worker.directory.url)
    assert address.scheme == "ldaps"
    plain = getattr(site.server, "ldap_url", "")
    site.worker.write("directory", url=plain, startTls="true", **{"ca.crt": create_authority().pem})
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason="DirectoryCertificateInvalid", says=("certificate",))


def test_the_termination_message_cannot_be_written(site: Site, tmp_path: Path) -> None:
    """That is no reason to fail: the run's own end counts."""
    ended = site.worker.json("validate", CONNECT_TERMINATION_MESSAGE=str(tmp_path / "no" / "such" / "folder"))
    assert ended.exit_code == 0
    assert "termination message could not be written" in ended.stderr
