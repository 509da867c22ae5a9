"""The tunnel over SSH: one connection with the worker's key, and on it one channel for each TCP connection."""

import asyncio
import socket
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self

from connect_protocol.relay.ending import End
from connect_ssh.channel import ByteChannel
from connect_ssh.client import Connection, Login, Server, connect, open_channel
from connect_ssh.errors import (
    ChannelBrokenError,
    ChannelRefusedError,
    ConnectionLostError,
    HostKeyError,
    KeyRefusedError,
    NotConnectedError,
)
from connect_ssh.options import KEEPALIVE_SECONDS
from connect_ssh.pump import pump
from connect_worker.errors import ConnectError
from connect_worker.tunnel.base import Obstacle, PassedOverError, Target
from connect_worker.tunnel.places import Place
from connect_worker.tunnel.ssh_routes import Route

OPEN_SECONDS = 15
"""How long a channel may take to open: 10 s from bridge to target, and some."""
CLOSE_SECONDS = 5
AGAIN_SECONDS = 2.0
"""Between two questions for a bridge that is absent: SSH has no way to wait for it over there."""


class SshTunnel:
    """Implements `connect_worker.tunnel.base.Tunnel` through one SSH server. Used as an async context manager."""

    def __init__(self, route: Route, login: Login, place: Place, keepalive: float = KEEPALIVE_SECONDS) -> None:
        """Nobody is asked for anything before a connection is needed."""
        self._route = route
        self._login = login
        self._place = place
        self._keepalive = keepalive
        self._connecting: asyncio.Task[Connection] | None = None
        self._connection: Connection | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
        if self._connection is not None:
            self._connection.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._connection.wait_closed()

    async def reach(self, target: Target, *, wait: timedelta) -> None:
        """See the port."""
        channel = await self._awaited(target, wait)
        try:
            # It was there; how it takes a connection without a word is its own affair.
            with suppress(TimeoutError, ChannelBrokenError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    channel.end()
                    while await channel.receive() is not None:
                        pass
        finally:
            channel.close()

    async def carry(self, target: Target, connection: socket.socket) -> None:
        """See the port."""
        ending = await pump(connection, await self._opened(target))
        if ending.reset is None:
            return
        if ending.end is End.STREAM_BROKEN:
            raise self._route.unreachable(self._place.name, ending.reset.message)
        if ending.end is End.RESET_BY_PEER:
            raise self._route.broken(target, self._place.name, ending.reset.message)

    async def _awaited(self, target: Target, wait: timedelta) -> ByteChannel:
        """A channel to the target; asked for again and again while there is no bridge, and time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + wait.total_seconds()
        while True:
            try:
                return await self._opened(target)
            except PassedOverError as why:
                left = end - loop.time()
                if why.obstacle is not Obstacle.BRIDGE_ABSENT or left <= 0:
                    raise
            await asyncio.sleep(min(AGAIN_SECONDS, left))

    async def _opened(self, target: Target) -> ByteChannel:
        try:
            return await self._asked(target)
        except ConnectionLostError:
            # It was about to go already; another connection tells why, or does not.
            pass
        try:
            return await self._asked(target)
        except ConnectionLostError as lost:
            raise self._unreachable(str(lost)) from lost

    async def _asked(self, target: Target) -> ByteChannel:
        """Raises ConnectionLostError besides."""
        connection = await self._connected()
        goal = self._route.goals[target]
        try:
            return await open_channel(connection, goal.host, goal.port, seconds=OPEN_SECONDS)
        except ChannelRefusedError as no:
            raise self._route.not_opened(target, self._place.name, str(no), forbidden=no.forbidden) from no
        except TimeoutError as late:
            why = f"no answer within {OPEN_SECONDS} s"
            raise self._route.silent(target, self._place.name, why) from late

    async def _connected(self) -> Connection:
        """The one connection; another one where it has been lost. All who want it wait for the same attempt."""
        if self._connection is None or self._connection.is_closed():
            if self._connecting is None:
                self._connecting = asyncio.create_task(self._connect())
                self._connecting.add_done_callback(self._attempted)
            return await asyncio.shield(self._connecting)
        return self._connection

    def _attempted(self, attempt: asyncio.Task[Connection]) -> None:
        self._connecting = None
        if not attempt.cancelled() and attempt.exception() is None:
            self._connection = attempt.result()

    async def _connect(self) -> Connection:
        place, route = self._place, self._route
        server = Server(name=place.server_name, host=place.host, port=place.port)
        try:
            return await connect(server, self._login, keepalive=self._keepalive)
        except HostKeyError as other:
            raise _not_admitted(route.not_trusted(place.name, str(other))) from other
        except KeyRefusedError as refused:
            raise _not_admitted(route.refused(place.name, str(refused))) from refused
        except NotConnectedError as nobody:
            raise self._unreachable(str(nobody)) from nobody

    def _unreachable(self, why: str) -> PassedOverError:
        return PassedOverError(Obstacle.UNREACHABLE, self._route.unreachable(self._place.name, why))


def _not_admitted(failure: ConnectError) -> PassedOverError:
    return PassedOverError(Obstacle.NOT_ADMITTED, failure)
