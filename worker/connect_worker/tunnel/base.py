"""The port to a relay: what the rest of the worker needs of one, whatever it speaks."""

import socket
from datetime import timedelta
from enum import IntEnum, StrEnum, auto
from typing import Protocol

from connect_worker.errors import ConnectError


class Target(StrEnum):
    """What a bridge opens connections to, by the names on its list."""

    DATABASE = "database"
    DIRECTORY = "directory"
    CATALOG = "global-catalog"


UNREACHABLE = {
    Target.DATABASE: "DatabaseUnreachable",
    Target.DIRECTORY: "DirectoryUnreachable",
    Target.CATALOG: "DirectoryUnreachable",
}
"""The reason of a run that cannot reach a target, tunnel or not."""


class Obstacle(IntEnum):
    """Why a relay does not lead to a target while another may; of several, the first says most."""

    BRIDGE_ABSENT = auto()
    NOT_ADMITTED = auto()
    DRAINING = auto()
    FULL = auto()
    UNREACHABLE = auto()


class PassedOverError(Exception):
    """One relay has opened nothing, and another may; `failure` is what to tell if none does."""

    def __init__(self, obstacle: Obstacle, failure: ConnectError) -> None:
        super().__init__(failure.what)
        self.obstacle = obstacle
        self.failure = failure


class Tunnel(Protocol):
    """Leads through a relay and a bridge to the targets of one realm.

    Both methods raise what tells which part of the way failed: ConnectionFailedError (RelayUnreachable for relay and
    bridge, UNREACHABLE for the target behind it) or ConfigurationError (what no further try will cure). Through one
    relay of several, they raise PassedOverError instead while nothing has been opened and another relay may do better.
    """

    async def reach(self, target: Target, *, wait: timedelta) -> None:
        """Open a connection and close it again; wait that long for a bridge that is not there."""

    async def carry(self, target: Target, connection: socket.socket) -> None:
        """Open a connection, join it to a TCP connection that does not block, and move bytes until both are closed.

        Returns however the two ends themselves have closed; raises when the way between them failed.
        """
