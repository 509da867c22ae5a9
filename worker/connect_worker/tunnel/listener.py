"""A port on this machine's loopback from which every connection goes through the tunnel to one target."""

import asyncio
import errno
import os
import socket
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog

from connect_worker.errors import ConnectError
from connect_worker.settings import LOOPBACK
from connect_worker.tunnel.base import Target, Tunnel
from connect_worker.tunnel.failures import is_at_target

LEAVE_SECONDS = 8
"""How long a broken connection may take until it is known what broke it: two farewells and some."""
AGAIN_SECONDS = 0.5
"""Until the next attempt to take a connection, where there was no descriptor or memory for it."""
_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

log = structlog.stdlib.get_logger()


class Listener:
    """Listens while its context lasts. Connections that still stand at the end are reset."""

    def __init__(self, tunnel: Tunnel, target: Target) -> None:
        self.target = target
        self._tunnel = tunnel
        self._failure: ConnectError | None = None
        self._connections: set[asyncio.Task[None]] = set()

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

        Of what broke beyond the relay, how it is now says most: since when the bridge is gone. If the way is clear, it
        was the server that hung up, and its driver may have heard why.
        """
        if self._failure is None and self._connections:
            await asyncio.wait(self._connections, timeout=LEAVE_SECONDS)
        if self._failure is None or not is_at_target(self._failure):
            return self._failure
        try:
            await self.probe(wait=timedelta())
        except ConnectError as now:
            return now
        return None

    async def _accept(self) -> None:
        with self._listening:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    connection = await self._accepted()
                    task = tasks.create_task(self._carry(connection))
                    self._connections.add(task)
                    task.add_done_callback(self._connections.discard)

    async def _accepted(self) -> socket.socket:
        """The next connection. Where this machine has no room for it, it waits in the kernel's queue."""
        told = False
        while True:
            try:
                connection, _ = await asyncio.get_running_loop().sock_accept(self._listening)
            except OSError as error:
                if error.errno not in _SHORT:
                    raise
                if not told:
                    log.warning("no connection can be taken", target=self.target, cause=os.strerror(error.errno))
                told = True
                # The kernel tells nobody when there is room again.
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if told:
                log.info("connections can be taken again", target=self.target)
            return connection

    async def _carry(self, connection: socket.socket) -> None:
        with connection:
            try:
                await self._tunnel.carry(self.target, connection)
            except ConnectError as failure:
                self._failure = failure
                log.warning("the tunnel failed", target=self.target, cause=failure.what)
