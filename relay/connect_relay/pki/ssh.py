"""SSH keys in an authority's folder: the relay's host key, and whose key is whose.

    ssh/                          ssh_host_ed25519_key  known_hosts  authorized_keys
    realms/REALM/bridge-ssh/      sshPrivateKey  knownHosts
    realms/REALM/worker-ssh/      the same

ssh is what a relay's Secret holds; sshPrivateKey and knownHosts are files as OpenSSH reads them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from connect_protocol.relay.identity import Identity
from connect_relay.authorized_keys import AuthorizedKey, AuthorizedKeys, public_key, public_line
from connect_relay.errors import ConfigurationError
from connect_relay.pki.certificates import PkiError
from connect_relay.pki.files import Files, read, read_text, replace_file, replace_folder, require_free, write_folder
from connect_relay.settings import Address

HOST_KEY, KNOWN_HOSTS, AUTHORIZED_KEYS = "ssh_host_ed25519_key", "known_hosts", "authorized_keys"
CLIENT_KEY, CLIENT_KNOWN_HOSTS = "sshPrivateKey", "knownHosts"
_SSH = Path("ssh")
_PORT = 22
_HEADER = "# Who may use the relay by SSH: one line a key, with realm and role. Ed25519 only.\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyPair:
    """An Ed25519 key as OpenSSH writes it, and its public half in the wire format."""

    private: str = field(repr=False)
    blob: bytes

    @classmethod
    def create(cls) -> Self:
        """A new one, without a password."""
        key = Ed25519PrivateKey.generate()
        line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")
        return cls(
            private=key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode("ascii"),
            blob=public_key(line, "a new key")[0],
        )


def ssh_folder_of(identity: Identity) -> Path:
    """Where the SSH key of a bridge or worker is kept."""
    return Path("realms", identity.realm, f"{identity.role}-ssh")


class SshFolder:
    """The SSH keys below an authority's folder. Every method raises PkiError, which names the file."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def keep_host(self, pair: KeyPair, names: Sequence[Address]) -> Path:
        """Keep the relay's host key, by which it is known under these names; returns its folder."""
        known = "".join(f"{_host(name)} {public_line(pair.blob)}\n" for name in names)
        return write_folder(self._root / _SSH, {HOST_KEY: pair.private, KNOWN_HOSTS: known, AUTHORIZED_KEYS: _HEADER})

    def known_hosts(self) -> str:
        """What those who call the relay know it by."""
        path = self._root / _SSH / KNOWN_HOSTS
        if not path.exists():
            raise PkiError(
                f"the relay has no SSH host key here: make one with `connect-relay pki ssh-host {self._root} --name …`"
            )
        return read_text(path)

    def require_kept(self, identity: Identity) -> None:
        """Raise unless there is a key of this identity that was made here."""
        if not self._place(identity).is_dir():
            raise PkiError(
                f"{self._place(identity)} holds no SSH key: `connect-relay pki {identity.role} --ssh` makes one"
            )

    def require_free(self, identity: Identity) -> None:
        """Raise if there is a key of this identity already."""
        require_free(self._root / ssh_folder_of(identity))

    def files_of(self, pair: KeyPair) -> Files:
        """What the owner of a key needs."""
        return {CLIENT_KEY: pair.private, CLIENT_KNOWN_HOSTS: self.known_hosts()}

    def keep(self, identity: Identity, blob: bytes, files: Files) -> Path:
        """Keep the files of a key of this identity, and let it in; returns their folder."""
        folder = write_folder(self._place(identity), files)
        self._let_in(identity, blob)
        return folder

    def replace(self, identity: Identity, blob: bytes, files: Files) -> Path:
        """The same in place of a key that is there, which is let in all the same until it is revoked."""
        folder = replace_folder(self._place(identity), files)
        self._let_in(identity, blob)
        return folder

    def register(self, identity: Identity, blob: bytes, comment: str) -> AuthorizedKey:
        """Let in a key whose private half is elsewhere."""
        keys, path = self._keys(), self._root / _SSH / AUTHORIZED_KEYS
        if (found := keys.find(blob)) is not None:
            raise PkiError(f"{path}: this key is there already, as {found.identity.uri}")
        entry = AuthorizedKey(identity=identity, blob=blob, comment=comment)
        text = read_text(path)
        replace_file(path, f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{entry.line}\n")
        return entry

    def revoke(self, entries: Sequence[AuthorizedKey]) -> None:
        """Let these in no more. Comments and other lines stay as they are."""
        path = self._root / _SSH / AUTHORIZED_KEYS
        gone = {entry.blob for entry in entries}
        kept = [
            line
            for line in read_text(path).split("\n")
            if not any(entry.blob in gone for entry in _parsed(line, str(path)).entries)
        ]
        replace_file(path, "\n".join(kept))

    def list(self) -> tuple[AuthorizedKey, ...]:
        """Every key that is let in."""
        return self._keys().entries if (self._root / _SSH).is_dir() else ()

    def of(self, identity: Identity) -> tuple[AuthorizedKey, ...]:
        """The keys of one identity."""
        return tuple(entry for entry in self.list() if entry.identity == identity)

    def _place(self, identity: Identity) -> Path:
        return self._root / ssh_folder_of(identity)

    def _let_in(self, identity: Identity, blob: bytes) -> None:
        """Once its files are there: a key that is let in and lost would be nobody's."""
        self.register(identity, blob, f"connect {identity.realm} {identity.role}")

    def _keys(self) -> AuthorizedKeys:
        self.known_hosts()
        path = self._root / _SSH / AUTHORIZED_KEYS
        return _parsed(read_text(path), str(path))


def read_public_key(path: Path) -> tuple[bytes, str]:
    """Key and comment of a .pub file."""
    try:
        return public_key(read(path).decode(errors="replace"), str(path))
    except ConfigurationError as fault:
        raise PkiError(str(fault)) from fault


def _parsed(text: str, place: str) -> AuthorizedKeys:
    try:
        return AuthorizedKeys.parse(text, place)
    except ConfigurationError as fault:
        raise PkiError(f"{fault}; or put the file back from a backup of this folder") from fault


def _host(name: Address) -> str:
    """As known_hosts names a host: with brackets, unless it listens on SSH's own port."""
    return name.host if name.port == _PORT else f"[{name.host}]:{name.port}"
