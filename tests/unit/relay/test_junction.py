"""Two streams joined: what passes, and who is cut off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from connect_protocol.relay.credit import LARGEST_WINDOW
from connect_protocol.relay.errors import StreamBrokenError
from connect_protocol.relay.frames import Credit, Data, Frame, HalfClose, Opened, Reset, ResetCode, decode, encode
from connect_relay.junction import End, join
from tests.support.frame_streams import NEWER, MemoryStream, stream_pair

WINDOW = 100
SECONDS = 5


@dataclass(kw_only=True)
class Joined:
    """The two ends that the test plays, and the junction between them."""

    worker: MemoryStream
    bridge: MemoryStream
    running: asyncio.Task[Reset | None]
    stop: asyncio.Future[Reset]
    to_worker: list[int] = field(default_factory=list)
    to_bridge: list[int] = field(default_factory=list)

    async def result(self) -> Reset | None:
        return await asyncio.wait_for(self.running, SECONDS)


async def got(end: MemoryStream) -> Frame:
    async with asyncio.timeout(SECONDS):
        message = await end.receive()
    assert message is not None
    frame = decode(message)
    assert frame is not None
    return frame


async def told(end: MemoryStream) -> Frame:
    """A reset, of which the end takes note."""
    frame = await got(end)
    assert isinstance(frame, Reset)
    await end.end()
    return frame


async def put(end: MemoryStream, *frames: Frame) -> None:
    for frame in frames:
        await end.send(encode(frame))


@pytest.fixture
async def joined() -> AsyncIterator[Joined]:
    worker, relay_to_worker = stream_pair()
    bridge, relay_to_bridge = stream_pair()
    stop: asyncio.Future[Reset] = asyncio.get_running_loop().create_future()
    to_worker: list[int] = []
    to_bridge: list[int] = []
    running = asyncio.create_task(
        join(
            End(name="the worker", stream=relay_to_worker, window=WINDOW, carried=to_worker.append),
            End(name="the bridge", stream=relay_to_bridge, window=WINDOW, carried=to_bridge.append),
            [stop],
        )
    )
    yield Joined(worker=worker, bridge=bridge, running=running, stop=stop, to_worker=to_worker, to_bridge=to_bridge)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_frames_pass_as_they_are_until_both_have_closed(joined: Joined) -> None:
    await put(joined.worker, Data(b"request"), HalfClose())
    assert [await got(joined.bridge) for _ in range(2)] == [Data(b"request"), HalfClose()]
    await put(joined.bridge, Credit(7), Data(b"answer"), HalfClose())
    assert [await got(joined.worker) for _ in range(3)] == [Credit(7), Data(b"answer"), HalfClose()]
    await joined.worker.end()
    await joined.bridge.end()
    assert await joined.result() is None
    assert (joined.to_bridge, joined.to_worker) == ([7], [6])


@pytest.mark.parametrize("culprit", ["worker", "bridge"])
async def test_who_sends_beyond_the_credit_is_cut_off(joined: Joined, culprit: str) -> None:
    """Both are told, and what was too much has not been passed on."""
    sender, other = (joined.worker, joined.bridge) if culprit == "worker" else (joined.bridge, joined.worker)
    await put(sender, Data(bytes(60)), Data(bytes(41)))
    expected = Reset(
        code=ResetCode.PROTOCOL, message=f"the {culprit} broke the protocol: 41 bytes sent with a credit of 40"
    )
    assert await told(sender) == expected
    assert await got(other) == Data(bytes(60))
    assert await told(other) == expected
    assert await joined.result() == expected


async def test_credit_of_the_other_end_allows_more(joined: Joined) -> None:
    await put(joined.worker, Data(bytes(WINDOW)))
    await got(joined.bridge)
    await put(joined.bridge, Credit(50))
    assert await got(joined.worker) == Credit(50)
    await put(joined.worker, Data(bytes(50)))
    assert await got(joined.bridge) == Data(bytes(50))
    await joined.worker.end()
    await joined.bridge.end()


@pytest.mark.parametrize(
    ("frames", "what"),
    [
        ([Opened(window=1)], "a frame Opened where none may come"),
        ([HalfClose(), Data(b"x")], "a frame Data where none may come"),
        ([HalfClose(), HalfClose()], "a frame HalfClose where none may come"),
        ([Credit(LARGEST_WINDOW)], "at most"),
    ],
)
async def test_what_the_protocol_does_not_allow_cuts_off(joined: Joined, frames: list[Frame], what: str) -> None:
    await put(joined.worker, *frames)
    await put(joined.worker, Data(b"which nobody reads any more"))
    reset = await told(joined.worker)
    assert isinstance(reset, Reset)
    assert reset.code is ResetCode.PROTOCOL
    assert what in reset.message


async def test_a_frame_that_only_a_newer_version_knows_passes_as_it_is(joined: Joined) -> None:
    """Both ends may be newer than the relay."""
    await joined.worker.send(NEWER)
    await put(joined.worker, Data(b"request"))
    assert await joined.bridge.receive() == NEWER
    assert await got(joined.bridge) == Data(b"request")
    await joined.bridge.send(NEWER)
    assert await joined.worker.receive() == NEWER
    assert joined.to_bridge == [len(b"request")]


async def test_a_reset_is_passed_on_and_not_sent_back(joined: Joined) -> None:
    reset = Reset(code=ResetCode.BROKEN, message="the connection broke: connection reset by peer")
    await put(joined.bridge, Data(b"last words"), reset)
    await joined.bridge.end()
    assert await got(joined.worker) == Data(b"last words")
    assert await told(joined.worker) == reset
    assert await joined.result() == reset
    assert joined.bridge.incoming.empty()


async def test_an_end_that_is_gone_is_told_to_the_other(joined: Joined) -> None:
    await joined.bridge.end()
    reset = await told(joined.worker)
    assert reset == Reset(code=ResetCode.BROKEN, message="the bridge is gone")
    assert await joined.result() == reset


async def test_a_stream_that_breaks_is_told_to_the_other(joined: Joined) -> None:
    await joined.worker.break_off()
    assert await got(joined.bridge) == Reset(code=ResetCode.BROKEN, message="the worker is gone")


async def test_an_end_that_closes_after_its_half_close_but_before_the_others_is_gone(joined: Joined) -> None:
    """The answer was still to come."""
    await put(joined.bridge, HalfClose())
    await joined.bridge.end()
    assert await got(joined.worker) == HalfClose()
    assert await got(joined.worker) == Reset(code=ResetCode.BROKEN, message="the bridge is gone")


async def test_both_are_told_when_it_is_stopped(joined: Joined) -> None:
    down = Reset(code=ResetCode.DRAINING, message="the relay is going down")
    joined.stop.set_result(down)
    assert await told(joined.worker) == down
    assert await told(joined.bridge) == down
    assert await joined.result() == down


async def test_the_bridge_is_told_when_the_workers_call_is_cancelled(joined: Joined) -> None:
    await put(joined.worker, Data(b"x"))
    assert await got(joined.bridge) == Data(b"x")
    joined.running.cancel()
    assert await got(joined.bridge) == Reset(code=ResetCode.BROKEN, message="the worker is gone")


async def test_data_that_must_wait_are_hurried_on_when_the_connection_breaks() -> None:
    """The share of a realm that is used up keeps nobody from hearing of the end."""
    worker, relay_to_worker = stream_pair()
    bridge, relay_to_bridge = stream_pair()
    one = End(name="the worker", stream=relay_to_worker, window=WINDOW, carried=lambda _: None)
    waiting = asyncio.Event()

    def delays(count: int) -> list[float]:
        assert count == 1
        waiting.set()
        return [3600.0]

    other = End(name="the bridge", stream=relay_to_bridge, window=WINDOW, carried=lambda _: None, delays=delays)
    running = asyncio.create_task(join(one, other, []))
    await put(worker, Data(b"x"), Credit(1))
    await asyncio.wait_for(waiting.wait(), SECONDS)
    assert bridge.incoming.empty()
    reset = Reset(code=ResetCode.BROKEN, message="the connection broke")
    await put(bridge, reset)
    await bridge.end()
    assert await told(worker) == reset
    assert await asyncio.wait_for(running, 2) == reset


@dataclass(kw_only=True)
class Stuck:
    """A stream that takes nothing and says nothing, as that of a peer without network."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> bytes | None:
        await asyncio.Event().wait()
        raise StreamBrokenError

    async def send(self, frame: bytes) -> None:
        del frame
        self.reached.set()
        await asyncio.Event().wait()

    async def end(self) -> None:
        await asyncio.Event().wait()


async def test_one_end_that_takes_nothing_does_not_keep_the_reset_from_the_other() -> None:
    worker, relay_to_worker = stream_pair()
    stuck = Stuck()
    stop: asyncio.Future[Reset] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(
        join(
            End(name="the worker", stream=relay_to_worker, window=WINDOW, carried=lambda _: None),
            End(name="the bridge", stream=stuck, window=WINDOW, carried=lambda _: None),
            [stop],
        )
    )
    await put(worker, Data(b"x"))
    await asyncio.wait_for(stuck.reached.wait(), SECONDS)
    down = Reset(code=ResetCode.DRAINING, message="the relay is going down")
    stop.set_result(down)
    assert await told(worker) == down
    assert await asyncio.wait_for(running, 2 * SECONDS) == down
