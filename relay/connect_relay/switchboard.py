"""Connects workers to bridges: a worker dials, its realm's bridge is told to open, and the two streams are joined."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from secrets import token_hex
from time import monotonic
from typing import TypeVar

from connect_protocol.relay.control import Open
from connect_protocol.relay.credit import LARGEST_WINDOW
from connect_protocol.relay.errors import ProtocolError, StreamBrokenError
from connect_protocol.relay.frames import Dial, Frame, Opened, Reset, ResetCode, Serve, decode, encode
from connect_protocol.relay.identity import Role
from connect_protocol.relay.names import shown
from connect_protocol.relay.pump import FrameStream
from connect_relay.accounts import Accounts
from connect_relay.admission import Admission, unless_cut
from connect_relay.attached import AttachedBridge
from connect_relay.audit import Attempt
from connect_relay.errors import RefusedError
from connect_relay.junction import End, join, tell
from connect_relay.metrics import Metrics
from connect_relay.orders import Orders, Served
from connect_relay.registry import Registry
from connect_relay.settings import Limits, Times
from connect_relay.slots import Slots
from connect_relay.ssh_stream import keep_small_between
from connect_relay.turns import Turns

GOING_DOWN = Reset(code=ResetCode.DRAINING, message="the relay is going down")

F = TypeVar("F", bound=Frame)


class Switchboard:
    """Everything that the relay knows while it runs: bridges, dials under way, open connections."""

    def __init__(self, limits: Limits, times: Times, metrics: Metrics) -> None:
        self._times = times
        self._metrics = metrics
        self._orders = Orders(times.dial)
        self._arrival = asyncio.Event()
        self._going_down: asyncio.Future[Reset] = asyncio.get_running_loop().create_future()
        self._draining = False
        self._under_way: set[asyncio.Task[object]] = set()
        self.admission = Admission(metrics)
        self.registry: Registry[AttachedBridge] = Registry(started=_now(), most_per_realm=limits.bridges_per_realm)
        self.accounts = Accounts(limits, monotonic)
        self.connections = Slots("connections", limit=limits.connections, limit_per_realm=limits.connections_per_realm)
        self.dials = Turns(Slots("dials", limit=limits.dials, limit_per_realm=limits.dials_per_realm))
        self.waits = Slots(
            "dials that wait for a bridge", limit=limits.connections, limit_per_realm=limits.dials_per_realm
        )
        self.ssh_connections = {role: _ssh_connections(role, limits) for role in Role}
        self._answers = Slots("answers", limit=limits.dials, limit_per_realm=limits.dials_per_realm)

    @property
    def draining(self) -> bool:
        """Whether the relay is going down."""
        return self._draining

    # Bridges

    def attach(self, bridge: AttachedBridge) -> None:
        """A bridge has come; whoever waits for one is told. Raises RefusedError while the relay is going down.

        Whoever calls it calls `detach` too, whatever happens: orders go to a bridge until then.
        """
        self.require_open()
        self.accounts.of(bridge.realm)
        if (superseded := self.registry.attach(bridge)) is not None:
            superseded.dismiss("newer bridges of this realm have come")
        self._wake_who_wait()

    def detach(self, bridge: AttachedBridge) -> None:
        """A bridge has gone; its orders cannot be carried out any more."""
        self.registry.detach(bridge, _now())
        gone = Reset(code=ResetCode.BRIDGE_ABSENT, message=f"the bridge of realm {bridge.realm} has just gone")
        self._orders.refuse_those_of(bridge, gone)

    def dismiss_expired(self) -> None:
        """Send the bridges away whose certificates have expired; what they serve goes on."""
        now = _now()
        for bridge in self.registry.bridges:
            if bridge.certificate_end is not None and bridge.certificate_end <= now:
                bridge.dismiss("the bridge's certificate has expired")

    # The worker's side of a connection

    async def connect(self, stream: FrameStream, attempt: Attempt) -> None:
        """Serve a worker's stream until its connection is over. What happened is in `attempt`; nothing is raised.

        But for CancelledError, which means that the worker has gone.
        """
        with self._counted_as_under_way(), self.admission.under_way(attempt):
            try:
                await self._connect(stream, attempt)
            except (RefusedError, ProtocolError) as error:
                await tell(stream, self.refused(attempt, error))
            except (StreamBrokenError, asyncio.CancelledError) as error:
                attempt.reset = Reset(code=ResetCode.BROKEN, message="the worker is gone")
                if isinstance(error, asyncio.CancelledError):
                    raise

    async def _connect(self, stream: FrameStream, attempt: Attempt) -> None:
        realm = self.admission.admit(attempt.caller, Role.WORKER)
        with ExitStack() as until_open, ExitStack() as until_over:
            async with unless_cut(attempt):
                with self.dials.taken_by(realm):
                    dial = await self._dialled(stream, attempt)
                if dial.wait_seconds and not self.registry.is_served(realm):
                    await self._bridge_there(realm, dial)
                until_open.enter_context(self.dials.taken_by(realm))
                bridge = self._bridge(realm, dial)
                until_over.enter_context(self.connections.taken_by(realm))
                bridge, served = await self._served(bridge, dial, attempt)
                until_over.callback(served.released.set)
            attempt.opened()
            self._metrics.opened(attempt, bridge.transport)
            await stream.send(encode(Opened(window=served.window)))
            until_open.close()
            attempt.reset = await self._join(stream, dial, served, bridge, attempt)

    async def _dialled(self, stream: FrameStream, attempt: Attempt) -> Dial:
        dial = await self._expect(stream, Dial)
        attempt.target = shown(dial.target)
        realm = attempt.caller.realm
        if dial.realm != realm:
            raise RefusedError(
                ResetCode.REFUSED, f"a {attempt.caller.means} of realm {realm} does not reach realm {shown(dial.realm)}"
            )
        _require_window(dial.window)
        return dial

    async def _bridge_there(self, realm: str, dial: Dial) -> None:
        """Wait until the realm has a bridge and a dial to spare, as long as the worker asks and the relay allows.

        Meanwhile no dial is under way: who waits for nobody must not be in the way of those whose bridge is there. Once
        it has come, all who have waited want to dial, of other realms perhaps too: so they take turns.
        """
        wait = min(dial.wait_seconds, self._times.longest_wait)
        with self.waits.taken_by(realm), suppress(TimeoutError):
            async with asyncio.timeout(wait):
                while not (self._draining or self.registry.is_served(realm)):
                    await self._arrival.wait()
                await self.dials.turn(realm)

    def _bridge(self, realm: str, dial: Dial) -> AttachedBridge:
        """The bridge of the realm that leads to the target."""
        self.require_open()
        if not self.registry.is_served(realm):
            raise RefusedError(ResetCode.BRIDGE_ABSENT, self.registry.absence(realm))
        if (bridge := self.registry.serving(realm, dial.target)) is None:
            raise RefusedError(
                ResetCode.UNKNOWN_TARGET, f"the bridge of realm {realm} has no target {shown(dial.target)!a}"
            )
        return bridge

    async def _served(self, bridge: AttachedBridge, dial: Dial, attempt: Attempt) -> tuple[AttachedBridge, Served]:
        """Have the target reached; where a bridge goes meanwhile, by the next one that leads there."""
        while True:
            attempt.connection_id = token_hex(16)
            order = Open(connection_id=attempt.connection_id, target=dial.target, window=dial.window)
            try:
                return bridge, await self._orders.answered(bridge, order)
            except RefusedError as error:
                following = self.registry.serving(bridge.realm, dial.target)
                if error.reset.code is not ResetCode.BRIDGE_ABSENT or following in {None, bridge} or self._draining:
                    raise
                bridge = following

    async def _join(
        self, stream: FrameStream, dial: Dial, served: Served, attached: AttachedBridge, attempt: Attempt
    ) -> Reset | None:
        account = self.accounts.of(dial.realm)

        def sent(count: int) -> None:
            attempt.sent += count
            account.sent += count

        def received(count: int) -> None:
            attempt.received += count
            account.received += count

        keep_small_between(stream, served.stream)
        delays = account.delays
        worker = End(name="the worker", stream=stream, window=dial.window, carried=received, delays=delays)
        bridge = End(name="the bridge", stream=served.stream, window=served.window, carried=sent, delays=delays)
        return await join(worker, bridge, (self._going_down, attached.lost, attempt.cut, served.cut))

    def _wake_who_wait(self) -> None:
        self._arrival.set()
        self._arrival = asyncio.Event()

    # The bridge's side of a connection

    async def serve(self, stream: FrameStream, attempt: Attempt) -> None:
        """Take a bridge's stream as the answer to an order, and keep it until the connection is over.

        A stream that answers no order is refused; then `attempt` has a reset.
        """
        with self.admission.under_way(attempt):
            try:
                served = await self._serve(stream, attempt)
            except (RefusedError, ProtocolError) as error:
                await tell(stream, self.refused(attempt, error))
            except StreamBrokenError:
                attempt.reset = Reset(code=ResetCode.BROKEN, message="the bridge is gone")
            else:
                if served is not None:
                    await served.released.wait()

    async def _serve(self, stream: FrameStream, attempt: Attempt) -> Served | None:
        realm = self.admission.admit(attempt.caller, Role.BRIDGE)
        with self._answers.taken_by(realm):
            attempt.connection_id = (await self._expect(stream, Serve)).connection_id
            order = self._orders.find(attempt.connection_id, realm)
            answer = await self._receive(stream, "Opened or Reset")
        if isinstance(answer, Reset):
            order.refuse(answer)
            return None
        if not isinstance(answer, Opened):
            raise ProtocolError(f"a frame {type(answer).__name__} in place of Opened or Reset")
        _require_window(answer.window)
        served = Served(stream=stream, window=answer.window, released=asyncio.Event(), cut=attempt.cut)
        order.carried_out(served)
        return served

    async def _expect(self, stream: FrameStream, kind: type[F]) -> F:
        """A frame of this kind. Raises ProtocolError when none comes in time, or another, and StreamBrokenError."""
        frame = await self._receive(stream, kind.__name__)
        if not isinstance(frame, kind):
            raise ProtocolError(f"a frame {type(frame).__name__} in place of {kind.__name__}")
        return frame

    async def _receive(self, stream: FrameStream, wanted: str) -> Frame:
        try:
            async with asyncio.timeout(self._times.first_frame):
                return await _first_known(stream)
        except TimeoutError:
            raise ProtocolError(f"no {wanted} within {self._times.first_frame:g} s") from None

    # Going down

    async def drain(self) -> None:
        """Take nothing new, send the bridges away, and give open connections time; then reset them."""
        self._draining = True
        self._wake_who_wait()
        for bridge in self.registry.bridges:
            bridge.dismiss(GOING_DOWN.message)
        self._orders.refuse_all(GOING_DOWN)
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._times.drain)
        self._going_down.set_result(GOING_DOWN)

    def refused(self, attempt: Attempt, error: RefusedError | ProtocolError) -> Reset:
        """Note in the attempt, and in its realm's account, why it is not granted; returns what to tell."""
        attempt.reset = as_reset(error)
        self.accounts.of(attempt.caller.realm).refusals[attempt.reset.code] += 1
        return attempt.reset

    @contextmanager
    def _counted_as_under_way(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            yield
        finally:
            self._under_way.discard(task)

    def require_open(self) -> None:
        """Raise RefusedError while the relay is going down."""
        if self._draining:
            raise RefusedError(GOING_DOWN.code, GOING_DOWN.message)


def as_reset(error: RefusedError | ProtocolError) -> Reset:
    """What to tell the other side of an error."""
    if isinstance(error, RefusedError):
        return error.reset
    return Reset(code=ResetCode.PROTOCOL, message=str(error))


async def _first_known(stream: FrameStream) -> Frame:
    """The next frame; what only a newer version knows is passed over, for nobody is joined to it yet."""
    while (message := await stream.receive()) is not None:
        if (frame := decode(message)) is not None:
            return frame
    raise StreamBrokenError("the stream ended before it began")


def _ssh_connections(role: Role, limits: Limits) -> Slots:
    """Those of one role: neither shuts out the other."""
    return Slots(
        f"SSH connections of {role}s",
        limit=limits.realms * limits.ssh_connections_per_realm,
        limit_per_realm=limits.ssh_connections_per_realm,
    )


def _require_window(window: int) -> None:
    if not 0 < window <= LARGEST_WINDOW:
        raise ProtocolError(f"a window of {window} bytes; 1 to {LARGEST_WINDOW} are allowed")


def _now() -> datetime:
    return datetime.now(UTC)
