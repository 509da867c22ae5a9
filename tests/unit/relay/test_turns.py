"""Who waits where a limit is reached is called when there is room: one after the other, and nobody is forgotten."""

import asyncio
from contextlib import ExitStack

import pytest

from connect_relay.errors import RefusedError
from connect_relay.slots import Slots
from connect_relay.turns import Turns


def turns() -> Turns:
    """Two of a realm, and three of all."""
    return Turns(Slots("dials", limit=3, limit_per_realm=2))


async def test_who_finds_room_does_not_wait() -> None:
    places = turns()
    async with asyncio.timeout(1):
        await places.turn("a")


async def test_one_is_called_for_each_place_that_becomes_free() -> None:
    places = turns()
    called: list[str] = []

    async def take(name: str) -> None:
        await places.turn("a")
        with places.taken_by("a"):
            called.append(name)
            assert places.taken <= 2
            await asyncio.sleep(0)

    with places.taken_by("a"), places.taken_by("a"):
        waiting = [asyncio.create_task(take(name)) for name in ("first", "second", "third")]
        await asyncio.sleep(0)
        with pytest.raises(RefusedError, match="realm a has 2 dials already"), places.taken_by("a"):
            pass
        await asyncio.sleep(0)
        assert called == []
    async with asyncio.timeout(1):
        await asyncio.gather(*waiting)
    assert called == ["first", "second", "third"]


async def test_a_realm_that_is_full_holds_up_no_other() -> None:
    places = turns()
    with ExitStack() as full:
        full.enter_context(places.taken_by("a"))
        full.enter_context(places.taken_by("a"))
        with places.taken_by("b"):
            of_a, of_b = (asyncio.create_task(places.turn(realm)) for realm in ("a", "b"))
            await asyncio.sleep(0)
        async with asyncio.timeout(1):
            await of_b
        assert not of_a.done()
    async with asyncio.timeout(1):
        await of_a


async def test_who_gives_up_as_he_is_called_leaves_his_turn_to_the_next() -> None:
    places = turns()
    with ExitStack() as full:
        full.enter_context(places.taken_by("a"))
        full.enter_context(places.taken_by("a"))
        first, second = (asyncio.create_task(places.turn("a")) for _ in range(2))
        await asyncio.sleep(0)
    first.cancel()
    async with asyncio.timeout(1):
        await second
        with pytest.raises(asyncio.CancelledError):
            await first
