"""A realm gets so many bytes a second; nobody else notices, and on-call sees it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from connect_relay.rpc import Channel
from tests.support.relay import (
    OTHER_REALM,
    REALM,
    Pki,
    RelayCommand,
    Tunnelled,
    dial,
    start_bridge,
    tunnel,
    worker_channel,
)
from tests.support.targets import Targets

RATE = 2_000_000
ANSWER = 10_000_010
"""Bytes that the target `late` answers."""


@pytest.fixture
def slow_relay(pki: Pki, goals: Targets) -> Iterator[RelayCommand]:
    """A relay that lets 2 MB a second pass for each realm, with a bridge of each of two realms."""
    with (
        RelayCommand.serve(pki, "--bytes-per-second-per-realm", str(RATE), "--drain-seconds", "1") as relay,
        start_bridge(pki.bridge(), relay.port, goals.by_name()) as bridge,
        start_bridge(pki.bridge(OTHER_REALM), relay.port, goals.by_name()) as other,
    ):
        bridge.wait_for("relay connected")
        other.wait_for("relay connected")
        yield relay


@pytest.fixture
async def here(pki: Pki, slow_relay: RelayCommand) -> AsyncIterator[Channel]:
    async with worker_channel(pki.worker(), slow_relay.address) as channel:
        yield channel


@pytest.fixture
async def there(pki: Pki, slow_relay: RelayCommand) -> AsyncIterator[Channel]:
    async with worker_channel(pki.worker(OTHER_REALM), slow_relay.address) as channel:
        yield channel


async def test_a_realm_that_uses_up_its_share_is_held_back_and_no_byte_is_lost(
    here: Channel, there: Channel, slow_relay: RelayCommand
) -> None:
    """What lies beyond the burst takes its time; meanwhile another realm's echo answers at once."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    async with tunnel(here, dial("late")) as busy, tunnel(there, dial("echo", realm=OTHER_REALM)) as quiet:
        busy.end()
        reading = asyncio.create_task(busy.read_exactly(ANSWER))
        for _ in range(20):
            await quiet.write(b"how are you?")
            assert await quiet.read_exactly(12) == b"how are you?"
        assert not reading.done()
        await reading
        assert loop.time() - begun > (ANSWER - RATE) / RATE
    waited = f'throttled_seconds_total{{realm="{REALM}"}}'
    assert await slow_relay.metric(waited) > 1
    assert await slow_relay.metric(waited.replace(REALM, OTHER_REALM)) == 0


async def test_the_connections_of_a_realm_share_alike(here: Channel) -> None:
    """None of four has everything before each of them has half."""
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(tunnel(here, dial("echo"))) for _ in range(4)]
        shares = [0] * len(connections)
        writing = [asyncio.create_task(each.write(bytes(1_000_000))) for each in connections]
        reading = [asyncio.create_task(_count(each, shares, index)) for index, each in enumerate(connections)]
        await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
        assert min(shares) > 300_000
        for task in (*writing, *reading):
            await task


async def _count(connection: Tunnelled, shares: list[int], index: int) -> None:
    while shares[index] < 1_000_000:
        shares[index] += len(await connection.read())
