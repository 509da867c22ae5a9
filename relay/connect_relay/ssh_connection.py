"""One SSH connection to the relay: who calls, and which of SSH's many requests are granted."""

import asyncio
from collections.abc import Awaitable, Collection, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Never

import asyncssh

from connect_protocol.relay.credit import WINDOW
from connect_protocol.relay.frames import Dial, Reset, ResetCode
from connect_protocol.relay.identity import Role
from connect_relay import audit
from connect_relay.admission import require_role
from connect_relay.audit import Attempt, Caller, Kind
from connect_relay.authorized_keys import AuthorizedKey, AuthorizedKeys, fingerprint
from connect_relay.errors import RefusedError
from connect_relay.rpc import Handler
from connect_relay.settings import Transport
from connect_relay.slots import Slots
from connect_relay.ssh_bridge import Forward, SshBridge
from connect_relay.ssh_names import read_target
from connect_relay.ssh_stream import ChannelStream, DialledStream, channel_refusal
from connect_relay.switchboard import Switchboard
from connect_ssh.options import CHANNEL
from connect_ssh.watched import WatchedChannel

MOST_KEYS = 6
"""Keys that a client may try; sshd's MaxAuthTries."""


@dataclass(kw_only=True, eq=False)
class Door:
    """What all SSH connections have alike. `keys` may be replaced while the relay runs."""

    keys: AuthorizedKeys
    switchboard: Switchboard
    connect: Handler
    serve: Handler
    connections: Slots
    most_logins: int
    most_channels: int

    def __post_init__(self) -> None:
        self.inside: set[SshConnection] = set()
        self.logging_in: set[SshConnection] = set()


