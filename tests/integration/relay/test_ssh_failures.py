"""What happens to connections over SSH when one of their ends, or the relay itself, goes down or stops reading."""

import asyncio
import json
import signal
import socket

import pytest

from connect_protocol.relay.credit import FIRST_STEP
from connect_protocol.relay.ending import End
from connect_protocol.relay.frames import ResetCode
from connect_protocol.relay.identity import Identity, Role
from connect_relay.rpc import Channel
from tests.support.openssh import (
    AUTHORIZED_KEYS,
    HOST,
    Ssh,
    SshKeys,
    local_forward,
    piping,
    run_ssh,
    ssh_port,
    stock_bridge,
)
from tests.support.relay import (
    REALM,
    START_SECONDS,
    Pki,
    RelayCommand,
    Tunnelled,
    dial,
    refusal,
    start_bridge,
    tunnel,
    worker_channel,
)
from tests.support.targets import Targets

MEGABYTE = 1 << 20
PIECE = bytes(MEGABYTE)
SSH_WINDOW = 2 * MEGABYTE
"""What a stock ssh lets be under way to it."""
KERNEL_BUFFERS = 8 * MEGABYTE
ECHOED = 40
"""Megabytes that are exchanged beside a stalled connection; the relay's memory grows by less than half of them, there
and back: by windows, and by what its allocator keeps, which is chance."""
DRAIN_SECONDS = 60


async def test_a_killed_bridge_is_a_break_at_once_and_absent_from_then_on(
    own_mixed_channel: Channel, own_ssh_relay: RelayCommand, own_ssh_bridge: Ssh
) -> None:
    async with tunnel(own_mixed_channel, dial("echo")) as connection:
        await connection.write(b"half a word")
        assert await connection.read_exactly(11) == b"half a word"
        own_ssh_bridge.kill()
        ending = await connection.ending()
    assert ending.reset is not None
    assert (ending.end, ending.reset.code) == (End.RESET_BY_PEER, ResetCode.BROKEN)
    await own_ssh_relay.logged("detach", reason="Connection lost")
    reset = await refusal(own_mixed_channel, dial("echo"))
    assert reset.code is ResetCode.BRIDGE_ABSENT
    assert f"no bridge serves realm {REALM} since 20" in reset.message


async def test_a_silent_bridge_is_dead_after_its_keepalives(
    own_mixed_channel: Channel, own_ssh_relay: RelayCommand, own_ssh_bridge: Ssh
) -> None:
    """With a heartbeat of 1 s, after some 4 s."""
    async with tunnel(own_mixed_channel, dial("echo")) as connection:
        own_ssh_bridge.signal(signal.SIGSTOP)
        ending = await connection.ending()
    assert ending.reset is not None
    assert ending.reset.code is ResetCode.BROKEN
    assert ending.reset.message == "the bridge is gone: Client not responding to keepalive"
    await own_ssh_relay.logged("detach", reason="Client not responding to keepalive")


async def test_a_bridge_that_leaves_takes_its_leave(own_ssh_relay: RelayCommand, own_ssh_bridge: Ssh) -> None:
    own_ssh_bridge.signal(signal.SIGTERM)
    await own_ssh_relay.logged("detach", result="DETACHED")
    _, text = await own_ssh_relay.fetch("/bridges")
    assert [absence["realm"] for absence in json.loads(text)["absent"]] == [REALM]


async def test_a_killed_worker_is_a_break_at_the_target(
    pki: Pki, ssh_keys: SshKeys, own_ssh_relay: RelayCommand
) -> None:
    """The target of a bridge that can tell a break from an end is told it."""
    with socket.create_server((HOST, 0)) as server:
        server.setblocking(False)
        with (
            start_bridge(pki.bridge(), own_ssh_relay.port, {"database": server.getsockname()[1]}) as bridge,
            local_forward(ssh_keys, own_ssh_relay.ssh_port, "database:5432") as (worker, ports),
        ):
            await bridge.logged("relay connected")
            _, writer = await asyncio.open_connection(HOST, ports[0])
            loop = asyncio.get_running_loop()
            there, _ = await asyncio.wait_for(loop.sock_accept(server), START_SECONDS)
            writer.write(b"BEGIN")
            assert await loop.sock_recv(there, 5) == b"BEGIN"
            worker.kill()
            with pytest.raises(ConnectionResetError), there:
                await asyncio.wait_for(loop.sock_recv(there, 5), START_SECONDS)
            writer.close()
    await own_ssh_relay.logged("connect", result="BROKEN", reason="the worker is gone", sent=5)


