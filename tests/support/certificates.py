"""Certificates for the servers that tests start: an own authority, and server certificates that strict clients accept.

Python 3.13 verifies with VERIFY_X509_STRICT: it wants critical basic constraints and key usage, and key identifiers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEARS = timedelta(days=3650)


@dataclass(frozen=True, kw_only=True, slots=True)
class Authority:
    """A certificate authority that lives for one test session."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """The authority's certificate, for the clients that shall trust it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerCertificate:
    """Files for a server: its certificate and its private key (mode 600), both PEM, both owned by the caller."""

    certificate: Path
    key: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientCertificate:
    """What a client shows: its certificate and its private key, both PEM."""

    certificate: str
    key: str


def create_authority(name: str = "School Test CA") -> Authority:
    """A new authority with its own key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    certificate = (
        _certificate(subject, subject, key.public_key(), YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate=certificate, key=key)


def issue(
    authority: Authority,
    folder: Path,
    *,
    dns_names: Sequence[str] = (),
    addresses: Sequence[str] = (),
    valid_for: timedelta = YEARS,
) -> ServerCertificate:
    """Write a certificate for these DNS names and IP addresses into `folder`; `valid_for` below zero: expired."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [*map(x509.DNSName, dns_names), *(x509.IPAddress(ip_address(address)) for address in addresses)]
    issuer = authority.certificate
    certificate = (
        _certificate(_name([*dns_names, *addresses][0]), issuer.subject, key.public_key(), valid_for)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return _written(folder, certificate, key)


def issue_client(authority: Authority, *, name: str, organization: str = "") -> ClientCertificate:
    """A certificate for a client; Kubernetes takes its name for the user and its organization for the group."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _certificate(_name(name, organization), authority.certificate.subject, key.public_key(), YEARS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return ClientCertificate(certificate=pem, key=key_pem(key).decode())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as unprotected PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, valid_for: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1) + min(valid_for, timedelta()))
        .not_valid_after(now + valid_for)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str, organization: str = "") -> x509.Name:
    organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    return x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
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


def _written(folder: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ServerCertificate:
    files = ServerCertificate(certificate=folder / "server.crt", key=folder / "server.key")
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.touch(mode=0o600)
    files.key.write_bytes(key_pem(key))
    return files
