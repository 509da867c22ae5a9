"""Search filters (RFC 4511 4.5.1.7): their shapes, read from the wire."""

from dataclasses import dataclass
from enum import IntEnum

from connect_worker.simulator.ber import MalformedError, Reader, Tag, context


class FilterTag(IntEnum):
    """The context tags of the kinds of filters."""

    AND = 0xA0
    OR = 0xA1
    NOT = 0xA2
    EQUAL = 0xA3
    SUBSTRINGS = 0xA4
    AT_LEAST = 0xA5
    AT_MOST = 0xA6
    PRESENT = 0x87
    APPROXIMATE = 0xA8
    EXTENSIBLE = 0xA9


_INITIAL, _ANY, _FINAL = context(0), context(1), context(2)
_RULE, _TYPE, _VALUE = context(1), context(2), context(3)
_DEEPEST = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class And:
    """All of them hold; of none, true."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Or:
    """One of them holds; of none, false."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Not:
    """It does not hold."""

    part: "Filter"


@dataclass(frozen=True, kw_only=True, slots=True)
class Present:
    """The attribute has a value."""

    attribute: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Equal:
    """The attribute has this value."""

    attribute: str
    value: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Ordered:
    """A value is at least, or at most, this one."""

    attribute: str
    value: bytes
    at_least: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Substrings:
    """A value begins, goes on and ends like this; empty parts say nothing."""

    attribute: str
    initial: bytes
    middle: tuple[bytes, ...]
    final: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Extensible:
    """A value matches by a rule that is named by its object identifier."""

    rule: str
    attribute: str
    value: bytes


Filter = And | Or | Not | Present | Equal | Ordered | Substrings | Extensible


def read_filter(reader: Reader, depth: int = 0) -> Filter:
    """Decode the next element as a filter. Raises MalformedError, also for one that is nested without end."""
    if depth > _DEEPEST:
        raise MalformedError("a filter is nested too deeply")
    match reader.peek():
        case FilterTag.AND:
            return And(parts=_read_parts(reader.enter(FilterTag.AND), depth))
        case FilterTag.OR:
            return Or(parts=_read_parts(reader.enter(FilterTag.OR), depth))
        case FilterTag.NOT:
            return Not(part=read_filter(reader.enter(FilterTag.NOT), depth + 1))
    return _read_simple(reader)


def _read_simple(reader: Reader) -> Filter:
    match reader.peek():
        case FilterTag.PRESENT:
            return Present(attribute=reader.text(FilterTag.PRESENT))
        case FilterTag.SUBSTRINGS:
            return _read_substrings(reader.enter(FilterTag.SUBSTRINGS))
        case FilterTag.EXTENSIBLE:
            return _read_extensible(reader.enter(FilterTag.EXTENSIBLE))
    return _read_assertion(reader)


def _read_parts(reader: Reader, depth: int) -> tuple[Filter, ...]:
    parts = []
    while not reader.at_end:
        parts.append(read_filter(reader, depth + 1))
    return tuple(parts)


def _read_assertion(reader: Reader) -> Filter:
    tag = reader.peek()
    assertion = reader.enter(tag)
    attribute, value = assertion.text(), assertion.content(Tag.OCTETS)
    match tag:
        case FilterTag.EQUAL | FilterTag.APPROXIMATE:
            return Equal(attribute=attribute, value=value)
        case FilterTag.AT_LEAST | FilterTag.AT_MOST:
            return Ordered(attribute=attribute, value=value, at_least=tag == FilterTag.AT_LEAST)
    raise MalformedError(f"no filter has the tag {tag:#x}")


def _read_substrings(reader: Reader) -> Substrings:
    attribute = reader.text()
    parts = reader.enter(Tag.SEQUENCE)
    initial, middle, final = b"", [], b""
    while not parts.at_end:
        tag, part = parts.element()
        if tag == _INITIAL:
            initial = part
        elif tag == _ANY:
            middle.append(part)
        elif tag == _FINAL:
            final = part
    return Substrings(attribute=attribute, initial=initial, middle=tuple(middle), final=final)


def _read_extensible(reader: Reader) -> Extensible:
    rule = attribute = ""
    value = b""
    while not reader.at_end:
        tag, content = reader.element()
        if tag == _RULE:
            rule = content.decode("utf-8", "replace")
        elif tag == _TYPE:
            attribute = content.decode("utf-8", "replace")
        elif tag == _VALUE:
            value = content
    return Extensible(rule=rule, attribute=attribute, value=value)