async def test_a_break_closes_the_workers_channel(
    pki: Pki, ssh_keys: SshKeys, own_ssh_relay: RelayCommand, goals: Targets
) -> None:
    """A stock ssh makes a plain end of it: what breaks must be told apart by what flows, as TLS does."""
    with (
        start_bridge(pki.bridge(), own_ssh_relay.port, goals.by_name()) as bridge,
        local_forward(ssh_keys, own_ssh_relay.ssh_port, "echo:5432") as (_, ports),
    ):
        await bridge.logged("relay connected")
        reader, writer = await asyncio.open_connection(HOST, ports[0])
        writer.write(b"half a word")
        assert await reader.readexactly(11) == b"half a word"
        bridge.kill()
        assert await asyncio.wait_for(reader.read(), START_SECONDS) == b""
        writer.close()
    await own_ssh_relay.logged("connect", result="BROKEN", received=11)


async def test_a_killed_relay_ends_both_sides(
    ssh_keys: SshKeys, own_ssh_relay: RelayCommand, own_ssh_bridge: Ssh
) -> None:
    with local_forward(ssh_keys, own_ssh_relay.ssh_port, "echo:5432") as (worker, ports):
        reader, writer = await asyncio.open_connection(HOST, ports[0])
        writer.write(b"there?")
        assert await reader.readexactly(6) == b"there?"
        own_ssh_relay.kill()
        assert await asyncio.wait_for(reader.read(), START_SECONDS) == b""
        writer.close()
        assert await worker.ended() == 255
    assert await own_ssh_bridge.ended() == 255


async def test_a_relay_that_goes_down_drains_first(pki: Pki, ssh_keys: SshKeys, goals: Targets) -> None:
    """What is open goes on, nothing new begins; in the end, whoever is still there is sent away."""
    with (
        RelayCommand.serve(pki, *ssh_port(ssh_keys), "--drain-seconds", "3") as relay,
        stock_bridge(ssh_keys, relay.ssh_port, goals.by_name()) as bridge,
        local_forward(ssh_keys, relay.ssh_port, "echo:5432", "echo:5432") as (worker, ports),
    ):
        await relay.logged("attach")
        reader, writer = await asyncio.open_connection(HOST, ports[0])
        writer.write(b"before")
        assert await reader.readexactly(6) == b"before"
        relay.process.send_signal(signal.SIGTERM)
        await relay.logged("detach", reason="the relay is going down")
        refused = await run_ssh(piping(ssh_keys, relay.ssh_port, "echo:5432"))
        assert "Connection refused" in refused.said
        late, writer_of_late = await asyncio.open_connection(HOST, ports[1])
        assert await asyncio.wait_for(late.read(), START_SECONDS) == b""
        writer_of_late.close()
        await worker.said("DRAINING: the relay is going down")
        writer.write(b"after")
        assert await reader.readexactly(5) == b"after"
        assert await asyncio.wait_for(reader.read(), START_SECONDS) == b""
        writer.close()
        assert await worker.ended() == await bridge.ended() == 255
        await relay.logged("connect", result="DRAINING", sent=11)
        assert await asyncio.to_thread(relay.process.wait, START_SECONDS) == 0


async def test_a_bridge_without_connections_need_not_wait_for_the_drains_end(
    pki: Pki, ssh_keys: SshKeys, goals: Targets
) -> None:
    """It is free at once to call another relay."""
    with (
        RelayCommand.serve(pki, *ssh_port(ssh_keys), "--drain-seconds", str(DRAIN_SECONDS)) as relay,
        start_bridge(pki.bridge(), relay.port, goals.by_name()) as older,
    ):
        await older.logged("relay connected")
        async with worker_channel(pki.worker(), relay.address) as channel, tunnel(channel, dial("echo")) as connection:
            with stock_bridge(ssh_keys, relay.ssh_port, goals.by_name()) as bridge:
                await relay.logged("attach", transport="SSH")
                relay.process.send_signal(signal.SIGTERM)
                assert await bridge.ended(DRAIN_SECONDS / 2) == 255
            connection.end()
            await connection.ending()


