"""Two ends that send anything at all: the junction ends, leaves nothing, and passes on no more than was granted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from connect_protocol.relay.credit import LARGEST_WINDOW
from connect_protocol.relay.frames import (
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
from connect_relay.junction import End, join
from tests.support.frame_streams import NEWER, MemoryStream, stream_pair

WINDOW = 100

data = st.sampled_from([1, 40, 60]).map(lambda length: Data(bytes(length)))
frames: st.SearchStrategy[Frame] = st.one_of(
    data,
    st.builds(Credit, st.one_of(st.integers(1, 60), st.sampled_from([LARGEST_WINDOW, 2**32 - 1]))),
    st.just(HalfClose()),
    st.builds(Reset, code=st.sampled_from(ResetCode), message=st.text(max_size=10)),
    st.sampled_from([Dial(target="t", realm="r", window=1), Serve(connection_id="x"), Opened(window=1)]),
)
orderly: st.SearchStrategy[Frame] = st.one_of(data, st.builds(Credit, st.integers(1, 60)))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A frame with a byte changed, or cut off."""
    message = bytearray(encode(draw(frames)))
    position = draw(st.integers(0, len(message) - 1))
    if draw(st.booleans()):
        message[position] = draw(st.integers(0, 255))
    else:
        del message[position:]
    return bytes(message)


messages = st.one_of(orderly.map(encode), orderly.map(encode), frames.map(encode), damaged(), st.just(NEWER))
speeches = st.lists(messages, max_size=12)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of it: the junction's result, and what each end has received."""

    result: Reset | None
    to_worker: Sequence[bytes]
    to_bridge: Sequence[bytes]


@given(speeches, speeches)
def test_whatever_is_said_the_junction_ends_and_tells_the_truth(
    from_worker: list[bytes], from_bridge: list[bytes]
) -> None:
    """What arrives is what was said, byte by byte, up to a reset; after the reset nothing comes."""
    outcome = asyncio.run(joined(from_worker, from_bridge))
    for said, arrived in ((from_worker, outcome.to_bridge), (from_bridge, outcome.to_worker)):
        passed = [message for message in arrived if not is_reset(message)]
        assert passed == said[: len(passed)]
        assert all(is_reset(message) for message in arrived[len(passed) :])
        assert len(arrived) <= len(passed) + 1


@given(speeches, speeches)
def test_whatever_is_said_no_more_passes_than_was_granted(from_worker: list[bytes], from_bridge: list[bytes]) -> None:
    outcome = asyncio.run(joined(from_worker, from_bridge))
    assert carried(outcome.to_bridge) <= WINDOW + granted(outcome.to_worker)
    assert carried(outcome.to_worker) <= WINDOW + granted(outcome.to_bridge)


async def joined(from_worker: Sequence[bytes], from_bridge: Sequence[bytes]) -> Outcome:
    """Let both ends say what they have to say, and end their streams."""
    worker, relay_to_worker = stream_pair()
    bridge, relay_to_bridge = stream_pair()
    for end, speech in ((worker, from_worker), (bridge, from_bridge)):
        for message in speech:
            await end.send(message)
        await end.end()
    one = End(name="the worker", stream=relay_to_worker, window=WINDOW, carried=lambda _: None)
    other = End(name="the bridge", stream=relay_to_bridge, window=WINDOW, carried=lambda _: None)
    async with asyncio.timeout(5):
        result = await join(one, other, [])
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return Outcome(result=result, to_worker=received(worker), to_bridge=received(bridge))


def received(end: MemoryStream) -> Sequence[bytes]:
    """What has come to an end."""
    messages = [end.incoming.get_nowait() for _ in range(end.incoming.qsize())]
    return [message for message in messages if isinstance(message, bytes)]


def is_reset(message: bytes) -> bool:
    """Whether a message that has passed the junction ends the connection."""
    return isinstance(decode(message), Reset)


def carried(messages: Sequence[bytes]) -> int:
    """Bytes of data in what has arrived."""
    return sum(len(frame.payload) for frame in map(decode, messages) if isinstance(frame, Data))


def granted(messages: Sequence[bytes]) -> int:
    """Credit in what has arrived."""
    return sum(frame.count for frame in map(decode, messages) if isinstance(frame, Credit))
