"""SSH keys and whose they are: a file in the format of OpenSSH's authorized_keys, with realm and role as options. Pure.

    realm="musterwil",role="bridge" ssh-ed25519 AAAAC3Nza… bridge at the school

Ed25519 only. Whoever reads the file of a relay must be sure of every line: one that cannot be read makes the file
unusable as a whole, and what OpenSSH knows besides (`restrict`, `from=…`) is refused rather than passed over.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Self

from connect_protocol.relay.identity import Identity, Role
from connect_relay.errors import ConfigurationError

KEY_TYPE = "ssh-ed25519"
_HEAD = b"\0\0\0\x0bssh-ed25519\0\0\0\x20"
"""What a public key's wire format begins with (RFC 8709, section 4); 32 bytes follow."""
_LENGTH = len(_HEAD) + 32
_LINE = re.compile(
    r'(?:(?P<options>(?:[^\s"]|"[^"]*")+)\s+)??(?P<type>(?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+)\s+(?P<key>\S+)(?:\s+(?P<comment>.*))?'
)
_OPTION = re.compile(r'(?P<name>[A-Za-z-]+)(?:="(?P<value>[^"]*)")?')
_NAMES = frozenset({"realm", "role"})
_FORM = f'A line looks like this: realm="school-a",role="bridge" {KEY_TYPE} AAAA… comment'


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorizedKey:
    """A public key (`blob`: its wire format, as asyncssh's `public_data`) and who one is by it."""

    identity: Identity
    blob: bytes
    comment: str = ""

    @property
    def fingerprint(self) -> str:
        """SHA256:… as `ssh-keygen -l` tells it."""
        return fingerprint(self.blob)

    @property
    def line(self) -> str:
        """Its line in the file, without the line's end."""
        options = f'realm="{self.identity.realm}",role="{self.identity.role}"'
        return f"{options} {public_line(self.blob, self.comment)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorizedKeys:
    """All keys of a file, in its order; each is there once."""

    entries: tuple[AuthorizedKey, ...] = ()
    _by_blob: Mapping[bytes, AuthorizedKey] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_blob = MappingProxyType({entry.blob: entry for entry in self.entries})
        object.__setattr__(self, "_by_blob", by_blob)

    @classmethod
    def parse(cls, text: str, place: str) -> Self:
        """Read a file; `place` is its name in messages. Raises ConfigurationError that names the line."""
        lines: dict[bytes, int] = {}
        entries: list[AuthorizedKey] = []
        # As OpenSSH does: what Python takes for a line's end besides may stand in a comment, which is somebody else's.
        for number, line in enumerate(text.split("\n"), start=1):
            if not (content := line.strip()) or content.startswith("#"):
                continue
            entry = _entry(content, f"{place}:{number}")
            if (first := lines.setdefault(entry.blob, number)) != number:
                raise ConfigurationError(
                    f"{place}:{number}: this key stands in line {first} already",
                    todo="A key is one bridge's or worker's",
                )
            entries.append(entry)
        return cls(entries=tuple(entries))

    def find(self, blob: bytes) -> AuthorizedKey | None:
        """Whose key this is, if anybody's."""
        return self._by_blob.get(blob)

    def still_hold(self, entry: AuthorizedKey) -> bool:
        """Whether a key that was read earlier is still its owner's; its comment is nobody's business."""
        found = self.find(entry.blob)
        return found is not None and found.identity == entry.identity

    def lost_in(self, newer: "AuthorizedKeys") -> frozenset[AuthorizedKey]:
        """Those that are not good any more: gone, or of another realm or role."""
        return frozenset(entry for entry in self.entries if not newer.still_hold(entry))


def fingerprint(blob: bytes) -> str:
    """A public key's fingerprint, as `ssh-keygen -l` tells it."""
    return f"SHA256:{b64encode(sha256(blob).digest()).decode().rstrip('=')}"


def public_line(blob: bytes, comment: str = "") -> str:
    """A public key as OpenSSH writes it."""
    return f"{KEY_TYPE} {b64encode(blob).decode()} {comment}".rstrip()


def public_key(text: str, place: str) -> tuple[bytes, str]:
    """Key and comment of a line as `ssh-keygen` writes it into a .pub file. Raises ConfigurationError.

    It comes from outside: a control character in it could begin a line of its own, with another realm, in a file.
    """
    line = text.strip()
    found = _LINE.fullmatch(line)
    if found is None or found["options"] or not line.isprintable():
        raise ConfigurationError(
            f"{place} is no public key",
            todo=f"It should be one line, as ssh-keygen writes it: {KEY_TYPE} AAAA… comment",
        )
    return _blob(found, place), found["comment"] or ""


def _entry(line: str, place: str) -> AuthorizedKey:
    found = _LINE.fullmatch(line)
    if found is None:
        raise ConfigurationError(f"{place} is no key", todo=_FORM)
    blob = _blob(found, place)
    return AuthorizedKey(identity=_identity(found["options"] or "", place), blob=blob, comment=found["comment"] or "")


def _blob(found: re.Match[str], place: str) -> bytes:
    if found["type"] != KEY_TYPE:
        raise ConfigurationError(
            f"{place}: a key of type {found['type']}; only {KEY_TYPE} is accepted",
            todo="ssh-keygen -t ed25519 makes one",
        )
    try:
        blob = b64decode(found["key"], validate=True)
    except (Base64Error, ValueError):
        blob = b""
    if len(blob) != _LENGTH or not blob.startswith(_HEAD):
        raise ConfigurationError(f"{place}: the key is damaged", todo="Copy the whole line from the .pub file")
    return blob


def _identity(options: str, place: str) -> Identity:
    values = _options(options, place)
    if missing := sorted(_NAMES - values.keys()):
        raise ConfigurationError(f"{place} does not say {' and '.join(missing)}", todo=_FORM)
    try:
        return Identity(realm=values["realm"], role=Role(values["role"]))
    except ValueError as error:
        raise ConfigurationError(f"{place}: {error}", todo=_FORM) from error


def _options(text: str, place: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in re.findall(r'(?:[^,"]|"[^"]*")+|^(?=,)|(?<=,)(?=,|$)', text):
        option = _OPTION.fullmatch(part)
        if option is None or option["name"] not in _NAMES:
            raise ConfigurationError(f"{place}: unknown option {part}", todo=_FORM)
        if option["value"] is None or option["name"] in values:
            raise ConfigurationError(f'{place}: {option["name"]}="…" should stand there once', todo=_FORM)
        values[option["name"]] = option["value"]
    return values
