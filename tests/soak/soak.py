"""What is done for so long, and what is made of it."""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connect_worker.tunnel.base import Target
from tests.soak.footprint import Footprint
from tests.support.cable import Cable, cable
from tests.support.chain import (
    COMBINATIONS,
    OUR_CARRIERS,
    Carrier,
    Combination,
    Entrance,
    Identities,
    connected,
    entrance,
    realm_of,
    worker_end,
)
from tests.support.pattern import Finish, Received, Server, order, pattern_server, send
from tests.support.relay import HOST, Command, RelayCommand

LARGEST = 8 << 20
MOST_IDLE_SECONDS = 90.0
PAUSE_SECONDS = 0.5
SHORT_CUT_SECONDS = 1.0
LONG_CUT_SECONDS = 8.0
BETWEEN_CUTS_SECONDS = 45.0
HEALED_SECONDS = 20.0
REPORT_SECONDS = 60.0

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How long, and where chance begins."""

    seconds: float
    seed: int


@dataclass(kw_only=True, slots=True)
class Judgement:
    """What was done, and what should not have been."""

    transfers: int = 0
    broken: int = 0
    megabytes: float = 0
    faults: list[str] = field(default_factory=list)


@dataclass(kw_only=True, eq=False)
class _Network:
    """One cable a half of the way and carrier; `cut_until`: breaks before this moment are its own fault."""

    cables: Mapping[str, Cable]
    cut_until: float = 0

    def excuses(self, begun: float) -> bool:
        """Whether there was a cut while something that began then was under way."""
        return begun < self.cut_until


@dataclass(kw_only=True, eq=False)
class _Scene:
    """All that runs."""

    relay: RelayCommand
    bridges: Mapping[Carrier, Command]
    network: _Network
    ports: Mapping[Combination, int]
    server: Server

    def footprints(self) -> dict[str, Footprint]:
        """Of each process that should not grow."""
        running = {"relay": self.relay, **{f"bridge over {carrier}": one for carrier, one in self.bridges.items()}}
        return {name: Footprint.of(command.process.pid) for name, command in running.items()}


async def soak(plan: Plan, say: Say) -> Judgement:
    """Do it, and say each minute how it stands."""
    chance = random.Random(plan.seed)  # noqa: S311 - the same work again
    judgement = Judgement()
    async with _scene() as scene:
        works = [
            *(_transfers(scene, combination, judgement, chance) for combination in scene.ports),
            *(_idle(scene, combination, judgement, chance) for combination in scene.ports),
            _cuts(scene.network, chance),
            _reports(scene, judgement, say),
        ]
        tasks = [asyncio.create_task(work) for work in works]
        await _first_of(tasks, plan.seconds / 10)
        before = scene.footprints()
        await _first_of(tasks, plan.seconds * 9 / 10)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await scene.relay.counted("connections", 0)
        for name, now in scene.footprints().items():
            if (grown := now.grown_from(before[name])) is not None:
                judgement.faults.append(f"{name} has grown: {grown}")
    return judgement


async def _first_of(tasks: list[asyncio.Task[None]], seconds: float) -> None:
    """Wait so long; a task that ends by itself has failed."""
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


@asynccontextmanager
async def _scene() -> AsyncIterator[_Scene]:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="connect-soak-"))
        identities = Identities.create(Path(folder))
        relay = stack.enter_context(await asyncio.to_thread(identities.serve))
        server = await stack.enter_async_context(pattern_server())
        cables: dict[str, Cable] = {}

        async def over_cable(name: str, carrier: Carrier) -> Entrance:
            cables[name] = await stack.enter_async_context(cable(entrance(relay, carrier).port))
            return Entrance(carrier=carrier, port=cables[name].port)

        bridges = {}
        for carrier in OUR_CARRIERS:
            way_in = await over_cable(f"bridge over {carrier}", carrier)
            bridge = identities.start_bridge(way_in, {Target.DATABASE: f"{HOST}:{server.port}"})
            bridges[carrier] = stack.enter_context(bridge)
            await relay.logged("attach", result="ATTACHED", realm=realm_of(carrier))
        ports = {}
        for combination in COMBINATIONS:
            way_in = await over_cable(f"worker over {combination}", combination.worker)
            end = await stack.enter_async_context(worker_end(identities, way_in, combination.realm))
            ports[combination] = end.database
        network = _Network(cables=cables)
        yield _Scene(relay=relay, bridges=bridges, network=network, ports=ports, server=server)


async def _transfers(scene: _Scene, combination: Combination, judgement: Judgement, chance: random.Random) -> None:
    while True:
        sizes = [chance.choice((0, 1, chance.randrange(1 << 16), chance.randrange(LARGEST))) for _ in range(2)]
        await _transfer(scene, combination, judgement, download=sizes[0], upload=sizes[1], idle=0)
        await asyncio.sleep(PAUSE_SECONDS * chance.random())


async def _idle(scene: _Scene, combination: Combination, judgement: Judgement, chance: random.Random) -> None:
    while True:
        idle = MOST_IDLE_SECONDS * chance.random()
        await _transfer(scene, combination, judgement, download=100, upload=100, idle=idle)


async def _transfer(
    scene: _Scene, combination: Combination, judgement: Judgement, *, download: int, upload: int, idle: float
) -> None:
    """One connection, and what is to be said of it."""
    begun = asyncio.get_running_loop().time()
    received = Received()
    with await connected(scene.ports[combination]) as connection:
        try:
            await order(connection, download=download, upload=upload)
            await asyncio.sleep(idle)
            await asyncio.gather(send(connection, upload), received.take(connection))
        except OSError:
            received.finish = Finish.BROKEN
    judgement.transfers += 1
    judgement.megabytes += (received.count + upload) / 1e6
    what = f"{combination}: {received.count} of {download} bytes after {upload}"
    if not received.exact or (received.finish is Finish.ENDED and received.count != download):
        judgement.faults.append(f"{what} were not those that were sent, or an end was made up")
    elif received.finish is Finish.BROKEN and not scene.network.excuses(begun):
        judgement.faults.append(f"{what}, and then it broke without a cut of the network")
    judgement.broken += received.finish is Finish.BROKEN


async def _cuts(network: _Network, chance: random.Random) -> None:
    """One cable at a time; how long tells whether who hangs on it is given up."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(BETWEEN_CUTS_SECONDS * (0.5 + chance.random()))
        one = network.cables[chance.choice(sorted(network.cables))]
        seconds = chance.choice((SHORT_CUT_SECONDS, LONG_CUT_SECONDS))
        network.cut_until = loop.time() + seconds + HEALED_SECONDS
        one.pull()
        await asyncio.sleep(seconds)
        one.plug()


async def _reports(scene: _Scene, judgement: Judgement, say: Say) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while True:
        await asyncio.sleep(REPORT_SECONDS)
        held = "; ".join(f"{name}: {footprint}" for name, footprint in scene.footprints().items())
        done = f"{judgement.transfers} transfers, {judgement.megabytes:.0f} MB, {judgement.broken} broken"
        say(f"{(loop.time() - begun) / 60:.0f} min: {done}, {len(judgement.faults)} faults; {held}")
