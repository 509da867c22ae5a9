"""Whether somebody whom TLS has let in is still believed. TLS asks once, at a connection's begin, and knows no list."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from connect_relay.revocations import Revocations

SOON = timedelta(days=30)
"""What ends earlier is warned of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """The authorities of now, those of before that are no authorities any more, and what is revoked."""

    authorities: tuple[x509.Certificate, ...] = ()
    dropped: tuple[x509.Certificate, ...] = ()
    revocations: Revocations = field(default_factory=Revocations)

    def fault(self, certificate: x509.Certificate) -> str:
        """Why this certificate gives no right any more, though it has not expired; empty if it does."""
        if (since := self.revocations.revoked_at(certificate)) is not None:
            return f"certificate {serial_of(certificate)} is revoked since {moment(since)}"
        if _issuer(certificate, self.dropped) is not None and _issuer(certificate, self.authorities) is None:
            return f"certificate {serial_of(certificate)} is of an authority that the relay trusts no more"
        return ""

    def with_authorities(self, authorities: Sequence[x509.Certificate]) -> "Trust":
        """The same with other authorities; which one is missing among them is dropped."""
        known = {*self.authorities, *self.dropped}
        return replace(self, authorities=tuple(authorities), dropped=tuple(known - set(authorities)))

    def with_revocations(self, revocations: Revocations) -> "Trust":
        """The same with another list."""
        return replace(self, revocations=revocations)


def expiry(certificate: x509.Certificate, now: datetime) -> str:
    """That a certificate has expired; empty if it has not."""
    end = certificate.not_valid_after_utc
    return f"certificate {serial_of(certificate)} has expired at {moment(end)}" if end <= now else ""


def ends_soon(end: datetime) -> bool:
    """Whether it is time to renew what ends then."""
    return end < datetime.now(UTC) + SOON


def serial_of(certificate: x509.Certificate) -> str:
    """Its serial number in hex, as `connect-relay pki list` shows it."""
    return f"{certificate.serial_number:x}"


def moment(time: datetime) -> str:
    """A time in a message."""
    return time.isoformat(timespec="seconds")


def has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether the one has signed the other."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _issuer(certificate: x509.Certificate, authorities: Sequence[x509.Certificate]) -> x509.Certificate | None:
    return next((authority for authority in authorities if has_issued(authority, certificate)), None)
