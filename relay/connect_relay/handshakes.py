"""What gRPC's library writes of handshakes that fail, read: who called, and why he did not get through. Pure.

gRPC has no hook for them. Asked to trace its handshakers, it writes a record of each step with all it knows; that of
the step that fails has the error and the caller's address. So grpcio 1.85 writes, and real handshakes test it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

TRACER = "handshaker"
LONGEST_REASON = 200

_RECORD = r"[IWEF]\d{4} [\d:.]+ +\d+ "
_FAILING = re.compile(_RECORD + r"handshaker\.cc:\d+\] CallNextHandshakerLocked: error=(?!OK )(?P<reason>.*)")
_THROUGH = re.compile(_RECORD + r"handshaker\.cc:\d+\] CallNextHandshakerLocked: error=OK .*grpc\.auth_context=")
_STEP = re.compile(
    _RECORD
    + r"(handshaker\.cc:\d+\] (handshake_manager |CallNextHandshakerLocked: error=OK )"
    + r"|channel_trace\.h:\d+\] handshake manager "
    + r"|ssl_transport_security\.cc:\d+\] Handshake failed with error "
    + rf"|trace\.cc:\d+\] gRPC Tracers: {TRACER}$)"
)
_APPENDIX = re.compile(r"=== Source Location Trace: ===$|src/core/.*\.cc:\d+$|$")
_END = " shutdown="
_PEER = re.compile(r"grpc\.internal\.endpoint_peer_address=([^,}]+)")


THROUGH = "THROUGH"


class Cause(StrEnum):
    """Why a handshake failed; with THROUGH the labels of the metric."""

    NO_CERTIFICATE = "NO_CERTIFICATE"
    CERTIFICATE_REFUSED = "CERTIFICATE_REFUSED"
    NO_TLS = "NO_TLS"
    TLS_TOO_OLD = "TLS_TOO_OLD"
    NO_HTTP2 = "NO_HTTP2"
    TIMEOUT = "TIMEOUT"
    HUNG_UP = "HUNG_UP"
    OTHER = "OTHER"


_WORDS: tuple[tuple[str, Cause, str], ...] = (
    ("PEER_DID_NOT_RETURN_A_CERTIFICATE", Cause.NO_CERTIFICATE, "the caller has no certificate"),
    ("CERTIFICATE_VERIFY_FAILED", Cause.CERTIFICATE_REFUSED, "the caller's certificate is not accepted"),
    ("HTTP_REQUEST", Cause.NO_TLS, "plain HTTP in place of TLS"),
    ("WRONG_VERSION_NUMBER", Cause.NO_TLS, "something in place of TLS"),
    ("NO_SHARED_CIPHER", Cause.TLS_TOO_OLD, "TLS 1.3 is not offered"),
    ("UNSUPPORTED_PROTOCOL", Cause.TLS_TOO_OLD, "TLS 1.3 is not offered"),
    ("ALPN", Cause.NO_HTTP2, "HTTP/2 is not offered"),
    ("Endpoint closing", Cause.TIMEOUT, "not done in time"),
    ("FD Shutdown", Cause.TIMEOUT, "not done in time"),
    ("Handshake timed out", Cause.TIMEOUT, "not done in time"),
    ("Socket closed", Cause.HUNG_UP, "the caller has hung up"),
    ("Connection reset", Cause.HUNG_UP, "the caller has hung up"),
    ("Broken pipe", Cause.HUNG_UP, "the caller has hung up"),
)
_DETAIL = re.compile(r"CERTIFICATE_VERIFY_FAILED: ([a-z][^:]*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A caller who did not get through; `peer`: ipv4:HOST:PORT or ipv6:[HOST]:PORT, None if it was not written."""

    peer: str | None
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True)
class Through:
    """A caller has got through."""


class Reader:
    """Reads the library's lines piece by piece: outcomes are told, steps are dropped, all else is not ours."""

    def __init__(self) -> None:
        self._rest = ""
        self._failing: str | None = None
        self._inside = False

    def read(self, text: str) -> Iterator[Failure | Through | str]:
        """Outcomes, and lines, with their ends, that somebody else should get."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            yield from self._line(line)

    def rest(self) -> str:
        """What has begun and never ended."""
        rest, self._rest = self._rest, ""
        return rest

    def _line(self, line: str) -> Iterator[Failure | Through | str]:
        if (failing := _FAILING.match(line)) is not None:
            self._inside, self._failing = True, failing["reason"]
            if _END in line:
                yield self._failure(line)
        elif self._failing is not None and line.startswith(_END):
            yield self._failure(line)
        elif _STEP.match(line) is not None:
            self._inside = True
            if _THROUGH.match(line) is not None:
                yield Through()
        elif not (self._inside and _APPENDIX.match(line)):
            self._inside = False
            yield line + "\n"

    def _failure(self, line: str) -> Failure:
        """From the record's last line, which tells who called."""
        reason, self._failing = self._failing or "", None
        peer = _PEER.search(line)
        cause, words = _understood(reason.partition(_END)[0])
        return Failure(peer=None if peer is None else unquote(peer[1]), cause=cause, reason=words)


def _understood(error: str) -> tuple[Cause, str]:
    for mark, cause, words in _WORDS:
        if mark in error:
            detail = _DETAIL.search(error)
            return cause, words if detail is None else f"{words}: {detail[1]}"
    return Cause.OTHER, error[:LONGEST_REASON]
