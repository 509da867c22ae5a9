"""Uses files anew when they have changed: certificates, lists of what is revoked, keys. No restart, no signal.

Contents are compared, every few seconds: Kubernetes renews a mounted Secret by moving a symbolic link, an editor by
moving a file, and both leave time stamps that say little. What cannot be used is reported once, and what was there
before stays.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import structlog

from connect_relay.errors import ConfigurationError

log = structlog.stdlib.get_logger()

LOADED = "loaded"
REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Files that belong together. `load` reads and checks them and puts them to use, or raises ConfigurationError."""

    name: str
    files: tuple[Path, ...]
    load: Callable[[], None]

    def state(self) -> bytes:
        """What can be compared: a hash of the contents."""
        return sha256(b"".join(_hash(path) for path in self.files)).digest()


class Watched:
    """A source that is looked at again and again."""

    def __init__(self, source: Source) -> None:
        """Loads it for the first time. Raises ConfigurationError."""
        self.source = source
        self._used = source.state()
        source.load()
        self._faulty = b""
        self._told = b""

    def look(self) -> str | None:
        """Load what has changed: LOADED, REFUSED (told in the log), or None if there is nothing to tell.

        A fault is told when it is found a second time: one of several files may just not have been written yet.
        """
        if (state := self.source.state()) == self._used:
            self._faulty = self._told = b""
            return None
        try:
            self.source.load()
        except Exception as error:  # noqa: BLE001 - a fault in one file must not keep the others from being looked at
            return self._refused(state, error)
        self._used = state
        log.info("file reloaded", file=self.source.name)
        return LOADED

    def _refused(self, state: bytes, error: Exception) -> str | None:
        if state != self._faulty:
            self._faulty = state
            return None
        if state == self._told:
            return None
        self._told = state
        unforeseen = None if isinstance(error, ConfigurationError) else error
        log.error("file not reloaded", file=self.source.name, reason=str(error), exc_info=unforeseen)
        return REFUSED


async def keep_looking(look: Callable[[], None], every: float) -> None:
    """Call `look` every so many seconds, until cancelled."""
    while True:
        await asyncio.sleep(every)
        try:
            look()
        except Exception:
            # Whoever is revoked tomorrow must be cut off tomorrow, whatever went wrong today.
            log.exception("files could not be looked at")


def _hash(path: Path) -> bytes:
    try:
        return sha256(path.read_bytes()).digest()
    except OSError:
        return bytes(32)
