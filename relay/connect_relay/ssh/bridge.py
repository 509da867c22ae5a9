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
from connect_relay.settings import Transport
from connect_relay.ssh.closing import ClosedHere
from connect_relay.ssh.door import Door
from connect_relay.ssh_stream import ServedStream, reset_told
from connect_ssh.farewell import send_away
from connect_ssh.options import CHANNEL

SETTLE_SECONDS = 0.1
"""ssh asks for its targets one after the other; the bridge has come when no more are asked for."""


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
    """One bridge's connection. `realm` is its key's; `start` runs what belongs to the connection."""

    connection: asyncssh.SSHServerConnection
    caller: Caller
    realm: str
    door: Door[Any]
    start: Callable[[Coroutine[object, object, None]], asyncio.Task[None]]

    def __post_init__(self) -> None:
        self._forwards: dict[str, Forward] = {}
        self._attached: AttachedBridge | None = None
        self._settling: asyncio.TimerHandle | None = None
        self._carried: set[asyncio.Task[None]] = set()
        self._closed_here = ClosedHere()
        self._left_because = LEFT

    def forward(self, name: str, host: str, port: int) -> Forward:
        """Take a target that the bridge offers. Raises RefusedError."""
        self.door.switchboard.require_open()
        if self._attached is not None and self._attached.dismissed.done():
            raise RefusedError(ResetCode.REFUSED, self._attached.dismissed.result())
        if not port:
            raise RefusedError(ResetCode.REFUSED, "a port must be named: the relay has none to give")
        if name in self._forwards:
            raise RefusedError(ResetCode.REFUSED, f"target {name} has been forwarded already")
        if len(self._forwards) >= MOST_TARGETS:
            raise RefusedError(ResetCode.LIMIT, f"more than {MOST_TARGETS} targets")
        forward = self._forwards[name] = Forward(host, port, lambda: self._withdraw(name))
        self._settle_soon()
        return forward

    def lose(self, reason: str) -> None:
        """The connection is gone; `reason` is empty if the bridge has left in order."""
        if self._settling is not None:
            self._settling.cancel()
        if reason:
            self._left_because = reason
        if self._attached is not None:
            message = "the bridge is gone" + (f": {reason}" if reason else "")
            self._attached.lose(Reset(code=ResetCode.BROKEN, message=message))

    def _withdraw(self, name: str) -> None:
        del self._forwards[name]
        if not self.connection.is_closed():
            self._settle_soon()

    def _settle_soon(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
        self._settling = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._settle)

    def _settle(self) -> None:
        """Be there with the targets of now."""
        targets = tuple(self._forwards)
        if self._attached is not None:
            self._attached.targets = targets
            if not targets:
                self._attached.dismiss("the bridge has withdrawn all its targets")
        elif targets:
            version = str(self.connection.get_extra_info("client_version", "")).removeprefix("SSH-2.0-")
            self._attached = AttachedBridge(
                realm=self.realm,
                since=datetime.now(UTC),
                version=version[:LONGEST_VERSION],
                targets=targets,
                transport=Transport.SSH,
            )
            self.start(self._stay(self._attached))

    async def _stay(self, bridge: AttachedBridge) -> None:
        """Be attached until the bridge leaves, dies or is sent away; then let its connections end."""
        attempt = Attempt(kind=Kind.ATTACH, caller=self.caller)
        switchboard = self.door.switchboard
        with switchboard.admission.under_way(attempt):
            try:
                switchboard.attach(bridge)
            except RefusedError as error:
                switchboard.refused(attempt, error)
                audit.write_refused(attempt)
                send_away(self.connection, str(error))
                return
            try:
                audit.write_attached(attempt, version=bridge.version, targets=bridge.targets)
                await self._until_over(bridge, attempt)
            finally:
                switchboard.detach(bridge)
                audit.write_detached(attempt, self._left_because)
        if self._carried:
            await asyncio.wait(self._carried)
        # Nothing is left to stay for here, and another relay may have work.
        send_away(self.connection, self._left_because)

    async def _until_over(self, bridge: AttachedBridge, attempt: Attempt) -> None:
        taking = asyncio.create_task(self._take_orders(bridge))
        ends: list[asyncio.Future[Any]] = [taking, bridge.dismissed, attempt.cut]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            taking.cancel()
        if attempt.cut.done():
            attempt.reset = attempt.cut.result()
            self._left_because = attempt.reset.message
            bridge.lose(attempt.reset)
        else:
            self._left_because = bridge.dismissed.result()

    async def _take_orders(self, bridge: AttachedBridge) -> None:
        while True:
            task = self.start(self._carry_out(await bridge.orders.get()))
            self._carried.add(task)
            task.add_done_callback(self._carried.discard)

    def _too_many(self) -> str:
        """Why there may not be one channel more; empty if there may.

        A bridge that has left too many open after their end is sent away: when it comes again, asyncssh keeps none.
        """
        most = self.door.most_channels
        if len(self._carried) > most:
            return f"the bridge has {most} channels already, open or unanswered"
        if self._attached is not None and len(self._closed_here) >= most:
            reason = f"the bridge has not closed {most} channels that are over"
            self._attached.dismiss(reason)
            return reason
        return ""

    async def _carry_out(self, order: Open) -> None:
        stream = ServedStream(order.connection_id, order.window)
        try:
            await self._open(order, stream)
            await self.door.serve(stream, self.caller)
        finally:
            stream.close()
            self._closed_here.add(stream.session)

    async def _open(self, order: Open, stream: ServedStream) -> None:
        """Open a channel to the target.

        It is waited for even if nobody wants it any more: ssh cannot be told so before it has answered.
        """
        forward = self._forwards.get(order.target)
        if forward is None:
            message = f"the bridge has withdrawn target {order.target}"
            stream.missed(Reset(code=ResetCode.UNKNOWN_TARGET, message=message))
            return
        if too_many := self._too_many():
            stream.missed(Reset(code=ResetCode.LIMIT, message=too_many))
            return
        try:
            # Our own bridge writes the caller's address into its log, where the connection's id says more.
            await self.connection.create_connection(
                lambda: stream.session, forward.host, forward.port, order.connection_id, **CHANNEL
            )
        except asyncssh.ChannelOpenError as error:
            stream.missed(reset_told(error.reason, order.target))
        else:
            stream.reached()
