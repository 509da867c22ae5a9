"""The network is cut in the middle of a transfer, on either half of the way, and heals: soon, or too late."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from connect_worker.tunnel.base import Target
from tests.support.cable import Cable, cable
from tests.support.chain import (
    COMBINATIONS,
    PATIENCE_SECONDS,
    Combination,
    Entrance,
    Identities,
    Ports,
    connected,
    entrance,
    worker_end,
)
from tests.support.pattern import Finish, Received, Server, order, pattern_server
from tests.support.relay import HOST, RelayCommand

LARGE = 48 << 20
"""More than the windows on the way hold: the server has not yet sent it all when the cut comes."""
UNDER_WAY = 1 << 20

pytestmark = [
    pytest.mark.parametrize("combination", COMBINATIONS, ids=str),
    pytest.mark.parametrize("half", ["worker", "bridge"]),
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """Both halves of the way, of which one goes over the cable."""

    relay: RelayCommand
    cable: Cable
    ports: Ports
    server: Server


@asynccontextmanager
async def _way(identities: Identities, combination: Combination, half: str) -> AsyncIterator[Way]:
    relay = await asyncio.to_thread(identities.serve)
    here, there = entrance(relay, combination.worker), entrance(relay, combination.bridge)
    with relay:
        async with pattern_server() as server, cable({"worker": here, "bridge": there}[half].port) as line:
            if half == "worker":
                here = Entrance(carrier=here.carrier, port=line.port)
            else:
                there = Entrance(carrier=there.carrier, port=line.port)
            with identities.start_bridge(there, {Target.DATABASE: f"{HOST}:{server.port}"}):
                await relay.logged("attach", result="ATTACHED")
                async with worker_end(identities, here, combination.realm) as ports:
                    yield Way(relay=relay, cable=line, ports=ports, server=server)


async def test_a_short_cut_costs_time_and_no_byte(identities: Identities, combination: Combination, half: str) -> None:
    async with asyncio.timeout(2 * PATIENCE_SECONDS), _way(identities, combination, half) as way:
        with await connected(way.ports.database) as connection:
            received = Received()
            await _ask(connection, LARGE)
            await received.take(connection, UNDER_WAY)
            way.cable.pull()
            rest = asyncio.create_task(received.take(connection))
            await way.cable.held_up.wait()
            way.cable.plug()
            await rest
        assert (received.count, received.exact, received.finish) == (LARGE, True, Finish.ENDED)


async def test_a_long_cut_breaks_the_transfer_at_both_ends_and_the_way_comes_back(
    identities: Identities, combination: Combination, half: str
) -> None:
    """A half-dead connection would keep the customer's lock. What came before the cut is exact.

    A worker that is cut off has the patience of a run, which is longer than a test's: here it hears of it when the
    network has healed.
    """
    async with asyncio.timeout(3 * PATIENCE_SECONDS), _way(identities, combination, half) as way:
        with await connected(way.ports.database) as connection:
            received = Received()
            await _ask(connection, LARGE)
            await received.take(connection, UNDER_WAY)
            way.cable.pull()
            rest = asyncio.create_task(received.take(connection))
            visit = await way.server.visit()
            await visit.over.wait()
            if half == "bridge":
                await rest
            way.cable.plug()
            await rest
            assert (received.exact, received.finish) == (True, Finish.BROKEN)
        await _whole_again(way)


async def _ask(connection: socket.socket, count: int) -> None:
    await order(connection, download=count, upload=0)
    connection.shutdown(socket.SHUT_WR)


async def _whole_again(way: Way) -> None:
    """A connection that was asked for too early is broken; then another one is."""
    received = Received()
    while received.finish is not Finish.ENDED:
        received = Received()
        with await connected(way.ports.database) as connection:
            await _ask(connection, UNDER_WAY)
            await received.take(connection)
    assert (received.count, received.exact) == (UNDER_WAY, True)
