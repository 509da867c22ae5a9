"""What an object is about to become: the rules look at it, and only a draft that passes them all is stored."""

from dataclasses import dataclass, field

from connect_worker.simulator.entry import Entry, Links
from connect_worker.simulator.results import class_violation, unknown_attribute
from connect_worker.simulator.schema import Attribute, ObjectClass, Schema
from connect_worker.simulator.values import Values


@dataclass(kw_only=True, slots=True)
class Draft:
    """New values of `entry`, or of an object that is to be created where that is None.

    `written` names the attributes of the request itself, `password` is the sealed new one.
    """

    kind: ObjectClass
    entry: Entry | None = None
    values: dict[str, Values] = field(default_factory=dict)
    links: dict[str, Links] = field(default_factory=dict)
    password: bytes | None = None
    written: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, entry: Entry) -> "Draft":
        """A draft that equals the object as it is."""
        links = {name: dict(targets) for name, targets in entry.links.items()}
        return cls(kind=entry.kind, entry=entry, values=dict(entry.values), links=links, password=entry.password)

    @property
    def changes_something(self) -> bool:
        """Whether storing it would make a difference."""
        entry = self.entry
        if entry is None or self.values != entry.values or self.password != entry.password:
            return True
        return any(self.links.get(name, {}) != entry.links.get(name, {}) for name in {*self.links, *entry.links})

    def attribute(self, schema: Schema, name: str) -> Attribute:
        """The definition of an attribute that the object may have. Raises Refusal."""
        found = schema.find(name)
        if found is None:
            raise unknown_attribute()
        if found.name not in self.kind.attributes:
            raise class_violation()
        return found

    def text(self, name: str) -> str | None:
        """The value of a single-valued attribute."""
        values = self.values.get(name)
        return values[0].decode() if values else None

    def number(self, name: str) -> int | None:
        """The value of an integer attribute."""
        values = self.values.get(name)
        return int(values[0]) if values else None

    def set_number(self, name: str, value: int) -> None:
        """Set an integer attribute."""
        self.values[name] = (str(value).encode(),)