class SshConnection(asyncssh.SSHServer):
    """See asyncssh.SSHServer."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._tasks: set[asyncio.Task[None]] = set()
        self._until_over = ExitStack()
        self._unknown: list[str] = []
        self._turned_away = False
        self._cut_because = ""
        self._key: AuthorizedKey | None = None
        self._bridge: SshBridge | None = None
        self._login = Attempt(kind=Kind.LOGIN, caller=Caller(identity=None, peer="", transport=Transport.SSH))

    # Coming and going

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """See asyncssh."""
        self._connection = conn
        self._login.caller = Caller(identity=None, peer=_peer(conn), transport=Transport.SSH)
        if len(self._door.logging_in) >= self._door.most_logins:
            self._turn_away(Reset(code=ResetCode.LIMIT, message="too many connections that have not logged in"))
            conn.abort()
            return
        self._door.logging_in.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncssh."""
        self._door.logging_in.discard(self)
        self._door.inside.discard(self)
        self._until_over.close()
        if self._login.caller.identity is None and not self._turned_away:
            self._write_unknown(exc)
        if self._bridge is not None and (exc is not None or self._cut_because):
            self._bridge.gone_because = self._cut_because or str(exc)
        for task in self._tasks:
            task.cancel()

    def _write_unknown(self, exc: Exception | None) -> None:
        """Nobody has logged in. Who has not even begun to speak only looked whether the port is open."""
        if self._unknown:
            message = f"unknown key {', '.join(dict.fromkeys(self._unknown))}"
        elif self._connection.get_extra_info("client_version") or not isinstance(exc, asyncssh.ConnectionLost):
            message = f"no key was offered: {exc or 'the client has left'}"
        else:
            return
        self._login.reset = Reset(code=ResetCode.REFUSED, message=message)
        audit.write_refused(self._login)

    def cut(self, reason: str) -> None:
        """End the connection at once."""
        self._cut_because = reason
        self._connection.disconnect(asyncssh.DISC_BY_APPLICATION, reason)

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """What is under way on it."""
        return self._tasks

    # Who calls

    def begin_auth(self, username: str) -> bool:
        """See asyncssh: the name does not matter, the key does."""
        del username
        return True

    def public_key_auth_supported(self) -> bool:
        """See asyncssh."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """See asyncssh, which calls before it has seen a signature too."""
        del username
        self._key = self._door.keys.find(key.public_data)
        if self._key is None:
            self._unknown.append(fingerprint(key.public_data))
            if len(self._unknown) >= MOST_KEYS:
                raise asyncssh.PermissionDenied("too many unknown keys")
        return self._key is not None

    def auth_completed(self) -> None:
        """See asyncssh."""
        assert self._key is not None
        self._door.logging_in.discard(self)
        self.key = self._key
        realm = self._key.identity.realm
        self.caller = Caller(
            identity=self._key.identity,
            peer=self._login.caller.peer,
            transport=Transport.SSH,
            credential=self._key.fingerprint,
        )
        self._login.caller = self.caller
        try:
            self._until_over.enter_context(self._door.connections.taken_by(realm))
        except RefusedError as error:
            self._turn_away(error.reset)
            self._connection.disconnect(asyncssh.DISC_TOO_MANY_CONNECTIONS, _text(error.reset))
            return
        self._door.inside.add(self)
        self._bridge = SshBridge(
            connection=self._connection,
            caller=self.caller,
            realm=realm,
            switchboard=self._door.switchboard,
            serve=self._door.serve,
            start=self._start,
        )

    def _turn_away(self, reset: Reset) -> None:
        self._turned_away = True
        self._login.reset = reset
        audit.write_refused(self._login)

    # What is granted

    def connection_requested(
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> tuple[asyncssh.SSHTCPChannel[bytes], Awaitable[WatchedChannel]]:
        """See asyncssh: a worker dials a target."""
        del orig_host, orig_port
        try:
            self._require_room()
            target = read_target(dest_host, dest_port, self.key.identity.realm)
        except RefusedError as error:
            raise self._refused(error.reset, dest_host) from error
        stream = DialledStream(Dial(target=target.name, realm=target.realm, window=WINDOW))
        self._start(self._connect(stream))
        return self._connection.create_tcp_channel(**CHANNEL), stream.opened()

    async def _connect(self, stream: ChannelStream) -> None:
        try:
            await self._door.connect(stream, self.caller)
        finally:
            stream.close()

    def server_requested(self, listen_host: str, listen_port: int) -> Forward | bool:
        """See asyncssh: a bridge offers a target. It hears no reason for a refusal, unless it asks for messages."""
        try:
            name = self._offered(listen_host, listen_port)
            assert self._bridge is not None
            return self._bridge.forward(name, listen_host, listen_port)
        except RefusedError as error:
            self._refused(error.reset, listen_host)
            self._connection.send_debug(_text(error.reset), always_display=True)
            return False

    def _require_room(self) -> None:
        if len(self._tasks) >= self._door.most_channels:
            raise RefusedError(ResetCode.LIMIT, f"this connection has {self._door.most_channels} channels already")

    def _offered(self, host: str, port: int) -> str:
        realm = require_role(self.caller, Role.BRIDGE)
        target = read_target(host, port, realm)
        if target.realm != realm:
            raise RefusedError(ResetCode.REFUSED, f"a key of realm {realm} does not serve realm {target.realm}")
        return target.name

    # What is not

    def session_requested(self) -> Never:
        """See asyncssh."""
        raise self._forbidden("there is no shell and no command here; use ssh -N with -R, -L or -W")

    def unix_connection_requested(self, dest_path: str) -> Never:
        """See asyncssh."""
        del dest_path
        raise self._forbidden("there are no Unix sockets here")

    def unix_server_requested(self, listen_path: str) -> bool:
        """See asyncssh."""
        del listen_path
        self._forbidden("there are no Unix sockets here")
        return False

    def tun_requested(self, unit: int | None) -> Never:
        """See asyncssh."""
        del unit
        raise self._forbidden("there are no network devices here")

    def tap_requested(self, unit: int | None) -> Never:
        """See asyncssh."""
        self.tun_requested(unit)

    def _forbidden(self, message: str) -> asyncssh.ChannelOpenError:
        return self._refused(Reset(code=ResetCode.REFUSED, message=message), None)

    def _refused(self, reset: Reset, target: str | None) -> asyncssh.ChannelOpenError:
        audit.write(Attempt(kind=Kind.REQUEST, caller=self.caller, target=target, reset=reset))
        return channel_refusal(reset)

    def _start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _text(reset: Reset) -> str:
    return f"{reset.code.name}: {reset.message}"


def _peer(connection: asyncssh.SSHServerConnection) -> str:
    """As gRPC writes it."""
    host, port = (connection.get_extra_info("peername") or ("unknown", 0))[:2]
    return f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}"
