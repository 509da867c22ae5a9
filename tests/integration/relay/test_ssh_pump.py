"""The pump between a real TCP connection and an SSH channel, on either event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
import uvloop

from connect_protocol.relay.credit import BASE_WINDOW
from connect_protocol.relay.ending import End, Ending
from connect_protocol.relay.pump import REST_SECONDS
from connect_ssh.channel import ByteChannel
from connect_ssh.errors import ChannelBrokenError
from connect_ssh.pump import LARGEST_READ, pump
from connect_ssh.watched import MOST_UNTOLD
from tests.support.frame_streams import connected_sockets
from tests.support.noise import exchange_noise
from tests.support.ssh_channels import channel_pair

SECONDS = 10
KERNEL_BUFFERS = 8 * 1024 * 1024
PIECE = 1024 * 1024
RESET = b"\x01\0\0\0\0\0\0\0"

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a scenario on an event loop of its own."""
    runner: Run = request.param
    return runner


@dataclass(frozen=True, kw_only=True, slots=True)
class Pumped:
    """A pump between a socket, whose `peer` the test plays, and a channel, whose far end the test plays."""

    peer: socket.socket
    near: ByteChannel
    far: ByteChannel
    running: asyncio.Task[Ending]
    hang_up: Callable[[], None]

    async def ending(self) -> Ending:
        """How the pump ended."""
        return await self.running

    async def read(self) -> bytes:
        """What the socket's peer gets."""
        return await asyncio.get_running_loop().sock_recv(self.peer, 1 << 20)

    async def read_all(self) -> int:
        """Read to the end; returns how many bytes came."""
        read = 0
        while piece := await self.read():
            read += len(piece)
        return read

    async def write(self, data: bytes) -> None:
        """Send from the socket's peer."""
        await asyncio.get_running_loop().sock_sendall(self.peer, data)

    def reset(self) -> None:
        """Break the connection at the socket's peer."""
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.peer.close()


@asynccontextmanager
async def pumped() -> AsyncIterator[Pumped]:
    """Within: a pump that runs; after it, nothing is left of it."""
    here, peer = connected_sockets()
    async with asyncio.timeout(SECONDS), channel_pair() as pair:
        running = asyncio.create_task(pump(here, pair.here))
        with peer:
            yield Pumped(peer=peer, near=pair.here, far=pair.there, running=running, hang_up=pair.connection.abort)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert here.fileno() == -1


def test_both_directions_close_on_their_own(run: Run) -> None:
    """A request, its end, then an answer, its end: each half-close passes and the other direction goes on."""

    async def scenario() -> None:
        async with pumped() as line:
            await line.write(b"request")
            line.peer.shutdown(socket.SHUT_WR)
            assert await line.far.receive() == b"request"
            assert await line.far.receive() is None
            for _ in range(3):
                await line.far.send(b"answer")
                assert await line.read() == b"answer"
            line.far.end()
            assert await line.read() == b""
            assert await line.ending() == Ending(end=End.CLOSED, sent=7, received=18)

    run(scenario())


def test_the_far_side_may_close_first(run: Run) -> None:
    """Then the socket's peer reads its end, and goes on sending."""

    async def scenario() -> None:
        async with pumped() as line:
            await line.far.send(b"all")
            line.far.end()
            assert await line.read() == b"all"
            assert await line.read() == b""
            await line.write(b"late")
            line.peer.close()
            assert await line.far.receive() == b"late"
            assert await line.far.receive() is None
            assert (await line.ending()).end is End.CLOSED

    run(scenario())


def test_a_far_side_that_closes_after_both_ends_loses_nothing_of_a_slow_reader(run: Run) -> None:
    """The channel is long gone when the socket's peer reads what it carried."""

    async def scenario() -> None:
        async with pumped() as line:
            line.peer.shutdown(socket.SHUT_WR)
            assert await line.far.receive() is None
            await line.far.send(bytes(BASE_WINDOW))
            line.far.end()
            await line.far.drained()
            line.far.close()
            await asyncio.sleep(REST_SECONDS + 0.2)  # longer than a broken channel gives a reader
            assert await line.read_all() == BASE_WINDOW
            assert await line.ending() == Ending(end=End.CLOSED, sent=0, received=BASE_WINDOW)

    run(scenario())


def test_who_does_not_read_holds_up_the_sender(run: Run) -> None:
    """Neither the pump nor the channel takes more than its share of what the socket's peer sends."""

    async def scenario() -> None:
        async with pumped() as line:
            sent = 0
            with suppress(TimeoutError):
                while True:
                    async with asyncio.timeout(0.5):
                        await line.write(bytes(PIECE))
                    sent += PIECE
            assert sent < 2 * KERNEL_BUFFERS + 2 * BASE_WINDOW
            assert 0 < line.near.unsent <= LARGEST_READ + MOST_UNTOLD

    run(scenario())


