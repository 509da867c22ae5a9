"""A part of the way is killed at each moment of a transfer: what has arrived is exact, and an end is never made up."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from connect_worker.tunnel.base import Target
from tests.support.chain import (
    COMBINATIONS,
    PATIENCE_SECONDS,
    Combination,
    Identities,
    connected,
    entrance,
    worker_end,
)
from tests.support.pattern import Finish, Received, Server, order, pattern_server, send
from tests.support.relay import HOST, Command, RelayCommand

LARGE = 48 << 20
UNDER_WAY = 3 << 20

Strike = Callable[[], Awaitable[None]]


@dataclass(kw_only=True, eq=False)
class Transfer:
    """A client at the worker's end, and the server at the other."""

    connection: socket.socket
    server: Server
    received: Received

    async def began(self, *, download: int, upload: int) -> None:
        """The server has the client's first word."""
        before = len(self.server.visits)
        await order(self.connection, download=download, upload=upload)
        await self.server.visit(before)


async def opened(transfer: Transfer, strike: Strike) -> None:
    """Nothing has been sent yet but the client's first word."""
    await transfer.began(download=LARGE, upload=LARGE)
    await strike()
    await transfer.received.take(transfer.connection)


async def downloading(transfer: Transfer, strike: Strike) -> None:
    """The answer is coming."""
    await transfer.began(download=LARGE, upload=0)
    transfer.connection.shutdown(socket.SHUT_WR)
    await transfer.received.take(transfer.connection, UNDER_WAY)
    await strike()
    await transfer.received.take(transfer.connection)


async def uploading(transfer: Transfer, strike: Strike) -> None:
    """The client's bytes are going out."""
    number = len(transfer.server.visits)
    await transfer.began(download=1, upload=LARGE)
    visit = await transfer.server.visit(number)
    sending = asyncio.create_task(send(transfer.connection, LARGE))
    await visit.received.until(UNDER_WAY)
    await strike()
    try:
        await sending
    except OSError:
        # Told once: whoever reads now is told of an end.
        transfer.received.finish = Finish.BROKEN


async def answer_awaited(transfer: Transfer, strike: Strike) -> None:
    """The client has closed its side, and the server thinks."""
    number = len(transfer.server.visits)
    transfer.server.may_answer.clear()
    await transfer.began(download=UNDER_WAY, upload=1)
    await send(transfer.connection, 1)
    visit = await transfer.server.visit(number)
    await visit.received.until(1)
    await strike()
    await transfer.received.take(transfer.connection)
    transfer.server.may_answer.set()


MOMENTS = (opened, downloading, uploading, answer_awaited)
ENDED_BEFORE = (downloading, answer_awaited)
"""Moments at which the client has closed its side: its end has arrived, and it was one."""


@dataclass(kw_only=True, eq=False)
class Way:
    """A relay and a bridge that can be struck, and come again."""

    identities: Identities
    combination: Combination
    server: Server
    relay: RelayCommand
    bridge: Command

    @classmethod
    async def start(cls, identities: Identities, combination: Combination, server: Server) -> "Way":
        """Start both."""
        relay = await asyncio.to_thread(identities.serve)
        bridge = identities.start_bridge(
            entrance(relay, combination.bridge), {Target.DATABASE: f"{HOST}:{server.port}"}
        )
        await relay.logged("attach", result="ATTACHED")
        return cls(identities=identities, combination=combination, server=server, relay=relay, bridge=bridge)

    async def kill_relay(self) -> None:
        """As the end of its node does."""
        await asyncio.to_thread(self.relay.kill)

    async def kill_bridge(self) -> None:
        """As a power cut does."""
        await asyncio.to_thread(self.bridge.kill)

    async def stand_again(self) -> None:
        """Start anew what was killed, the relay on its old ports, and wait until they have found each other."""
        if self.relay.process.poll() is not None:
            self.relay = await asyncio.to_thread(self.identities.serve_again, self.relay)
            await self.relay.logged("attach", result="ATTACHED")
        if self.bridge.process.poll() is not None:
            before = len(self.relay.lines)
            way = entrance(self.relay, self.combination.bridge)
            self.bridge = self.identities.start_bridge(way, {Target.DATABASE: f"{HOST}:{self.server.port}"})
            await self.relay.logged("attach", after=before, result="ATTACHED")

    def stop(self) -> None:
        """End both."""
        self.bridge.stop()
        self.relay.stop()


@asynccontextmanager
async def _way(identities: Identities, combination: Combination) -> AsyncIterator[Way]:
    async with pattern_server() as server:
        way = await Way.start(identities, combination, server)
        try:
            yield way
        finally:
            await asyncio.to_thread(way.stop)


@asynccontextmanager
async def _transfer(way: Way) -> AsyncIterator[Transfer]:
    """Within: a connection from the worker's end."""
    way_in = entrance(way.relay, way.combination.worker)
    async with worker_end(way.identities, way_in, way.combination.realm) as ports:
        connection = await connected(ports.database)
        with connection:
            yield Transfer(connection=connection, server=way.server, received=Received())


@pytest.mark.parametrize("victim", ["relay", "bridge"])
@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
async def test_a_part_that_is_killed_breaks_the_transfer_and_loses_no_byte(
    identities: Identities, combination: Combination, victim: str
) -> None:
    """Both ends see a break, not an end; what came before it is exact; and the next connection is whole."""
    async with _way(identities, combination) as way:
        strike = {"relay": way.kill_relay, "bridge": way.kill_bridge}[victim]
        for moment in MOMENTS:
            number = len(way.server.visits)
            async with asyncio.timeout(PATIENCE_SECONDS), _transfer(way) as transfer:
                await moment(transfer, strike)
            visit = way.server.visits[number]
            await asyncio.wait_for(visit.over.wait(), PATIENCE_SECONDS)
            assert (transfer.received.finish, transfer.received.exact) == (Finish.BROKEN, True), moment
            assert visit.received.exact, moment
            assert visit.received.finish is Finish.BROKEN or moment in ENDED_BEFORE, moment
            await way.stand_again()
            async with asyncio.timeout(PATIENCE_SECONDS), _transfer(way) as transfer:
                await _whole(transfer)


async def _whole(transfer: Transfer) -> None:
    """A transfer both ways, to its end."""
    number = len(transfer.server.visits)
    await transfer.began(download=UNDER_WAY, upload=UNDER_WAY)
    await send(transfer.connection, UNDER_WAY)
    await transfer.received.take(transfer.connection)
    there = (await transfer.server.visit(number)).received
    for received in (transfer.received, there):
        assert (received.count, received.exact, received.finish) == (UNDER_WAY, True, Finish.ENDED)
