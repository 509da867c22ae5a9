"""A relay, and ends that speak SSH with asyncssh, in one process: breaks told from ends, and nothing left behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncssh
import pytest

from benchmarks.delay_line import delay_line
from connect_protocol.relay import service
from connect_protocol.relay.control import Hello, Open, Welcome, decode_from_relay, encode_from_bridge
from connect_protocol.relay.credit import BASE_WINDOW, FIRST_STEP, LONGEST_ROUND_TRIP
from connect_protocol.relay.ending import End
from connect_protocol.relay.frames import Opened, ResetCode, Serve, decode, encode
from connect_protocol.relay.identity import Role
from connect_protocol.relay.pump import BUDGET
from connect_relay.rpc import Channel, ClientStream
from connect_relay.server import Relay, running
from connect_relay.settings import Address, Limits, Times
from connect_relay.ssh_stream import LARGEST_BETWEEN_CHANNELS
from connect_relay.switchboard import GOING_DOWN
from connect_ssh.channel import ByteChannel
from connect_ssh.client import Client
from connect_ssh.errors import ChannelBrokenError
from connect_ssh.options import CHANNEL, LARGEST_CHANNEL_WINDOW, connection_options
from connect_ssh.pump import LARGEST_READ
from tests.support.openssh import SshKeys
from tests.support.relay import HOST, REALM, START_SECONDS, Pki, dial, refusal, tunnel, worker_channel

REST = 50_000
MOST_HELD = 40_000_000
TIMES = Times(first_frame=1, dial=1, drain=0.2)


async def test_a_bridges_channel_that_closes_without_an_end_is_a_break(pki: Pki, ssh_keys: SshKeys) -> None:
    async with (
        _relay(pki, ssh_keys) as relay,
        _bridge(relay, ssh_keys) as channels,
        worker_channel(pki.worker(), Address(host=HOST, port=relay.port)) as worker,
    ):
        async with tunnel(worker, dial("echo", wait_seconds=5)) as connection:
            there = await channels.get()
            await there.send(b"half an answer")
            there.close()
            assert await connection.read_exactly(14) == b"half an answer"
            ending = await connection.ending()
        assert ending.reset is not None
        assert (ending.end, ending.reset.code) == (End.RESET_BY_PEER, ResetCode.BROKEN)
        async with tunnel(worker, dial("echo")) as connection:
            there = await channels.get()
            connection.end()
            assert await there.receive() is None
            await there.send(b"a whole answer")
            there.end()
            assert await connection.read_exactly(14) == b"a whole answer"
            assert (await connection.ending()).end is End.CLOSED


async def test_a_break_at_the_bridge_is_none_of_the_workers_ends(pki: Pki, ssh_keys: SshKeys) -> None:
    """What came before it still arrives."""
    async with (
        _relay(pki, ssh_keys) as relay,
        _bridge(relay, ssh_keys) as channels,
        _connection(relay, ssh_keys, Role.WORKER) as worker,
    ):
        here = ByteChannel()
        await worker.create_connection(lambda: here, "echo", 5432, **CHANNEL)
        there = await channels.get()
        await there.send(b"half an answer")
        there.close()
        assert await here.receive() == b"half an answer"
        with pytest.raises(ChannelBrokenError):
            await here.receive()


async def test_who_reads_late_gets_everything_and_the_end(pki: Pki, ssh_keys: SshKeys) -> None:
    """A little more than the window holds: the end must wait for the last bytes, and so must the channel's close."""
    async with (
        _relay(pki, ssh_keys) as relay,
        _bridge(relay, ssh_keys) as channels,
        _connection(relay, ssh_keys, Role.WORKER) as worker,
    ):
        here = ByteChannel()
        await worker.create_connection(lambda: here, "echo", 5432, **CHANNEL)
        here.end()
        there = await channels.get()
        await there.send(bytes(BASE_WINDOW + REST))
        there.end()
        while relay.switchboard.accounts.of(REALM).received < BASE_WINDOW + REST:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        assert relay.switchboard.connections.taken == 1
        received = 0
        while (piece := await here.receive()) is not None:
            received += len(piece)
        assert received == BASE_WINDOW + REST


