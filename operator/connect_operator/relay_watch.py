"""Asks the relay which bridges are there: one request for all realms, twice a minute."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import httpx
import structlog

from connect_operator.errors import RelayUnknownError
from connect_operator.facts import BridgeState, RelayView
from connect_protocol.json_object import JsonObject

log = structlog.stdlib.get_logger()

TIMEOUT = httpx.Timeout(5)
PATIENCE = 3
"""A relay that restarts is no news, nor are the bridges that come back to it one after the other.

So many silences in a row make a bridge's state unknown; so many answers in a row that do not name it make it absent.
"""

_ABSENT = RelayView(state=BridgeState.ABSENT)
_UNKNOWN = RelayView(state=BridgeState.UNKNOWN)
_UNHEARD = RelayView(state=BridgeState.UNHEARD)


class RelayWatch:
    """The bridges as the relay's admin endpoint last told of them."""

    def __init__(self, client: httpx.AsyncClient, url: str, *, interval: timedelta) -> None:
        """`url` is the admin endpoint's, without a path."""
        self._client = client
        self._url = f"{url}/bridges"
        self._interval = interval
        self._answers: deque[Mapping[str, RelayView]] = deque(maxlen=PATIENCE)
        self._views: Mapping[str, RelayView] = {}
        self._otherwise = _UNHEARD
        self._silences = 0

    def view(self, realm: str) -> RelayView:
        """The bridge of a realm; ABSENT without a moment if the relay does not know of it."""
        return self._views.get(realm, self._otherwise)

    async def run(self, changed: Callable[[frozenset[str] | None], None]) -> None:
        """Ask for ever; `changed` hears of the realms whose view is another, None meaning all."""
        while True:
            before, otherwise = self._views, self._otherwise
            await self.ask()
            if self._otherwise is not otherwise:
                changed(None)
            elif realms := _differing(before, self._views):
                changed(realms)
            await asyncio.sleep(self._interval.total_seconds())

    async def ask(self) -> None:
        """Ask once; what the relay has said of a realm holds for a while if it says no more of it."""
        try:
            self._answers.append(await self._bridges())
            self._silences = 0
        except RelayUnknownError as error:
            self._silences += 1
            log.warning("the relay does not tell of its bridges", cause=error.what, times=self._silences)
            if self._silences >= PATIENCE:
                self._answers.clear()
        self._views = {realm: view for answer in self._answers for realm, view in answer.items()}
        self._otherwise = self._unnamed()

    def _unnamed(self) -> RelayView:
        """The bridge of a realm that no answer names."""
        if self._silences >= PATIENCE:
            return _UNKNOWN
        return _ABSENT if len(self._answers) == PATIENCE else _UNHEARD

    async def _bridges(self) -> Mapping[str, RelayView]:
        try:
            answer = await self._client.get(self._url, timeout=TIMEOUT)
            answer.raise_for_status()
            return read_bridges(answer.text)
        except (httpx.HTTPError, ValueError) as error:
            raise RelayUnknownError(f"{self._url}: {type(error).__name__}: {error}") from error


def read_bridges(text: str) -> Mapping[str, RelayView]:
    """The admin endpoint's answer: each realm's bridge. Raises ValueError that names the field."""
    document = JsonObject.parse(text, "bridges")
    views = {}
    for name, state in (("absent", BridgeState.ABSENT), ("bridges", BridgeState.CONNECTED)):
        for bridge in document.elements(name):
            since = datetime.fromisoformat(bridge.text("since")) if bridge.has("since") else None
            views[bridge.text("realm")] = RelayView(state=state, since=since)
    return views


def _differing(one: Mapping[str, RelayView], other: Mapping[str, RelayView]) -> frozenset[str]:
    return frozenset(realm for realm in one.keys() | other.keys() if one.get(realm) != other.get(realm))
