"""What happens when a part of the way dies, falls silent, goes down in order, or stalls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connect_protocol.relay import service
from connect_protocol.relay.control import Hello, Open, Welcome, decode_from_relay, encode_from_bridge
from connect_protocol.relay.credit import BASE_WINDOW, LARGEST_WINDOW
from connect_protocol.relay.ending import End
from connect_protocol.relay.frames import Opened, ResetCode
from connect_relay.rpc import Channel
from connect_relay.settings import Address
from tests.support.cable import cable
from tests.support.relay import (
    HOST,
    START_SECONDS,
    Command,
    Pki,
    RelayCommand,
    Tunnelled,
    call,
    dial,
    refusal,
    start_bridge,
    tunnel,
    worker_channel,
)
from tests.support.targets import Targets

MEGABYTE = 1 << 20
PIECE = 1 << 16
PROMPT_SECONDS = 15
"""Less than what a worker takes to notice by itself that nobody speaks any more: three of its heartbeats."""
HEARTBEAT = ("--heartbeat-seconds", "1")
SILENCE_SECONDS = 30
"""Three heartbeats of a second, and some for a busy machine."""
ECHOED = 40 * MEGABYTE
HELD_BYTES = 40_000_000
"""What relay or bridge may hold of a connection whose reader is stalled: its window, and what an allocator keeps, which
is chance. It is half of what is echoed meanwhile, there and back."""
KERNEL_BUFFERS = sum(
    int(Path(f"/proc/sys/net/ipv4/{name}").read_text(encoding="ascii").split()[2]) for name in ("tcp_rmem", "tcp_wmem")
)
"""What the two sockets of one TCP connection on loopback may hold in one direction."""


@asynccontextmanager
async def busy(channel: Channel) -> AsyncIterator[Tunnelled]:
    """Within: a connection on which bytes flow both ways, as long as they can."""
    async with tunnel(channel, dial("echo")) as connection:
        flowing = asyncio.Event()
        tasks = [asyncio.create_task(_flood(connection)), asyncio.create_task(_drain(connection, flowing))]
        await asyncio.wait_for(flowing.wait(), START_SECONDS)
        yield connection
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _flood(connection: Tunnelled) -> None:
    while True:
        await connection.write(bytes(100_000))


async def _drain(connection: Tunnelled, flowing: asyncio.Event) -> None:
    count = 0
    while piece := await connection.read():
        count += len(piece)
        if count > MEGABYTE:
            flowing.set()


async def test_a_dial_is_carried_out_by_the_bridge_that_stands_by_when_the_other_goes(
    pki: Pki, own_channel: Channel, own_relay: RelayCommand
) -> None:
    """The newer one has taken the order, and leaves without an answer."""
    async with worker_channel(pki.bridge(), own_relay.address) as newer:
        control = newer.call(service.ATTACH)
        await control.send(encode_from_bridge(Hello(version="1", targets=("echo",))))
        assert isinstance(decode_from_relay(await control.receive() or b""), Welcome)
        dialling = asyncio.create_task(call(own_channel, dial("echo")))
        assert isinstance(decode_from_relay(await control.receive() or b""), Open)
        control.close()
        stream, answer = await dialling
        assert isinstance(answer, Opened)
        stream.close()


async def test_the_worker_is_told_when_the_bridge_is_killed(
    own_channel: Channel, own_relay: RelayCommand, own_bridge: Command
) -> None:
    """By the connection's end, not by the bridge's silence."""
    async with busy(own_channel) as connection:
        own_bridge.kill()
        ending = await connection.ending(PROMPT_SECONDS)
    assert ending.end is End.RESET_BY_PEER
    assert ending.reset is not None
    assert (ending.reset.code, ending.reset.message) == (ResetCode.BROKEN, "the bridge is gone")
    line = await own_relay.logged("connect", result="BROKEN", reason="the bridge is gone")
    assert line["sent"] > MEGABYTE
    await own_relay.logged("detach", reason="the bridge has left")


async def test_the_target_is_told_when_the_worker_is_gone(
    pki: Pki, own_relay: RelayCommand, own_bridge: Command
) -> None:
    async with worker_channel(pki.worker(), own_relay.address) as channel, busy(channel):
        await channel.close()
    await own_relay.logged("connect", result="BROKEN", reason="the worker is gone")
    await own_bridge.logged("connection closed", end="reset_by_peer", reason="the worker is gone")


async def test_both_ends_notice_when_the_relay_is_killed_and_come_back(
    pki: Pki, own_relay: RelayCommand, own_bridge: Command, own_channel: Channel
) -> None:
    """The bridge by itself, to a relay that starts anew on the same port."""
    async with busy(own_channel) as connection:
        own_relay.kill()
        ending = await connection.ending(PROMPT_SECONDS)
    assert ending.end is End.STREAM_BROKEN
    await own_bridge.logged("connection closed", end="stream_broken")
    line = await own_bridge.logged("relay disconnected")
    assert line["cause"].startswith("UNAVAILABLE")
    await own_bridge.logged("relay not reached")
    with RelayCommand.serve(pki, port=own_relay.port) as again:
        await again.logged("attach", result="ATTACHED")
        async with worker_channel(pki.worker(), again.address) as channel, tunnel(channel, dial("echo")) as connection:
            await connection.write(b"again")
            assert await connection.read_exactly(5) == b"again"


async def test_a_bridge_that_falls_silent_is_dead_with_its_connections(
    pki: Pki, own_relay: RelayCommand, goals: Targets
) -> None:
    """No end of the connection ever comes, as after a power cut; the bridge notices too."""
    async with cable(own_relay.port) as line:
        with start_bridge(pki.bridge(), line.port, goals.by_name(), *HEARTBEAT) as bridge:
            await bridge.logged("relay connected")
            async with (
                worker_channel(pki.worker(), own_relay.address) as channel,
                tunnel(channel, dial("echo")) as connection,
            ):
                await connection.write(b"x")
                assert await connection.read_exactly(1) == b"x"
                line.pull()
                ending = await connection.ending(SILENCE_SECONDS)
                assert ending.reset is not None
                assert ending.reset.code is ResetCode.BROKEN
                await own_relay.logged("detach")
                assert (await refusal(channel, dial("echo"))).code is ResetCode.BRIDGE_ABSENT
            await bridge.logged("relay disconnected", SILENCE_SECONDS)
            await bridge.logged("connection closed", SILENCE_SECONDS)


async def test_a_worker_that_falls_silent_lets_go_of_the_target(
    pki: Pki, own_relay: RelayCommand, own_bridge: Command
) -> None:
    """A half-dead connection would keep the customer's lock."""
    async with (
        cable(own_relay.port) as line,
        worker_channel(pki.worker(), Address(host=HOST, port=line.port)) as channel,
        tunnel(channel, dial("echo")) as connection,
    ):
        await connection.write(b"x")
        assert await connection.read_exactly(1) == b"x"
        line.pull()
        await own_bridge.logged("connection closed", SILENCE_SECONDS, reason="the worker is gone")
        await own_relay.logged("connect", SILENCE_SECONDS, result="BROKEN", reason="the worker is gone")


