"""Reads tls.crt, tls.key and ca.crt of a folder, and says what is wrong with them before gRPC would, in riddles."""

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connect_protocol.relay.identity import Identity, Role
from connect_relay.errors import ConfigurationError
from connect_relay.rpc import Certificates
from connect_relay.trust import has_issued

CERTIFICATE = "tls.crt"
KEY = "tls.key"
CA = "ca.crt"
NOT_YOURS = "It is for its owner only: give the command as that user, or put sudo before it"
_ISSUE = "Ask whoever runs the relay for a new one (connect-relay pki)"


def load_certificates(folder: Path) -> Certificates:
    """Read and check the three files. Raises ConfigurationError."""
    certificate, key, ca = (_read(folder / name) for name in (CERTIFICATE, KEY, CA))
    chain = _parsed(folder / CERTIFICATE, certificate)
    _require_period(folder / CERTIFICATE, chain[0])
    _require_pair(folder, chain[0], key)
    _require_issuer(folder, chain, _parsed(folder / CA, ca))
    return Certificates(certificate=certificate, key=key, ca=ca)


def bridge_identity(certificates: Certificates) -> Identity:
    """Whose bridge a certificate makes us. Raises ConfigurationError if it makes us none."""
    leaf = x509.load_pem_x509_certificates(certificates.certificate)[0]
    found = [uri for uri in _uris(leaf) if uri.startswith("connect:")]
    try:
        (identity,) = map(Identity.parse, found)
    except ValueError:
        identity = None
    if identity is None or identity.role is not Role.BRIDGE:
        names = ", ".join(found) or "nobody"
        raise ConfigurationError(f"{CERTIFICATE} is not a bridge's: it names {names}", todo=_ISSUE)
    return identity


def authorities_of(certificates: Certificates) -> tuple[x509.Certificate, ...]:
    """Who must have issued the other side's certificate."""
    return tuple(x509.load_pem_x509_certificates(certificates.ca))


def end_of(certificates: Certificates) -> datetime:
    """When our own certificate ends (UTC)."""
    return x509.load_pem_x509_certificates(certificates.certificate)[0].not_valid_after_utc


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except PermissionError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}", todo=NOT_YOURS) from error
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}",
            todo=f"The folder should hold {CERTIFICATE}, {KEY} and {CA}, as `connect-relay pki` writes them",
        ) from error


def _parsed(path: Path, pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise ConfigurationError(f"{path} is no certificate in PEM", todo=_ISSUE) from error


def _require_period(path: Path, certificate: x509.Certificate) -> None:
    now = datetime.now(UTC)
    if certificate.not_valid_after_utc < now:
        raise ConfigurationError(f"{path} has expired at {certificate.not_valid_after_utc:%Y-%m-%d %H:%M}", todo=_ISSUE)
    if certificate.not_valid_before_utc > now:
        raise ConfigurationError(
            f"{path} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M}",
            todo="Is this machine's clock right?",
        )


def _require_pair(folder: Path, certificate: x509.Certificate, key: bytes) -> None:
    try:
        private = load_pem_private_key(key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(f"{folder / KEY} is no private key in PEM without a password", todo=_ISSUE) from error
    if private.public_key() != certificate.public_key():
        raise ConfigurationError(
            f"{folder / KEY} is not the private key of {folder / CERTIFICATE}", todo="Copy both from the same folder"
        )


def _require_issuer(folder: Path, chain: list[x509.Certificate], authorities: list[x509.Certificate]) -> None:
    """The chain's last certificate must be of one of the authorities; one in its middle, of the next."""
    issuers = [*chain[1:], *authorities]
    if not any(has_issued(authority, chain[-1]) or authority == chain[-1] for authority in authorities) or not all(
        any(has_issued(issuer, certificate) for issuer in issuers) for certificate in chain[:-1]
    ):
        raise ConfigurationError(
            f"{folder / CERTIFICATE} has not been issued by the authority in {folder / CA}",
            todo="Copy both from the same folder",
        )


def _uris(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)
