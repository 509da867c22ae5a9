"""What flows on a connection's stream: frames as types, and their bytes (message Frame in relay.proto).

Nearly every frame is Data. It is written and read by hand, without a copy when read; the others go through protobuf.
What a newer version has added is no frame and no error either: ends pass it over, the relay passes it on.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import assert_never

from google.protobuf.message import DecodeError

from connect_protocol.relay.errors import ProtocolError
from connect_protocol.relay.v1 import relay_pb2

LARGEST_DATA = 1024 * 1024
"""Bytes of payload that a Data frame may have; senders of today send less."""
LARGEST_CONTROL = 4096
"""Bytes that any other frame may have."""
LARGEST_FRAME = LARGEST_DATA + 16

_DATA_TAG = 4 << 3 | 2
_MESSAGE_LENGTH = 500
_SEVEN_BITS = 0x7F
_MORE = 0x80
_LONGEST_LENGTH = 5
_UINT32 = 2**32 - 1


class ResetCode(IntEnum):
    """Why a connection is at an end; the numbers of the protocol."""

    UNSPECIFIED = relay_pb2.RESET_CODE_UNSPECIFIED
    BRIDGE_ABSENT = relay_pb2.RESET_CODE_BRIDGE_ABSENT
    UNKNOWN_TARGET = relay_pb2.RESET_CODE_UNKNOWN_TARGET
    TARGET_UNREACHABLE = relay_pb2.RESET_CODE_TARGET_UNREACHABLE
    BROKEN = relay_pb2.RESET_CODE_BROKEN
    PROTOCOL = relay_pb2.RESET_CODE_PROTOCOL
    LIMIT = relay_pb2.RESET_CODE_LIMIT
    DRAINING = relay_pb2.RESET_CODE_DRAINING
    REFUSED = relay_pb2.RESET_CODE_REFUSED


@dataclass(frozen=True, kw_only=True, slots=True)
class Dial:
    """The worker's first frame: a target's name, how long to wait for a bridge, for which realm, its own window."""

    target: str
    realm: str
    window: int
    wait_seconds: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Serve:
    """The bridge's first frame: which Open it answers."""

    connection_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """The target has been reached; `window` bytes may be sent to it before the first Credit."""

    window: int


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of the connection, at least one and at most LARGEST_DATA."""

    payload: bytes | memoryview


@dataclass(frozen=True, slots=True)
class HalfClose:
    """No more data will come from this side."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reset:
    """The connection is at an end, and not in order. `message` is for people."""

    code: ResetCode
    message: str


@dataclass(frozen=True, slots=True)
class Credit:
    """So many bytes more may be sent."""

    count: int


Frame = Dial | Serve | Opened | Data | HalfClose | Reset | Credit


def encode(frame: Frame) -> bytes:
    """A frame's bytes. Raises ValueError for a frame that no receiver would take."""
    if isinstance(frame, Data):
        return _encode_data(frame.payload)
    return _message(frame).SerializeToString()


def decode(message: bytes) -> Frame | None:
    """Read a frame; None for one that only a newer version knows. Raises ProtocolError.

    A Data's payload is a view into `message`.
    """
    if len(message) > LARGEST_FRAME:
        raise ProtocolError(f"a frame of {len(message)} bytes; at most {LARGEST_FRAME} are allowed")
    if message and message[0] == _DATA_TAG:
        start, length = _length(message)
        if 0 < length <= LARGEST_DATA and start + length == len(message):
            return Data(memoryview(message)[start:])
    return _decode_message(message)


def _encode_data(payload: bytes | memoryview) -> bytes:
    length = len(payload)
    if not 0 < length <= LARGEST_DATA:
        raise ValueError(f"a data frame has 1 to {LARGEST_DATA} bytes, not {length}")
    header = bytearray((_DATA_TAG,))
    while length > _SEVEN_BITS:
        header.append(length & _SEVEN_BITS | _MORE)
        length >>= 7
    header.append(length)
    return b"".join((header, payload))


def _length(message: bytes) -> tuple[int, int]:
    """Where the payload starts, and how long it says it is."""
    length = 0
    for index, byte in enumerate(message[1 : 1 + _LONGEST_LENGTH]):
        length |= (byte & _SEVEN_BITS) << 7 * index
        if byte < _MORE:
            return index + 2, length
    raise ProtocolError("a data frame without a length")


def _message(frame: Dial | Serve | Opened | HalfClose | Reset | Credit) -> relay_pb2.Frame:
    match frame:
        case Dial():
            dial = relay_pb2.Dial(
                target=frame.target, realm=frame.realm, window=frame.window, wait_seconds=frame.wait_seconds
            )
            return relay_pb2.Frame(dial=dial)
        case Serve():
            return relay_pb2.Frame(serve=relay_pb2.Serve(connection_id=frame.connection_id))
        case Opened():
            return relay_pb2.Frame(opened=relay_pb2.Opened(window=frame.window))
        case HalfClose():
            return relay_pb2.Frame(half_close=relay_pb2.HalfClose())
        case Reset():
            reset = relay_pb2.Reset(code=frame.code.value, message=frame.message[:_MESSAGE_LENGTH])
            return relay_pb2.Frame(reset=reset)
        case Credit():
            if not 0 < frame.count <= _UINT32:
                raise ValueError(f"a credit of {frame.count} bytes")
            return relay_pb2.Frame(credit=relay_pb2.Credit(bytes=frame.count))
        case _:
            assert_never(frame)


def _decode_message(message: bytes) -> Frame | None:
    try:
        parsed = relay_pb2.Frame.FromString(message)
    except DecodeError as error:
        raise ProtocolError("bytes that are no frame") from error
    kind = parsed.WhichOneof("frame")
    if not message:
        raise ProtocolError("an empty frame")
    if kind != "data" and len(message) > LARGEST_CONTROL:
        raise ProtocolError(
            f"a frame {kind or 'of a newer version'} of {len(message)} bytes; at most {LARGEST_CONTROL} are allowed"
        )
    return None if kind is None else _frame(kind, parsed)


def _frame(kind: str, parsed: relay_pb2.Frame) -> Frame:  # noqa: PLR0911 - one return a kind
    match kind:
        case "data" if 0 < len(parsed.data) <= LARGEST_DATA:
            return Data(parsed.data)
        case "dial":
            dial = parsed.dial
            return Dial(target=dial.target, realm=dial.realm, window=dial.window, wait_seconds=dial.wait_seconds)
        case "serve":
            return Serve(connection_id=parsed.serve.connection_id)
        case "opened":
            return Opened(window=parsed.opened.window)
        case "half_close":
            return HalfClose()
        case "reset":
            return Reset(code=_reset_code(parsed.reset.code), message=parsed.reset.message)
        case "credit" if parsed.credit.bytes:
            return Credit(parsed.credit.bytes)
        case _:
            raise ProtocolError(f"a frame {kind} with nothing or too much in it")


def _reset_code(number: int) -> ResetCode:
    """A code that a newer version has added is a reset all the same."""
    return ResetCode(number) if number in set(ResetCode) else ResetCode.UNSPECIFIED
