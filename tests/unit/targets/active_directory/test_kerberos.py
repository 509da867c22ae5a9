"""What a ticket is bound to, and what is told where there is no Kerberos."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from connect_worker.errors import ConfigurationError
from connect_worker.targets.active_directory.kerberos import load_library
from connect_worker.targets.active_directory.sasl import certificate_hash


def certificate(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, algorithm: hashes.SHA256 | hashes.SHA384 | None
) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dc1.school.test")])
    now = datetime(2026, 11, 22, tzinfo=UTC)
    builder = x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


def test_a_certificate_is_hashed_as_it_was_signed() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    short, long = certificate(key, hashes.SHA256()), certificate(key, hashes.SHA384())
    assert certificate_hash(short) == hashlib.sha256(short).digest()
    assert certificate_hash(long) == hashlib.sha384(long).digest()


def test_a_signature_without_a_hash_of_its_own_counts_as_sha256() -> None:
    signed = certificate(ed25519.Ed25519PrivateKey.generate(), None)
    assert certificate_hash(signed) == hashlib.sha256(signed).digest()


def test_a_machine_without_kerberos_is_told_what_to_install() -> None:
    with pytest.raises(ConfigurationError, match="libgssapi-krb5-2") as caught:
        load_library("libnone.so.9")
    assert caught.value.reason == "KerberosMissing"
