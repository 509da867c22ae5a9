"""Certificates: an authority of our own, and what it issues to relay, bridges and workers.

Keys are ECDSA P-256: the TLS library in gRPC refuses Ed25519 certificates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from connect_protocol.relay.identity import Identity

AUTHORITY_PERIOD = timedelta(days=3650)
LIST_PERIOD = timedelta(days=90)
CLOCKS_DIFFER = timedelta(minutes=5)
"""A certificate is valid from a little before it was made: the other side's clock may be behind."""
LONGEST_COMMON_NAME = 64
_SERIAL_BITS = 159
"""A positive number of 20 octets at most (RFC 5280, section 4.1.2.2)."""


class PkiError(Exception):
    """Certificates that cannot be made, kept or read: what is wrong, where, and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Issued:
    """A certificate with its private key and its authority's certificate, each in PEM."""

    certificate: str
    key: str = field(repr=False)
    authority: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Whom a certificate is for: what it is called for people, the names that count, and which end of TLS it may be."""

    common_name: str
    names: tuple[x509.GeneralName, ...]
    usage: x509.ObjectIdentifier


@dataclass(frozen=True, kw_only=True, slots=True)
class Revoked:
    """A certificate that is revoked: its serial number, and since when (UTC)."""

    serial: int
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Authority:
    """Who signs. Whoever has its key can be any bridge, any worker and the relay."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def create(cls, name: str, now: datetime) -> Self:
        """A new authority, valid for AUTHORITY_PERIOD."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _called(name)
        certificate = (
            _builder(subject, key.public_key(), now, now + AUTHORITY_PERIOD)
            .issuer_name(subject)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate=certificate, key=key)

    @classmethod
    def load(cls, certificate: bytes, key: bytes) -> Self:
        """Read both from PEM. Raises PkiError when one cannot be read, or they do not belong together."""
        try:
            loaded = x509.load_pem_x509_certificate(certificate)
            signer = serialization.load_pem_private_key(key, password=None)
        except (ValueError, TypeError) as fault:
            raise PkiError(
                "the authority's certificate or key is no PEM, or the key is locked by a password"
            ) from fault
        if not isinstance(signer, ec.EllipticCurvePrivateKey) or signer.public_key() != loaded.public_key():
            raise PkiError("the authority's key does not belong to its certificate")
        return cls(certificate=loaded, key=signer)

    @property
    def pem(self) -> str:
        """Its certificate, for those who shall trust it."""
        return pem_of(self.certificate)

    @property
    def key_pem(self) -> str:
        """Its private key: for its file and nobody else."""
        return _key_pem(self.key)

    def issue(self, subject: Subject, period: timedelta, now: datetime) -> Issued:
        """A certificate with a new key. Raises PkiError when it would outlive the authority."""
        end = now + period
        if end > self.certificate.not_valid_after_utc:
            raise PkiError(
                f"the authority itself ends on {self.certificate.not_valid_after_utc:%Y-%m-%d}, before the certificate "
                "would: ask for fewer --days, or make a new authority"
            )
        key = ec.generate_private_key(ec.SECP256R1())
        signer = self.key.public_key()
        certificate = (
            _builder(_called(subject.common_name), key.public_key(), now, end)
            .issuer_name(self.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([subject.usage]), critical=False)
            .add_extension(x509.SubjectAlternativeName(subject.names), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return Issued(certificate=pem_of(certificate), key=_key_pem(key), authority=self.pem)

    def revoke(self, revoked: Sequence[Revoked], period: timedelta, now: datetime) -> str:
        """The whole list of what is revoked, in PEM; it should be followed by the next one within `period`."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - CLOCKS_DIFFER)
            .next_update(now + period)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
        )
        for each in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(each.serial).revocation_date(each.since).build()
            )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode("ascii")


def server(names: Sequence[str]) -> Subject:
    """The relay, under DNS names and IP addresses. Raises PkiError for a name that is neither."""
    if not names:
        raise PkiError("the relay needs at least one name by which workers and bridges call it")
    return Subject(common_name=names[0], names=tuple(map(_general_name, names)), usage=ExtendedKeyUsageOID.SERVER_AUTH)


def client(identity: Identity) -> Subject:
    """A bridge or a worker."""
    return Subject(
        common_name=f"{identity.realm} {identity.role}",
        names=(x509.UniformResourceIdentifier(identity.uri),),
        usage=ExtendedKeyUsageOID.CLIENT_AUTH,
    )


def parse_serial(text: str) -> int:
    """A serial number in hex. Raises ValueError for what no certificate can have, and no list can name."""
    number = int(text, 16)
    if number <= 0 or number.bit_length() > _SERIAL_BITS:
        raise ValueError(f"{text!r} is no serial number")
    return number


def pem_of(certificate: x509.Certificate) -> str:
    """A certificate as text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The names that it was made for: DNS names, addresses, URIs."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in names)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        pass
    labels = name.removeprefix("*.").split(".")
    if not all(_is_label(label) for label in labels):
        raise PkiError(f"{name!r} is neither a DNS name nor an IP address")
    return x509.DNSName(name)


def _is_label(label: str) -> bool:
    plain = label.replace("-", "")
    return 0 < len(label) < LONGEST_COMMON_NAME and plain.isascii() and plain.isalnum() and label.strip("-") == label


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _called(name: str) -> x509.Name:
    """A subject for people's eyes; what counts stands in the subject alternative names, which have no such limit."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:LONGEST_COMMON_NAME])])


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
