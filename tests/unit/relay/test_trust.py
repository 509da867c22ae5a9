"""Whom the relay believes: lists of revoked certificates, authorities that come and go, certificates' ends."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from connect_protocol.relay.identity import Identity, Role
from connect_relay.errors import ConfigurationError
from connect_relay.metrics import Metrics
from connect_relay.pki.certificates import Authority, Revoked, client
from connect_relay.revocations import load_revocations
from connect_relay.trust import Trust, ends_soon, expiry

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
ONE, TWO = (Authority.create(f"Authority {number}", NOW - DAY) for number in (1, 2))
WORKER = Identity(realm="musterwil", role=Role.WORKER)


def issued(authority: Authority, period: timedelta = DAY) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.issue(client(WORKER), period, NOW).certificate.encode())


def listed(authority: Authority, *certificates: x509.Certificate, period: timedelta = DAY) -> str:
    return authority.revoke([Revoked(serial=each.serial_number, since=NOW) for each in certificates], period, NOW)


def trust(folder: Path, *lists: str) -> Trust:
    authorities = (ONE.certificate, TWO.certificate)
    path = folder / "crl.pem"
    path.write_text("".join(lists))
    return Trust(authorities=authorities).with_revocations(load_revocations(path, authorities))


def test_who_is_on_the_list_of_his_own_authority_is_revoked(tmp_path: Path) -> None:
    gone, here = issued(ONE), issued(ONE)
    found = trust(tmp_path, listed(ONE, gone))
    assert found.fault(gone).startswith(f"certificate {gone.serial_number:x} is revoked since ")
    assert found.fault(here) == ""


def test_the_same_serial_number_of_another_authority_is_another_certificate(tmp_path: Path) -> None:
    certificate = issued(ONE)
    assert trust(tmp_path, listed(TWO, certificate)).fault(certificate) == ""


def test_each_authority_has_a_list_of_its_own_in_the_file(tmp_path: Path) -> None:
    one, two = issued(ONE), issued(TWO)
    found = trust(tmp_path, listed(ONE, one, period=2 * DAY), "a remark\n", listed(TWO, two))
    assert all("is revoked" in found.fault(certificate) for certificate in (one, two))
    next_update = found.revocations.next_update
    assert next_update is not None
    assert abs(next_update - (NOW + DAY)) < timedelta(seconds=1)


def test_a_list_that_is_overdue_still_revokes(tmp_path: Path) -> None:
    gone = issued(ONE)
    overdue = ONE.revoke([Revoked(serial=gone.serial_number, since=NOW)], -timedelta(minutes=1), NOW)
    assert "is revoked" in trust(tmp_path, overdue).fault(gone)


def test_one_bad_list_makes_the_file_unusable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="signed by none of the authorities"):
        trust(tmp_path, listed(ONE), listed(Authority.create("Authority 1", NOW)))


def test_a_list_that_was_changed_after_it_was_signed_is_refused(tmp_path: Path) -> None:
    der = bytearray(x509.load_pem_x509_crl(listed(ONE, issued(ONE)).encode()).public_bytes(Encoding.DER))
    serial = f"{x509.load_der_x509_crl(bytes(der))[0].serial_number:040x}"
    at = bytes(der).find(bytes.fromhex(serial))
    der[at + 10] ^= 1
    changed = x509.load_der_x509_crl(bytes(der)).public_bytes(Encoding.PEM).decode()
    with pytest.raises(ConfigurationError, match="signed by none of the authorities"):
        trust(tmp_path, changed)


@pytest.mark.parametrize(
    ("extension", "critical", "start", "what"),
    [
        (x509.DeltaCRLIndicator(1), True, -DAY, "a critical extension"),
        (x509.CRLNumber(1), False, DAY, "valid from "),
    ],
)
def test_a_part_of_a_list_and_one_of_tomorrow_are_refused(
    tmp_path: Path, extension: x509.ExtensionType, critical: bool, start: timedelta, what: str
) -> None:
    signed = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ONE.certificate.subject)
        .last_update(NOW + start)
        .next_update(NOW + 2 * DAY)
        .add_extension(extension, critical=critical)
        .sign(ONE.key, hashes.SHA256())
    )
    with pytest.raises(ConfigurationError, match=what):
        trust(tmp_path, signed.public_bytes(Encoding.PEM).decode())


def test_who_is_of_an_authority_that_was_taken_out_is_believed_no_more() -> None:
    one, two = issued(ONE), issued(TWO)
    both = Trust().with_authorities([ONE.certificate, TWO.certificate])
    assert (both.fault(one), both.fault(two)) == ("", "")
    left = both.with_authorities([TWO.certificate])
    assert "of an authority that the relay trusts no more" in left.fault(one)
    assert left.fault(two) == ""
    assert left.with_authorities([ONE.certificate, TWO.certificate]).fault(one) == ""


def test_a_certificate_ends_and_ends_soon() -> None:
    certificate = issued(ONE, DAY)
    assert expiry(certificate, NOW + DAY - timedelta(seconds=2)) == ""
    assert "has expired at" in expiry(certificate, NOW + DAY)
    assert ends_soon(datetime.now(UTC) + 29 * DAY)
    assert not ends_soon(datetime.now(UTC) + 31 * DAY)


def test_ends_are_shown_of_so_many_realms_and_no_more() -> None:
    """Those that were seen last; the relay's own stay."""
    metrics = Metrics(most_realms=1)
    metrics.ends_at("relay", NOW)
    for whose in ("a/bridge", "a/worker", "a/bridge", "b/worker"):
        metrics.certificate_seen(whose, NOW)
    text = metrics.text().decode()
    name = "connect_relay_certificate_not_after_timestamp_seconds"
    shown = {line.partition('"')[2].partition('"')[0] for line in text.splitlines() if line.startswith(name)}
    assert shown == {"relay", "a/bridge", "b/worker"}