async def test_the_newest_bridge_serves_and_the_older_stands_by(
    pki: Pki, own_relay: RelayCommand, own_bridge: Command, own_channel: Channel, goals: Targets
) -> None:
    with start_bridge(pki.bridge(), own_relay.port, goals.by_name()) as newer:
        await newer.logged("relay connected")
        async with tunnel(own_channel, dial("echo")) as connection:
            connection.end()
            await connection.ending()
        await newer.logged("connection closed")
        assert not any(line.get("event") == "connection closed" for line in own_bridge.lines)
        newer.stop()
        await own_relay.logged("detach")
        async with tunnel(own_channel, dial("echo")) as connection:
            connection.end()
            await connection.ending()
        await own_bridge.logged("connection closed")


async def test_a_relay_that_is_stopped_lets_connections_end_then_resets_them(
    own_relay: RelayCommand, own_bridge: Command, own_channel: Channel
) -> None:
    """Nothing new is taken, the bridge is sent away, what is open gets its grace of a second."""
    async with tunnel(own_channel, dial("echo")) as ending_soon, busy(own_channel) as lasting:
        stopping = asyncio.create_task(asyncio.to_thread(own_relay.stop))
        await own_bridge.logged("relay disconnected", cause="ABORTED: the relay is going down")
        await ending_soon.write(b"still")
        assert await ending_soon.read_exactly(5) == b"still"
        ending_soon.end()
        assert (await ending_soon.ending()).end is End.CLOSED
        ending = await lasting.ending()
        assert ending.reset is not None
        assert ending.reset.code is ResetCode.DRAINING
        assert await stopping == 0
    assert own_relay.wait_for("relay has gone down")


