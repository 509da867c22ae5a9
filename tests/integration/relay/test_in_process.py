"""Relay, bridge and worker in one process, where tasks can be counted and every time can be short."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvloop

from connect_protocol.relay import service
from connect_protocol.relay.control import Heartbeat, encode_from_bridge
from connect_protocol.relay.errors import StreamBrokenError
from connect_protocol.relay.frames import Reset, ResetCode, decode
from connect_relay.bridge import process
from connect_relay.rpc import Channel
from connect_relay.server import Relay, running
from connect_relay.settings import Address, BridgeSettings, Limits, RelayName, RelaySettings, Target, Times
from tests.support.relay import HOST, REALM, START_SECONDS, Pki, dial, refusal, tunnel, worker_channel
from tests.support.targets import Targets

ANY = Address(host=HOST, port=0)
WAITING = 8
TIMES = Times(first_frame=0.3, dial=1, longest_wait=5, drain=0.5)


@asynccontextmanager
async def relay_and_bridge(pki: Pki, goals: Targets) -> AsyncIterator[Relay]:
    """Within: both."""
    settings = RelaySettings(listen=ANY, admin=ANY, tls=pki.relay, times=TIMES)
    async with running(settings) as relay, bridge_of(relay, pki, goals):
        yield relay


@asynccontextmanager
async def bridge_of(relay: Relay, pki: Pki, goals: Targets) -> AsyncIterator[None]:
    """Within: a bridge that attaches to this relay."""
    settings = BridgeSettings(
        relays=(RelayName(address=Address(host=HOST, port=relay.port)),),
        tls=pki.bridge(),
        targets=tuple(
            Target(name=name, address=Address(host=HOST, port=port)) for name, port in goals.by_name().items()
        ),
        dial_seconds=0.5,
    )
    attached = asyncio.create_task(process.run(settings, process.callers_of(settings)))
    yield
    attached.cancel()
    with suppress(asyncio.CancelledError):
        await attached


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_no_task_is_left_of_connections_that_ended_in_any_way(
    pki: Pki, goals: Targets, run: Callable[..., Any]
) -> None:
    """On either event loop: as many tasks as before."""
    run(_count_tasks(pki, goals))


async def _count_tasks(pki: Pki, goals: Targets) -> None:
    async with (
        relay_and_bridge(pki, goals) as relay,
        worker_channel(pki.worker(), Address(host=HOST, port=relay.port)) as channel,
    ):
        await refusal(channel, dial("nothing", wait_seconds=5))
        before = len(asyncio.all_tasks())
        for _ in range(5):
            await _ends(channel)
        async with asyncio.timeout(START_SECONDS):
            while len(asyncio.all_tasks()) > before:  # noqa: ASYNC110 - nothing tells but the count
                await asyncio.sleep(0.02)


async def _ends(channel: Channel) -> None:
    async with tunnel(channel, dial("echo", wait_seconds=5)) as connection:
        await connection.write(b"in order")
        connection.end()
        assert await connection.read_exactly(8) == b"in order"
        await connection.ending()
    async with tunnel(channel, dial("echo")) as connection:
        await connection.write(bytes(100_000))
    await refusal(channel, dial("refusing"))
    await refusal(channel, dial("hanging"))


async def test_who_have_waited_for_their_bridge_take_turns_at_its_dials(pki: Pki, goals: Targets) -> None:
    """More than all realms may have under way: none of them is refused, and the limit holds all the time."""
    limits = Limits(dials=2, dials_per_realm=WAITING)
    async with (
        running(RelaySettings(listen=ANY, admin=ANY, tls=pki.relay, times=TIMES, limits=limits)) as relay,
        worker_channel(pki.worker(), Address(host=HOST, port=relay.port)) as channel,
    ):
        board = relay.switchboard
        waiting = []
        for number in range(WAITING):
            waiting.append(asyncio.create_task(_echoed(channel)))
            while board.waits.taken <= number:  # noqa: ASYNC110 - nothing tells but the count
                await asyncio.sleep(0.01)
        async with bridge_of(relay, pki, goals):
            assert await asyncio.gather(*waiting) == [b"at last"] * WAITING
        assert (board.waits.taken, board.dials.taken, board.accounts.of(REALM).refusals) == (0, 0, {})


async def _echoed(channel: Channel) -> bytes:
    async with tunnel(channel, dial("echo", wait_seconds=5)) as connection:
        await connection.write(b"at last")
        return await connection.read_exactly(7)


async def test_who_calls_and_says_nothing_is_sent_away(pki: Pki, goals: Targets) -> None:
    """Worker or bridge: a call holds its place for a moment only."""
    async with relay_and_bridge(pki, goals) as relay:
        address = Address(host=HOST, port=relay.port)
        async with worker_channel(pki.worker(), address) as worker, worker_channel(pki.bridge(), address) as silent:
            for channel, method in ((worker, service.CONNECT), (silent, service.SERVE)):
                stream = channel.call(method)
                message = await asyncio.wait_for(stream.receive(), START_SECONDS)
                assert message is not None
                wanted = "Dial" if method == service.CONNECT else "Serve"
                assert decode(message) == Reset(code=ResetCode.PROTOCOL, message=f"no {wanted} within 0.3 s")
                stream.close()
            control = silent.call(service.ATTACH)
            with pytest.raises(StreamBrokenError, match=r"ABORTED: no Hello within 0\.3 s"):
                await asyncio.wait_for(control.receive(), START_SECONDS)


async def test_who_says_something_else_than_hello_is_sent_away(pki: Pki, goals: Targets) -> None:
    async with (
        relay_and_bridge(pki, goals) as relay,
        worker_channel(pki.bridge(), Address(host=HOST, port=relay.port)) as channel,
    ):
        control = channel.call(service.ATTACH)
        await control.send(encode_from_bridge(Heartbeat(1)))
        with pytest.raises(StreamBrokenError, match="ABORTED: something in place of Hello"):
            await asyncio.wait_for(control.receive(), START_SECONDS)