async def test_who_reads_nothing_for_a_while_gets_all_that_follows(pki: Pki, ssh_keys: SshKeys) -> None:
    """Nor does the sender send for a while: so its window has not grown, and waits as a whole behind the reader's."""
    async with (
        _relay(pki, ssh_keys) as relay,
        _bridge(relay, ssh_keys) as channels,
        worker_channel(pki.worker(), Address(host=HOST, port=relay.port)) as worker,
        tunnel(worker, dial("echo", wait_seconds=5)) as connection,
    ):
        there = await channels.get()
        await connection.write(bytes(BASE_WINDOW))
        await asyncio.sleep(3 * LONGEST_ROUND_TRIP)
        writing = asyncio.create_task(connection.write(bytes(20 * BASE_WINDOW)))
        await asyncio.sleep(0.5)
        received = 0
        while received < 21 * BASE_WINDOW:
            received += len(await there.receive() or b"")
        await writing


async def test_a_reader_that_stalls_far_away_holds_no_more_than_a_window_for_each_hop(
    pki: Pki, ssh_keys: SshKeys
) -> None:
    """It has read at full speed, and windows have grown as far as they do; within the relay little is held."""
    async with _relay(pki, ssh_keys) as relay:
        assert relay.ssh_port is not None
        with delay_line(HOST, relay.ssh_port, round_trip=0.05) as line:
            async with (
                _bridge(relay, ssh_keys, port=line.port) as channels,
                _connection(relay, ssh_keys, Role.WORKER) as worker,
            ):
                before = BUDGET.left
                here = ByteChannel()
                await worker.create_connection(lambda: here, "echo", 5432, **CHANNEL)
                sender = _Sender(await channels.get())
                received = 0
                while received < 4 * MOST_HELD:
                    received += len(await here.receive() or b"")
                await sender.until_stuck()
                assert 4 * FIRST_STEP < sender.sent - received < MOST_HELD
                assert before - BUDGET.left <= 2 * LARGEST_CHANNEL_WINDOW + LARGEST_BETWEEN_CHANNELS
                await sender.stop()


class _Sender:
    """Sends on a channel as fast as it goes."""

    def __init__(self, channel: ByteChannel) -> None:
        self.sent = 0
        self._channel = channel
        self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while True:
            await self._channel.send(bytes(LARGEST_READ))
            self.sent += LARGEST_READ

    async def until_stuck(self) -> None:
        """Until nothing has been taken for half a second."""
        before = -1
        while before < self.sent:
            before = self.sent
            await asyncio.sleep(0.5)

    async def stop(self) -> None:
        self._sending.cancel()
        await asyncio.wait([self._sending])