def test_a_socket_that_breaks_closes_the_channel_without_an_end(run: Run) -> None:
    """What had come before is sent."""

    async def scenario() -> None:
        async with pumped() as line:
            await line.write(b"last words")
            assert await line.far.receive() == b"last words"
            line.reset()
            with pytest.raises(ChannelBrokenError):
                await line.far.receive()
            ending = await line.ending()
            assert (ending.end, ending.sent) == (End.RESET_HERE, 10)
            assert ending.reset is not None
            assert "reset by peer" in ending.reset.message

    run(scenario())


def test_what_a_server_says_before_it_hangs_up_arrives(run: Run) -> None:
    """PostgreSQL says why, and closes while the client is still sending: the client's bytes then break the socket."""

    async def scenario() -> None:
        async with pumped() as line:
            await line.far.send(b"unread")
            assert await asyncio.get_running_loop().sock_recv(line.peer, 1) == b"u"
            await line.write(b"FATAL: out of memory")
            line.peer.close()
            with suppress(ChannelBrokenError):
                for _ in range(100):
                    await line.far.send(bytes(10_000))
            assert await line.far.receive() == b"FATAL: out of memory"
            with pytest.raises(ChannelBrokenError):
                await line.far.receive()

    run(scenario())


def test_a_channel_closed_before_its_end_is_a_reset_at_the_socket(run: Run) -> None:
    """After what came before; then no plain end, which could be taken for the whole."""

    async def scenario() -> None:
        async with pumped() as line:
            await line.far.send(b"half an answer")
            line.far.close()
            assert (await line.ending()).end is End.RESET_BY_PEER
            assert await line.read() == b"half an answer"
            with pytest.raises(ConnectionResetError):
                await line.read()

    run(scenario())


def test_a_channel_closed_when_only_the_far_side_has_ended_is_a_reset_too(run: Run) -> None:
    """What the socket's peer still wanted to send has gone nowhere."""

    async def scenario() -> None:
        async with pumped() as line:
            await line.far.send(b"enough")
            line.far.end()
            line.far.close()
            assert (await line.ending()).end is End.RESET_BY_PEER

    run(scenario())


def test_a_break_is_noticed_while_the_sockets_peer_reads_nothing(run: Run) -> None:
    """It has a moment for what has come; then the connection goes, be it full."""

    async def scenario() -> None:
        async with pumped() as line:
            await line.far.send(bytes(BASE_WINDOW))
            line.far.close()
            assert (await line.ending()).end is End.RESET_BY_PEER
            with pytest.raises(ConnectionResetError):
                await line.read_all()

    run(scenario())


def test_the_end_of_the_ssh_connection_is_told_apart(run: Run) -> None:
    async def scenario() -> None:
        async with pumped() as line:
            await line.far.send(b"x")
            assert await line.read() == b"x"
            line.hang_up()
            assert (await line.ending()).end is End.STREAM_BROKEN
            with pytest.raises(ConnectionResetError):
                await line.read()

    run(scenario())


async def test_a_far_side_that_takes_nothing_does_not_hold_up_the_farewell() -> None:
    """The channel is let go after some seconds, though its window is full."""
    async with pumped() as line:
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(0.2):
                    await line.write(bytes(64 * 1024))
        line.reset()
        await line.far.send(b"to somebody who is gone")
        await line.far.send(b"and once more")
        assert (await line.ending()).end is End.RESET_HERE


def test_a_cancelled_pump_resets_both_sides(run: Run) -> None:
    async def scenario() -> None:
        async with pumped() as line:
            await line.write(b"x")
            assert await line.far.receive() == b"x"
            line.running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await line.running
            with pytest.raises(ConnectionResetError):
                await line.read()
            with pytest.raises(ChannelBrokenError):
                await line.far.receive()

    run(scenario())


def test_many_megabytes_pass_both_ways_at_once(run: Run) -> None:
    """Byte for byte, in pieces of any size, over two pumps."""
    run(_pass_both_ways())


async def _pass_both_ways() -> None:
    left, left_pumped = connected_sockets()
    right, right_pumped = connected_sockets()
    async with asyncio.timeout(60), channel_pair() as pair:
        pumps = [
            asyncio.create_task(pump(left_pumped, pair.here)),
            asyncio.create_task(pump(right_pumped, pair.there)),
        ]
        await exchange_noise(left, right, pieces=300)
        one, other = await asyncio.gather(*pumps)
    assert one == Ending(end=End.CLOSED, sent=other.received, received=other.sent)
    assert one.sent > 100 * BASE_WINDOW
