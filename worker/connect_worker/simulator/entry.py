"""One object of the directory, and how its attributes read."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from connect_worker.simulator.dn import Rdn
from connect_worker.simulator.schema import BACK_LINKS, FORWARD_LINKS, ObjectClass
from connect_worker.simulator.values import Values

Links = dict["Entry", None]
"""The objects at the other end of a link, in the order in which they were added."""


@dataclass(eq=False, kw_only=True, slots=True)
class Entry:
    """An object. Links hold objects, not names, so that a moved member needs no second look.

    `values` holds what is stored; names, identifiers and links are read from where they are.
    """

    guid: UUID
    rdn: Rdn
    kind: ObjectClass
    parent: "Entry | None"
    values: dict[str, Values] = field(default_factory=dict)
    children: dict[str, "Entry"] = field(default_factory=dict)
    links: dict[str, Links] = field(default_factory=dict)
    back_links: dict[str, Links] = field(default_factory=dict)
    password: bytes | None = None

    @property
    def dn(self) -> str:
        """The name, escaped, from the object up to the root."""
        return self.rdn.text if self.parent is None else f"{self.rdn.text},{self.parent.dn}"

    @property
    def deleted(self) -> bool:
        """Whether it is a tombstone, or the container of the tombstones."""
        return "isDeleted" in self.values

    def read(self, name: str) -> Values:
        """The values of an attribute by the schema's name; empty where there are none. Raises nothing."""
        stored = self.values.get(name)
        if stored is not None:
            return stored
        if name in FORWARD_LINKS:
            return tuple(target.dn.encode() for target in self.links.get(name, ()))
        if name in BACK_LINKS:
            return tuple(source.dn.encode() for source in self.back_links.get(BACK_LINKS[name], ()))
        return self._read_name(name)

    def names(self) -> Iterator[str]:
        """The names of all attributes that have values."""
        yield "distinguishedName"
        yield "objectGUID"
        yield "name"
        yield self.rdn.attribute.lower()
        yield from self.values
        yield from (name for name, targets in self.links.items() if targets)
        yield from (back for back, forward in BACK_LINKS.items() if self.back_links.get(forward))

    def is_below(self, base: "Entry") -> bool:
        """Whether `base` is this object or stands above it."""
        entry: Entry | None = self
        while entry is not None and entry is not base:
            entry = entry.parent
        return entry is base

    def descendants(self, *, without: "Entry | None" = None) -> Iterator["Entry"]:
        """This object and everything below it, parents first; `without` that branch."""
        waiting = [self]
        while waiting:
            entry = waiting.pop()
            if entry is not without:
                yield entry
                waiting.extend(reversed(entry.children.values()))

    def number(self, name: str, default: int = 0) -> int:
        """The value of an integer attribute."""
        values = self.values.get(name)
        return int(values[0]) if values else default

    def _read_name(self, name: str) -> Values:
        if name == "distinguishedName":
            return (self.dn.encode(),)
        if name == "objectGUID":
            return (self.guid.bytes_le,)
        if name == "name" or name == self.rdn.attribute.lower():
            return (self.rdn.value.encode(),)
        return ()
