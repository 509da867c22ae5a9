"""Which bridges serve which realm, and since when; which realms have been seen and have none. Pure.

A realm may have several bridges: the newest serves, the others stand by. A bridge that comes back thus wins over its
half-dead predecessor, and two bridges on two machines need not know of each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar


class Attached(Protocol):
    """A bridge that is there."""

    @property
    def realm(self) -> str:
        """Whom it serves."""

    @property
    def since(self) -> datetime:
        """When it came."""

    @property
    def targets(self) -> Sequence[str]:
        """What it leads to, by name."""


B = TypeVar("B", bound=Attached)


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """A realm whose last bridge has left."""

    realm: str
    since: datetime


class Registry(Generic[B]):
    """The bridges that are attached now."""

    def __init__(self, *, started: datetime, most_per_realm: int) -> None:
        self._started = started
        self._most = most_per_realm
        self._bridges: dict[str, list[B]] = {}
        self._left: dict[str, datetime] = {}

    @property
    def bridges(self) -> Sequence[B]:
        """All of them, by realm, the one that serves first."""
        return [bridge for realm in sorted(self._bridges) for bridge in reversed(self._bridges[realm])]

    @property
    def absent(self) -> Sequence[Absence]:
        """Realms that have had a bridge since the relay started, and have none now."""
        return [Absence(realm=realm, since=self._left[realm]) for realm in sorted(self._left)]

    def attach(self, bridge: B) -> B | None:
        """A bridge has come, and serves its realm from now on; returns one that must go, for the realm has too many."""
        bridges = self._bridges.setdefault(bridge.realm, [])
        bridges.append(bridge)
        self._left.pop(bridge.realm, None)
        return bridges.pop(0) if len(bridges) > self._most else None

    def detach(self, bridge: B, now: datetime) -> None:
        """A bridge has left; one that had to go before is passed over."""
        bridges = self._bridges.get(bridge.realm, [])
        if not any(each is bridge for each in bridges):
            return
        bridges[:] = [each for each in bridges if each is not bridge]
        if not bridges:
            del self._bridges[bridge.realm]
            self._left[bridge.realm] = now

    def is_served(self, realm: str) -> bool:
        """Whether this realm has a bridge now."""
        return realm in self._bridges

    def serving(self, realm: str, target: str) -> B | None:
        """The bridge that opens this realm's connections to a target now: the newest that leads there."""
        bridges = self._bridges.get(realm, ())
        return next((bridge for bridge in reversed(bridges) if target in bridge.targets), None)

    def absence(self, realm: str) -> str:
        """What to tell a worker whose realm has no bridge."""
        if (since := self._left.get(realm)) is not None:
            return f"no bridge serves realm {realm} since {_moment(since)}"
        return f"no bridge of realm {realm} has come since the relay started at {_moment(self._started)}"


def _moment(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
