"""The relays that a bridge stays connected to: every address that each of their names stands for."""

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from connect_relay.bridge.backoff import Backoff
from connect_relay.settings import ProxyChoice, RelayName, RelayPlace

log = structlog.stdlib.get_logger()


TODO = "If it does not come by itself, `connect-bridge doctor` tries every step of the way"
MOST_CONNECTIONS = 1000
"""That one relay may have this bridge open at once; a relay's own limit for a realm is 64."""


class Attachment(Protocol):
    """A connection to one relay, over whatever transport."""

    @property
    def stood(self) -> bool:
        """Whether the relay has taken it."""

    @property
    def busy(self) -> bool:
        """Whether connections go through it now."""

    async def run(self) -> str:
        """Stay attached; returns why it is over. Cancelled when its address is gone and nothing goes through it."""


Attach = Callable[[RelayPlace], Attachment]
Resolve = Callable[[RelayName], Awaitable[frozenset[RelayPlace]]]
"""All places of a name. Raises OSError if it has none or nobody can say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """In seconds: the longest pause between attempts, how often names are resolved, and what a good connection is."""

    longest_pause: float
    resolve_every: float = 30.0
    lasting: float = 30.0
    """A connection that has stood so long was a good one: after it, the pauses start small again."""


async def resolve(relay: RelayName) -> frozenset[RelayPlace]:
    """What DNS says now."""
    address = relay.address
    found = await asyncio.get_running_loop().getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return frozenset(RelayPlace(relay=relay, host=str(place[0])) for *_, place in found)


def resolve_behind(choice: ProxyChoice) -> Resolve:
    """Behind a proxy the name itself, for only the proxy may know what it stands for; else what DNS says."""

    async def ask(relay: RelayName) -> frozenset[RelayPlace]:
        if choice.towards(relay.address) is None:
            return await resolve(relay)
        return frozenset({RelayPlace(relay=relay, host=relay.address.host)})

    return ask


async def stay_connected(relays: Iterable[RelayName], attach: Attach, pace: Pace, ask: Resolve = resolve) -> None:
    """Keep an attachment to every place of every name, until cancelled."""
    bell = _Bell()
    async with asyncio.TaskGroup() as tasks:
        for relay in dict.fromkeys(relays):
            tasks.create_task(_Following(relay, attach, pace, ask, bell).run())


class _Bell:
    """Wakes all who pause."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()
        self._rung = asyncio.Event()

    async def pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()


@dataclass(kw_only=True, slots=True, eq=False)
class _Kept:
    """A place that is kept; its attachment is the latest, which may be over."""

    place: RelayPlace
    attachment: Attachment | None = None
    task: asyncio.Task[None] = field(init=False)

    @property
    def busy(self) -> bool:
        return self.attachment is not None and self.attachment.busy


class _Following:
    """One name: who comes to stand behind it is connected to, who does no more is left when nothing goes through it."""

    def __init__(self, relay: RelayName, attach: Attach, pace: Pace, ask: Resolve, bell: _Bell) -> None:
        self._relay = relay
        self._attach = attach
        self._pace = pace
        self._ask = ask
        self._bell = bell
        self._kept: dict[RelayPlace, _Kept] = {}
        self._lost = asyncio.Event()

    async def run(self) -> None:
        failures = Backoff(min(self._pace.longest_pause, self._pace.resolve_every), random.random)
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._lost.clear()
                try:
                    found = await self._ask(self._relay)
                except OSError as error:
                    pause = failures.next()
                    self._tell("relay not found", error.strerror or str(error), pause)
                else:
                    failures.reset()
                    pause = self._pace.resolve_every
                    self._follow(found, tasks)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._lost.wait()

    def _tell(self, event: str, cause: str, pause: float, **where: str) -> None:
        seconds = round(pause, 1)
        log.warning(event, relay=str(self._relay), **where, cause=cause, next_try_seconds=seconds, todo=TODO)

    def _follow(self, found: frozenset[RelayPlace], tasks: asyncio.TaskGroup) -> None:
        for place in found - self._kept.keys():
            kept = self._kept[place] = _Kept(place=place)
            kept.task = tasks.create_task(self._keep(kept))
        for place in self._kept.keys() - found:
            if not self._kept[place].busy:
                self._kept.pop(place).task.cancel()
                log.info("relay left", relay=str(self._relay), address=str(place.address))

    async def _keep(self, kept: _Kept) -> None:
        backoff = Backoff(self._pace.longest_pause, random.random)
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            attachment = kept.attachment = self._attach(kept.place)
            cause = await attachment.run()
            lasted = loop.time() - begun > self._pace.lasting
            if lasted:
                backoff.reset()
                # Workers will look for this bridge at the other relays now.
                self._bell.ring()
            pause = backoff.next()
            event = "relay disconnected" if attachment.stood else "relay not reached"
            self._tell(event, cause, pause, address=str(kept.place.address))
            self._lost.set()
            await self._bell.pause(pause)
