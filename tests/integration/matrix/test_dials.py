"""A part of the way is killed, or the network is cut, while the bridge dials the target: nothing has been opened yet.

The worker is told why in time, or gets its connection; and relay and bridge hold nothing of it afterwards.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from connect_worker.errors import ConnectError, ConnectionFailedError
from connect_worker.tunnel.base import UNREACHABLE, Target
from connect_worker.tunnel.way import Way
from tests.support.cable import Cable, cable
from tests.support.chain import (
    COMBINATIONS,
    PATIENCE_SECONDS,
    Combination,
    Entrance,
    Identities,
    connected,
    entrance,
    ports_of,
    worker_way,
)
from tests.support.leaks import calm, held_by
from tests.support.pattern import Finish, Received, order, pattern_server
from tests.support.relay import HOST, Command, RelayCommand

COUNT = 1 << 16
PROMPT_SECONDS = 5
_SYN_SENT = "02"

pytestmark = pytest.mark.parametrize("combination", COMBINATIONS, ids=str)


class Hesitant:
    """A server that lets who dials it wait until it is told to take them."""

    def __init__(self) -> None:
        self._listening = socket.create_server((HOST, 0), backlog=0)
        self.port = int(self._listening.getsockname()[1])
        # Its queue is full with this: the kernel answers nobody else, who tries again every second or two.
        self._first = socket.create_connection((HOST, self.port))

    async def dialled(self) -> None:
        """Wait until somebody is about to connect; the kernel can only be asked."""
        wanted = f":{self.port:04X}"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not any(remote.endswith(wanted) and state == _SYN_SENT for remote, state in _attempts()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def take(self) -> socket.socket:
        """Take who has waited."""
        loop = asyncio.get_running_loop()
        self._listening.setblocking(False)
        (await loop.sock_accept(self._listening))[0].close()
        connection, _ = await loop.sock_accept(self._listening)
        connection.setblocking(False)
        return connection

    def close(self) -> None:
        """Be gone."""
        self._first.close()
        self._listening.close()


def _attempts() -> list[tuple[str, str]]:
    """Remote address and state of each connection of this machine (proc(5), /proc/net/tcp)."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return [(fields[2], fields[3]) for fields in map(str.split, lines)]


@dataclass(kw_only=True, eq=False)
class Site:
    """The whole way, to a server that hesitates (database) and one that does not (directory)."""

    identities: Identities
    combination: Combination
    relay: RelayCommand
    bridge: Command
    targets: dict[Target, str]
    hesitant: Hesitant
    way: Way
    cable: Cable | None = None

    async def exchange(self) -> None:
        """Bytes come back whole from the server that does not hesitate; asked for again while the way heals."""
        received = Received()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (received.count, received.finish) != (COUNT, Finish.ENDED):
                received = Received()
                with await connected(ports_of(self.way).directory) as connection:
                    await order(connection, download=COUNT, upload=0)
                    connection.shutdown(socket.SHUT_WR)
                    await received.take(connection)
        assert received.exact

    async def stand_again(self) -> None:
        """Start anew what was killed, and wait until relay and bridge have found each other."""
        before = len(self.relay.lines)
        if self.relay.process.poll() is not None:
            self.relay, before = await asyncio.to_thread(self.identities.serve_again, self.relay), 0
        if self.bridge.process.poll() is not None:
            self.bridge = self.identities.start_bridge(entrance(self.relay, self.combination.bridge), self.targets)
        await self.relay.logged("attach", after=before, result="ATTACHED")

    async def explained(self) -> ConnectError:
        """What a run is told of the connection that broke."""
        broken = ConnectionFailedError("it broke", todo="", reason=UNREACHABLE[Target.DATABASE])
        with pytest.raises(ConnectError) as told:
            async with self.way.explaining():
                raise broken
        assert told.value is not broken
        return told.value


