"""The relay's SSH port."""

import asyncio
from pathlib import Path

import asyncssh

from connect_relay.authorized_keys import KEY_TYPE, AuthorizedKeys
from connect_relay.errors import AddressInUseError, ConfigurationError
from connect_relay.reloading import Source
from connect_relay.rpc import Handler
from connect_relay.settings import Limits, SshSettings, Times
from connect_relay.ssh.connection import PART_REVOKED, REVOKED, SshConnection
from connect_relay.ssh.door import Door
from connect_relay.switchboard import GOING_DOWN, Switchboard
from connect_ssh.options import connection_options

HOST_KEY = "ssh_host_ed25519_key"
AUTHORIZED_KEYS = "authorized_keys"
SERVER_VERSION = "Connect"
KEY_EXCHANGE = ["curve25519-sha256", "curve25519-sha256@libssh.org"]
"""Everybody has it, and it costs little: who has not logged in yet shall not make the relay calculate for long."""


class SshServer:
    """The port. `keys` must be loaded before it is opened."""

    def __init__(
        self,
        settings: SshSettings,
        limits: Limits,
        times: Times,
        *,
        switchboard: Switchboard,
        connect: Handler,
        serve: Handler,
    ) -> None:
        self._settings = settings
        self._times = times
        self._host_key: asyncssh.SSHKey | None = None
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._door: Door[SshConnection] = Door(
            keys=AuthorizedKeys(),
            switchboard=switchboard,
            connect=connect,
            serve=serve,
            most_logins=limits.ssh_logins,
            most_channels=limits.connections_per_realm + limits.dials_per_realm,
        )

    def keys(self) -> Source:
        """The relay's own key, and those of bridges and workers."""
        folder = self._settings.folder

        def load() -> None:
            host_key, keys = load_host_key(folder), load_authorized_keys(folder)
            if self._acceptor is not None:
                self._acceptor.update(server_host_keys=[host_key])
            self._host_key = host_key
            self._authorize(keys)

        return Source(name="ssh", files=(folder / HOST_KEY, folder / AUTHORIZED_KEYS), load=load)

    def _authorize(self, keys: AuthorizedKeys) -> None:
        """From now on, these keys are good; whose key is not, or another's now, is cut off."""
        gone = {key.fingerprint for key in self._door.keys.lost_in(keys)}
        self._door.keys = keys
        self._door.switchboard.admission.cut(lambda caller: REVOKED if caller.credential in gone else "")
        for connection in self._door.inside:
            if connection.key is not None and not keys.still_hold(connection.key):
                connection.part(PART_REVOKED)

    async def start(self) -> int:
        """Listen; returns the port. Raises AddressInUseError."""
        assert self._host_key is not None
        listen = self._settings.listen
        try:
            self._acceptor = await asyncssh.listen(
                listen.host,
                listen.port,
                config=None,
                server_factory=lambda: SshConnection(self._door),
                server_host_keys=[self._host_key],
                server_version=SERVER_VERSION,
                login_timeout=self._times.first_frame,
                password_auth=False,
                kbdint_auth=False,
                host_based_auth=False,
                gss_host=None,
                allow_pty=False,
                agent_forwarding=False,
                kex_algs=KEY_EXCHANGE,
                signature_algs=[KEY_TYPE],
                **connection_options(self._times.heartbeat),
            )
        except OSError as error:
            raise AddressInUseError(f"nobody can listen on {listen} for SSH: {error.strerror}") from error
        return self._acceptor.get_port()

    def close(self) -> None:
        """Take no new connection."""
        if self._acceptor is not None:
            self._acceptor.close()

    async def stop(self, seconds: float) -> None:
        """End all connections; they get so long to take note."""
        there = [*self._door.inside, *self._door.logging_in]
        for connection in there:
            connection.part(GOING_DOWN)
        if there:
            await asyncio.wait([asyncio.create_task(each.wait_closed()) for each in there], timeout=seconds)
        self._door.strangers.sum_up()


def load_host_key(folder: Path) -> asyncssh.SSHKey:
    """The relay's own key. Raises ConfigurationError."""
    path = folder / HOST_KEY
    try:
        key = asyncssh.import_private_key(_read(path))
    except asyncssh.KeyImportError as error:
        raise ConfigurationError(
            f"{path} is no private key without a passphrase", todo="`connect-relay pki` makes one"
        ) from error
    if key.get_algorithm() != KEY_TYPE:
        raise ConfigurationError(f"{path} is no Ed25519 key", todo="`connect-relay pki` makes one")
    return key


def load_authorized_keys(folder: Path) -> AuthorizedKeys:
    """Who may log in. Raises ConfigurationError."""
    path = folder / AUTHORIZED_KEYS
    return AuthorizedKeys.parse(_read(path), str(path))


def _read(path: Path) -> str:
    try:
        # Not as text, for which a carriage return would be the end of a line.
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(
            f"{path} cannot be read: {reason}", todo=f"The folder should hold {HOST_KEY} and {AUTHORIZED_KEYS}"
        ) from error
