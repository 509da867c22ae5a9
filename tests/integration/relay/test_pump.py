"""The pump between a real TCP connection and a stream of frames."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest
import uvloop

from connect_protocol.relay.credit import LARGEST_WINDOW, ReceiveWindow
from connect_protocol.relay.ending import End, Ending
from connect_protocol.relay.errors import ProtocolError
from connect_protocol.relay.frames import Credit, Data, Frame, HalfClose, Opened, Reset, ResetCode, decode, encode
from connect_protocol.relay.pump import pump
from tests.support.frame_streams import NEWER, MemoryStream, connected_sockets, stream_pair
from tests.support.noise import exchange_noise

WINDOW = 64 * 1024
SECONDS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Pumped:
    """A pump between a socket, whose `peer` the test plays, and a stream, whose far end the test plays."""

    peer: socket.socket
    far: MemoryStream
    running: asyncio.Task[Ending]

    async def ending(self) -> Ending:
        """How the pump ended."""
        return await asyncio.wait_for(self.running, SECONDS)

    async def frame(self) -> Frame:
        """The next frame at the far end."""
        message = await asyncio.wait_for(self.far.receive(), SECONDS)
        assert message is not None
        frame = decode(message)
        assert frame is not None
        return frame

    async def put(self, frame: Frame) -> None:
        """Send a frame from the far end."""
        await self.far.send(encode(frame))

    async def read(self) -> bytes:
        """What the socket's peer gets."""
        return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.peer, 1 << 20), SECONDS)

    async def write(self, data: bytes) -> None:
        """Send from the socket's peer."""
        await asyncio.wait_for(asyncio.get_running_loop().sock_sendall(self.peer, data), SECONDS)


@pytest.fixture
async def pumped() -> AsyncIterator[Pumped]:
    here, peer = connected_sockets()
    near, far = stream_pair()
    running = asyncio.create_task(pump(here, near, send_window=WINDOW, receive_window=ReceiveWindow(WINDOW)))
    yield Pumped(peer=peer, far=far, running=running)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    peer.close()
    assert here.fileno() == -1
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_both_directions_close_on_their_own(pumped: Pumped) -> None:
    """A request, its end, then an answer, its end: each half-close passes and the other direction goes on."""
    await pumped.write(b"request")
    pumped.peer.shutdown(socket.SHUT_WR)
    assert await pumped.frame() == Data(b"request")
    assert await pumped.frame() == HalfClose()
    for _ in range(3):
        await pumped.put(Data(b"answer"))
        assert await pumped.read() == b"answer"
    await pumped.put(HalfClose())
    assert await pumped.read() == b""
    await pumped.far.end()
    assert await pumped.ending() == Ending(end=End.CLOSED, sent=7, received=18)


async def test_the_far_side_may_close_first(pumped: Pumped) -> None:
    """Then the socket's peer reads its end, and goes on sending."""
    await pumped.put(Data(b"all"))
    await pumped.put(HalfClose())
    assert await pumped.read() == b"all"
    assert await pumped.read() == b""
    await pumped.write(b"late")
    pumped.peer.close()
    assert await pumped.frame() == Data(b"late")
    assert await pumped.frame() == HalfClose()
    await pumped.far.end()
    assert (await pumped.ending()).end is End.CLOSED


async def test_nothing_more_is_sent_than_there_is_credit_for(pumped: Pumped) -> None:
    """The window, then exactly what Credit adds."""
    writing = asyncio.create_task(pumped.write(bytes(3 * WINDOW)))
    assert await _data(pumped, WINDOW) == WINDOW
    assert pumped.far.incoming.empty()
    await pumped.put(Credit(1000))
    assert await _data(pumped, 1000) == 1000
    await pumped.put(Credit(3 * WINDOW))
    await _data(pumped, 2 * WINDOW - 1000)
    await writing


async def test_credit_is_granted_only_after_the_socket_has_taken_the_bytes(pumped: Pumped) -> None:
    """While the socket's peer reads nothing, what it and the kernel cannot hold is never granted anew."""
    granted = sent = 0
    stalled = False
    while not stalled:
        while sent + 1024 <= WINDOW + granted:
            await pumped.put(Data(bytes(1024)))
            sent += 1024
        try:
            async with asyncio.timeout(0.5):
                credit = decode(await pumped.far.receive() or b"")
        except TimeoutError:
            stalled = True
        else:
            assert isinstance(credit, Credit)
            granted += credit.count
    read = 0
    while read < sent:
        read += len(await pumped.read())
    assert read == sent


async def test_a_frame_that_only_a_newer_version_knows_is_passed_over(pumped: Pumped) -> None:
    await pumped.far.send(NEWER)
    await pumped.put(Data(b"what it knows"))
    assert await pumped.read() == b"what it knows"


async def test_data_beyond_the_window_break_the_protocol(pumped: Pumped) -> None:
    """The far side is told, the socket's peer gets a TCP reset."""
    await pumped.put(Data(bytes(WINDOW + 1)))
    reset = await pumped.frame()
    assert isinstance(reset, Reset)
    assert reset.code is ResetCode.PROTOCOL
    await pumped.far.end()
    assert (await pumped.ending()).end is End.RESET_HERE
    with pytest.raises(ConnectionResetError):
        await pumped.read()


