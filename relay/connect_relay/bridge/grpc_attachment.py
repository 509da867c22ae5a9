"""The bridge's end of a gRPC connection to a relay: a stream for orders, and one for each it carries out."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import metadata

import structlog

from connect_protocol.relay import service
from connect_protocol.relay.control import (
    Heartbeat,
    Hello,
    Open,
    Welcome,
    decode_from_relay,
    encode_from_bridge,
)
from connect_protocol.relay.ending import Ending
from connect_protocol.relay.errors import ProtocolError, StreamBrokenError
from connect_protocol.relay.frames import Opened, Reset, ResetCode, Serve, encode
from connect_protocol.relay.pump import BUDGET, pump
from connect_relay.bridge.dialing import dial
from connect_relay.bridge.own_certificates import OwnCertificates
from connect_relay.bridge.relays import MOST_CONNECTIONS
from connect_relay.bridge.service_manager import Presence
from connect_relay.errors import RefusedError
from connect_relay.rpc import Channel, ClientStream
from connect_relay.settings import BridgeSettings, RelayPlace

log = structlog.stdlib.get_logger()

VERSION = metadata.version("connect")
WELCOME_SECONDS = 10.0
FAREWELL_SECONDS = 5.0


class GrpcCaller:
    """Attaches the bridge to relays by gRPC."""

    def __init__(self, settings: BridgeSettings, own: OwnCertificates) -> None:
        self._settings = settings
        self._own = own

    @property
    def realm(self) -> str:
        """The one that its certificate names."""
        return self._own.identity.realm

    def attach(self, place: RelayPlace, tasks: asyncio.TaskGroup, presence: Presence) -> "GrpcAttachment":
        """A new attachment, which has not begun."""
        self._own.look()
        return GrpcAttachment(self._settings, place, self._own, tasks, presence)

    async def keep_looking(self) -> None:
        """Take note of a new certificate, until cancelled."""
        await self._own.keep_looking()


class GrpcAttachment:
    """One connection to one relay: its control stream, and the connections that were opened over it.

    These outlive the control stream, for a relay that goes down lets them end by themselves; but not a silent relay.
    """

    def __init__(
        self,
        settings: BridgeSettings,
        place: RelayPlace,
        own: OwnCertificates,
        tasks: asyncio.TaskGroup,
        presence: Presence,
    ) -> None:
        self._settings = settings
        self._place = place
        name = place.relay.address
        self._channel = Channel(
            place.address,
            own.current,
            settings.heartbeat_seconds,
            name=name.host,
            proxy=settings.proxy.towards(name),
        )
        self._renewed = own.renewed
        self._tasks = tasks
        self._presence = presence
        self._serving: dict[asyncio.Task[None], _Service] = {}
        self.stood = False

    @property
    def busy(self) -> bool:
        """Whether connections go through it now."""
        return bool(self._serving)

    async def run(self) -> str:
        """Stay attached; returns why it is over."""
        control = self._channel.call(service.ATTACH)
        try:
            return await self._attached(control)
        except (ProtocolError, StreamBrokenError) as error:
            return str(error)
        finally:
            control.close()
            self._give_up_dials()
            self._tasks.create_task(self._close())

    async def _attached(self, control: ClientStream) -> str:
        names = tuple(target.name for target in self._settings.targets)
        welcome = await self._greet(control, Hello(version=VERSION, targets=names))
        self.stood = True
        place = self._place
        log.info(
            "relay connected",
            relay=str(place.relay),
            address=str(place.address),
            relay_version=welcome.version,
            targets=names,
        )
        with self._presence.at(place):
            return await self._until_over(control)

    async def _until_over(self, control: ClientStream) -> str:
        tasks = [
            asyncio.create_task(self._listen(control)),
            asyncio.create_task(self._beat(control)),
            asyncio.create_task(self._until_renewed()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            await _stop(tasks)
            # A task's exception leads back to it from here: the call, and its connection, would stay until the next
            # collection of garbage.
            tasks.clear()

    async def _greet(self, control: ClientStream, hello: Hello) -> Welcome:
        try:
            async with asyncio.timeout(WELCOME_SECONDS):
                await control.send(encode_from_bridge(hello))
                data = await control.receive()
        except TimeoutError:
            raise StreamBrokenError(f"the relay has not answered within {WELCOME_SECONDS:g} s") from None
        welcome = None if data is None else decode_from_relay(data)
        if not isinstance(welcome, Welcome):
            raise ProtocolError("the relay has not said Welcome")
        return welcome

    async def _listen(self, control: ClientStream) -> str:
        patience = service.MISSED_HEARTBEATS * self._settings.heartbeat_seconds
        while True:
            try:
                async with asyncio.timeout(patience):
                    data = await control.receive()
            except TimeoutError:
                await self._channel.close()
                return f"the relay has said nothing for {patience:g} s"
            if data is None:
                return "the relay has ended the connection"
            message = decode_from_relay(data)
            if isinstance(message, Open):
                self._begin(message)

    async def _beat(self, control: ClientStream) -> str:
        number = 0
        while True:
            await asyncio.sleep(self._settings.heartbeat_seconds)
            number += 1
            await control.send(encode_from_bridge(Heartbeat(number)))

    async def _until_renewed(self) -> str:
        await self._renewed.wait()
        return "the bridge has a new certificate"

    def _begin(self, order: Open) -> None:
        if len(self._serving) >= MOST_CONNECTIONS:
            log.warning("order passed over", connection=order.connection_id, connections=len(self._serving))
            return
        carried_out = _Service(self._settings, self._channel, order)
        task = self._tasks.create_task(carried_out.run())
        self._serving[task] = carried_out
        task.add_done_callback(self._serving.pop)

    def _give_up_dials(self) -> None:
        """The relay has refused what was not open yet, and an answer might reach another one in its place."""
        for task, carried_out in self._serving.items():
            if not carried_out.opened:
                task.cancel()

    async def _close(self) -> None:
        try:
            if self._serving:
                await asyncio.wait(self._serving)
        finally:
            await self._channel.close()


class _Service:
    """Carries out one order of the relay."""

    def __init__(self, settings: BridgeSettings, channel: Channel, order: Open) -> None:
        self._settings = settings
        self._channel = channel
        self._order = order
        self.opened = False

    async def run(self) -> None:
        """Reach the target and move bytes until the connection is over. Nothing is raised but CancelledError."""
        line = log.bind(connection=self._order.connection_id, target=self._order.target)
        try:
            ending = await self._serve()
        except asyncio.CancelledError:
            line.info("connection given up", opened=self.opened)
            raise
        except RefusedError as refused:
            line.warning("connection refused", reason=str(refused))
        except (ProtocolError, StreamBrokenError, TimeoutError) as error:
            line.warning("connection not opened", reason=str(error))
        except Exception:  # noqa: BLE001 - a fault in one connection must not end the others, nor the bridge
            line.exception("connection failed")
        else:
            reason = "" if ending.reset is None else ending.reset.message
            line.info("connection closed", end=ending.end, reason=reason, sent=ending.received, received=ending.sent)

    async def _serve(self) -> Ending:
        """Dial first: a call to the relay that says nothing yet would run into its patience."""
        try:
            connection = await self._reached()
        except RefusedError as refused:
            with self._call() as stream:
                await self._refuse(stream, refused.reset)
            raise
        with connection, self._call() as stream, closing(BUDGET.open()) as window:
            await stream.send(encode(Serve(connection_id=self._order.connection_id)))
            await stream.send(encode(Opened(window=window.size)))
            self.opened = True
            return await pump(connection, stream, send_window=self._order.window, receive_window=window)

    @contextmanager
    def _call(self) -> Iterator[ClientStream]:
        stream = self._channel.call(service.SERVE)
        try:
            yield stream
        finally:
            stream.close()

    async def _reached(self) -> socket.socket:
        target = self._settings.target(self._order.target)
        if target is None:
            message = f"this bridge has no target {self._order.target!r}"
            raise RefusedError(ResetCode.UNKNOWN_TARGET, message)
        return await dial(target, self._settings.dial_seconds)

    async def _refuse(self, stream: ClientStream, reset: Reset) -> None:
        """Tell the relay, and let it end the stream, lest the reset be lost on its way."""
        async with asyncio.timeout(FAREWELL_SECONDS):
            await stream.send(encode(Serve(connection_id=self._order.connection_id)))
            await stream.send(encode(reset))
            await stream.end()
            while await stream.receive() is not None:
                pass


async def _stop(tasks: Sequence[asyncio.Task[str]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
