"""The bridge's end of an SSH connection to a relay: it asks for its targets, and opens them when it is called."""

import asyncio
import socket
from functools import partial

import asyncssh
import structlog

from connect_protocol.relay.frames import ResetCode
from connect_relay.bridge.dialing import dial
from connect_relay.bridge.own_ssh_key import OwnSshKey
from connect_relay.bridge.proxy import reach
from connect_relay.bridge.relays import MOST_CONNECTIONS
from connect_relay.bridge.service_manager import Presence
from connect_relay.errors import RefusedError, UnreachableError
from connect_relay.settings import BridgeSettings, RelayPlace, Target
from connect_relay.ssh_stream import channel_refusal
from connect_ssh.channel import ByteChannel
from connect_ssh.client import CONNECT_SECONDS, Client, Connection, Server, connect
from connect_ssh.errors import NotConnectedError
from connect_ssh.farewell import farewell
from connect_ssh.options import CHANNEL
from connect_ssh.pump import pump

log = structlog.stdlib.get_logger()

GREETING_SECONDS = 10.0
CLOSE_SECONDS = 5.0


class SshCaller:
    """Attaches the bridge to relays by SSH."""

    def __init__(self, settings: BridgeSettings, own: OwnSshKey) -> None:
        self._settings = settings
        self._own = own

    @property
    def realm(self) -> str:
        """Nothing that a key says."""
        return ""

    def attach(self, place: RelayPlace, tasks: asyncio.TaskGroup, presence: Presence) -> "SshAttachment":
        """A new attachment, which has not begun."""
        return SshAttachment(self._settings, place, self._own, tasks, presence)

    async def keep_looking(self) -> None:
        """Nothing to do: each connection takes the key as it is then."""


class SshAttachment:
    """One connection to one relay, and what it carries; with the connection, everything on it ends."""

    def __init__(
        self,
        settings: BridgeSettings,
        place: RelayPlace,
        own: OwnSshKey,
        tasks: asyncio.TaskGroup,
        presence: Presence,
    ) -> None:
        self._settings = settings
        self._place = place
        self._own = own
        self._tasks = tasks
        self._presence = presence
        self._ear = _Ear()
        self._serving: set[asyncio.Task[None]] = set()
        self._dialling = 0
        self.stood = False

    @property
    def busy(self) -> bool:
        """Whether connections go through it now."""
        return bool(self._serving)

    async def run(self) -> str:
        """Stay attached; returns why it is over."""
        try:
            connection = await self._connected()
        except (NotConnectedError, UnreachableError) as error:
            return str(error)
        try:
            return await self._attached(connection)
        finally:
            connection.close()

    async def _connected(self) -> Connection:
        place = self._place
        name = place.relay.address
        line = await reach(place.address, self._settings.proxy.towards(name), CONNECT_SECONDS)
        server = Server(name=name.host, host=place.host, port=name.port)
        beat = self._settings.heartbeat_seconds
        try:
            return await connect(server, self._own.login, keepalive=beat, through=line, client=lambda: self._ear)
        except BaseException:
            line.close()
            raise

    async def _attached(self, connection: Connection) -> str:
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                # All at once: the relay takes it that a bridge has come when no more is asked for.
                await asyncio.gather(*(self._offer(connection, target) for target in self._settings.targets))
        except TimeoutError:
            return f"the relay has not answered within {GREETING_SECONDS:g} s"
        except asyncssh.ChannelListenError:
            return self._ear.cause or f"the relay does not take this bridge's targets: {self._ear.said or 'no reason'}"
        self.stood = True
        log.info(
            "relay connected",
            relay=str(self._place.relay),
            address=str(self._place.address),
            relay_version=str(connection.get_extra_info("server_version", "")).removeprefix("SSH-2.0-"),
            targets=tuple(target.name for target in self._settings.targets),
        )
        with self._presence.at(self._place):
            await connection.wait_closed()
        return self._ear.cause or "the relay has ended the connection"

    async def _offer(self, connection: Connection, target: Target) -> None:
        """Ask that what is meant for the target comes here (tcpip-forward: RFC 4254, 7.1); the relay sees its name."""
        called = partial(self._called, connection, target)
        await connection.create_server(called, target.name, target.address.port, encoding=None, **CHANNEL)

    async def _called(self, connection: Connection, target: Target, caller: str, _port: int) -> ByteChannel:
        """Reach the target, then take the channel; `caller` is the relay's id of the connection."""
        line = log.bind(connection=caller, target=target.name)
        try:
            there = await self._reached(target)
        except RefusedError as refused:
            line.warning("connection refused", reason=str(refused))
            raise channel_refusal(refused.reset) from refused
        if connection.is_closed():
            there.close()
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "the SSH connection is gone")
        channel = ByteChannel()
        task = self._tasks.create_task(_serve(there, channel, line))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        return channel

    async def _reached(self, target: Target) -> socket.socket:
        if self._dialling + len(self._serving) >= MOST_CONNECTIONS:
            raise RefusedError(ResetCode.LIMIT, f"this bridge has {MOST_CONNECTIONS} connections open already")
        self._dialling += 1
        try:
            return await dial(target, self._settings.dial_seconds)
        finally:
            self._dialling -= 1


class _Ear(Client):
    """What the relay says beside the answers, and why the connection ended."""

    def __init__(self) -> None:
        self.said = ""
        self.cause = ""

    def debug_msg_received(self, msg: str, lang: str, always_display: bool) -> None:
        """See asyncssh."""
        del lang
        if always_display:
            self.said = " ".join(msg.split())

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncssh."""
        if reason := farewell(exc):
            self.cause = f"the relay has sent this bridge away: {reason}"
        elif exc is not None:
            self.cause = f"the connection to the relay was lost: {' '.join(str(exc).split())}"


async def _serve(there: socket.socket, channel: ByteChannel, line: structlog.stdlib.BoundLogger) -> None:
    """Move bytes until the connection is over. Nothing is raised but CancelledError."""
    try:
        ending = await pump(there, channel)
    except Exception:  # noqa: BLE001 - a fault in one connection must not end the others, nor the bridge
        line.exception("connection failed")
        return
    reason = "" if ending.reset is None else ending.reset.message
    line.info("connection closed", end=ending.end, reason=reason, sent=ending.received, received=ending.sent)
