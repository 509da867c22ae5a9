"""A bridge that calls by SSH: what it forwards to itself are its targets, and an order is a channel to one of them."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncssh

from connect_protocol.relay.control import Open
from connect_protocol.relay.frames import Reset, ResetCode
from connect_relay import audit
from connect_relay.attached import AttachedBridge
from connect_relay.attachment import LEFT, LONGEST_VERSION, MOST_TARGETS
from connect_relay.audit import Attempt, Caller, Kind
from connect_relay.errors import RefusedError
from connect_relay.rpc import Handler
from connect_relay.settings import Transport
from connect_relay.ssh_stream import ChannelStream, ServedStream, UnservedStream
from connect_relay.switchboard import Switchboard
from connect_ssh.options import CHANNEL

SETTLE_SECONDS = 0.1
"""ssh asks for its targets one after the other; the bridge has come when no more are asked for."""

Start = Callable[[Coroutine[object, object, None]], "asyncio.Task[None]"]


class Forward(asyncssh.SSHListener):
    """What a bridge forwards to itself, in its own words; asyncssh closes it when it is withdrawn or orphaned."""

    def __init__(self, host: str, port: int, closed: Callable[[], None]) -> None:
        super().__init__()
        self.host = host
        self.port = port
        self._closed = closed

    def close(self) -> None:
        """See asyncssh."""
        self._closed()


@dataclass(kw_only=True, eq=False)
class SshBridge:
    """One bridge's connection. `start` runs what belongs to the connection; `realm` is its key's."""

    connection: asyncssh.SSHServerConnection
    caller: Caller
    realm: str
    switchboard: Switchboard
    serve: Handler
    start: Start

    def __post_init__(self) -> None:
        self.gone_because = LEFT
        self._forwards: dict[str, Forward] = {}
        self._attached: AttachedBridge | None = None
        self._settling: asyncio.TimerHandle | None = None
        self._carried: set[asyncio.Task[None]] = set()

    def forward(self, name: str, host: str, port: int) -> Forward:
        """Take a target that the bridge offers. Raises RefusedError."""
        if self.switchboard.draining:
            raise RefusedError(ResetCode.DRAINING, "the relay is going down")
        if not port:
            raise RefusedError(ResetCode.REFUSED, "a port must be named: the relay has none to give")
        if name in self._forwards:
            raise RefusedError(ResetCode.REFUSED, f"target {name} has been forwarded already")
        if len(self._forwards) >= MOST_TARGETS:
            raise RefusedError(ResetCode.LIMIT, f"more than {MOST_TARGETS} targets")
        forward = self._forwards[name] = Forward(host, port, lambda: self._withdraw(name))
        self._settle_soon()
        return forward

    def _withdraw(self, name: str) -> None:
        del self._forwards[name]
        self._settle_soon()

    def _settle_soon(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
        self._settling = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._settle)

    def _settle(self) -> None:
        """Be there with these targets."""
        targets = tuple(self._forwards)
        if self._attached is not None:
            self._attached.targets = targets
        elif targets and not self.connection.is_closed():
            version = str(self.connection.get_extra_info("client_version", "")).removeprefix("SSH-2.0-")
            self._attached = AttachedBridge(
                realm=self.realm,
                since=datetime.now(UTC),
                version=version[:LONGEST_VERSION],
                targets=targets,
                transport=Transport.SSH,
            )
            self.start(self._attach(self._attached))

    async def _attach(self, bridge: AttachedBridge) -> None:
        attempt = Attempt(kind=Kind.ATTACH, caller=self.caller)
        try:
            await self.switchboard.attach(bridge)
        except RefusedError as error:
            attempt.reset = error.reset
            audit.write_refused(attempt)
            self.connection.close()
            return
        audit.write_attached(attempt, version=bridge.version, targets=bridge.targets)
        try:
            await self._until_dismissed(bridge)
        except asyncio.CancelledError:
            audit_reason = self.gone_because
            raise
        else:
            audit_reason = bridge.dismissed.result()
        finally:
            self.switchboard.detach(bridge)
            audit.write_detached(attempt, audit_reason)
        await self._part(audit_reason)

    async def _until_dismissed(self, bridge: AttachedBridge) -> None:
        taking: asyncio.Future[Any] = asyncio.create_task(self._take_orders(bridge))
        try:
            await asyncio.wait({taking, bridge.dismissed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            taking.cancel()

    async def _take_orders(self, bridge: AttachedBridge) -> None:
        while True:
            task = self.start(self._carry_out(await bridge.orders.get()))
            self._carried.add(task)
            task.add_done_callback(self._carried.discard)

    async def _carry_out(self, order: Open) -> None:
        stream = await self._opened(order)
        try:
            await self.serve(stream, self.caller)
        finally:
            stream.close()

    async def _opened(self, order: Open) -> ChannelStream:
        """A channel to the target. It is waited for even if nobody waits for it any more: ssh cannot be told."""
        forward = self._forwards.get(order.target)
        if forward is None:
            reset = Reset(code=ResetCode.UNKNOWN_TARGET, message=f"the bridge has withdrawn target {order.target}")
            return UnservedStream(order.connection_id, reset)
        stream = ServedStream(order.connection_id, order.window)
        try:
            await self.connection.create_connection(lambda: stream.session, forward.host, forward.port, **CHANNEL)
        except asyncssh.ChannelOpenError as error:
            message = f"target {order.target} cannot be reached: {error.reason}"
            return UnservedStream(order.connection_id, Reset(code=ResetCode.TARGET_UNREACHABLE, message=message))
        return stream

    async def _part(self, reason: str) -> None:
        """Its connections go on; after them, there is nothing to stay for, and another relay may have work."""
        if self._carried:
            await asyncio.wait(self._carried)
        self.connection.disconnect(asyncssh.DISC_BY_APPLICATION, reason)
