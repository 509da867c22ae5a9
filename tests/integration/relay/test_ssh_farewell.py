"""A bridge that is sent away by SSH is told why, as by gRPC: in its own log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from connect_relay.server import Relay, running
from connect_relay.settings import Limits, Times
from tests.support.openssh import SshKeys
from tests.support.relay import REALM, Command, Pki
from tests.support.ssh_ends import ssh_bridge, ssh_folder
from tests.support.targets import Targets

SENT_AWAY = "the relay has sent this bridge away: "


@asynccontextmanager
async def _relay(pki: Pki, keys: SshKeys, limits: Limits | None = None) -> AsyncIterator[int]:
    """Within: a relay; its SSH port."""
    async with running(keys.settings(pki.relay, limits=limits, times=Times(drain=0.1, reload=0.1))) as relay:
        yield _port(relay)


def _port(relay: Relay) -> int:
    assert relay.ssh_port is not None
    return relay.ssh_port


@asynccontextmanager
async def _bridge(keys: SshKeys, folder: Path, port: int, goals: Targets) -> AsyncIterator[Command]:
    """Within: a bridge; it takes its leave of a relay that runs on this event loop."""
    with ssh_bridge(ssh_folder(keys, folder, port), port, {"echo": goals.echo}) as bridge:
        yield bridge
        await asyncio.to_thread(bridge.stop)


async def test_by_a_newer_one(pki: Pki, ssh_keys: SshKeys, goals: Targets, tmp_path: Path) -> None:
    async with (
        _relay(pki, ssh_keys, Limits(bridges_per_realm=1)) as port,
        _bridge(ssh_keys, tmp_path, port, goals) as older,
    ):
        await older.logged("relay connected")
        async with _bridge(ssh_keys, tmp_path, port, goals):
            told = await older.logged("relay disconnected")
    assert told["cause"] == f"{SENT_AWAY}newer bridges of this realm have come"


async def test_by_a_limit(pki: Pki, ssh_keys: SshKeys, goals: Targets, tmp_path: Path) -> None:
    async with (
        _relay(pki, ssh_keys, Limits(ssh_connections_per_realm=1)) as port,
        _bridge(ssh_keys, tmp_path, port, goals) as there,
    ):
        await there.logged("relay connected")
        async with _bridge(ssh_keys, tmp_path, port, goals) as late:
            told = await late.logged("relay not reached")
    assert f"LIMIT: realm {REALM} has 1 SSH connections of bridges already" in told["cause"]


async def test_by_a_relay_that_goes_down(pki: Pki, ssh_keys: SshKeys, goals: Targets, tmp_path: Path) -> None:
    async with AsyncExitStack() as ending:
        async with _relay(pki, ssh_keys) as port:
            bridge = await ending.enter_async_context(_bridge(ssh_keys, tmp_path, port, goals))
            await bridge.logged("relay connected")
        told = await bridge.logged("relay disconnected")
    assert told["cause"] == f"{SENT_AWAY}the relay is going down"


async def test_by_a_key_that_has_been_revoked(pki: Pki, goals: Targets, tmp_path: Path) -> None:
    keys = SshKeys.create(tmp_path / "keys", REALM)
    async with _relay(pki, keys) as port, _bridge(keys, tmp_path / "bridge", port, goals) as bridge:
        await bridge.logged("relay connected")
        keys.authorize()
        told = await bridge.logged("relay disconnected")
    assert told["cause"].startswith(SENT_AWAY)
    assert "key has been revoked" in told["cause"]
