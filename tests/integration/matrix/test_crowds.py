"""A hundred connections at once on each combination: every byte where it belongs, and memory for their windows only."""

import asyncio
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from connect_protocol.relay.credit import LARGEST_BUDGET
from connect_worker.tunnel.base import Target
from tests.support.chain import (
    COMBINATIONS,
    Combination,
    Identities,
    entrance,
    worker_end,
)
from tests.support.pattern import Finish, Received, Server, order, pattern_server, send
from tests.support.relay import HOST, RelayCommand

CONNECTIONS = 100
UPLOAD = 1 << 16
WANTED = 1 << 23
"""So much is never under way: a part that did not wait for who reads would hold three times what any may."""
READ = 1 << 18
SMALL, SEGMENT = 1 << 14, 1460
"""What a client's kernel buffers, and the largest segment that it takes: on loopback a socket would else have room for
megabytes, which nobody's memory shows."""
LOOK_SECONDS = 0.5
MOST_HELD = LARGEST_BUDGET + (CONNECTIONS << 20)
"""What windows may have grown by, and what each connection has without that: less than half of what is wanted."""
ROOMY = ("--connections-per-realm", str(CONNECTIONS), "--dials-per-realm", str(CONNECTIONS))


@dataclass(kw_only=True, eq=False)
class Crowd:
    """Clients who ask for much, read nothing before they may, and go when they have some of it."""

    port: int
    may_read: asyncio.Event = field(default_factory=asyncio.Event)

    async def client(self) -> Received:
        """What one of them has got."""
        received = Received()
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
            connection.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connection, (HOST, self.port))
            await order(connection, download=WANTED, upload=UPLOAD)
            await send(connection, UPLOAD)
            await self.may_read.wait()
            await received.take(connection, READ)
        return received


@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
async def test_a_hundred_connections_do_not_mix_and_hold_no_more_than_windows(
    identities: Identities, combination: Combination
) -> None:
    """Nobody reads at first, and the servers send what is taken, not all; then everybody reads some of it, and goes."""
    async with asyncio.timeout(120), AsyncExitStack() as stack:
        server = await stack.enter_async_context(pattern_server())
        relay = stack.enter_context(await asyncio.to_thread(identities.serve, *ROOMY))
        targets = {Target.DATABASE: f"{HOST}:{server.port}"}
        bridge = stack.enter_context(identities.start_bridge(entrance(relay, combination.bridge), targets))
        await relay.logged("attach", result="ATTACHED")
        way_in = entrance(relay, combination.worker)
        ports = await stack.enter_async_context(worker_end(identities, way_in, combination.realm))
        crowd = Crowd(port=ports.database)
        server.may_answer.clear()
        clients = [asyncio.create_task(crowd.client()) for _ in range(CONNECTIONS)]
        await _uploaded(server)
        before = relay.resident_bytes(), bridge.resident_bytes()
        server.may_answer.set()
        passed = await _settled(relay)
        held = relay.resident_bytes() - before[0], bridge.resident_bytes() - before[1]
        crowd.may_read.set()
        downloads = await asyncio.gather(*clients)
    assert passed < CONNECTIONS * WANTED / 2
    assert max(held) < MOST_HELD
    for received in downloads:
        assert received.count >= READ
        assert received.exact
    for visit in server.visits:
        assert (visit.received.count, visit.received.exact, visit.received.finish) == (UPLOAD, True, Finish.ENDED)


async def _uploaded(server: Server) -> None:
    """Wait until every client has sent all."""
    for number in range(CONNECTIONS):
        await (await server.visit(number)).received.until(UPLOAD)


async def _settled(relay: RelayCommand) -> float:
    """How many bytes have passed when no more do; the relay can only be asked."""
    before, passed = -1.0, 0.0
    while before != passed:
        await asyncio.sleep(LOOK_SECONDS)
        before, passed = passed, await relay.metric('bytes_total{direction="from_target"}')
    return passed
