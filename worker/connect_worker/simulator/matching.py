"""Whether an object matches a filter, and which objects can: Active Directory's three-valued logic and its indexes."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from connect_worker.simulator.entry import Entry
from connect_worker.simulator.filters import And, Equal, Extensible, Filter, Not, Or, Ordered, Present, Substrings
from connect_worker.simulator.folding import fold
from connect_worker.simulator.schema import BACK_LINKS, CLASSES, FORWARD_LINKS, Attribute, Syntax
from connect_worker.simulator.tree import Tree
from connect_worker.simulator.values import key_of_value, order_of

_BIT_AND, _BIT_OR = "1.2.840.113556.1.4.803", "1.2.840.113556.1.4.804"
_IN_CHAIN = "1.2.840.113556.1.4.1941"
_CONTAINER_CLASSES = {"person": "Person"}


def matches(tree: Tree, wanted: Filter, entry: Entry) -> bool:
    """Whether the object is found by the filter. What is undefined finds nothing."""
    return _holds(tree, wanted, entry) is True


def candidates(tree: Tree, wanted: Filter) -> Iterable[Entry] | None:
    """The objects that can match, by an index; None where every object has to be looked at."""
    match wanted:
        case Equal():
            return _indexed(tree, wanted)
        case And():
            indexed = (candidates(tree, part) for part in wanted.parts)
            return next((found for found in indexed if found is not None), None)
        case Or() if wanted.parts:
            parts = [found for part in wanted.parts if (found := candidates(tree, part)) is not None]
            if len(parts) == len(wanted.parts):
                return dict.fromkeys(entry for found in parts for entry in found)
    return None


def _indexed(tree: Tree, wanted: Equal) -> Iterable[Entry] | None:
    found: Entry | None
    match wanted.attribute.lower():
        case "objectguid" if len(wanted.value) == 16:  # noqa: PLR2004  a GUID
            found = tree.by_guid(UUID(bytes_le=wanted.value))
        case "samaccountname":
            found = tree.account(wanted.value.decode("utf-8", "replace"))
        case "userprincipalname":
            found = tree.principal(wanted.value.decode("utf-8", "replace"))
        case _:
            return None
    return () if found is None else (found,)


def _holds(tree: Tree, wanted: Filter, entry: Entry) -> bool | None:
    match wanted:
        case And():
            return _all(_holds(tree, part, entry) for part in wanted.parts)
        case Or():
            return _any(_holds(tree, part, entry) for part in wanted.parts)
        case Not():
            held = _holds(tree, wanted.part, entry)
            return None if held is None else not held
    attribute = tree.schema.find(wanted.attribute)
    if attribute is None or attribute.secret:
        return None
    try:
        return _asserts(tree, wanted, attribute, entry)
    except ValueError:
        return None


def _all(results: Iterable[bool | None]) -> bool | None:
    undefined = False
    for result in results:
        if result is False:
            return False
        undefined |= result is None
    return None if undefined else True


def _any(results: Iterable[bool | None]) -> bool | None:
    undefined = False
    for result in results:
        if result is True:
            return True
        undefined |= result is None
    return None if undefined else False


def _asserts(
    tree: Tree, wanted: Present | Equal | Ordered | Substrings | Extensible, attribute: Attribute, entry: Entry
) -> bool | None:
    match wanted:
        case Present():
            return bool(entry.read(attribute.name))
        case Equal():
            return _equals(tree, attribute, wanted.value, entry)
        case Ordered():
            limit = order_of(attribute, wanted.value)
            orders = (order_of(attribute, value) for value in entry.read(attribute.name))
            return any(_in_order(order, limit, at_least=wanted.at_least) for order in orders)
        case Substrings():
            if attribute.syntax is Syntax.NAME:
                return None
            return any(_contains(wanted, value) for value in entry.read(attribute.name))
        case Extensible():
            return _matches_rule(tree, wanted, attribute, entry)


def _in_order(order: object, limit: object, *, at_least: bool) -> bool:
    """Both are of one attribute, and so of one type."""
    return bool(order >= limit if at_least else order <= limit)  # type: ignore[operator]


def _equals(tree: Tree, attribute: Attribute, value: bytes, entry: Entry) -> bool:
    if attribute.name in FORWARD_LINKS or attribute.name in BACK_LINKS:
        target = tree.look_up(value.decode(), deleted=True)
        return target is not None and target in _linked(entry, attribute)
    if attribute.name == "objectCategory":
        value = _category(tree, value)
    wanted = key_of_value(attribute, value)
    return any(key_of_value(attribute, held) == wanted for held in entry.read(attribute.name))


def _category(tree: Tree, value: bytes) -> bytes:
    """A class's short name stands for its category: `person` for CN=Person,CN=Schema,…."""
    name = value.decode().lower()
    known = CLASSES.get(name)
    category = known.category if known is not None else _CONTAINER_CLASSES.get(name)
    return value if category is None else f"CN={category},CN=Schema,CN=Configuration,{tree.base_dn}".encode()


def _linked(entry: Entry, attribute: Attribute) -> Iterable[Entry]:
    if attribute.name in FORWARD_LINKS:
        return entry.links.get(attribute.name, {})
    return entry.back_links.get(BACK_LINKS[attribute.name], {})


def _contains(wanted: Substrings, value: bytes) -> bool:
    text = fold(value.decode())
    initial, final = fold(wanted.initial.decode()), fold(wanted.final.decode())
    if not text.startswith(initial) or not text.endswith(final) or len(text) < len(initial) + len(final):
        return False
    position, end = len(initial), len(text) - len(final)
    for part in (fold(middle.decode()) for middle in wanted.middle):
        found = text.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True


def _matches_rule(tree: Tree, wanted: Extensible, attribute: Attribute, entry: Entry) -> bool | None:
    if wanted.rule == _IN_CHAIN:
        target = tree.look_up(wanted.value.decode(), deleted=True)
        return target is not None and target in _chain(entry, attribute)
    if wanted.rule in (_BIT_AND, _BIT_OR) and attribute.syntax is Syntax.INTEGER:
        bits = int(wanted.value)
        values = (int(value) for value in entry.read(attribute.name))
        return any((value & bits) == bits if wanted.rule == _BIT_AND else bool(value & bits) for value in values)
    if not wanted.rule:
        return _equals(tree, attribute, wanted.value, entry)
    return None


def _chain(entry: Entry, attribute: Attribute) -> Iterator[Entry]:
    """Everything that is linked, over any number of steps, each once."""
    seen: set[Entry] = set()
    waiting = list(_linked(entry, attribute))
    while waiting:
        linked = waiting.pop()
        if linked not in seen:
            seen.add(linked)
            yield linked
            waiting.extend(_linked(linked, attribute))
