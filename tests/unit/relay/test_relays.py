"""Which relays a bridge stays connected to, as names change their addresses and relays come and go."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from connect_relay.bridge.relays import Pace, stay_connected
from connect_relay.settings import Address, RelayName, RelayPlace

NAME = RelayName(address=Address(host="relay.school.test", port=8443))
OTHER = RelayName(address=Address(host="other.school.test", port=8443))
QUICK = Pace(longest_pause=0.001, resolve_every=0.001, lasting=60)


@dataclass(kw_only=True, eq=False)
class Fake:
    """An attachment that ends when it is told."""

    place: RelayPlace
    stood: bool = True
    busy: bool = False
    over: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    cancelled: bool = False

    async def run(self) -> str:
        """See the port."""
        try:
            return await self.over
        except asyncio.CancelledError:
            self.cancelled = True
            raise


@dataclass(kw_only=True)
class Network:
    """What names stand for, and every attachment that was made."""

    hosts: dict[str, list[str]]
    made: list[Fake] = field(default_factory=list)
    asked: int = 0

    async def resolve(self, relay: RelayName) -> frozenset[RelayPlace]:
        """An empty list: nobody can say."""
        self.asked += 1
        if not (found := self.hosts[relay.address.host]):
            raise OSError(-3, "Temporary failure in name resolution")
        return frozenset(RelayPlace(relay=relay, host=host) for host in found)

    def attach(self, place: RelayPlace) -> Fake:
        """Each attempt is a new one."""
        self.made.append(Fake(place=place))
        return self.made[-1]

    def at(self, host: str) -> list[Fake]:
        """The attachments at this address, in their order."""
        return [each for each in self.made if each.place.host == host]

    async def turns(self, count: int = 5) -> None:
        """Let names be resolved so many times more."""
        wanted = self.asked + count
        async with asyncio.timeout(5):
            while self.asked < wanted:  # noqa: ASYNC110 - nothing tells but the count
                await asyncio.sleep(0)


@asynccontextmanager
async def staying(network: Network, *names: RelayName, pace: Pace = QUICK) -> AsyncIterator[None]:
    """Within: a bridge stays connected to them."""
    task = asyncio.create_task(stay_connected(names or (NAME,), network.attach, pace, network.resolve))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until_made(network: Network, count: int) -> None:
    """Wait for so many attachments."""
    async with asyncio.timeout(5):
        while len(network.made) < count:  # noqa: ASYNC110 - nothing tells but the count
            await asyncio.sleep(0)


async def test_every_address_of_every_name_gets_one_attachment() -> None:
    network = Network(hosts={NAME.address.host: ["10.0.0.1", "10.0.0.2"], OTHER.address.host: ["10.0.0.3"]})
    async with staying(network, NAME, OTHER, NAME):
        await network.turns()
        assert sorted(each.place.host for each in network.made) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


async def test_an_address_that_comes_later_is_attached_to() -> None:
    network = Network(hosts={NAME.address.host: ["10.0.0.1"]})
    async with staying(network):
        await until_made(network, 1)
        network.hosts[NAME.address.host].append("10.0.0.2")
        await until_made(network, 2)
        assert [each.place.host for each in network.made] == ["10.0.0.1", "10.0.0.2"]


async def test_an_address_that_is_gone_is_left_once_nothing_goes_through_it() -> None:
    network = Network(hosts={NAME.address.host: ["10.0.0.1"]})
    async with staying(network):
        await until_made(network, 1)
        (old,) = network.made
        old.busy = True
        network.hosts[NAME.address.host] = ["10.0.0.2"]
        await until_made(network, 2)
        await network.turns()
        assert not old.cancelled
        old.busy = False
        await network.turns()
        assert old.cancelled
        assert len(network.made) == 2


async def test_a_name_that_nobody_can_resolve_changes_nothing() -> None:
    network = Network(hosts={NAME.address.host: ["10.0.0.1"]})
    async with staying(network):
        await until_made(network, 1)
        network.hosts[NAME.address.host] = []
        await network.turns()
        assert not network.made[0].cancelled


async def test_a_name_that_cannot_be_resolved_at_first_is_asked_for_again() -> None:
    network = Network(hosts={NAME.address.host: []})
    async with staying(network):
        await network.turns()
        network.hosts[NAME.address.host] = ["10.0.0.1"]
        await until_made(network, 1)


async def test_a_relay_that_is_lost_is_tried_again_and_the_others_stay() -> None:
    network = Network(hosts={NAME.address.host: ["10.0.0.1", "10.0.0.2"]})
    async with staying(network):
        await until_made(network, 2)
        network.at("10.0.0.1")[0].over.set_result("the relay is going down")
        await until_made(network, 3)
        assert [len(network.at(host)) for host in ("10.0.0.1", "10.0.0.2")] == [2, 1]
        assert not network.at("10.0.0.2")[0].over.done()


async def test_the_name_is_resolved_anew_as_soon_as_a_relay_is_lost() -> None:
    network = Network(hosts={NAME.address.host: ["10.0.0.1"]})
    async with staying(network, pace=Pace(longest_pause=0.001, resolve_every=3600, lasting=60)):
        await until_made(network, 1)
        network.hosts[NAME.address.host] = ["10.0.0.2"]
        network.made[0].over.set_result("the relay is going down")
        await network.turns(1)
        async with asyncio.timeout(5):
            while not network.at("10.0.0.2"):  # noqa: ASYNC110 - nothing tells but the list
                await asyncio.sleep(0)


async def test_when_a_relay_that_stood_is_lost_the_others_are_tried_at_once() -> None:
    """Workers look for the bridge there now: no time to pause because they were away a while ago."""
    random.seed(2)  # The first pause is 0.96 s.
    network = Network(hosts={NAME.address.host: ["10.0.0.1"], OTHER.address.host: ["10.0.0.2"]})
    async with staying(network, NAME, OTHER, pace=Pace(longest_pause=3600, resolve_every=3600, lasting=-1)):
        await until_made(network, 2)
        network.at("10.0.0.2")[0].over.set_result("away")
        await network.turns(1)
        network.at("10.0.0.1")[0].over.set_result("the relay is going down")
        async with asyncio.timeout(0.5):
            while len(network.at("10.0.0.2")) < 2:  # noqa: ASYNC110 - nothing tells but the list
                await asyncio.sleep(0)
