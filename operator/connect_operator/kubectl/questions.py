"""What `new` asks for a customer: which Secret holds the answer, and how it is asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from connect_operator.core.spec import Transport
from connect_protocol.environment import SecretKey


class Kind(Enum):
    """How an answer is given. HIDDEN is typed unseen; FILE is a path, whose content is the answer."""

    TEXT = auto()
    HIDDEN = auto()
    FILE = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question; an empty answer is possible where it is `optional`."""

    key: SecretKey
    text: str
    kind: Kind = Kind.TEXT
    default: str = ""
    optional: bool = False


_ALWAYS = (
    Question(key=SecretKey.CUSTOMER_NUMBER, text="Customer number"),
    Question(key=SecretKey.DATABASE_HOST, text="Database server, as its certificate names it"),
    Question(key=SecretKey.DATABASE_PORT, text="Its port", default="5432"),
    Question(key=SecretKey.DATABASE_NAME, text="Database"),
    Question(key=SecretKey.DATABASE_USERNAME, text="Account in the database"),
    Question(key=SecretKey.DATABASE_PASSWORD, text="Its password (not shown)", kind=Kind.HIDDEN),
    Question(key=SecretKey.DATABASE_CA, text="File of the certificates to trust there", kind=Kind.FILE, optional=True),
    Question(key=SecretKey.DIRECTORY_URL, text="Directory, such as ldaps://dc1.school.test"),
    Question(key=SecretKey.DIRECTORY_BIND_DN, text="Account in the directory, its DN"),
    Question(key=SecretKey.DIRECTORY_PASSWORD, text="Its password (not shown)", kind=Kind.HIDDEN),
    Question(key=SecretKey.DIRECTORY_CA, text="File of the certificates to trust there", kind=Kind.FILE, optional=True),
)
_SSH = (
    Question(key=SecretKey.RELAY_SSH_KEY, text="File of the worker's SSH key", kind=Kind.FILE),
    Question(key=SecretKey.RELAY_KNOWN_HOSTS, text="File of the host keys (known_hosts)", kind=Kind.FILE),
)
_BY_TRANSPORT = {
    Transport.GRPC: (
        Question(key=SecretKey.RELAY_CERTIFICATE, text="File of the worker's certificate (tls.crt)", kind=Kind.FILE),
        Question(key=SecretKey.RELAY_KEY, text="File of its key (tls.key)", kind=Kind.FILE),
        Question(key=SecretKey.RELAY_CA, text="File of the relay's authority (ca.crt)", kind=Kind.FILE),
    ),
    Transport.SSH: _SSH,
    Transport.JUMP_HOST: (*_SSH, Question(key=SecretKey.RELAY_SSH_USER, text="Account on the jump host")),
    Transport.NONE: (),
}
ADDRESSES = {Transport.GRPC: "connect-relay:8443", Transport.SSH: "connect-relay:2222", Transport.JUMP_HOST: ""}
"""What is proposed; a jump host is the customer's."""


def questions(transport: Transport) -> Iterator[Question]:
    """All of them, in the order of asking."""
    yield from _ALWAYS
    yield from _BY_TRANSPORT[transport]
