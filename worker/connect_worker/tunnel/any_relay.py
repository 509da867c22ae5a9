"""Of several relays the first that leads to the target: a name may stand for many, and one of them may go down."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
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

PAUSE = timedelta(seconds=2)
"""Between two searches while a run waits for a bridge and no relay is there to wait at."""

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
    waits: bool = False
    """Whether a bridge is being waited for: since another search, or because some relay has none or goes down."""

    def places(self, obstacle: Obstacle) -> list[Place]:
        return [place for place, why in self.passed.items() if why.obstacle is obstacle]

    def begins_to_wait(self) -> bool:
        """Whether what is missing may come."""
        self.waits = self.waits or bool(self.places(Obstacle.BRIDGE_ABSENT) or self.places(Obstacle.DRAINING))
        return self.waits

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


@dataclass(kw_only=True, slots=True, eq=False)
class _Kept:
    """A tunnel through one relay; once it is `retired`, the last who leaves closes it."""

    tunnel: Tunnel
    context: AsyncExitStack
    users: int = 0
    retired: bool = False


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
        self._tunnels: dict[Place, _Kept] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for kept in self._tunnels.values():
            await kept.context.aclose()

    async def reach(self, target: Target, *, wait: timedelta) -> None:
        """See the port.

        Only where no relay leads there the wait for a bridge begins, at every relay that has none, at once. It goes on
        when a relay restarts meanwhile, or when others come.
        """

        async def reach(tunnel: Tunnel) -> None:
            await tunnel.reach(target, wait=timedelta())

        left = _countdown(wait)
        search = _Search()
        while not await self._leads(reach, search):
            if not (search.begins_to_wait() and left()):
                raise search.failure()
            if await self._comes(search, target, left()):
                return
            await asyncio.sleep(min(PAUSE, left()).total_seconds())
            search = _Search(waits=True)

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
                async with self._tunnel(place) as tunnel:
                    await use(tunnel)
            except PassedOverError as why:
                search.passed[place] = why
                await self._pass_over(place, why.obstacle)
            else:
                return True
        return False

    async def _comes(self, search: _Search, target: Target, wait: timedelta) -> bool:
        """Whether a bridge comes in time to any of the relays that have none."""
        places = search.places(Obstacle.BRIDGE_ABSENT)
        tasks = {asyncio.create_task(self._reach(place, target, wait)): place for place in places}
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

    async def _reach(self, place: Place, target: Target, wait: timedelta) -> None:
        async with self._tunnel(place) as tunnel:
            await tunnel.reach(target, wait=wait)

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

    @asynccontextmanager
    async def _tunnel(self, place: Place) -> AsyncIterator[Tunnel]:
        """Within: the tunnel through this relay."""
        if place not in self._tunnels:
            context = AsyncExitStack()
            tunnel = await context.enter_async_context(self._tunnel_through(place))
            if place in self._tunnels:
                # Somebody else was faster.
                await context.aclose()
            else:
                self._tunnels[place] = _Kept(tunnel=tunnel, context=context)
        kept = self._tunnels[place]
        kept.users += 1
        try:
            yield kept.tunnel
        finally:
            kept.users -= 1
            if kept.retired and not kept.users:
                await kept.context.aclose()

    async def _pass_over(self, place: Place, obstacle: Obstacle) -> None:
        """Ask it last from now on; one that does not answer, on a connection that knows nothing of that."""
        self._places = sorted(self._places, key=lambda each: each == place)
        if obstacle is Obstacle.UNREACHABLE and (kept := self._tunnels.pop(place, None)) is not None:
            kept.retired = True
            if not kept.users:
                await kept.context.aclose()

    def _begin_with(self, place: Place) -> None:
        self._places = sorted(self._places, key=lambda each: each != place)


def _countdown(wait: timedelta) -> Callable[[], timedelta]:
    """What is left of a time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + wait.total_seconds()
    return lambda: max(timedelta(seconds=end - loop.time()), timedelta())