async def test_who_never_confirms_a_close_gets_no_more_channels_than_others(
    pki: Pki, ssh_keys: SshKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the relay the connections are over; but asyncssh keeps their channels until the other side has closed them."""
    most = Limits().connections_per_realm + Limits().dials_per_realm
    async with (
        _relay(pki, ssh_keys) as relay,
        _bridge(relay, ssh_keys) as channels,
        _connection(relay, ssh_keys, Role.WORKER) as worker,
    ):
        for _ in range(most):
            channel, here = await worker.create_connection(ByteChannel, "echo", 5432, **CHANNEL)
            assert isinstance(here, ByteChannel)
            monkeypatch.setattr(channel, "_close_send", lambda: None)
            here.end()
            (await channels.get()).end()
            assert await here.receive() is None
        while relay.switchboard.connections.taken:  # noqa: ASYNC110 - nothing tells but the count
            await asyncio.sleep(0.02)
        with pytest.raises(asyncssh.ChannelOpenError, match=f"this connection has {most} channels already"):
            await worker.create_connection(ByteChannel, "echo", 5432, **CHANNEL)


async def test_a_bridge_that_never_confirms_a_close_is_sent_away(
    pki: Pki, ssh_keys: SshKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its channels would pile up at the relay. What it still carries goes on to its end."""
    most = Limits().connections_per_realm + Limits().dials_per_realm
    async with (
        _relay(pki, ssh_keys) as relay,
        _bridge(relay, ssh_keys) as channels,
        _connection(relay, ssh_keys, Role.WORKER) as worker,
    ):
        still_open = ByteChannel()
        await worker.create_connection(lambda: still_open, "echo", 5432, **CHANNEL)
        there = await channels.get()
        for _ in range(most):
            await _end_without_a_close(worker, channels, monkeypatch)
        with pytest.raises(asyncssh.ChannelOpenError, match=f"LIMIT: the bridge has not closed {most} channels"):
            await worker.create_connection(ByteChannel, "echo", 5432, **CHANNEL)
        while relay.switchboard.registry.bridges:  # noqa: ASYNC110 - nothing tells but the registry
            await asyncio.sleep(0.02)
        async with _bridge(relay, ssh_keys) as channels_of_another:
            await worker.create_connection(ByteChannel, "echo", 5432, **CHANNEL)
            await channels_of_another.get()
        await there.send(b"the rest")
        there.end()
        assert await still_open.receive() == b"the rest"
        assert await still_open.receive() is None
        still_open.end()
        while relay.switchboard.ssh_connections[Role.BRIDGE].taken:  # noqa: ASYNC110 - nothing tells but the count
            await asyncio.sleep(0.02)


async def _end_without_a_close(
    worker: asyncssh.SSHClientConnection, channels: "asyncio.Queue[ByteChannel]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that ends in order, but that the bridge's end of its channel never closes."""
    here = ByteChannel()
    await worker.create_connection(lambda: here, "echo", 5432, **CHANNEL)
    there = await channels.get()
    monkeypatch.setattr(there._channel, "_close_send", lambda: None)
    here.end()
    there.end()
    assert await here.receive() is None


async def test_nothing_is_left_of_connections_that_ended_in_any_way(pki: Pki, ssh_keys: SshKeys) -> None:
    """No task, no place among the connections, no byte of the windows' budget."""
    async with (
        _relay(pki, ssh_keys) as relay,
        worker_channel(pki.worker(), Address(host=HOST, port=relay.port)) as worker,
    ):
        await refusal(worker, dial("echo"))
        before, budget = len(asyncio.all_tasks()), BUDGET.left
        for _ in range(3):
            await _all_kinds_of_ends(relay, ssh_keys)
        async with asyncio.timeout(START_SECONDS):
            while len(asyncio.all_tasks()) > before or budget != BUDGET.left:  # noqa: ASYNC110 - nothing tells but the count
                await asyncio.sleep(0.02)
        board = relay.switchboard
        assert (board.ssh_connections[Role.WORKER].taken, board.connections.taken, board.dials.taken) == (0, 0, 0)
        assert board.registry.bridges == []


async def _all_kinds_of_ends(relay: Relay, keys: SshKeys) -> None:
    async with _bridge(relay, keys) as channels, _connection(relay, keys, Role.WORKER) as worker:
        for end in (ByteChannel.close, ByteChannel.abort, ByteChannel.end):
            here = ByteChannel()
            await worker.create_connection(lambda here=here: here, "echo", 5432, **CHANNEL)  # type: ignore[misc]
            there = await channels.get()
            await here.send(bytes(100_000))
            end(here)
            there.end()
        with pytest.raises(asyncssh.ChannelOpenError, match="UNKNOWN_TARGET"):
            await worker.create_connection(ByteChannel, "nothing", 5432)
        with pytest.raises(asyncssh.ChannelOpenError, match="TARGET_UNREACHABLE: target refusing"):
            await worker.create_connection(ByteChannel, "refusing", 5432)
        open_until_the_end = ByteChannel()
        await worker.create_connection(lambda: open_until_the_end, "echo", 5432, **CHANNEL)
        await open_until_the_end.send(bytes(1_000_000))
        opening = asyncio.create_task(worker.create_connection(ByteChannel, "hanging", 5432))
        await asyncio.sleep(0)
        worker.abort()
        with pytest.raises(asyncssh.ChannelOpenError):
            await opening


async def test_a_relay_that_goes_down_says_so_to_the_last(pki: Pki, ssh_keys: SshKeys) -> None:
    """A worker that hears it asks another relay; one that is refused would give up for good."""
    async with AsyncExitStack() as up:
        relay = await up.enter_async_context(_relay(pki, ssh_keys))
        address = Address(host=HOST, port=relay.port)
        async with worker_channel(pki.bridge(), address) as bridge, _connection(relay, ssh_keys, Role.WORKER) as worker:
            there = await _served(bridge, worker)
            stopping = asyncio.create_task(up.aclose())
            assert decode(await there.receive() or b"") == GOING_DOWN
            # This bridge does not end its stream, and the relay waits for it.
            with pytest.raises(asyncssh.ChannelOpenError, match="DRAINING: the relay is going down"):
                await worker.create_connection(ByteChannel, "echo", 5432, **CHANNEL)
            await there.end()
            await stopping


async def _served(bridge: Channel, worker: asyncssh.SSHClientConnection) -> ClientStream:
    """A connection of the worker's, as a bridge that speaks gRPC by hand has it."""
    control = bridge.call(service.ATTACH)
    await control.send(encode_from_bridge(Hello(version="1", targets=("echo",))))
    assert isinstance(decode_from_relay(await control.receive() or b""), Welcome)
    opening = asyncio.create_task(worker.create_connection(ByteChannel, "echo", 5432, **CHANNEL))
    order = decode_from_relay(await control.receive() or b"")
    assert isinstance(order, Open)
    stream = bridge.call(service.SERVE)
    await stream.send(encode(Serve(connection_id=order.connection_id)))
    await stream.send(encode(Opened(window=BASE_WINDOW)))
    await opening
    return stream


@asynccontextmanager
async def _relay(pki: Pki, keys: SshKeys) -> AsyncIterator[Relay]:
    async with asyncio.timeout(START_SECONDS), running(keys.settings(pki.relay, times=TIMES)) as relay:
        yield relay


@asynccontextmanager
async def _bridge(
    relay: Relay, keys: SshKeys, *, port: int | None = None
) -> "AsyncIterator[asyncio.Queue[ByteChannel]]":
    """A bridge whose channels to `echo` are handed out; `refusing` it refuses, `hanging` it never answers."""
    channels: asyncio.Queue[ByteChannel] = asyncio.Queue()
    over = asyncio.Event()

    def take(_host: str, _port: int) -> ByteChannel:
        channel = ByteChannel()
        channels.put_nowait(channel)
        return channel

    def refuse(_host: str, _port: int) -> ByteChannel:
        raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "Connection refused")

    async def hang(_host: str, _port: int) -> ByteChannel:
        await over.wait()
        return ByteChannel()

    async with _connection(relay, keys, Role.BRIDGE, port=port) as connection:
        for name, answer in (("echo", take), ("refusing", refuse), ("hanging", hang)):
            await connection.create_server(answer, name, 5432, **CHANNEL)
        while len(relay.switchboard.registry.bridges) != 1:  # noqa: ASYNC110 - nothing tells but the registry
            await asyncio.sleep(0.02)
        yield channels
    over.set()


@asynccontextmanager
async def _connection(
    relay: Relay, keys: SshKeys, role: Role, *, port: int | None = None
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """`port`: where the way to the relay begins, if not at the relay."""
    assert relay.ssh_port is not None
    async with asyncssh.connect(
        HOST,
        port or relay.ssh_port,
        client_factory=Client,
        username="x",
        client_keys=[str(keys.of(role, REALM))],
        known_hosts=None,
        config=None,
        agent_path=None,
        **connection_options(),
    ) as connection:
        yield connection
