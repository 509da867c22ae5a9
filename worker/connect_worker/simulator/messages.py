"""LDAP's requests (RFC 4511), decoded."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from connect_worker.simulator.ber import MalformedError, Reader, Tag, context
from connect_worker.simulator.filters import Filter, read_filter
from connect_worker.simulator.values import Values

_SIMPLE = context(0)
_CONTROLS = context(0, constructed=True)
_NEW_SUPERIOR = context(0)
_EXTENDED_NAME = context(0)
_Enumeration = TypeVar("_Enumeration", bound=IntEnum)


class RequestTag(IntEnum):
    """The application tags of requests."""

    BIND = 0x60
    UNBIND = 0x42
    SEARCH = 0x63
    MODIFY = 0x66
    ADD = 0x68
    DELETE = 0x4A
    RENAME = 0x6C
    COMPARE = 0x6E
    ABANDON = 0x50
    EXTENDED = 0x77


class Scope(IntEnum):
    """How deep a search goes."""

    BASE = 0
    ONE_LEVEL = 1
    SUBTREE = 2


class ModificationKind(IntEnum):
    """What happens to an attribute's values."""

    ADD = 0
    DELETE = 1
    REPLACE = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """An extension of a request."""

    oid: str
    critical: bool
    value: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Modification:
    """One change of one attribute."""

    kind: ModificationKind
    attribute: str
    values: Values


@dataclass(frozen=True, kw_only=True, slots=True)
class BindRequest:
    """Sign in. `password` is None for anything but a simple bind."""

    version: int
    name: str
    password: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class UnbindRequest:
    """The client goes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchRequest:
    """Find objects. `size_limit` 0 means none."""

    base: str
    scope: Scope
    size_limit: int
    types_only: bool
    filter: Filter
    attributes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ModifyRequest:
    """Change attributes."""

    name: str
    modifications: tuple[Modification, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AddRequest:
    """Create an object."""

    name: str
    attributes: dict[str, Values]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteRequest:
    """Delete an object."""

    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RenameRequest:
    """Rename or move an object (LDAP's modifyDN)."""

    name: str
    new_rdn: str
    delete_old: bool
    new_parent: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CompareRequest:
    """Ask whether an attribute has a value."""

    name: str
    attribute: str
    value: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class AbandonRequest:
    """Forget an earlier request. It is never answered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtendedRequest:
    """An operation known by its object identifier."""

    oid: str


Request = (
    BindRequest
    | UnbindRequest
    | SearchRequest
    | ModifyRequest
    | AddRequest
    | DeleteRequest
    | RenameRequest
    | CompareRequest
    | AbandonRequest
    | ExtendedRequest
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A request with its number and its controls."""

    id: int
    request: Request
    controls: tuple[Control, ...]


def read_message(data: bytes) -> Message:
    """Decode one whole message. Raises MalformedError (a ValueError) for what is none."""
    envelope = Reader(data).enter(Tag.SEQUENCE)
    number = envelope.integer()
    tag, content = envelope.element()
    request = _read_request(tag, content)
    controls = envelope.enter(_CONTROLS) if envelope.next_is(_CONTROLS) else Reader(b"")
    return Message(id=number, request=request, controls=tuple(_read_controls(controls)))


def _read_request(tag: int, content: bytes) -> Request:
    match tag:
        case RequestTag.UNBIND:
            return UnbindRequest()
        case RequestTag.ABANDON:
            return AbandonRequest()
        case RequestTag.DELETE:
            return DeleteRequest(name=_text(content))
    read = _READERS.get(tag)
    if read is None:
        raise MalformedError(f"no request has the tag {tag:#x}")
    return read(Reader(content))


def _read_bind(reader: Reader) -> BindRequest:
    version, name = reader.integer(), reader.text()
    password = reader.text(_SIMPLE) if reader.next_is(_SIMPLE) else None
    return BindRequest(version=version, name=name, password=password)


def _read_search(reader: Reader) -> SearchRequest:
    base = reader.text()
    scope = _member(Scope, reader.integer(Tag.ENUMERATED))
    reader.integer(Tag.ENUMERATED)  # aliases do not exist in Active Directory
    size_limit = reader.integer()
    reader.integer()  # time limit: every answer is immediate
    types_only = reader.boolean()
    wanted = read_filter(reader)
    names = reader.enter(Tag.SEQUENCE)
    attributes = []
    while not names.at_end:
        attributes.append(names.text())
    return SearchRequest(
        base=base,
        scope=scope,
        size_limit=size_limit,
        types_only=types_only,
        filter=wanted,
        attributes=tuple(attributes),
    )


def _read_modify(reader: Reader) -> ModifyRequest:
    name = reader.text()
    changes = reader.enter(Tag.SEQUENCE)
    modifications = []
    while not changes.at_end:
        change = changes.enter(Tag.SEQUENCE)
        kind = _member(ModificationKind, change.integer(Tag.ENUMERATED))
        attribute, values = _read_attribute(change.enter(Tag.SEQUENCE))
        modifications.append(Modification(kind=kind, attribute=attribute, values=values))
    return ModifyRequest(name=name, modifications=tuple(modifications))


def _read_add(reader: Reader) -> AddRequest:
    name = reader.text()
    attributes = {}
    listed = reader.enter(Tag.SEQUENCE)
    while not listed.at_end:
        attribute, values = _read_attribute(listed.enter(Tag.SEQUENCE))
        attributes[attribute] = values
    return AddRequest(name=name, attributes=attributes)


def _read_rename(reader: Reader) -> RenameRequest:
    name, new_rdn, delete_old = reader.text(), reader.text(), reader.boolean()
    new_parent = reader.text(_NEW_SUPERIOR) if reader.next_is(_NEW_SUPERIOR) else None
    return RenameRequest(name=name, new_rdn=new_rdn, delete_old=delete_old, new_parent=new_parent)


def _read_compare(reader: Reader) -> CompareRequest:
    name = reader.text()
    assertion = reader.enter(Tag.SEQUENCE)
    return CompareRequest(name=name, attribute=assertion.text(), value=assertion.content(Tag.OCTETS))


def _read_extended(reader: Reader) -> ExtendedRequest:
    return ExtendedRequest(oid=reader.text(_EXTENDED_NAME))


_READERS: dict[int, Callable[[Reader], Request]] = {
    RequestTag.BIND: _read_bind,
    RequestTag.SEARCH: _read_search,
    RequestTag.MODIFY: _read_modify,
    RequestTag.ADD: _read_add,
    RequestTag.RENAME: _read_rename,
    RequestTag.COMPARE: _read_compare,
    RequestTag.EXTENDED: _read_extended,
}


def _read_attribute(reader: Reader) -> tuple[str, Values]:
    name = reader.text()
    listed = reader.enter(Tag.SET)
    values = []
    while not listed.at_end:
        values.append(listed.content(Tag.OCTETS))
    return name, tuple(values)


def _read_controls(reader: Reader) -> list[Control]:
    controls = []
    while not reader.at_end:
        parts = reader.enter(Tag.SEQUENCE)
        oid = parts.text()
        critical = parts.boolean() if parts.next_is(Tag.BOOLEAN) else False
        value = parts.content(Tag.OCTETS) if parts.next_is(Tag.OCTETS) else None
        controls.append(Control(oid=oid, critical=critical, value=value))
    return controls


def _member(kind: type[_Enumeration], number: int) -> _Enumeration:
    try:
        return kind(number)
    except ValueError:
        raise MalformedError(f"{number} is no {kind.__name__}") from None


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("text is not UTF-8") from error
