"""The control stream's messages."""

import pytest

from connect_protocol.relay.control import (
    LARGEST_MESSAGE,
    BridgeMessage,
    Heartbeat,
    Hello,
    Open,
    RelayMessage,
    Visited,
    Welcome,
    decode_from_bridge,
    decode_from_relay,
    encode_from_bridge,
    encode_from_relay,
)
from connect_protocol.relay.errors import ProtocolError
from connect_protocol.relay.v1 import relay_pb2


@pytest.mark.parametrize("message", [Hello(version="1", targets=("database", "directory")), Heartbeat(7)])
def test_what_a_bridge_says_is_read_as_it_was_written(message: BridgeMessage) -> None:
    assert decode_from_bridge(encode_from_bridge(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        Welcome(version="1"),
        Heartbeat(7),
        Open(connection_id="c", target="database", window=5),
        Visited(version="1", unix_time=1.5e9, bridges=2),
    ],
)
def test_what_the_relay_says_is_read_as_it_was_written(message: RelayMessage) -> None:
    assert decode_from_relay(encode_from_relay(message)) == message


def test_what_only_a_newer_version_knows_is_passed_over() -> None:
    unknown = b"\x9a\x06\x00"
    assert relay_pb2.BridgeMessage.FromString(unknown).WhichOneof("message") is None
    assert decode_from_bridge(unknown) is None
    assert decode_from_relay(unknown) is None


@pytest.mark.parametrize("data", [b"\xff", bytes(LARGEST_MESSAGE + 1)])
def test_what_is_no_message_breaks_the_protocol(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_from_bridge(data)
    with pytest.raises(ProtocolError):
        decode_from_relay(data)
