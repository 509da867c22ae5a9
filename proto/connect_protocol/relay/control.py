"""What a bridge and the relay say to each other on the control stream: messages as types, and their bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, assert_never

from google.protobuf.message import DecodeError

from connect_protocol.relay.errors import ProtocolError
from connect_protocol.relay.v1 import relay_pb2

LARGEST_MESSAGE = 64 * 1024

_Message = TypeVar("_Message")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hello:
    """The bridge's first message: its version, and the names on its allow-list."""

    version: str
    targets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Welcome:
    """The relay's first message."""

    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Visited:
    """The relay's first message to a visitor: its clock (seconds since 1970), and how many bridges the realm has."""

    version: str
    unix_time: float
    bridges: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Its sender lives."""

    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Open:
    """The bridge shall dial a target and serve it; it may send `window` bytes before the first Credit."""

    connection_id: str
    target: str
    window: int


BridgeMessage = Hello | Heartbeat
RelayMessage = Welcome | Heartbeat | Open | Visited


def encode_from_bridge(message: BridgeMessage) -> bytes:
    """The bytes of what a bridge says."""
    match message:
        case Hello():
            hello = relay_pb2.Hello(version=message.version, targets=message.targets)
            return relay_pb2.BridgeMessage(hello=hello).SerializeToString()
        case Heartbeat():
            return relay_pb2.BridgeMessage(heartbeat=_heartbeat(message)).SerializeToString()
        case _:
            assert_never(message)


def decode_from_bridge(data: bytes) -> BridgeMessage | None:
    """Read what a bridge says; None for what only a newer version knows. Raises ProtocolError."""
    parsed = _parsed(data, relay_pb2.BridgeMessage.FromString)
    match parsed.WhichOneof("message"):
        case "hello":
            return Hello(version=parsed.hello.version, targets=tuple(parsed.hello.targets))
        case "heartbeat":
            return Heartbeat(parsed.heartbeat.number)
        case _:
            return None


def encode_from_relay(message: RelayMessage) -> bytes:
    """The bytes of what the relay says."""
    match message:
        case Welcome():
            welcome = relay_pb2.Welcome(version=message.version)
            return relay_pb2.RelayMessage(welcome=welcome).SerializeToString()
        case Heartbeat():
            return relay_pb2.RelayMessage(heartbeat=_heartbeat(message)).SerializeToString()
        case Open():
            order = relay_pb2.Open(connection_id=message.connection_id, target=message.target, window=message.window)
            return relay_pb2.RelayMessage(open=order).SerializeToString()
        case Visited():
            visited = relay_pb2.Visited(version=message.version, unix_time=message.unix_time, bridges=message.bridges)
            return relay_pb2.RelayMessage(visited=visited).SerializeToString()
        case _:
            assert_never(message)


def decode_from_relay(data: bytes) -> RelayMessage | None:
    """Read what the relay says; None for what only a newer version knows. Raises ProtocolError."""
    parsed = _parsed(data, relay_pb2.RelayMessage.FromString)
    match parsed.WhichOneof("message"):
        case "welcome":
            return Welcome(version=parsed.welcome.version)
        case "heartbeat":
            return Heartbeat(parsed.heartbeat.number)
        case "open":
            order = parsed.open
            return Open(connection_id=order.connection_id, target=order.target, window=order.window)
        case "visited":
            visited = parsed.visited
            return Visited(version=visited.version, unix_time=visited.unix_time, bridges=visited.bridges)
        case _:
            return None


def _heartbeat(message: Heartbeat) -> relay_pb2.Heartbeat:
    return relay_pb2.Heartbeat(number=message.number)


def _parsed(data: bytes, parse: Callable[[bytes], _Message]) -> _Message:
    if len(data) > LARGEST_MESSAGE:
        raise ProtocolError(f"a message of {len(data)} bytes; at most {LARGEST_MESSAGE} are allowed")
    try:
        return parse(data)
    except DecodeError as error:
        raise ProtocolError("bytes that are no message") from error
