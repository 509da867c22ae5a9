"""Values on the wire: whether they fit their attribute, and when two of them are the same."""

from connect_worker.simulator.dn import key_of
from connect_worker.simulator.folding import fold
from connect_worker.simulator.results import bad_syntax, constraint, value_exists
from connect_worker.simulator.schema import Attribute, Syntax

Values = tuple[bytes, ...]
Key = str | int | bytes | tuple[str, ...]

_TOO_LONG = "00002082"
_TRUTHS = frozenset({b"TRUE", b"FALSE"})
_INTEGERS = range(-(2**63), 2**63)


def check_values(attribute: Attribute, values: Values) -> None:
    """Raises Refusal when a value is empty, not of the syntax, too long, or given twice."""
    for value in values:
        _check_value(attribute, value)
    if len(values) > 1 and len({key_of_value(attribute, value) for value in values}) < len(values):
        raise value_exists(attribute.name)


def key_of_value(attribute: Attribute, value: bytes) -> Key:
    """Equal for values that the syntax takes for the same. Raises ValueError for one that is not of the syntax."""
    syntax = attribute.syntax
    if syntax is Syntax.TEXT:
        return fold(value.decode())
    if syntax is Syntax.INTEGER:
        return _integer(value)
    if syntax is Syntax.NAME:
        return key_of(value.decode())
    if syntax is Syntax.SID and value.startswith(b"S-"):
        return sid_bytes(value.decode())
    if syntax is Syntax.BOOLEAN:
        return value.upper()
    return value


def order_of(attribute: Attribute, value: bytes) -> str | int | bytes:
    """A key by which ≥ and ≤ compare."""
    key = key_of_value(attribute, value)
    return ",".join(key) if isinstance(key, tuple) else key


def sid_bytes(text: str) -> bytes:
    """A security identifier from its S-1-… form. Raises ValueError."""
    _, revision, authority, *parts = text.split("-")
    head = bytes([int(revision), len(parts)]) + int(authority).to_bytes(6, "big")
    return head + b"".join(int(part).to_bytes(4, "little") for part in parts)


def _integer(value: bytes) -> int:
    """Python would also take blanks and underscores for parts of a number."""
    if not value.removeprefix(b"-").isdigit():
        raise ValueError(f"{value!r} is no integer")
    return int(value)


def _check_value(attribute: Attribute, value: bytes) -> None:
    if not value:
        raise bad_syntax()
    try:
        key_of_value(attribute, value)
    except ValueError:
        raise bad_syntax() from None
    if attribute.syntax is Syntax.BOOLEAN and value not in _TRUTHS:
        raise bad_syntax()
    if attribute.syntax is Syntax.INTEGER and int(value) not in _INTEGERS:
        raise bad_syntax()
    if attribute.upper is not None and _length(attribute, value) > attribute.upper:
        raise constraint(_TOO_LONG, attribute.name)


def _length(attribute: Attribute, value: bytes) -> int:
    """Texts are measured in UTF-16 code units, as Windows stores them."""
    return len(value.decode().encode("utf-16-le")) // 2 if attribute.syntax is Syntax.TEXT else len(value)
