"""What one value of the configuration may look like. Each function reads a text or raises ValueError, without it.

Messages never repeat the text, for it may be a secret; they continue a sentence that begins with the value's name.
"""

import base64
import binascii
import re
import uuid
from datetime import date, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, load_ssh_private_key

from connect_protocol.environment import RelayTransport
from connect_worker.model.secret import Secret

ENCRYPTION_KEY_BYTES = 32
LOG_LEVELS = ("debug", "info", "warning", "error")
SSL_MODES = ("verify-full", "disable")
LAST_PORT = 65_535
LONGEST_HEARTBEAT = timedelta(seconds=30)
LONGEST = timedelta(hours=24)

_DURATION = re.compile(r"(?:[0-9]{1,4}[hms])+")
_DURATION_PART = re.compile(r"([0-9]+)([hms])")
_UNITS = {"h": "hours", "m": "minutes", "s": "seconds"}
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def text(value: str) -> str:
    """One line of text."""
    if "\n" in value or "\r" in value or "\0" in value:
        raise ValueError("holds more than one line")
    return value


def secret(value: str) -> Secret:
    """One line that nobody may see."""
    return Secret(text(value))


def label(value: str) -> str:
    """A DNS label: a realm."""
    if not _LABEL.fullmatch(value):
        raise ValueError("is no DNS label (a-z, 0-9 and hyphens within, at most 63)")
    return value


def run_id(value: str) -> str:
    """A UUID in its usual form."""
    try:
        return str(uuid.UUID(value))
    except ValueError:
        raise ValueError("is no UUID") from None


def port(value: str) -> int:
    """A TCP port."""
    number = whole_number(value)
    if not 1 <= number <= LAST_PORT:
        raise ValueError(f"is no port (1 to {LAST_PORT})")
    return number


def whole_number(value: str) -> int:
    """A whole number from 0."""
    if not (value.isascii() and value.isdigit() and len(value) < len("1000000000")):
        raise ValueError("is no whole number")
    return int(value)


def percent(value: str) -> float:
    """A share from 0 to 100."""
    if not re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,3})?", value) or not float(value) <= 100:  # noqa: PLR2004 - percent
        raise ValueError("is no percentage (0 to 100)")
    return float(value)


def duration(value: str) -> timedelta:
    """A duration as in a ConnectJob: 1h, 90s, 1h30m; at most a day."""
    if not _DURATION.fullmatch(value):
        raise ValueError("is no duration such as 90s or 1h30m")
    parts = (timedelta(**{_UNITS[unit]: int(count)}) for count, unit in _DURATION_PART.findall(value))
    total = sum(parts, timedelta())
    if total > LONGEST:
        raise ValueError("is longer than 24h")
    return total


def positive_duration(value: str) -> timedelta:
    """A duration of at least a second."""
    total = duration(value)
    if not total:
        raise ValueError("leaves no time at all")
    return total


def heartbeat(value: str) -> timedelta:
    """A duration of 1 to 30 seconds: three of them without an answer must not be more than a minute and a half."""
    total = positive_duration(value)
    if total > LONGEST_HEARTBEAT:
        raise ValueError(f"is longer than {LONGEST_HEARTBEAT.total_seconds():.0f}s")
    return total


def time_zone(value: str) -> ZoneInfo:
    """A time zone by its IANA name."""
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone such as Europe/Zurich") from None


