"""Asks the relays which bridges are there: one request to each for all realms, twice a minute."""

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta

import httpx
import structlog

from connect_operator.core.facts import BridgeState, RelayView
from connect_operator.core.spec import ConnectJob
from connect_operator.errors import RelayUnknownError
from connect_protocol.json_object import JsonObject

log = structlog.stdlib.get_logger()

TIMEOUT = httpx.Timeout(5)
RESOLVE_SECONDS = 5
PATIENCE = 3
"""A relay that restarts is no news, nor are the bridges that come back to it one after the other.

So many silences in a row make a bridge's state unknown; so many answers in a row that do not name it make it absent.
"""

_ABSENT = RelayView(state=BridgeState.ABSENT)
_UNKNOWN = RelayView(state=BridgeState.UNKNOWN)
_UNHEARD = RelayView(state=BridgeState.UNHEARD)

Resolve = Callable[[str], Awaitable[Collection[str]]]


async def addresses_of(host: str) -> Collection[str]:
    """The addresses of every relay behind a name. Raises OSError."""
    async with asyncio.timeout(RESOLVE_SECONDS):
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return {str(place[0]) for *_, place in found}


class RelayWatch:
    """The bridges as the relays' admin endpoints last told of them."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        *,
        interval: timedelta,
        names: Collection[str] = (),
        resolve: Resolve = addresses_of,
    ) -> None:
        """`url` is the admin endpoint's, without a path; each address of its host is a relay.

        `names` are those by which ConnectJobs call the relays that are asked; without any, all ConnectJobs do.
        """
        self._client = client
        self._url = httpx.URL(f"{url}/bridges")
        self._interval = interval
        self._names = names
        self._resolve = resolve
        self._relays: dict[str, _Relay] = {}
        self._views: Mapping[str, RelayView] = {}
        self._otherwise = _UNHEARD

    def serves(self, job: ConnectJob) -> bool:
        """Whether a ConnectJob goes by the relays that are asked; of another relay's bridges nobody here knows."""
        if not job.relay.has_bridge:
            return False
        return not self._names or job.relay.goes_by(self._names, job.namespace)

    def view(self, realm: str) -> RelayView:
        """The bridge of a realm; ABSENT without a moment if no relay knows of it."""
        return self._views.get(realm, self._otherwise)

    async def run(self, changed: Callable[[frozenset[str] | None], None]) -> None:
        """Ask for ever; `changed` hears of the realms whose view is another, None meaning all."""
        while True:
            before, otherwise = self._views, self._otherwise
            await self.ask()
            if self._otherwise != otherwise:
                changed(None)
            elif realms := _differing(before, self._views):
                changed(realms)
            await asyncio.sleep(self._interval.total_seconds())

    async def ask(self) -> None:
        """Ask each relay once; what one has said of a realm holds for a while if it says no more of it."""
        hosts = await self._hosts()
        self._relays = {host: self._relays.get(host) or _Relay() for host in sorted(hosts)}
        await asyncio.gather(*(self._ask(host, relay) for host, relay in self._relays.items()))
        relays = self._relays.values()
        realms = {realm for relay in relays for realm in relay.views}
        self._views = {realm: together([relay.view(realm) for relay in relays]) for realm in realms}
        self._otherwise = together([relay.otherwise for relay in relays])

    async def _hosts(self) -> Collection[str]:
        """The relays that there are now; those of before, if nobody can say."""
        try:
            return await self._resolve(self._url.host)
        except OSError as error:
            log.warning("the relay's name cannot be resolved", host=self._url.host, cause=str(error))
            return self._relays.keys() or {self._url.host}

    async def _ask(self, host: str, relay: "_Relay") -> None:
        try:
            relay.hear(await self._bridges(host))
        except RelayUnknownError as error:
            relay.miss()
            log.warning("the relay does not tell of its bridges", cause=error.what, times=relay.silences)

    async def _bridges(self, host: str) -> Mapping[str, RelayView]:
        url = self._url.copy_with(host=host)
        try:
            answer = await self._client.get(url, headers={"Host": self._url.netloc.decode()}, timeout=TIMEOUT)
            answer.raise_for_status()
            return read_bridges(answer.text)
        except (httpx.HTTPError, ValueError) as error:
            raise RelayUnknownError(f"{url}: {type(error).__name__}: {error}") from error


class _Relay:
    """What one relay has told lately."""

    def __init__(self) -> None:
        self._answers: deque[Mapping[str, RelayView]] = deque(maxlen=PATIENCE)
        self.silences = 0

    def hear(self, answer: Mapping[str, RelayView]) -> None:
        """It has answered."""
        self._answers.append(answer)
        self.silences = 0

    def miss(self) -> None:
        """It has not answered."""
        self.silences += 1
        if self.silences >= PATIENCE:
            self._answers.clear()

    @property
    def views(self) -> Mapping[str, RelayView]:
        """The bridges of the realms that it has named."""
        return {realm: view for answer in self._answers for realm, view in answer.items()}

    @property
    def otherwise(self) -> RelayView:
        """The bridge of a realm that it has not named."""
        if self.silences >= PATIENCE:
            return _UNKNOWN
        return _ABSENT if len(self._answers) == PATIENCE else _UNHEARD

    def view(self, realm: str) -> RelayView:
        """The bridge of this realm."""
        return self.views.get(realm, self.otherwise)


def together(views: Sequence[RelayView]) -> RelayView:
    """What several relays say of one bridge: one that has it is enough, and all are heard out before it is absent."""
    of = {state: [view for view in views if view.state is state] for state in BridgeState}
    moments = {state: [view.since for view in found if view.since] for state, found in of.items()}
    without, silent = len(of[BridgeState.ABSENT]), len(of[BridgeState.UNKNOWN])
    if connected := len(of[BridgeState.CONNECTED]):
        since = min(moments[BridgeState.CONNECTED], default=None)
        return RelayView(state=BridgeState.CONNECTED, since=since, connected=connected, without=without, silent=silent)
    if of[BridgeState.UNHEARD]:
        return _UNHEARD
    if without:
        since = max(moments[BridgeState.ABSENT], default=None)
        return RelayView(state=BridgeState.ABSENT, since=since, without=without, silent=silent)
    return RelayView(state=BridgeState.UNKNOWN, silent=silent)


def read_bridges(text: str) -> Mapping[str, RelayView]:
    """The admin endpoint's answer: each realm's bridge. Raises ValueError that names the field."""
    document = JsonObject.parse(text, "bridges")
    views = {}
    for name, state in (("absent", BridgeState.ABSENT), ("bridges", BridgeState.CONNECTED)):
        for bridge in document.elements(name):
            since = bridge.optional_moment("since")
            views[bridge.text("realm")] = RelayView(state=state, since=since)
    return views


def _differing(one: Mapping[str, RelayView], other: Mapping[str, RelayView]) -> frozenset[str]:
    return frozenset(realm for realm in one.keys() | other.keys() if one.get(realm) != other.get(realm))
