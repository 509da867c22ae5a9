"""A hundred connections at once on each combination: every byte where it belongs, and memory within the budget."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from connect_protocol.relay.credit import LARGEST_BUDGET
from connect_worker.tunnel.base import Target
from tests.support.chain import COMBINATIONS, Combination, Identities, connected, entrance, worker_end
from tests.support.pattern import Finish, Received, order, pattern_server, send
from tests.support.relay import HOST, Command

CONNECTIONS = 100
COUNT = 1 << 19
LOOK_SECONDS = 0.05
ROOMY = ("--connections-per-realm", str(CONNECTIONS), "--dials-per-realm", str(CONNECTIONS))


async def _grown(commands: tuple[Command, ...]) -> list[int]:
    """How many bytes more each holds at its peak than now; measured until cancelled."""
    before = [command.resident_bytes() for command in commands]
    peak = list(before)
    try:
        while True:
            peak = [max(most, command.resident_bytes()) for most, command in zip(peak, commands, strict=True)]
            # Other processes' memory can only be looked at.
            await asyncio.sleep(LOOK_SECONDS)
    except asyncio.CancelledError:
        return [most - least for most, least in zip(peak, before, strict=True)]


@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
async def test_a_hundred_busy_connections_do_not_mix_and_hold_no_more_than_the_budget(
    identities: Identities, combination: Combination
) -> None:
    async with asyncio.timeout(120), AsyncExitStack() as stack:
        server = await stack.enter_async_context(pattern_server())
        relay = stack.enter_context(await asyncio.to_thread(identities.serve, *ROOMY))
        targets = {Target.DATABASE: f"{HOST}:{server.port}"}
        bridge = stack.enter_context(identities.start_bridge(entrance(relay, combination.bridge), targets))
        await relay.logged("attach", result="ATTACHED")
        way_in = entrance(relay, combination.worker)
        ports = await stack.enter_async_context(worker_end(identities, way_in, combination.realm))
        looking = asyncio.create_task(_grown((relay, bridge)))

        async def transfer() -> Received:
            received = Received()
            with await connected(ports.database) as connection:
                await order(connection, download=COUNT, upload=COUNT)
                await send(connection, COUNT)
                await received.take(connection)
            return received

        server.may_answer.clear()
        transfers = [asyncio.create_task(transfer()) for _ in range(CONNECTIONS)]
        await relay.counted("connections", CONNECTIONS, seconds=60)
        server.may_answer.set()
        downloads = await asyncio.gather(*transfers)
        looking.cancel()
        grown = await looking
    for received in (*downloads, *(visit.received for visit in server.visits)):
        assert (received.count, received.exact, received.finish) == (COUNT, True, Finish.ENDED)
    assert len(server.visits) == CONNECTIONS
    assert max(grown) < LARGEST_BUDGET