async def test_a_key_that_is_taken_out_is_cut_off_with_its_connections(
    pki: Pki, ssh_keys: SshKeys, goals: Targets
) -> None:
    """At once, and others stay; also where a comment has been changed since they came."""
    keys = SshKeys.create(ssh_keys.root / "revoking", REALM)
    with (
        RelayCommand.serve(pki, *ssh_port(keys), "--reload-seconds", "0.1") as relay,
        stock_bridge(keys, relay.ssh_port, goals.by_name()) as bridge,
        local_forward(keys, relay.ssh_port, "echo:5432") as (worker, ports),
    ):
        await relay.logged("attach")
        reader, writer = await asyncio.open_connection(HOST, ports[0])
        writer.write(b"before")
        assert await reader.readexactly(6) == b"before"
        authorized = keys.relay / AUTHORIZED_KEYS
        authorized.write_text(authorized.read_text().replace(" test\n", " another comment\n"))
        await relay.logged("file reloaded", file="ssh")
        keys.authorize(Identity(realm=REALM, role=Role.BRIDGE))
        assert await asyncio.wait_for(reader.read(), START_SECONDS) == b""
        writer.close()
        assert await worker.ended() == 255
        await relay.logged("connect", result="REFUSED", reason="the worker's key has been revoked")
        refused = await run_ssh(piping(keys, relay.ssh_port, "echo:5432"))
        assert "Permission denied (publickey)" in refused.said
        assert bridge.process.poll() is None
        keys.authorize()
        assert await bridge.ended() == 255
        await relay.logged("detach", reason="the bridge's key has been revoked")


async def test_a_stalled_target_holds_its_windows_and_nobody_else(
    own_mixed_channel: Channel, own_ssh_relay: RelayCommand
) -> None:
    """Beside it others go on, over the same bridge's connection; the relay's memory is bounded."""
    async with tunnel(own_mixed_channel, dial("echo")) as other:
        await _echo(other, ECHOED)
        before = own_ssh_relay.resident_bytes()
        async with tunnel(own_mixed_channel, dial("stalled")) as stalled:
            written = await _write_until_stuck(stalled)
            assert SSH_WINDOW <= written <= FIRST_STEP + SSH_WINDOW + 2 * KERNEL_BUFFERS
            await _echo(other, ECHOED)
            assert own_ssh_relay.resident_bytes() - before < ECHOED * MEGABYTE
            assert not stalled.pumping.done()


async def test_a_worker_that_reads_nothing_stalls_only_itself(
    ssh_keys: SshKeys, own_ssh_relay: RelayCommand, own_ssh_bridge: Ssh
) -> None:
    """What comes back to it waits, and comes whole once it is read."""
    del own_ssh_bridge
    with local_forward(ssh_keys, own_ssh_relay.ssh_port, "echo:5432", "late:5432") as (_, ports):
        lazy, lazy_writer = await asyncio.open_connection(HOST, ports[1])
        lazy_writer.write(b"a question")
        lazy_writer.write_eof()
        lazy._transport.pause_reading()  # type: ignore[attr-defined]
        reader, writer = await asyncio.open_connection(HOST, ports[0], limit=MEGABYTE)
        for _ in range(20):
            writer.write(PIECE)
            assert await asyncio.wait_for(reader.readexactly(MEGABYTE), START_SECONDS) == PIECE
        writer.close()
        lazy._transport.resume_reading()  # type: ignore[attr-defined]
        answer = await asyncio.wait_for(lazy.read(), START_SECONDS)
        assert answer[:10] == b"        10"
        assert len(answer) == 10 + 256 * 40_000
        lazy_writer.close()


async def _echo(connection: Tunnelled, megabytes: int) -> None:
    for _ in range(megabytes):
        writing = asyncio.create_task(connection.write(PIECE))
        async with asyncio.timeout(START_SECONDS):
            assert await connection.read_exactly(MEGABYTE) == PIECE
            await writing


async def _write_until_stuck(connection: Tunnelled) -> int:
    """Bytes until nothing has been taken for a second."""
    written = 0
    while written < 256 * MEGABYTE:
        try:
            await asyncio.wait_for(connection.write(PIECE), 1)
        except TimeoutError:
            break
        written += MEGABYTE
    return written
