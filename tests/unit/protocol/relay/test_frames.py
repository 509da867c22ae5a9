"""The frames' bytes: those that protobuf's generated class writes and reads, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_protocol.relay.errors import ProtocolError
from connect_protocol.relay.frames import (
    LARGEST_DATA,
    LARGEST_FRAME,
    Credit,
    Data,
    Dial,
    Frame,
    HalfClose,
    Opened,
    Reset,
    ResetCode,
    Serve,
    decode,
    encode,
)
from connect_protocol.relay.v1 import relay_pb2
from tests.support.frame_streams import NEWER

LENGTHS = (1, 2, 127, 128, 129, 16_383, 16_384, 65_536, 262_144, LARGEST_DATA)

uint32 = st.integers(0, 2**32 - 1)
frames = st.one_of(
    st.builds(Dial, target=st.text(max_size=63), realm=st.text(max_size=63), window=uint32, wait_seconds=uint32),
    st.builds(Serve, connection_id=st.text(max_size=64)),
    st.builds(Opened, window=uint32),
    st.builds(Data, st.binary(min_size=1, max_size=1000)),
    st.just(HalfClose()),
    st.builds(Reset, code=st.sampled_from(ResetCode), message=st.text(max_size=500)),
    st.builds(Credit, st.integers(1, 2**32 - 1)),
)


@given(frames)
def test_a_frame_that_is_written_and_read_is_the_same(frame: Frame) -> None:
    assert decode(encode(frame)) == frame


@pytest.mark.parametrize("length", LENGTHS)
def test_data_written_by_hand_are_those_of_the_generated_class(length: int) -> None:
    payload = bytes(range(256)) * (length // 256) + bytes(length % 256)
    assert encode(Data(payload)) == relay_pb2.Frame(data=payload).SerializeToString()


@pytest.mark.parametrize("length", LENGTHS)
def test_data_of_the_generated_class_are_read_by_hand(length: int) -> None:
    payload = b"x" * length
    assert decode(relay_pb2.Frame(data=payload).SerializeToString()) == Data(payload)


def test_reading_data_copies_nothing() -> None:
    message = encode(Data(b"x" * 100_000))
    frame = decode(message)
    assert isinstance(frame, Data)
    assert isinstance(frame.payload, memoryview)
    assert frame.payload.obj is message


@given(st.binary(max_size=64))
def test_garbage_is_a_frame_or_an_error_of_the_protocol(message: bytes) -> None:
    """Whatever comes: what is read as data is what the generated class would read."""
    try:
        frame = decode(message)
    except ProtocolError:
        return
    if isinstance(frame, Data):
        assert relay_pb2.Frame.FromString(message).data == bytes(frame.payload)


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (b"", "an empty frame"),
        (b"\x22\x00", "a frame data with nothing or too much in it"),
        (b"\x22", "a data frame without a length"),
        (b"\x22\x80\x80\x80\x80\x80\x01x", "a data frame without a length"),
        (b"\x22\x05abc", "bytes that are no frame"),
        (b"\xff", "bytes that are no frame"),
        (relay_pb2.Frame(credit=relay_pb2.Credit()).SerializeToString(), "a frame credit with nothing"),
        (relay_pb2.Frame(dial=relay_pb2.Dial(target="x" * 5000)).SerializeToString(), "a frame dial of 50"),
        (b"\x22" + bytes(LARGEST_FRAME), f"at most {LARGEST_FRAME} are allowed"),
        (relay_pb2.Frame(data=bytes(LARGEST_DATA + 1)).SerializeToString(), "a frame data with nothing or too much"),
    ],
)
def test_what_is_no_frame_is_named(message: bytes, what: str) -> None:
    with pytest.raises(ProtocolError, match=what):
        decode(message)


def test_what_a_newer_version_adds_to_data_is_passed_over() -> None:
    """A frame that begins like data may have a field more."""
    assert decode(encode(Data(b"abc")) + b"\x98\x06\x01") == Data(b"abc")


def test_a_kind_of_frame_that_only_a_newer_version_knows_is_none() -> None:
    assert relay_pb2.Frame.FromString(NEWER).WhichOneof("frame") is None
    assert decode(NEWER) is None


def test_not_even_a_newer_version_may_send_much_at_once_beside_data() -> None:
    with pytest.raises(ProtocolError, match="a frame of a newer version of 5000 bytes; at most 4096 are allowed"):
        decode(b"\x9a\x06\x84\x27" + bytes(4996))


def test_a_reset_code_of_a_newer_version_is_a_reset() -> None:
    newer = b"\x32\x02\x08\x63"
    assert relay_pb2.Frame.FromString(newer).reset.code == 99
    assert decode(newer) == Reset(code=ResetCode.UNSPECIFIED, message="")


def test_the_reset_codes_are_those_of_the_protocol() -> None:
    numbers = {f"RESET_CODE_{code.name}": code.value for code in ResetCode}
    assert numbers == dict(relay_pb2.ResetCode.items())


def test_a_long_message_of_a_reset_is_cut() -> None:
    """Lest the frame that should say what is wrong be too long itself."""
    frame = decode(encode(Reset(code=ResetCode.BROKEN, message="ü" * 5000)))
    assert frame == Reset(code=ResetCode.BROKEN, message="ü" * 500)


@pytest.mark.parametrize("frame", [Data(b""), Data(bytes(LARGEST_DATA + 1)), Credit(0), Credit(2**32)])
def test_a_frame_that_nobody_would_take_is_not_written(frame: Frame) -> None:
    with pytest.raises(ValueError, match=r"data frame|credit"):
        encode(frame)