@pytest.mark.parametrize("port", ["gRPC", "HTTP"])
async def test_a_second_relay_on_a_port_does_not_start(pki: Pki, relay: RelayCommand, port: str) -> None:
    taken = str(relay.port) if port == "gRPC" else relay.admin_url.rpartition(":")[2]
    listen, admin = (taken, "0") if port == "gRPC" else ("0", taken)
    with Command.start(
        *("connect-relay", "serve", "--tls", pki.relay),
        *("--listen", f"127.0.0.1:{listen}", "--admin-listen", f"127.0.0.1:{admin}"),
    ) as second:
        await second.mentioned(f"Error: nobody can listen on 127.0.0.1:{taken}")
        assert await asyncio.to_thread(second.process.wait, START_SECONDS) == 7


async def test_a_stalled_reader_holds_its_window_and_nobody_else(
    own_channel: Channel, own_relay: RelayCommand, own_bridge: Command
) -> None:
    """What goes to a target that reads nothing stops at the window; of what others exchange meanwhile nothing stays."""
    async with tunnel(own_channel, dial("echo")) as other:
        await _echo(other, ECHOED)
        before = own_relay.resident_bytes(), own_bridge.resident_bytes()
        async with tunnel(own_channel, dial("stalled")) as stalled:
            written = await _write_until_stuck(stalled)
            assert BASE_WINDOW <= written <= LARGEST_WINDOW + 2 * KERNEL_BUFFERS
            await _echo(other, ECHOED)
            assert own_relay.resident_bytes() - before[0] < HELD_BYTES
            assert own_bridge.resident_bytes() - before[1] < HELD_BYTES
            assert not stalled.pumping.done()


async def test_a_worker_that_reads_nothing_stalls_only_itself(own_channel: Channel, own_relay: RelayCommand) -> None:
    """What comes back to it stops at the window, and comes whole once it is read."""
    async with tunnel(own_channel, dial("echo")) as other, tunnel(own_channel, dial("echo")) as lazy:
        await _echo(other, ECHOED)
        before = own_relay.resident_bytes()
        written = await _write_until_stuck(lazy)
        assert written <= LARGEST_WINDOW + BASE_WINDOW + 4 * KERNEL_BUFFERS
        await _echo(other, ECHOED)
        assert own_relay.resident_bytes() - before < HELD_BYTES
        lazy.end()
        count = 0
        while piece := await lazy.read():
            count += len(piece)
        assert written <= count <= written + PIECE
        assert (await lazy.ending()).end is End.CLOSED


async def test_nothing_is_left_of_connections_that_ended_in_any_way(
    own_channel: Channel, own_relay: RelayCommand, own_bridge: Command
) -> None:
    """Sockets of relay and bridge are as many as before."""
    await _all_kinds_of_ends(own_channel)
    before = own_relay.open_sockets(), own_bridge.open_sockets()
    for _ in range(10):
        await _all_kinds_of_ends(own_channel)
    await own_relay.counted("connections", 0)
    await own_relay.counted("dials_under_way", 0)
    await own_relay.counted("dials_waiting", 0)
    async with asyncio.timeout(START_SECONDS):
        for command, count in zip((own_relay, own_bridge), before, strict=True):
            # Another process closes them: it can only be asked.
            while command.open_sockets() > count + 1:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def _all_kinds_of_ends(channel: Channel) -> None:
    async with tunnel(channel, dial("echo")) as connection:
        await connection.write(b"in order")
        connection.end()
        assert await connection.read_exactly(8) == b"in order"
        await connection.ending()
    async with tunnel(channel, dial("echo")) as connection:
        await connection.write(bytes(100_000))
    await refusal(channel, dial("refusing"))
    await refusal(channel, dial("payroll"))


async def _echo(connection: Tunnelled, count: int) -> None:
    async def write() -> None:
        for _ in range(count // MEGABYTE):
            await connection.write(bytes(MEGABYTE))

    async with asyncio.timeout(60):
        await asyncio.gather(write(), connection.read_exactly(count))


async def _write_until_stuck(connection: Tunnelled) -> int:
    written = 0
    try:
        while True:
            async with asyncio.timeout(1.5):
                await connection.write(bytes(PIECE))
            written += PIECE
    except TimeoutError:
        return written
