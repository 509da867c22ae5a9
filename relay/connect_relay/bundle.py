"""What a customer's IT needs for a bridge, as one file: who it is, whom it calls, certificate and keys. Pure."""

import json
from dataclasses import dataclass, field
from typing import TypeGuard

from connect_protocol.relay.identity import is_realm
from connect_relay.errors import ConfigurationError

FORMAT = "connect-bridge/1"
TLS_FILES = ("tls.crt", "tls.key", "ca.crt")
SSH_FILES = ("sshPrivateKey", "knownHosts")
_FILES = (*TLS_FILES, *SSH_FILES)
_ASK = "Ask whoever runs the relay for a new one (connect-relay pki bundle)"


@dataclass(frozen=True, kw_only=True, slots=True)
class BundledFile:
    """A file by its name, one of TLS_FILES or SSH_FILES; some are secret."""

    name: str
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """`relays` as --relay takes them."""

    realm: str
    relays: tuple[str, ...]
    files: tuple[BundledFile, ...]

    def to_text(self) -> str:
        """As a file."""
        files = {file.name: file.text for file in self.files}
        content = {"format": FORMAT, "realm": self.realm, "relays": list(self.relays), "files": files}
        return json.dumps(content, indent=2) + "\n"


def parse(text: str, source: str) -> Bundle:
    """Read what `to_text` writes. Raises ConfigurationError that names the source, and none of its content."""
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ConfigurationError(f"{source} is no bundle of a bridge", todo=_ASK)
    realm, relays, files = content.get("realm"), content.get("relays"), content.get("files")
    if not isinstance(realm, str) or not is_realm(realm) or not _is_list_of_texts(relays) or not _are_files(files):
        raise ConfigurationError(f"{source} is damaged", todo=_ASK)
    return Bundle(
        realm=realm,
        relays=tuple(relays),
        files=tuple(BundledFile(name=name, text=files[name]) for name in _FILES if name in files),
    )


def _is_list_of_texts(found: object) -> TypeGuard[list[str]]:
    return isinstance(found, list) and bool(found) and all(isinstance(each, str) for each in found)


def _are_files(found: object) -> TypeGuard[dict[str, str]]:
    """All of one kind at least, and nothing else: a name might be a path."""
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        return False
    return found.keys() <= set(_FILES) and any(set(kind) <= found.keys() for kind in (TLS_FILES, SSH_FILES))
