"""A bridge's own SSH key and the host keys that it knows, as they stand in their folder now."""

from collections.abc import Iterable
from pathlib import Path

import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from connect_relay.credentials import NOT_YOURS
from connect_relay.errors import ConfigurationError
from connect_relay.settings import Address
from connect_ssh.client import Login
from connect_ssh.known_hosts import KnownHosts

log = structlog.stdlib.get_logger()

KEY, KNOWN_HOSTS = "sshPrivateKey", "knownHosts"
USER = "connect"
"""Nobody looks at it: to the relay, the key says who one is."""


class OwnSshKey:
    """What a bridge logs in with. `login` is looked at anew for each connection."""

    def __init__(self, folder: Path, relays: Iterable[Address]) -> None:
        """Raises ConfigurationError for files that cannot be used, or that do not know all of these relays."""
        self._folder = folder
        self._relays = tuple(relays)
        self._login = self._loaded()

    @property
    def login(self) -> Login:
        """As the files say now; if they cannot be used, as they said before."""
        try:
            self._login = self._loaded()
        except ConfigurationError as error:
            log.warning("not reloaded", file="ssh", reason=str(error))
        return self._login

    def _loaded(self) -> Login:
        key, known = self._read(KEY), self._read(KNOWN_HOSTS)
        self._require_key(key)
        self._require_known(known)
        return Login(user=USER, key=key, known_hosts=known)

    def _read(self, name: str) -> str:
        try:
            return (self._folder / name).read_text(encoding="utf-8")
        except PermissionError as error:
            place = self._folder / name
            raise ConfigurationError(f"{place} cannot be read: {error.strerror}", todo=NOT_YOURS) from error
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise ConfigurationError(
                f"{self._folder / name} cannot be read: {why}",
                todo=f"The folder should hold {KEY} and {KNOWN_HOSTS}, as `connect-relay pki` writes them",
            ) from error

    def _require_key(self, text: str) -> None:
        try:
            key = load_ssh_private_key(text.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ConfigurationError(
                f"{self._folder / KEY} is no private key in OpenSSH's format without a passphrase",
                todo="Make one with: ssh-keygen -t ed25519",
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigurationError(f"{self._folder / KEY} is no Ed25519 key", todo="ssh-keygen -t ed25519 makes one")

    def _require_known(self, text: str) -> None:
        try:
            known = KnownHosts(text)
        except ValueError as error:
            raise ConfigurationError(
                f"{self._folder / KNOWN_HOSTS} is not in the format of OpenSSH's known_hosts"
            ) from error
        for relay in self._relays:
            if not known.has(str(relay)):
                raise ConfigurationError(
                    f"{self._folder / KNOWN_HOSTS} has no host key for {relay}",
                    todo="Take the file that `connect-relay pki` has written beside the key",
                )
