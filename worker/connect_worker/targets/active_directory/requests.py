"""What is asked of a directory, as values: the same value is sent, and logged as a command to paste."""

from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum

Attributes = tuple[tuple[str, tuple[bytes, ...]], ...]
"""Attribute names and their values, in the order in which they are sent."""


class Edit(StrEnum):
    """What a modification does to an attribute's values; the word is LDIF's."""

    ADD = "add"
    DELETE = "delete"
    REPLACE = "replace"


class Scope(IntEnum):
    """How deep a search goes; the number is LDAP's."""

    BASE = 0
    ONE_LEVEL = 1
    SUBTREE = 2

    @property
    def word(self) -> str:
        """As ldapsearch's option -s has it."""
        return {Scope.BASE: "base", Scope.ONE_LEVEL: "one", Scope.SUBTREE: "sub"}[self]


class Control(Enum):
    """What a request asks for besides: LDAP's identifier and value. A server that does not know it has to refuse."""

    ACCESS_LIST = ("1.2.840.113556.1.4.801", bytes.fromhex("3003020104"))
    """Of the rights on an object, the access list alone: for the whole of them one has to be an administrator."""
    SHOW_DELETED = ("1.2.840.113556.1.4.417", None)
    """Deleted objects too."""

    def __init__(self, oid: str, content: bytes | None) -> None:
        self.oid = oid
        self.content = content


@dataclass(frozen=True, kw_only=True, slots=True)
class AddEntry:
    """Create an entry."""

    dn: str
    attributes: Attributes


@dataclass(frozen=True, kw_only=True, slots=True)
class Modification:
    """One edit of one attribute; REPLACE without values takes the attribute away, whether it is there or not."""

    edit: Edit
    attribute: str
    values: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ModifyEntry:
    """Edit an entry's attributes, all or none. `permissive`: what is so already is no error (Windows)."""

    dn: str
    modifications: tuple[Modification, ...]
    permissive: bool = False
    controls: tuple[Control, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MoveEntry:
    """Give an entry another first element, below another parent or the same one."""

    dn: str
    first_element: str
    parent: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteEntry:
    """Delete an entry that has no children."""

    dn: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """Read entries. `page`: at most so many in one answer, going on after `cookie`; None asks for no pages."""

    base: str
    scope: Scope = Scope.BASE
    filter: str = "(objectClass=*)"
    attributes: tuple[str, ...]
    page: int | None = None
    cookie: bytes = b""
    controls: tuple[Control, ...] = ()


WriteRequest = AddEntry | ModifyEntry | MoveEntry | DeleteEntry
Request = WriteRequest | Search
