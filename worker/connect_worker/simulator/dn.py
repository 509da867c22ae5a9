"""Distinguished names (RFC 4514): text, parts, and the key by which two of them are the same."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from connect_worker.simulator.folding import fold

_ATTRIBUTE = re.compile(r" *(?:OID\.)?([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*) *= *")
_VALUE = re.compile(r'(?:\\[0-9A-Fa-f]{2}|\\[ "#+,;<=>\\]|[^"+,;<>\\])*')
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)" *')
_ESCAPE = re.compile(rb'\\([0-9A-Fa-f]{2})|\\([ "#+,;<=>\\])')
_SPECIAL = frozenset('"+,;<>\\')


@dataclass(frozen=True, slots=True)
class Rdn:
    """One part of a name: `CN=Müller, Anna` is attribute CN with the plain, unescaped value."""

    attribute: str
    value: str

    @property
    def text(self) -> str:
        """The part as it stands in a DN, escaped."""
        return f"{self.attribute}={escape(self.value)}"

    @property
    def key(self) -> str:
        """Equal for parts that name the same."""
        return f"{self.attribute.lower()}={fold(self.value)}"


Dn = tuple[Rdn, ...]
"""A name from the object up to the root; empty for the root DSE."""


@lru_cache(maxsize=4096)
def parse_dn(text: str) -> Dn:
    """Take a name apart. Raises ValueError for what is none; parts of several values (`a=1+b=2`) are none in AD."""
    parts: list[Rdn] = []
    position = 0
    while position < len(text):
        rdn, position = _parse_rdn(text, position)
        parts.append(rdn)
        if position == len(text):
            return tuple(parts)
        if text[position] not in ",;":
            raise ValueError(f"{text!r} is no distinguished name")
        position += 1
    if parts:
        raise ValueError(f"{text!r} ends with a comma")
    return ()


def format_dn(dn: Sequence[Rdn]) -> str:
    """The name as text, escaped."""
    return ",".join(rdn.text for rdn in dn)


def key_of(text: str) -> tuple[str, ...]:
    """The keys of the parts of a name: equal for texts that name the same object. Raises ValueError."""
    return tuple(rdn.key for rdn in parse_dn(text))


def escape(value: str) -> str:
    """A plain value as it stands in a name: special characters behind a backslash, controls as hexadecimal digits."""
    escaped = "".join(_escape_character(character) for character in value)
    if value.startswith((" ", "#")):
        escaped = f"\\{escaped}"
    if value.endswith(" ") and len(value) > 1:
        escaped = f"{escaped[:-1]}\\ "
    return escaped


def _escape_character(character: str) -> str:
    if character in _SPECIAL:
        return f"\\{character}"
    if character < " ":
        return f"\\{ord(character):02X}"
    return character


def _parse_rdn(text: str, position: int) -> tuple[Rdn, int]:
    attribute = _ATTRIBUTE.match(text, position)
    if attribute is None:
        raise ValueError(f"{text!r} is no distinguished name")
    value, position = _parse_value(text, attribute.end())
    if not value:
        raise ValueError(f"{text!r} has an empty part")
    return Rdn(attribute[1].upper(), value), position


def _parse_value(text: str, position: int) -> tuple[str, int]:
    quoted = _QUOTED.match(text, position)
    if quoted is not None:
        return _unescape(quoted[1]), quoted.end()
    plain = _VALUE.match(text, position)
    assert plain is not None  # the pattern matches the empty text
    return _unescape(_without_trailing_blanks(plain[0])), plain.end()


def _without_trailing_blanks(raw: str) -> str:
    stripped = raw.rstrip(" ")
    escaped_blank = len(stripped) < len(raw) and stripped.endswith("\\") and not stripped.endswith("\\\\")
    return f"{stripped} " if escaped_blank else stripped


def _unescape(raw: str) -> str:
    if "\\" not in raw:
        return raw
    return _ESCAPE.sub(lambda m: bytes([int(m[1], 16)]) if m[1] else m[2], raw.encode()).decode()
