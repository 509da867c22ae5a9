"""One line for each attempt, allowed or not: who, realm, target, bytes, duration, reason. No secrets, no content."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic

import structlog
from cryptography import x509

from connect_protocol.relay.frames import Reset
from connect_protocol.relay.identity import Identity
from connect_relay.handshakes import Cause, Failure
from connect_relay.settings import Transport

log = structlog.stdlib.get_logger()


class Kind(StrEnum):
    """What was attempted; the line's event."""

    CONNECT = "connect"
    SERVE = "serve"
    ATTACH = "attach"
    DETACH = "detach"
    HANDSHAKE = "handshake"
    VISIT = "visit"
    LOGIN = "login"
    REQUEST = "request"


CLOSED = "CLOSED"
ATTACHED = "ATTACHED"
DETACHED = "DETACHED"
LEFT_OUT = "LEFT_OUT"
NOBODY = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who calls: what the certificate or key says (None if it says nothing that the relay understands), and from where.

    `credential` tells one certificate or key of theirs from another: its serial number in hex, or its fingerprint.
    """

    identity: Identity | None
    peer: str
    credential: str = ""
    certificate: x509.Certificate | None = None
    transport: Transport = Transport.GRPC

    @property
    def name(self) -> str:
        """The identity's URI."""
        return NOBODY if self.identity is None else self.identity.uri

    @property
    def realm(self) -> str | None:
        """The identity's realm."""
        return None if self.identity is None else self.identity.realm

    @property
    def means(self) -> str:
        """What shows who calls, in words."""
        return "key" if self.transport is Transport.SSH else "certificate"


def _future() -> asyncio.Future[Reset]:
    return asyncio.get_running_loop().create_future()


@dataclass(kw_only=True, slots=True, eq=False)
class Attempt:
    """What becomes of an attempt; filled in while it is under way. Bytes are counted from the worker's side.

    `dial_seconds`: until the target had been reached. `reset` None: it ended in order. `cut` is set when its caller has
    lost the right to it.
    """

    kind: Kind
    caller: Caller
    connection_id: str | None = None
    target: str | None = None
    sent: int = 0
    received: int = 0
    dial_seconds: float | None = None
    reset: Reset | None = None
    started: float = field(default_factory=monotonic)
    cut: asyncio.Future[Reset] = field(default_factory=_future, repr=False)

    def opened(self) -> None:
        """The target has been reached."""
        self.dial_seconds = monotonic() - self.started

    @property
    def result(self) -> str:
        """CLOSED, or the reset's code."""
        return CLOSED if self.reset is None else self.reset.code.name


def write(attempt: Attempt) -> None:
    """Write the line of a connection that is over: a warning if it was not granted or broke."""
    _write(
        attempt,
        attempt.result,
        "" if attempt.reset is None else attempt.reset.message,
        connection=attempt.connection_id,
        target=attempt.target,
        sent=attempt.sent,
        received=attempt.received,
        dial_seconds=None if attempt.dial_seconds is None else round(attempt.dial_seconds, 4),
    )


def write_attached(attempt: Attempt, *, version: str, targets: tuple[str, ...]) -> None:
    """Write that a bridge has come."""
    _write(attempt, ATTACHED, "", version=version, targets=targets)


def write_detached(attempt: Attempt, reason: str) -> None:
    """Write that a bridge has gone, and why."""
    attempt.kind = Kind.DETACH
    _write(attempt, DETACHED, reason)


def write_visit(attempt: Attempt) -> None:
    """Write that somebody has looked whether he would be let in."""
    _write(attempt, attempt.result, "")


def write_refused(attempt: Attempt) -> None:
    """Write that a bridge could not attach, or not visit; `attempt.reset` says why."""
    _write(attempt, attempt.result, "" if attempt.reset is None else attempt.reset.message)


def write_handshake(failure: Failure) -> None:
    """Write that somebody has not got through TLS; who only hangs up, as a balancer's probe does, is no warning."""
    line = log.info if failure.cause is Cause.HUNG_UP else log.warning
    line(
        Kind.HANDSHAKE.value,
        audit=True,
        who=NOBODY,
        peer=failure.peer,
        realm=None,
        result=failure.cause.value,
        reason=failure.reason,
    )


def write_left_out(kind: Kind, count: int) -> None:
    """Write how many callers who are not known had no line of their own."""
    log.warning(
        kind.value,
        audit=True,
        who=NOBODY,
        peer=None,
        realm=None,
        result=LEFT_OUT,
        reason=f"{count} more, without a line of their own",
        count=count,
    )


def _write(attempt: Attempt, result: str, reason: str, **particulars: object) -> None:
    line = log.info if attempt.reset is None else log.warning
    line(
        attempt.kind.value,
        audit=True,
        who=attempt.caller.name,
        credential=attempt.caller.credential,
        peer=attempt.caller.peer,
        transport=attempt.caller.transport.value,
        realm=attempt.caller.realm,
        result=result,
        reason=reason,
        seconds=round(monotonic() - attempt.started, 3),
        **particulars,
    )
