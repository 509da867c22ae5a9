"""Certificates: what they say, how long they hold, and that strict verifiers take them."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from connect_protocol.relay.identity import Identity, Role
from connect_relay.pki.certificates import Authority, Issued, PkiError, Subject, client, names_of, server

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
WORKER = Identity(realm="musterwil", role=Role.WORKER)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("Connect Relay CA", NOW)


def issue(authority: Authority, subject: Subject, period: timedelta = YEAR) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.issue(subject, period, NOW).certificate.encode())


def verifier(authority: Authority, at: datetime) -> PolicyBuilder:
    """As strict as a browser."""
    return PolicyBuilder().store(Store([authority.certificate])).time(at)


@pytest.mark.parametrize("role", Role)
def test_a_client_certificate_says_realm_and_role(authority: Authority, role: Role) -> None:
    certificate = issue(authority, client(Identity(realm="musterwil", role=role)))
    assert names_of(certificate) == (f"connect://realm/musterwil/{role}",)


def test_a_client_certificate_is_taken_by_a_server_that_trusts_the_authority(authority: Authority) -> None:
    verified = verifier(authority, NOW).build_client_verifier().verify(issue(authority, client(WORKER)), [])
    assert [name.value for name in verified.subjects or []] == ["connect://realm/musterwil/worker"]


def test_another_authority_of_the_same_name_vouches_for_nobody_here(authority: Authority) -> None:
    other = Authority.create("Connect Relay CA", NOW)
    with pytest.raises(VerificationError):
        verifier(authority, NOW).build_client_verifier().verify(issue(other, client(WORKER)), [])


def test_the_relays_certificate_bears_every_name_it_was_asked_for(authority: Authority) -> None:
    certificate = issue(authority, server(["connect-relay", "connect-relay.connect.svc", "*.example.org", "10.0.0.1"]))
    assert names_of(certificate) == ("connect-relay", "connect-relay.connect.svc", "*.example.org", "10.0.0.1")
    name = x509.DNSName("connect-relay.connect.svc")
    assert verifier(authority, NOW).build_server_verifier(name).verify(certificate, [])


def test_a_worker_cannot_pass_for_the_relay(authority: Authority) -> None:
    """And the relay's own certificate opens no door at another relay."""
    usages = [
        issue(authority, subject).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        for subject in (client(WORKER), server(["connect-relay"]))
    ]
    assert usages == [
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
    ]


def test_an_issued_certificate_cannot_issue_another(authority: Authority) -> None:
    constraints = issue(authority, client(WORKER)).extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert not constraints.value.ca


@pytest.mark.parametrize("late", [timedelta(days=30), timedelta(seconds=1)])
def test_a_certificate_ends_when_it_was_said_to(authority: Authority, late: timedelta) -> None:
    certificate = issue(authority, client(WORKER), timedelta(days=30))
    with pytest.raises(VerificationError):
        verifier(authority, NOW + timedelta(days=30) + late).build_client_verifier().verify(certificate, [])


def test_a_clock_that_is_a_little_behind_takes_a_new_certificate(authority: Authority) -> None:
    behind = NOW - timedelta(minutes=4)
    assert verifier(authority, behind).build_client_verifier().verify(issue(authority, client(WORKER)), [])


def test_nothing_outlives_its_authority(authority: Authority) -> None:
    with pytest.raises(PkiError, match="ends on 2036-11-19"):
        authority.issue(client(WORKER), timedelta(days=3651), NOW)


@pytest.mark.parametrize("name", ["", "two words", "-x", "a..b", "https://relay", "a_b", "x" * 64, "rel\u00e4y"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(PkiError, match="neither a DNS name nor an IP address"):
        server([name])


def test_a_name_longer_than_a_subject_may_be_still_counts(authority: Authority) -> None:
    name = f"{'x' * 60}.{'y' * 60}.example"
    assert names_of(issue(authority, server([name]))) == (name,)


def test_an_authority_is_read_back_from_its_files(authority: Authority) -> None:
    again = Authority.load(authority.pem.encode(), authority.key_pem.encode())
    assert verifier(authority, NOW).build_client_verifier().verify(issue(again, client(WORKER)), [])


def test_a_key_that_belongs_to_another_certificate_is_refused(authority: Authority) -> None:
    other = Authority.create("Connect Relay CA", NOW)
    with pytest.raises(PkiError, match="does not belong"):
        Authority.load(authority.pem.encode(), other.key_pem.encode())


@pytest.mark.parametrize(("certificate", "key"), [(b"nothing", None), (None, b"nothing")])
def test_what_is_no_pem_is_refused(authority: Authority, certificate: bytes | None, key: bytes | None) -> None:
    with pytest.raises(PkiError, match="no PEM"):
        Authority.load(certificate or authority.pem.encode(), key or authority.key_pem.encode())


def test_no_private_key_is_shown(authority: Authority) -> None:
    issued: Issued = authority.issue(client(WORKER), YEAR, NOW)
    assert "PRIVATE KEY" in issued.key
    assert "PRIVATE" not in repr(issued)
    assert "key=" not in repr(authority)
