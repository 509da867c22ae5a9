"""Orders to bridges: from the moment that one is given until its bridge has reached the target, or has said why not."""

import asyncio
from dataclasses import dataclass

from connect_protocol.relay.control import Open
from connect_protocol.relay.frames import Reset, ResetCode
from connect_protocol.relay.pump import FrameStream
from connect_relay.attached import AttachedBridge
from connect_relay.errors import RefusedError


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Served:
    """A bridge's stream that has reached its target; `released` is set when it is not needed any more.

    `cut` is set when the bridge has lost the right to it.
    """

    stream: FrameStream
    window: int
    released: asyncio.Event
    cut: asyncio.Future[Reset]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Order:
    """An Open that a bridge has not answered yet."""

    bridge: AttachedBridge
    answer: asyncio.Future[Served]

    def carried_out(self, served: Served) -> None:
        """The bridge has reached the target. Raises RefusedError where nobody waits for it any more."""
        if self.answer.done():
            raise RefusedError(ResetCode.BROKEN, "the worker has not waited so long")
        self.answer.set_result(served)

    def refuse(self, reset: Reset) -> None:
        """The bridge has not reached the target, or is gone."""
        if not self.answer.done():
            self.answer.set_exception(RefusedError(reset.code, reset.message))

    def abandon(self) -> None:
        """Nobody waits for the answer any more, though it may have come at this very moment."""
        if not self.answer.cancel() and not self.answer.cancelled() and self.answer.exception() is None:
            self.answer.result().released.set()


class Orders:
    """Those that no bridge has answered yet, by their connection's id."""

    def __init__(self, patience: float) -> None:
        """`patience`: how many seconds a bridge has for one."""
        self._patience = patience
        self._orders: dict[str, Order] = {}

    async def answered(self, bridge: AttachedBridge, order: Open) -> Served:
        """Have the bridge reach the target. Raises RefusedError with what the bridge says, or when it is too slow."""
        if bridge.orders.full():
            raise RefusedError(ResetCode.LIMIT, f"the bridge of realm {bridge.realm} does not take its orders")
        given = Order(bridge=bridge, answer=asyncio.get_running_loop().create_future())
        self._orders[order.connection_id] = given
        bridge.orders.put_nowait(order)
        try:
            async with asyncio.timeout(self._patience):
                return await given.answer
        except TimeoutError:
            message = f"the bridge has not reached {order.target} within {self._patience:g} s"
            given.abandon()
            raise RefusedError(ResetCode.TARGET_UNREACHABLE, message) from None
        except asyncio.CancelledError:
            given.abandon()
            raise
        finally:
            del self._orders[order.connection_id]

    def find(self, connection_id: str, realm: str) -> Order:
        """The order that a bridge of this realm answers. Raises RefusedError if there is none."""
        order = self._orders.get(connection_id)
        if order is None or order.bridge.realm != realm:
            raise RefusedError(ResetCode.REFUSED, "no order for this bridge has this connection's id")
        return order

    def refuse_all(self, reset: Reset) -> None:
        """None of them will be carried out."""
        for order in self._orders.values():
            order.refuse(reset)

    def refuse_those_of(self, bridge: AttachedBridge, reset: Reset) -> None:
        """This bridge will carry out none of its own."""
        for order in self._orders.values():
            if order.bridge is bridge:
                order.refuse(reset)