def day(value: str) -> date:
    """A date as YYYY-MM-DD."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("is no date such as 2026-11-22") from None


def log_level(value: str) -> str:
    """One of LOG_LEVELS."""
    if value not in LOG_LEVELS:
        raise ValueError(f"is none of {', '.join(LOG_LEVELS)}")
    return value


def truth(value: str) -> bool:
    """Either true or false, in these words."""
    if value not in {"true", "false"}:
        raise ValueError("is neither true nor false")
    return value == "true"


def encryption_keys(value: str) -> tuple[Secret, ...]:
    """Keys of 32 bytes in base64, one a line: the first seals, all open (so keys can be changed)."""
    lines = [line.strip() for line in value.splitlines() if line.strip()]
    if not all(_is_encryption_key(line) for line in lines):
        raise ValueError("is not base64 of 32 bytes, one key a line (make one with: openssl rand -base64 32)")
    return tuple(Secret(line) for line in lines)


def _is_encryption_key(line: str) -> bool:
    try:
        return len(base64.b64decode(line, validate=True)) == ENCRYPTION_KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def certificates(value: str) -> str:
    """One or more certificates in PEM."""
    try:
        found = x509.load_pem_x509_certificates(value.encode())
    except ValueError:
        raise ValueError("is no certificate in PEM") from None
    # Anew, for OpenSSL takes ASCII only, and people write names between the certificates.
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in found)


def private_key(value: str) -> Secret:
    """A private key in PEM, without a password of its own."""
    try:
        load_pem_private_key(value.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("is no private key in PEM without a password") from None
    return Secret(value)


def belong_together(certificate: str, key: Secret) -> bool:
    """Whether a private key is the one of a certificate (the first of a chain), both in PEM."""
    public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    return load_pem_private_key(key.reveal().encode(), password=None).public_key() == public


def names(certificate: str) -> tuple[str, ...]:
    """The URIs that a certificate (the first of a chain) was made for."""
    extensions = x509.load_pem_x509_certificate(certificate.encode()).extensions
    try:
        found = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(found.get_values_for_type(x509.UniformResourceIdentifier))


def is_keytab(content: bytes) -> bool:
    """Whether a file holds Kerberos keys: version 5.2, which every program writes, and at least one."""
    return content[:2] == b"\x05\x02" and len(content) > len(b"\x05\x02")


def principal(value: str) -> str:
    """A Kerberos principal: NAME@REALM."""
    name, at, realm = text(value).rpartition("@")
    if not at or not name or not realm or " " in value:
        raise ValueError("is no principal such as connect@SCHOOL.EXAMPLE")
    return value


def address(value: str) -> str:
    """A host with its port: HOST:PORT, an IPv6 address in brackets."""
    try:
        parts = urlsplit(f"//{text(value)}")
        complete = parts.hostname and parts.port and parts.netloc == value and parts.username is None
    except ValueError:
        complete = None
    if not complete:
        raise ValueError("is no address such as connect-relay.connect.svc:8443")
    return value


def addresses(value: str, *, port: int | None = None) -> tuple[str, ...]:
    """Hosts with their ports, separated by commas; where there is a usual `port`, it may be left out."""
    each = [part.strip() for part in value.split(",")]
    return tuple(address(part if port is None else _with_port(part, port)) for part in each)


def _with_port(value: str, port: int) -> str:
    return value if not value or re.search(r":[^]:]*$", value) else f"{value}:{port}"


def relay_transport(value: str) -> RelayTransport:
    """What is spoken on the way to the customer's network."""
    try:
        return RelayTransport(value)
    except ValueError:
        raise ValueError(f"is none of {', '.join(RelayTransport)}") from None


def ssh_private_key(value: str) -> Secret:
    """An Ed25519 private key as `ssh-keygen` writes it, without a passphrase."""
    try:
        key = load_ssh_private_key(value.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("is no private key in OpenSSH's format without a passphrase") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("is no Ed25519 key (make one with: ssh-keygen -t ed25519)")  # noqa: TRY004 - of what it holds
    return Secret(value)


def host(value: str) -> str:
    """A host's name or address, or the folder of a Unix socket."""
    if not text(value).startswith("/"):
        try:
            value.encode("idna")
        except UnicodeError:
            raise ValueError("is no name of a host") from None
    return value


def ssl_mode(value: str) -> str:
    """How the database's certificate is verified: in full, or, on this machine only, not at all."""
    if value not in SSL_MODES:
        raise ValueError(f"is none of {', '.join(SSL_MODES)}; a connection is verified in full or not made")
    return value


def ldap_url(value: str) -> str:
    """An LDAP server: ldaps://HOST or ldap://HOST, with a port or without, and nothing else."""
    try:
        parts = urlsplit(text(value))
        host(parts.hostname or "")
        port_is_valid = parts.port != 0
    except ValueError:
        raise ValueError("is no URL such as ldaps://dc1.school.example") from None
    if parts.scheme not in {"ldap", "ldaps"} or not parts.hostname or not port_is_valid:
        raise ValueError("is no URL such as ldaps://dc1.school.example")
    if parts.username is not None or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("says more than scheme, host and port")
    return value.rstrip("/")
