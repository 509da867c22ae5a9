"""One SSH connection to the relay: who calls, and which of SSH's many requests are granted."""

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import ExitStack
from dataclasses import replace
from typing import Never

import asyncssh
import structlog

from connect_protocol.relay.frames import Reset, ResetCode
from connect_protocol.relay.identity import Role
from connect_protocol.relay.names import shown
from connect_relay import audit
from connect_relay.admission import require_role
from connect_relay.audit import Attempt, Caller, Kind
from connect_relay.authorized_keys import AuthorizedKey, fingerprint
from connect_relay.errors import RefusedError
from connect_relay.junction import FAREWELL_SECONDS
from connect_relay.settings import Transport
from connect_relay.ssh.bridge import Forward, SshBridge
from connect_relay.ssh.closing import ClosedHere
from connect_relay.ssh.door import Door
from connect_relay.ssh_names import TargetName, read_target
from connect_relay.ssh_stream import ChannelStream, DialledStream, channel_refusal, told
from connect_ssh.farewell import send_away
from connect_ssh.fast_path import speed_up
from connect_ssh.options import CHANNEL
from connect_ssh.watched import WatchedChannel

log = structlog.stdlib.get_logger()

MOST_KEYS = 6
"""Unknown keys that a client may try, as sshd's MaxAuthTries."""
LEFT_EARLY = "Connection lost"
"""asyncssh's words for a client that has gone without a word."""
REVOKED = "key has been revoked"
PART_REVOKED = Reset(code=ResetCode.REFUSED, message=f"the {REVOKED}")
MOST_FORBIDDEN = 16
"""Requests on one connection for what is never granted."""


