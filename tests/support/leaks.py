"""What a relay and a bridge hold, counted before and after somebody has done his worst beside a well-behaved worker."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.support.relay import Command, Pki, RelayCommand, Tunnelled, dial, tunnel, worker_channel

MEBIBYTE = 1 << 20
MARGIN = 20 * MEBIBYTE
"""What the allocators of two processes may keep; a leak of the tests' volume is more."""
CALM_SECONDS = 60.0
PIECE = bytes(range(256)) * 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What both hold; `memory` in bytes."""

    relay_sockets: int
    relay_tasks: float
    bridge_sockets: int
    memory: int

    def exceeds(self, before: "Held") -> bool:
        """Whether it is more than it was; memory beyond the margin."""
        return (
            self.relay_sockets > before.relay_sockets
            or self.relay_tasks > before.relay_tasks
            or self.bridge_sockets > before.bridge_sockets
            or self.memory > before.memory + MARGIN
        )


async def held_by(relay: RelayCommand, bridge: Command) -> Held:
    """What they hold now."""
    return Held(
        relay_sockets=relay.open_sockets(),
        relay_tasks=await relay.metric("tasks"),
        bridge_sockets=bridge.open_sockets(),
        memory=relay.resident_bytes() + bridge.resident_bytes(),
    )


async def calm(relay: RelayCommand, bridge: Command, before: Held) -> None:
    """Wait until they hold no more than before."""
    held = await held_by(relay, bridge)
    try:
        async with asyncio.timeout(CALM_SECONDS):
            # Other processes let go: they can only be asked.
            while held.exceeds(before):
                # A call that ended in an exception may be part of a cycle here, and keep its connection.
                gc.collect()
                await asyncio.sleep(0.1)
                held = await held_by(relay, bridge)
    except TimeoutError:
        raise AssertionError(f"before {before}, and now {held}") from None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A relay with a bridge whose target `echo` answers, and the certificates of both realms."""

    pki: Pki
    relay: RelayCommand
    bridge: Command

    @classmethod
    def set_up(cls, pki: Pki, relay: RelayCommand, bridge: Command) -> "Stage":
        """When all is in its place: one exchange has gone the whole way."""
        bridge.wait_for("relay connected")
        stage = cls(pki=pki, relay=relay, bridge=bridge)
        asyncio.run(stage._exchange_once())
        return stage

    async def _exchange_once(self) -> None:
        async with self.beside():
            pass
        await self.relay.logged("connect")

    async def held(self) -> Held:
        """What they hold now."""
        return await held_by(self.relay, self.bridge)

    @asynccontextmanager
    async def withstood(self) -> AsyncIterator[None]:
        """Within: a worker exchanges bytes without a pause, and every one arrives. After it, nothing is left over."""
        before = await self.held()
        async with self.beside():
            yield
        await calm(self.relay, self.bridge, before)

    @asynccontextmanager
    async def beside(self) -> AsyncIterator[None]:
        """Within: a worker exchanges bytes without a pause, and every one arrives."""
        async with (
            worker_channel(self.pki.worker(), self.relay.address) as channel,
            tunnel(channel, dial("echo")) as neighbour,
        ):
            over = asyncio.Event()
            exchanging = asyncio.create_task(_exchange(neighbour, over))
            try:
                yield
            finally:
                over.set()
            assert await exchanging > 0


async def _exchange(neighbour: Tunnelled, over: asyncio.Event) -> int:
    """How often a piece has come back until it was over."""
    count = 0
    while not (count and over.is_set()):
        async with asyncio.timeout(CALM_SECONDS):
            await neighbour.write(PIECE)
            assert await neighbour.read_exactly(len(PIECE)) == PIECE
        count += 1
    return count
