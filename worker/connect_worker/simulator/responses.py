"""LDAP's answers (RFC 4511), encoded."""

from collections.abc import Iterable
from enum import IntEnum

from connect_worker.simulator.ber import Tag, context, encode, encode_integer, encode_sequence, encode_text
from connect_worker.simulator.results import ResultCode
from connect_worker.simulator.values import Values

_EXTENDED_NAME, _EXTENDED_VALUE = context(10), context(11)


class ResponseTag(IntEnum):
    """The application tags of answers."""

    BIND = 0x61
    ENTRY = 0x64
    SEARCH_DONE = 0x65
    REFERENCE = 0x73
    MODIFY = 0x67
    ADD = 0x69
    DELETE = 0x6B
    RENAME = 0x6D
    COMPARE = 0x6F
    EXTENDED = 0x78


def result(
    number: int,
    tag: ResponseTag,
    code: ResultCode,
    message: str = "",
    *,
    matched: str = "",
    extension: bytes = b"",
    controls: bytes = b"",
) -> bytes:
    """The end of an operation. `extension` and `controls` are encoded already."""
    parts = (encode_integer(code, tag=Tag.ENUMERATED), encode_text(matched), encode_text(message), extension)
    return encode_sequence(encode_integer(number), encode_sequence(*parts, tag=tag), controls)


def extension_name(oid: str) -> bytes:
    """The name of an extended operation, in its answer."""
    return encode_text(oid, tag=_EXTENDED_NAME)


def extension_value(value: str) -> bytes:
    """What an extended operation answers."""
    return encode_text(value, tag=_EXTENDED_VALUE)


def entry(number: int, dn: str, attributes: Iterable[tuple[str, Values]]) -> bytes:
    """One object that was found."""
    listed = [
        encode_sequence(encode_text(name), encode(Tag.SET, b"".join(encode(Tag.OCTETS, value) for value in values)))
        for name, values in attributes
    ]
    content = encode_sequence(encode_text(dn), encode_sequence(*listed), tag=ResponseTag.ENTRY)
    return encode_sequence(encode_integer(number), content)


def reference(number: int, url: str) -> bytes:
    """A place elsewhere where the search would have to go on."""
    return encode_sequence(encode_integer(number), encode_sequence(encode_text(url), tag=ResponseTag.REFERENCE))
