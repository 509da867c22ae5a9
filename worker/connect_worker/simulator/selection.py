"""The attributes of an object that a search returns, and large ones range by range."""

import re
from collections.abc import Iterator, Sequence

from connect_worker.simulator.entry import Entry
from connect_worker.simulator.schema import Attribute, Schema
from connect_worker.simulator.values import Values

_RANGE = re.compile(r"([A-Za-z0-9-]+);range=(\d+)-(\d+|\*)", re.IGNORECASE)
_ALL, _NONE = "*", "1.1"
Selected = Iterator[tuple[str, Values]]


def select(
    schema: Schema, entry: Entry, names: Sequence[str], *, value_range: int, types_only: bool = False
) -> Selected:
    """The attributes by the names asked for: none named, or `*`, are all. Hidden ones are left to others.

    More values than `value_range` come as Windows sends them: the attribute empty, and its first range.
    """
    for attribute, asked in _wanted(schema, entry, names):
        if attribute.secret or attribute.hidden:
            continue
        found = _ranged(attribute.name, entry.read(attribute.name), asked, value_range)
        yield from ((name, () if types_only else values) for name, values in found)


def _wanted(schema: Schema, entry: Entry, names: Sequence[str]) -> Iterator[tuple[Attribute, range | None]]:
    if not names or _ALL in names:
        for name in dict.fromkeys(entry.names()):
            attribute = schema.find(name)
            if attribute is not None and not attribute.hidden:
                yield attribute, None
    for asked in names:
        match = _RANGE.fullmatch(asked)
        attribute = schema.find(match[1] if match else asked)
        if attribute is not None and asked not in (_ALL, _NONE) and (match or _ALL not in names):
            yield attribute, _range(match) if match else None


def _range(match: re.Match[str]) -> range:
    first = int(match[2])
    return range(first, 2**31) if match[3] == "*" else range(first, int(match[3]) + 1)


def _ranged(name: str, values: Values, asked: range | None, most: int) -> Selected:
    if not values:
        return
    if asked is None:
        if len(values) <= most:
            yield name, values
            return
        yield name, ()
        asked = range(most)
    part = values[asked.start : min(asked.stop, asked.start + most)]
    end = asked.start + len(part)
    yield f"{name};range={asked.start}-{'*' if end >= len(values) else end - 1}", part