@asynccontextmanager
async def _site(identities: Identities, combination: Combination, cut_half: str = "") -> AsyncIterator[Site]:
    """Within: all of it, with a cable in the half that shall be cut."""
    relay = await asyncio.to_thread(identities.serve)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(pattern_server())
        hesitant = Hesitant()
        stack.callback(hesitant.close)
        targets = {Target.DATABASE: f"{HOST}:{hesitant.port}", Target.DIRECTORY: f"{HOST}:{server.port}"}
        here, there = entrance(relay, combination.worker), entrance(relay, combination.bridge)
        line = None
        if cut_half:
            line = await stack.enter_async_context(cable({"worker": here, "bridge": there}[cut_half].port))
            if cut_half == "worker":
                here = Entrance(carrier=here.carrier, port=line.port)
            else:
                there = Entrance(carrier=there.carrier, port=line.port)
        bridge = identities.start_bridge(there, targets)
        await relay.logged("attach", result="ATTACHED")
        site = Site(
            identities=identities, combination=combination, relay=relay, bridge=bridge, targets=targets,
            hesitant=hesitant, cable=line,
            way=await stack.enter_async_context(worker_way(identities, here, combination.realm)),
        )  # fmt: skip
        try:
            yield site
        finally:
            if line is not None:
                line.plug()
            await asyncio.to_thread(site.bridge.stop)
            await asyncio.to_thread(site.relay.stop)


async def _end_of(connection: socket.socket) -> bytes:
    """What has come until the connection is over, in whichever way."""
    try:
        return await asyncio.get_running_loop().sock_recv(connection, 1 << 16)
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("victim", ["relay", "bridge"])
async def test_a_part_that_is_killed_is_told_at_once(
    identities: Identities, combination: Combination, victim: str
) -> None:
    async with asyncio.timeout(3 * PATIENCE_SECONDS), _site(identities, combination) as site:
        await site.exchange()
        before = await held_by(site.relay, site.bridge)
        with await connected(ports_of(site.way).database) as connection:
            await site.hesitant.dialled()
            await asyncio.to_thread({"relay": site.relay, "bridge": site.bridge}[victim].kill)
            async with asyncio.timeout(PROMPT_SECONDS):
                assert await _end_of(connection) == b""
        told = await site.explained()
        assert told.reason == "RelayUnreachable"
        assert ("cannot be reached" if victim == "relay" else "the customer's bridge is not there") in told.what
        await site.stand_again()
        await site.exchange()
        await calm(site.relay, site.bridge, before)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """The cable has been pulled while the bridge dials; `connection` is who waits for that."""

    site: Site
    cable: Cable
    connection: socket.socket


@asynccontextmanager
async def _cut(identities: Identities, combination: Combination, half: str) -> AsyncIterator[Cut]:
    """Within: it is cut. Afterwards, when it has been plugged in, the way is whole and nothing is held of the dial."""
    async with asyncio.timeout(4 * PATIENCE_SECONDS), _site(identities, combination, half) as site:
        assert site.cable is not None
        await site.exchange()
        before = await held_by(site.relay, site.bridge)
        with await connected(ports_of(site.way).database) as connection:
            await site.hesitant.dialled()
            site.cable.pull()
            yield Cut(site=site, cable=site.cable, connection=connection)
        await site.exchange()
        await site.relay.counted("connections", 0)
        await calm(site.relay, site.bridge, before)


@pytest.mark.parametrize("half", ["worker", "bridge"])
async def test_a_short_cut_costs_time_and_the_connection_is_whole(
    identities: Identities, combination: Combination, half: str
) -> None:
    async with _cut(identities, combination, half) as cut:
        with await cut.site.hesitant.take() as taken:
            await cut.cable.held_up.wait()
            cut.cable.plug()
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(cut.connection, b"there and back")
            assert await loop.sock_recv(taken, 1 << 16) == b"there and back"
            await loop.sock_sendall(taken, b"and whole")
            assert await loop.sock_recv(cut.connection, 1 << 16) == b"and whole"


@pytest.mark.parametrize("half", ["worker", "bridge"])
async def test_a_long_cut_costs_the_attempt_and_the_way_comes_back(
    identities: Identities, combination: Combination, half: str
) -> None:
    """Who can still be told is told while it lasts: three heartbeats are all it takes."""
    async with _cut(identities, combination, half) as cut:
        await cut.site.relay.counted("dials_under_way", 0)
        if half == "bridge":
            async with asyncio.timeout(PROMPT_SECONDS):
                assert await _end_of(cut.connection) == b""
            assert "the customer's bridge is not there" in (await cut.site.explained()).what
        cut.cable.plug()
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await _end_of(cut.connection) == b""