@pytest.mark.parametrize(
    "message",
    [
        encode(Opened(window=5)),
        b"\xff\xff",
        b"",
        encode(Credit(LARGEST_WINDOW)),
        pytest.param(b"\x22" + b"\x80" * 9, id="endless length"),
    ],
)
async def test_what_the_protocol_does_not_allow_is_told(pumped: Pumped, message: bytes) -> None:
    await pumped.far.send(message)
    reset = await pumped.frame()
    assert isinstance(reset, Reset)
    assert reset.code is ResetCode.PROTOCOL
    await pumped.far.end()
    assert (await pumped.ending()).reset == reset


async def test_no_data_may_follow_a_half_close(pumped: Pumped) -> None:
    await pumped.put(HalfClose())
    await pumped.put(Data(b"x"))
    reset = await pumped.frame()
    assert reset == Reset(code=ResetCode.PROTOCOL, message="a frame Data where none may come")


async def test_a_socket_that_breaks_is_told(pumped: Pumped) -> None:
    """What had come before is sent, then the reset."""
    await pumped.write(b"last words")
    assert await pumped.frame() == Data(b"last words")
    pumped.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    pumped.peer.close()
    reset = await pumped.frame()
    assert isinstance(reset, Reset)
    assert reset.code is ResetCode.BROKEN
    assert "reset by peer" in reset.message
    await pumped.far.end()
    assert await pumped.ending() == Ending(end=End.RESET_HERE, sent=10, received=0, reset=reset)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("rows", [0, 5])
def test_a_server_that_goes_while_it_is_written_to_is_told_with_its_last_words(
    run: Callable[..., None], rows: int
) -> None:
    """Whether it has been sending rows or nothing before; and no plain end, though a socket reads like one then."""
    for _ in range(10):
        run(_go_with_last_words(rows))


async def _go_with_last_words(rows: int) -> None:
    here, peer = connected_sockets()
    near, far = stream_pair()
    running = asyncio.create_task(pump(here, near, send_window=WINDOW, receive_window=ReceiveWindow(WINDOW)))
    pumped = Pumped(peer=peer, far=far, running=running)
    await pumped.put(Data(b"read in part"))
    assert await asyncio.get_running_loop().sock_recv(peer, 1) == b"r"
    for _ in range(rows):
        await pumped.write(b"row")
        assert await pumped.frame() == Data(b"row")
    if rows:
        await pumped.write(b"FATAL: terminating connection")
    # With bytes that have not been read, this is a reset.
    peer.close()
    await pumped.put(Data(b"more"))
    if rows:
        assert await pumped.frame() == Data(b"FATAL: terminating connection")
    assert isinstance(await pumped.frame(), Reset)
    await pumped.far.end()
    assert (await pumped.ending()).end is End.RESET_HERE


async def test_a_reset_reaches_the_socket_as_a_reset_after_what_came_before(pumped: Pumped) -> None:
    """The message that says why is still read; then no plain end, which could be taken for the whole."""
    await pumped.put(Data(b"FATAL: out of memory"))
    await pumped.put(Reset(code=ResetCode.BROKEN, message="gone"))
    await pumped.far.end()
    ending = await pumped.ending()
    assert ending.end is End.RESET_BY_PEER
    assert ending.reset == Reset(code=ResetCode.BROKEN, message="gone")
    assert await pumped.read() == b"FATAL: out of memory"
    with pytest.raises(ConnectionResetError):
        await pumped.read()


@pytest.mark.parametrize("way", [MemoryStream.break_off, MemoryStream.end])
async def test_a_stream_that_breaks_off_is_a_reset(
    pumped: Pumped, way: Callable[[MemoryStream], Awaitable[None]]
) -> None:
    """Whether it failed or ended too early."""
    await pumped.write(b"x")
    await way(pumped.far)
    assert (await pumped.ending()).end is End.STREAM_BROKEN
    with pytest.raises(ConnectionResetError):
        await pumped.read()


async def test_a_cancelled_pump_resets_its_socket(pumped: Pumped) -> None:
    await pumped.write(b"x")
    assert await pumped.frame() == Data(b"x")
    pumped.running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pumped.running
    with pytest.raises(ConnectionResetError):
        await pumped.read()


async def test_a_window_that_cannot_be_is_refused() -> None:
    """And the socket is closed all the same."""
    here, peer = connected_sockets()
    near, _ = stream_pair()
    with peer, pytest.raises(ProtocolError, match="a window of 0 bytes"):
        await pump(here, near, send_window=0, receive_window=ReceiveWindow(WINDOW))
    assert here.fileno() == -1


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_many_megabytes_pass_both_ways_at_once(run: Callable[..., None]) -> None:
    """Byte for byte, in pieces of any size, over two pumps, on either event loop."""
    run(_pass_both_ways())


async def _pass_both_ways() -> None:
    left, left_pumped = connected_sockets()
    right, right_pumped = connected_sockets()
    near, far = stream_pair()
    pumps = [
        asyncio.create_task(pump(left_pumped, near, send_window=WINDOW, receive_window=ReceiveWindow(WINDOW))),
        asyncio.create_task(pump(right_pumped, far, send_window=WINDOW, receive_window=ReceiveWindow(WINDOW))),
    ]
    await asyncio.wait_for(exchange_noise(left, right, pieces=200), 60)
    one, other = await asyncio.gather(*pumps)
    assert one == Ending(end=End.CLOSED, sent=other.received, received=other.sent)
    assert one.sent > WINDOW


async def _data(pumped: Pumped, count: int) -> int:
    """Take `count` bytes of data at the far end."""
    taken = 0
    while taken < count:
        frame = await pumped.frame()
        assert isinstance(frame, Data)
        taken += len(frame.payload)
    return taken
