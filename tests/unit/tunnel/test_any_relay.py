"""Of several relays a worker takes any that leads to the target, and waits only where none does."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import pytest

from connect_protocol.relay.frames import Reset, ResetCode
from connect_worker.errors import ConfigurationError, ConnectionFailedError, LoginRefusedError
from connect_worker.tunnel import failures
from connect_worker.tunnel.any_relay import AnyRelay
from connect_worker.tunnel.base import Obstacle, PassedOverError, Target
from connect_worker.tunnel.places import Place
from tests.support.virtual_time import run_in_virtual_time

NAME = "connect-relays:8443"
NONE = timedelta()
LONG = timedelta(minutes=5)


def refusal(code: ResetCode, message: str = "for a reason") -> Exception:
    """What the tunnel through one relay raises."""
    return failures.not_opened(Reset(code=code, message=message), Target.DATABASE, NAME)


ABSENT = refusal(ResetCode.BRIDGE_ABSENT, "no bridge serves realm musterwil since 2026-11-22")
DRAINING = refusal(ResetCode.DRAINING, "the relay is going down")
AWAY = PassedOverError(Obstacle.UNREACHABLE, failures.relay_unreachable(NAME, "Connection refused"))
UNKNOWN = refusal(ResetCode.UNKNOWN_TARGET)
NOT_ADMITTED = PassedOverError(Obstacle.NOT_ADMITTED, failures.refused("the relay refuses this worker"))


@pytest.fixture
def connection() -> socket.socket:
    """Nobody speaks on it: the doubles carry nothing."""
    return cast("socket.socket", object())


@dataclass(kw_only=True)
class World:
    """Relays by their host, each with what it answers (None: it leads there), and what was asked of whom."""

    answers: dict[str, Exception | None]
    asked: list[tuple[str, timedelta]] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)
    resolved: int = 0
    tunnels: int = 0
    bridge_comes: asyncio.Event = field(default_factory=asyncio.Event)

    async def find(self, name: str) -> Sequence[Place]:
        """All relays stand behind one name."""
        self.resolved += 1
        if not self.answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [Place(name=name, host=host) for host in self.answers]

    @asynccontextmanager
    async def through(self, place: Place) -> AsyncIterator["OneRelay"]:
        """The tunnel through one of them."""
        self.tunnels += 1
        yield OneRelay(world=self, host=place.host)
        self.tunnels -= 1

    def any_relay(self) -> AnyRelay:
        """The tunnel under test."""
        return AnyRelay([NAME], self.through, self.find)


@dataclass(kw_only=True)
class OneRelay:
    """Answers as the world says; who waits at a relay without a bridge, waits until one comes to it."""

    world: World
    host: str

    async def reach(self, target: Target, *, wait: timedelta) -> None:
        """See the port."""
        del target
        self.world.asked.append((self.host, wait))
        answer = self.world.answers[self.host]
        if answer is ABSENT and wait:
            await self.world.bridge_comes.wait()
            answer = self.world.answers[self.host]
        if answer is not None:
            raise answer

    async def carry(self, target: Target, connection: socket.socket) -> None:
        """See the port."""
        del target, connection
        answer = self.world.answers[self.host]
        self.world.asked.append((self.host, NONE))
        if answer is not None:
            raise answer
        self.world.carried.append(self.host)


def world(**answers: Exception | None) -> World:
    """Relays a, b, … in an order that chance decides."""
    return World(answers=answers)


async def test_a_relay_that_leads_there_is_asked_once() -> None:
    """It costs no round trip more than if there could be no other."""
    relays = world(a=None)
    async with relays.any_relay() as tunnel:
        await tunnel.reach(Target.DATABASE, wait=LONG)
    assert relays.asked == [("a", NONE)]
    assert relays.resolved == 1


@pytest.mark.parametrize("meanwhile", [DRAINING, AWAY])
def test_a_wait_goes_on_when_the_relay_restarts(meanwhile: Exception) -> None:
    relays = world(a=ABSENT)

    async def restart() -> None:
        await asyncio.sleep(60)
        relays.answers["a"] = meanwhile
        relays.bridge_comes.set()
        await asyncio.sleep(10)
        relays.answers["a"] = None

    async def reach() -> float:
        async with relays.any_relay() as tunnel, asyncio.TaskGroup() as tasks:
            tasks.create_task(restart())
            await tunnel.reach(Target.DATABASE, wait=LONG)
        return asyncio.get_running_loop().time()

    assert 70 <= run_in_virtual_time(reach()) <= 73


def test_a_wait_ends_in_time_however_often_relays_come_and_go() -> None:
    relays = world(a=DRAINING)

    async def reach() -> float:
        async with relays.any_relay() as tunnel:
            with pytest.raises(ConnectionFailedError, match="going down"):
                await tunnel.reach(Target.DATABASE, wait=LONG)
        return asyncio.get_running_loop().time()

    assert run_in_virtual_time(reach()) == LONG.total_seconds()


async def test_a_tunnel_through_a_relay_that_is_gone_is_closed_with_its_last_user(connection: socket.socket) -> None:
    relays = world(a=AWAY)
    async with relays.any_relay() as tunnel:
        for _ in range(5):
            with pytest.raises(ConnectionFailedError):
                await tunnel.carry(Target.DATABASE, connection)
        assert relays.tunnels == 0
        relays.answers["a"] = None
        await tunnel.carry(Target.DATABASE, connection)
        assert relays.tunnels == 1
    assert relays.tunnels == 0


@pytest.mark.parametrize("obstacle", [ABSENT, DRAINING, AWAY, NOT_ADMITTED, refusal(ResetCode.LIMIT)])
async def test_a_relay_that_leads_nowhere_is_passed_over_at_once(obstacle: Exception) -> None:
    relays = world(a=obstacle, b=obstacle, c=None)
    async with relays.any_relay() as tunnel:
        await tunnel.reach(Target.DATABASE, wait=LONG)
    assert {wait for _, wait in relays.asked} == {NONE}
    assert relays.asked[-1][0] == "c"


@pytest.mark.parametrize("obstacle", [ABSENT, DRAINING, AWAY])
async def test_a_connection_goes_through_the_next_relay(obstacle: Exception, connection: socket.socket) -> None:
    relays = world(a=obstacle, b=None)
    async with relays.any_relay() as tunnel:
        for _ in range(3):
            await tunnel.carry(Target.DATABASE, connection)
    assert relays.carried == ["b"] * 3


async def test_who_was_passed_over_is_asked_last_from_then_on(connection: socket.socket) -> None:
    """A relay that died with its node does not hold up each connection."""
    relays = world(a=AWAY, b=None)
    async with relays.any_relay() as tunnel:
        for _ in range(5):
            await tunnel.carry(Target.DATABASE, connection)
    assert [host for host, _ in relays.asked].count("a") <= 1


async def test_workers_spread_over_the_relays() -> None:
    random.seed(6)
    first = set()
    for _ in range(20):
        relays = world(a=None, b=None)
        async with relays.any_relay() as tunnel:
            await tunnel.reach(Target.DATABASE, wait=NONE)
        first.add(relays.asked[0][0])
    assert first == {"a", "b"}


async def test_the_wait_is_at_all_relays_without_a_bridge_at_once() -> None:
    """The bridge may come to any of them; one that goes down is not waited for."""
    relays = world(a=ABSENT, b=ABSENT, c=DRAINING)
    async with relays.any_relay() as tunnel:
        waiting = asyncio.create_task(tunnel.reach(Target.DATABASE, wait=LONG))
        async with asyncio.timeout(5):
            while len(relays.asked) < 5:  # noqa: ASYNC110 - nothing tells but the list
                await asyncio.sleep(0)
        assert {host for host, wait in relays.asked if wait} == {"a", "b"}
        relays.answers["b"] = None
        relays.bridge_comes.set()
        await waiting
        await tunnel.reach(Target.DIRECTORY, wait=NONE)
    assert relays.asked[-1] == ("b", NONE)


async def test_relays_that_come_up_meanwhile_are_found(connection: socket.socket) -> None:
    """When all that are known have been passed over, the name is resolved anew."""
    relays = world(a=None)
    async with relays.any_relay() as tunnel:
        await tunnel.carry(Target.DATABASE, connection)
        relays.answers = {"a": AWAY, "b": None}
        await tunnel.carry(Target.DATABASE, connection)
    assert relays.carried == ["a", "b"]


@pytest.mark.parametrize("gone", [DRAINING, AWAY])
async def test_a_connection_waits_a_moment_for_a_bridge_that_changes_relays(
    gone: Exception, connection: socket.socket
) -> None:
    relays = world(a=gone, b=ABSENT)
    async with relays.any_relay() as tunnel:
        carrying = asyncio.create_task(tunnel.carry(Target.DATABASE, connection))
        async with asyncio.timeout(5):
            while not any(wait for _, wait in relays.asked):  # noqa: ASYNC110 - nothing tells but the list
                await asyncio.sleep(0)
        relays.answers["b"] = None
        relays.bridge_comes.set()
        await carrying
    assert relays.carried == ["b"]


async def test_a_connection_does_not_wait_for_a_bridge_that_is_nowhere(connection: socket.socket) -> None:
    relays = world(a=ABSENT, b=ABSENT)
    async with relays.any_relay() as tunnel:
        with pytest.raises(ConnectionFailedError, match="no bridge serves realm musterwil"):
            await tunnel.carry(Target.DATABASE, connection)
    assert {wait for _, wait in relays.asked} == {NONE}


async def test_what_no_other_relay_would_cure_is_told_at_once() -> None:
    relays = world(a=UNKNOWN, b=UNKNOWN)
    async with relays.any_relay() as tunnel:
        with pytest.raises(ConfigurationError, match="no target database"):
            await tunnel.reach(Target.DATABASE, wait=LONG)
    assert len(relays.asked) == 1


@pytest.mark.parametrize(
    ("answers", "kind", "todo"),
    [
        ({"a": AWAY, "b": ABSENT}, ConnectionFailedError, "connect-bridge"),
        ({"a": AWAY, "b": NOT_ADMITTED}, LoginRefusedError, "connect-relay pki worker"),
        ({"a": AWAY, "b": DRAINING}, ConnectionFailedError, "next run"),
    ],
)
async def test_where_none_leads_there_all_are_told_and_what_says_most_counts(
    answers: Mapping[str, PassedOverError], kind: type[Exception], todo: str
) -> None:
    relays = World(answers=dict(answers))
    async with relays.any_relay() as tunnel:
        with pytest.raises(kind) as caught:
            await tunnel.reach(Target.DATABASE, wait=NONE)
    assert "none of 2 relays leads there" in str(caught.value)
    assert all(f"{host}:8443: {why.failure.what}" in str(caught.value) for host, why in answers.items())
    assert todo in str(caught.value)


async def test_a_single_relay_is_told_as_it_is() -> None:
    relays = world(a=AWAY)
    async with relays.any_relay() as tunnel:
        with pytest.raises(ConnectionFailedError) as caught:
            await tunnel.reach(Target.DATABASE, wait=NONE)
    assert caught.value is AWAY.failure


async def test_a_name_that_stands_for_nobody_is_told() -> None:
    async with world().any_relay() as tunnel:
        with pytest.raises(ConnectionFailedError, match=f"{NAME} cannot be reached: Name or service not known"):
            await tunnel.reach(Target.DATABASE, wait=LONG)
