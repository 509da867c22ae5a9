"""Of several relays the first that leads to the target: a name may stand for many, and one of them may go down."""

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Self

from connect_worker.errors import ConnectError
from connect_worker.tunnel import failures
from connect_worker.tunnel.base import Obstacle, PassedOverError, Target, Tunnel
from connect_worker.tunnel.places import Place, places_of

HANDOVER = timedelta(seconds=5)
"""How long a connection waits for a bridge where one relay of several is gone: its bridges may be about to come."""

Open = Callable[[Place], AbstractAsyncContextManager[Tunnel]]
"""A tunnel through one relay; entering its context asks nobody for anything yet."""
Find = Callable[[str], Awaitable[Sequence[Place]]]
Unreachable = Callable[[str, str], ConnectError]
"""What to tell of a name, and why."""
Use = Callable[[Tunnel], Awaitable[None]]


@dataclass(kw_only=True, slots=True)
class _Search:
    """Who has been asked for one connection, and why each has been passed over; names that lead to nobody."""

    passed: dict[Place, PassedOverError] = field(default_factory=dict)
    unknown: dict[str, PassedOverError] = field(default_factory=dict)

    def places(self, obstacle: Obstacle) -> list[Place]:
        return [place for place, why in self.passed.items() if why.obstacle is obstacle]

    def may_change_over(self) -> bool:
        """Whether some relay goes down or has done so, and its bridges may be on their way to one that has none."""
        return 0 < len(self.places(Obstacle.BRIDGE_ABSENT)) < len(self.passed)

    def failure(self) -> ConnectError:
        """What to tell where nobody leads to the target."""
        said = {**{place.address: why for place, why in self.passed.items()}, **self.unknown}
        telling = min(said.values(), key=lambda why: why.obstacle).failure
        if len(said) == 1:
            return telling
        return failures.none_leads(telling, {where: why.failure.what for where, why in said.items()})


class AnyRelay:
    """Implements `connect_worker.tunnel.base.Tunnel` over tunnels through one relay each.

    A connection stays where it has been opened; the next one is asked for there, too, until that relay is passed over.
    Used as an async context manager.
    """

    def __init__(
        self,
        names: Sequence[str],
        tunnel_through: Open,
        find: Find = places_of,
        unreachable: Unreachable = failures.relay_unreachable,
    ) -> None:
        """`names`: HOST:PORT each, which may stand for several relays; `unreachable` words that one leads nowhere."""
        self._names = names
        self._tunnel_through = tunnel_through
        self._find = find
        self._unreachable = unreachable
        self._places: list[Place] = []
        self._tunnels: dict[Place, Tunnel] = {}
        self._contexts = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._contexts.aclose()

    async def reach(self, target: Target, *, wait: timedelta) -> None:
        """See the port. Once all have been asked, the wait for a bridge is at every relay that has none, at once."""
        left = _countdown(wait)
        search = _Search()

        async def reach(tunnel: Tunnel) -> None:
            # Where there is only one relay, it needs not be asked twice.
            await tunnel.reach(target, wait=left() if len(self._places) == 1 else timedelta())

        if await self._leads(reach, search):
            return
        if not left() or not await self._comes(search, target, left()):
            raise search.failure()

    async def carry(self, target: Target, connection: socket.socket) -> None:
        """See the port."""

        async def carry(tunnel: Tunnel) -> None:
            await tunnel.carry(target, connection)

        search = _Search()
        if await self._leads(carry, search):
            return
        if search.may_change_over() and await self._comes(search, target, HANDOVER):
            search = _Search()
            if await self._leads(carry, search):
                return
        raise search.failure()

    async def _leads(self, use: Use, search: _Search) -> bool:
        """Whether a relay leads to the target; then it has been used."""
        while (place := await self._next(search)) is not None:
            try:
                await use(await self._tunnel(place))
            except PassedOverError as why:
                search.passed[place] = why
                self._pass_over(place, why.obstacle)
            else:
                return True
        return False

    async def _comes(self, search: _Search, target: Target, wait: timedelta) -> bool:
        """Whether a bridge comes in time to any of the relays that have none."""
        tasks = {
            asyncio.create_task((await self._tunnel(place)).reach(target, wait=wait)): place
            for place in search.places(Obstacle.BRIDGE_ABSENT)
        }
        waiting = set(tasks)
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    if not isinstance(why := task.exception(), PassedOverError):
                        task.result()
                        self._begin_with(tasks[task])
                        return True
                    search.passed[tasks[task]] = why
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return False

    async def _next(self, search: _Search) -> Place | None:
        """A relay that has not been asked; when all have been, names are resolved anew, in case there are others."""
        left = [place for place in self._places if place not in search.passed]
        if not left:
            self._places = await self._resolved(search) or self._places
            left = [place for place in self._places if place not in search.passed]
        return left[0] if left else None

    async def _resolved(self, search: _Search) -> list[Place]:
        search.unknown.clear()
        found: list[Place] = []
        for name in self._names:
            try:
                found += await self._find(name)
            except OSError as error:
                why = error.strerror or "its name is not resolved in time"
                search.unknown[name] = PassedOverError(Obstacle.UNREACHABLE, self._unreachable(name, why))
        # Many workers start in the same minute: let them not all go to the same relay.
        random.shuffle(found)
        return found

    async def _tunnel(self, place: Place) -> Tunnel:
        if place not in self._tunnels:
            self._tunnels[place] = await self._contexts.enter_async_context(self._tunnel_through(place))
        return self._tunnels[place]

    def _pass_over(self, place: Place, obstacle: Obstacle) -> None:
        """Ask it last from now on; one that does not answer, on a connection that knows nothing of that."""
        self._places = sorted(self._places, key=lambda each: each == place)
        if obstacle is Obstacle.UNREACHABLE:
            self._tunnels.pop(place, None)

    def _begin_with(self, place: Place) -> None:
        self._places = sorted(self._places, key=lambda each: each != place)


def _countdown(wait: timedelta) -> Callable[[], timedelta]:
    """What is left of a time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + wait.total_seconds()
    return lambda: max(timedelta(seconds=end - loop.time()), timedelta())
