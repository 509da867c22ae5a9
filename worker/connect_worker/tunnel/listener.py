"""A port on this machine's loopback from which every connection goes through the tunnel to one target."""

import asyncio
import socket
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog

from connect_worker.errors import ConnectError
from connect_worker.settings import LOOPBACK
from connect_worker.tunnel.base import Target, Tunnel

log = structlog.stdlib.get_logger()


class Listener:
    """Listens while its context lasts. Connections that still stand at the end are reset."""

    def __init__(self, tunnel: Tunnel, target: Target) -> None:
        self.target = target
        self._tunnel = tunnel
        self._failure: ConnectError | None = None

    async def __aenter__(self) -> Self:
        self._listening = socket.create_server((LOOPBACK, 0))
        self._listening.setblocking(False)
        self._accepting = asyncio.create_task(self._accept())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._accepting.cancel()
        await asyncio.wait([self._accepting])
        if not self._accepting.cancelled():
            self._accepting.result()

    @property
    def port(self) -> int:
        """Where to connect."""
        return int(self._listening.getsockname()[1])

    async def probe(self, *, wait: timedelta) -> None:
        """Reach the target once; wait that long for a bridge that is not there. Raises as `Tunnel` does."""
        await self._tunnel.reach(self.target, wait=wait)

    async def explanation(self) -> ConnectError | None:
        """Why a connection from here broke, of which its driver has seen no more than the end; None: not on the way.

        How it is now says most: since when the bridge is gone, or that the relay does not answer.
        """
        if self._failure is None:
            return None
        try:
            await self.probe(wait=timedelta())
        except ConnectError as now:
            return now
        return self._failure

    async def _accept(self) -> None:
        with self._listening:
            async with asyncio.TaskGroup() as connections:
                while True:
                    connection, _ = await asyncio.get_running_loop().sock_accept(self._listening)
                    connections.create_task(self._carry(connection))

    async def _carry(self, connection: socket.socket) -> None:
        with connection:
            try:
                await self._tunnel.carry(self.target, connection)
            except ConnectError as failure:
                # Noted before anybody can have seen that the socket is closed, and asks for it.
                self._failure = failure
                log.warning("the tunnel failed", target=self.target, cause=failure.what)
