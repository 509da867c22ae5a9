"""Reads lists of revoked certificates (CRLs, RFC 5280): one file in PEM, with a list of each authority that has one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from connect_relay.errors import ConfigurationError

_BLOCK = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_SIGN_AGAIN = "Sign a new one with `connect-relay pki crl`"

SerialOf = tuple[bytes, int]
"""A certificate as a list names it: its issuer's name (DER) and its serial number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Revocations:
    """What is revoked and since when, and when the first of the lists should have been followed by a newer one."""

    since: Mapping[SerialOf, datetime] = field(default_factory=dict)
    next_update: datetime | None = None

    def revoked_at(self, certificate: x509.Certificate) -> datetime | None:
        """Since when this certificate is revoked, if it is."""
        return self.since.get((certificate.issuer.public_bytes(), certificate.serial_number))


def load_revocations(path: Path, authorities: Sequence[x509.Certificate]) -> Revocations:
    """Read and verify the file. Raises ConfigurationError for a list that is damaged or of none of the authorities.

    A list whose next update is overdue is used all the same: what it revokes stays revoked, and to lock out every
    customer because somebody forgot to sign it anew would be worse.
    """
    lists = [_parsed(path, block) for block in _BLOCK.findall(_read(path))]
    if not lists:
        raise ConfigurationError(f"{path} holds no list of revoked certificates in PEM", todo=_SIGN_AGAIN)
    for each in lists:
        _require_authority(path, each, authorities)
        _require_understood(path, each)
    updates = [each.next_update_utc for each in lists if each.next_update_utc is not None]
    return Revocations(
        since={
            (each.issuer.public_bytes(), entry.serial_number): entry.revocation_date_utc
            for each in lists
            for entry in each
        },
        next_update=min(updates, default=None),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}",
            todo="It should be the list of revoked certificates, as `connect-relay pki crl` writes it",
        ) from error


def _parsed(path: Path, pem: bytes) -> x509.CertificateRevocationList:
    try:
        return x509.load_pem_x509_crl(pem)
    except ValueError as error:
        raise ConfigurationError(f"{path} holds a list that is damaged", todo=_SIGN_AGAIN) from error


def _require_authority(
    path: Path, revoked: x509.CertificateRevocationList, authorities: Sequence[x509.Certificate]
) -> None:
    if not any(_has_signed(authority, revoked) for authority in authorities):
        raise ConfigurationError(
            f"{path} holds a list that was signed by none of the authorities in ca.crt", todo=_SIGN_AGAIN
        )


def _has_signed(authority: x509.Certificate, revoked: x509.CertificateRevocationList) -> bool:
    if authority.subject != revoked.issuer:
        return False
    try:
        return revoked.is_signature_valid(authority.public_key())  # type: ignore[arg-type]  # others are a TypeError
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _require_understood(path: Path, revoked: x509.CertificateRevocationList) -> None:
    """What is critical and not understood would change the list's meaning: it may be a part of a list only."""
    if any(extension.critical for extension in revoked.extensions):
        raise ConfigurationError(
            f"{path} holds a list with a critical extension", todo="It must be a complete list, not a part of one"
        )
    if revoked.last_update_utc > datetime.now(UTC):
        raise ConfigurationError(
            f"{path} holds a list that is valid from {revoked.last_update_utc:%Y-%m-%d %H:%M} only",
            todo="Is this machine's clock right?",
        )
