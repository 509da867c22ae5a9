"""Slots for which some wait: whoever has waited for his bridge is not refused because all the others have, too."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from connect_relay.slots import Slots


class Turns:
    """Slots of which a realm may have so many, and all together; who waits for one is told when it is his turn."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._waiting: dict[asyncio.Future[None], str] = {}
        """Realms of those who wait, in the order in which they have come."""

    @property
    def taken(self) -> int:
        """How many are under way."""
        return self._slots.taken

    @contextmanager
    def taken_by(self, realm: str) -> Iterator[None]:
        """Within: one more is under way, without waiting. Raises RefusedError (LIMIT)."""
        try:
            with self._slots.taken_by(realm):
                yield
        finally:
            self._call_next()

    async def turn(self, realm: str) -> None:
        """Wait until the realm may take one. It must do so before anything else is waited for."""
        while not self._slots.has_room(realm):
            called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting[called] = realm
            try:
                await called
            except asyncio.CancelledError:
                self._give_up(called)
                raise

    def _give_up(self, called: asyncio.Future[None]) -> None:
        """He may have been called at this very moment: then it is the next one's turn."""
        if self._waiting.pop(called, None) is None:
            self._call_next()

    def _call_next(self) -> None:
        """The first whose realm has room; one place has become free, so one is called."""
        for called, realm in self._waiting.items():
            if not called.done() and self._slots.has_room(realm):
                del self._waiting[called]
                called.set_result(None)
                return
