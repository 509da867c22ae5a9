"""Who answers on the other side of a connection, by TLS: asked without believing, to tell what is wrong."""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

MOST_NAMES = 4
"""To show; some certificates have hundreds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A certificate that was shown: for which names, by whom issued, and from when to when (UTC)."""

    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime

    @property
    def days_left(self) -> int:
        """Below zero when it is over."""
        return (self.not_after - datetime.now(UTC)).days

    def __str__(self) -> str:
        names = ", ".join(self.names[:MOST_NAMES]) or "nobody"
        if len(self.names) > MOST_NAMES:
            names += f" and {len(self.names) - MOST_NAMES} more"
        return f"certificate of {names}, issued by {self.issuer}, until {self.not_after:%Y-%m-%d}"


def believing_all() -> ssl.SSLContext:
    """A client that verifies nothing, and must therefore say nothing."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def handshake(
    connection: socket.socket, context: ssl.SSLContext, name: str, seconds: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Shake hands as a client that calls `name`. Raises OSError (ssl.SSLError is one), TimeoutError.

    The connection is taken over; whoever gets the writer aborts its transport.
    """
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.open_connection(sock=connection, ssl=context, server_hostname=name)
    except BaseException:
        connection.close()
        raise


async def ask_who(connection: socket.socket, name: str, seconds: float) -> Answer:
    """Who answers to this name, whoever it is. Raises as `handshake` does."""
    _, writer = await handshake(connection, believing_all(), name, seconds)
    try:
        return shown(writer)
    finally:
        writer.transport.abort()


def shown(writer: asyncio.StreamWriter) -> Answer:
    """The certificate that the other side of a connection has shown."""
    certificate = x509.load_der_x509_certificate(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
    return Answer(
        names=_names(certificate),
        issuer=called(certificate.issuer),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def called(name: x509.Name) -> str:
    """What people call an issuer."""
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME):
        if found := name.get_attributes_for_oid(kind):
            return str(found[0].value)
    return name.rfc4514_string() or "nobody"


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return (called(certificate.subject),)
    return tuple(str(name.value) for name in names)