class SshConnection(asyncssh.SSHServer):
    """See asyncssh.SSHServer, whose methods are called as things happen."""

    def __init__(self, door: "Door[SshConnection]") -> None:
        self._door = door
        self._tasks: set[asyncio.Task[None]] = set()
        self._until_gone = ExitStack()
        self._closed_here = ClosedHere()
        self._unknown: dict[str, None] = {}
        self._forbidden_requests = 0
        self._over: Reset | None = None
        self._bridge: SshBridge | None = None
        self.key: AuthorizedKey | None = None

    # Coming and going

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """See asyncssh."""
        self._connection = conn
        self._caller = Caller(identity=None, peer=_peer(conn), transport=Transport.SSH)
        self._login = Attempt(kind=Kind.LOGIN, caller=self._caller)
        if self._door.is_crowded():
            self._turn_away(RefusedError(ResetCode.LIMIT, "too many connections have not logged in"))
            conn.abort()
        else:
            self._door.logging_in.add(self)
            speed_up(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncssh."""
        self._door.logging_in.discard(self)
        self._door.inside.discard(self)
        self._until_gone.close()
        reason = self._over.message if self._over else str(exc or "")
        if self._caller.identity is None:
            self._note_stranger(reason, hung_up=isinstance(exc, OSError) or reason == LEFT_EARLY)
        if self._bridge is not None:
            self._bridge.lose(reason)
        for task in self._tasks:
            task.cancel()

    def part(self, reset: Reset) -> None:
        """End the connection, once those who are joined on it have been told why theirs is over."""
        if self._over is None:
            self._over = reset
            self._start(self._part(frozenset(self._tasks), reset.message))

    async def _part(self, tasks: frozenset[asyncio.Task[None]], reason: str) -> None:
        if tasks:
            await asyncio.wait(tasks, timeout=FAREWELL_SECONDS)
        send_away(self._connection, reason)

    async def wait_closed(self) -> None:
        """Wait until the connection is gone."""
        await self._connection.wait_closed()

    # Who calls

    def begin_auth(self, username: str) -> bool:
        """See asyncssh: the name does not matter, the key does."""
        del username
        return True

    def public_key_auth_supported(self) -> bool:
        """See asyncssh."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """See asyncssh, which asks before it has seen a signature, and again when it has."""
        del username
        self.key = self._door.keys.find(key.public_data)
        if self.key is None:
            self._unknown[fingerprint(key.public_data)] = None
            if len(self._unknown) >= MOST_KEYS:
                raise asyncssh.PermissionDenied("too many unknown keys")
        return self.key is not None

    def auth_completed(self) -> None:
        """See asyncssh: with the key that it has asked for last."""
        assert self.key is not None
        self._door.logging_in.discard(self)
        identity = self.key.identity
        self._caller = replace(self._caller, identity=identity, credential=self.key.fingerprint)
        self._login.caller = self._caller
        try:
            self._door.switchboard.require_open()
            slots = self._door.switchboard.ssh_connections[identity.role]
            self._until_gone.enter_context(slots.taken_by(identity.realm))
        except RefusedError as error:
            self._turn_away(error)
            send_away(self._connection, told(error.reset))
            return
        self._door.inside.add(self)
        self._bridge = SshBridge(
            connection=self._connection,
            caller=self._caller,
            realm=identity.realm,
            door=self._door,
            start=self._start,
        )

    def _turn_away(self, error: RefusedError) -> None:
        self._over = error.reset
        self._door.switchboard.refused(self._login, error)
        if self._caller.identity is None:
            self._door.strangers.note(lambda: audit.write_refused(self._login))
        else:
            audit.write_refused(self._login)

    def _note_stranger(self, reason: str, *, hung_up: bool) -> None:
        """Nobody has logged in. Who has said nothing at all only looked whether the port is open."""
        if self._login.reset is not None:
            return
        if self._unknown:
            self._turn_away(RefusedError(ResetCode.REFUSED, f"unknown key {', '.join(self._unknown)}"))
        elif self.key is not None:
            self._turn_away(
                RefusedError(ResetCode.REFUSED, f"key {self.key.fingerprint} is known, and not the caller's")
            )
        elif self._connection.get_extra_info("client_version") or not hung_up:
            self._turn_away(RefusedError(ResetCode.REFUSED, f"no key was offered: {reason}"))

    # What is granted

    def connection_requested(
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> tuple[asyncssh.SSHTCPChannel[bytes], Awaitable[WatchedChannel]]:
        """See asyncssh: a worker dials a target."""
        del orig_host, orig_port
        try:
            target = self._dialled(dest_host, dest_port)
        except RefusedError as error:
            raise self._refused(error, dest_host) from error
        stream = DialledStream(target)
        # Even if the task never begins, because the connection is gone.
        self._start(self._connect(stream)).add_done_callback(lambda _: self._let_go(stream))
        return self._connection.create_tcp_channel(**CHANNEL), stream.opened()

    def _dialled(self, host: str, port: int) -> TargetName:
        if self._over is not None:
            raise RefusedError(self._over.code, self._over.message)
        if len(self._tasks) + len(self._closed_here) >= self._door.most_channels:
            raise RefusedError(ResetCode.LIMIT, f"this connection has {self._door.most_channels} channels already")
        return read_target(host, port, self._key_of_now().identity.realm)

    async def _connect(self, stream: ChannelStream) -> None:
        await self._door.connect(stream, self._caller)

    def _let_go(self, stream: ChannelStream) -> None:
        stream.close()
        self._closed_here.add(stream.session)

    def server_requested(self, listen_host: str, listen_port: int) -> Forward | bool:
        """See asyncssh: a bridge offers a target. It hears no reason for a refusal, unless it shows messages."""
        assert self._bridge is not None
        try:
            name = self._offered(listen_host, listen_port)
            return self._bridge.forward(name, listen_host, listen_port)
        except RefusedError as error:
            self._refused(error, listen_host)
            self._connection.send_debug(told(error.reset), always_display=True)
            return False

    def _offered(self, host: str, port: int) -> str:
        realm = require_role(self._caller, Role.BRIDGE)
        self._key_of_now()
        target = read_target(host, port, realm)
        if target.realm != realm:
            raise RefusedError(ResetCode.REFUSED, f"a key of realm {realm} does not serve realm {target.realm}")
        return target.name

    def _key_of_now(self) -> AuthorizedKey:
        """The key that the caller has come with. Raises RefusedError if it has been revoked since."""
        assert self.key is not None
        if not self._door.keys.still_hold(self.key):
            raise RefusedError(PART_REVOKED.code, PART_REVOKED.message)
        return self.key

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
        self._forbidden_requests += 1
        if self._forbidden_requests >= MOST_FORBIDDEN:
            self.part(Reset(code=ResetCode.REFUSED, message="too many requests for what is not here"))
        return self._refused(RefusedError(ResetCode.REFUSED, message), None)

    def _refused(self, error: RefusedError, target: str | None) -> asyncssh.ChannelOpenError:
        attempt = Attempt(kind=Kind.REQUEST, caller=self._caller, target=target and shown(target))
        reset = self._door.switchboard.refused(attempt, error)
        audit.write(attempt)
        return channel_refusal(reset)

    def _start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run what belongs to the connection, at most until its end."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("SSH connection's task failed", exc_info=fault)


def _peer(connection: asyncssh.SSHServerConnection) -> str:
    """As it stands in audit lines of gRPC."""
    host, port = (connection.get_extra_info("peername") or ("unknown", 0))[:2]
    return f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}"
