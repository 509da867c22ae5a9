"""New objects."""

from collections.abc import Mapping

from connect_worker.simulator import links
from connect_worker.simulator.accounts import settle_account
from connect_worker.simulator.dn import Dn, Rdn, format_dn, parse_dn
from connect_worker.simulator.draft import Draft
from connect_worker.simulator.entry import Entry
from connect_worker.simulator.results import (
    Problem,
    Refusal,
    ResultCode,
    bad_name,
    class_violation,
    constraint,
    entry_exists,
    no_such_object,
    unknown_attribute,
)
from connect_worker.simulator.schema import Attribute, ObjectClass, structural_class
from connect_worker.simulator.security import DESCRIPTOR, default_descriptor
from connect_worker.simulator.tree import Tree
from connect_worker.simulator.values import Values, check_values

_SYSTEM_ONLY, _TOO_MANY = "000020B1", "00002081"
_PRINCIPALS = frozenset({"user", "group", "computer"})


def create(tree: Tree, name: str, given: Mapping[str, Values]) -> Entry:
    """Create the object `name` with the attributes given, and what the directory adds by itself.

    Raises Refusal; then nothing was created.
    """
    dn = _parsed(name)
    parent = _parent(tree, dn)
    draft = Draft(kind=_kind(given))
    rdn = naming_part(tree, draft.kind, dn[0])
    if rdn.key in parent.children:
        raise entry_exists()
    _fill(tree, draft, given)
    settle_account(tree, draft)
    entry = Entry(guid=tree.new_guid(), rdn=rdn, kind=draft.kind, parent=parent, password=draft.password)
    entry.values = draft.values | _own_values(tree, draft.kind)
    tree.insert(entry)
    links.connect(entry, draft.links)
    tree.stamp(entry)
    return entry


def naming_part(tree: Tree, kind: ObjectClass, rdn: Rdn) -> Rdn:
    """The object's own part of its name, checked: the class's naming attribute, and not too long. Raises Refusal."""
    if rdn.attribute != kind.naming_attribute:
        raise Refusal(
            ResultCode.NAMING_VIOLATION,
            f"00002099: UpdErr: DSID-03151A2B, problem {Problem.NAMING_VIOLATION:d} (NAMING_VIOLATION), data 0",
        )
    attribute = tree.schema.find(rdn.attribute)
    assert attribute is not None
    check_values(attribute, (rdn.value.encode(),))
    return rdn


def _parsed(name: str) -> Dn:
    try:
        dn = parse_dn(name)
    except ValueError:
        raise bad_name(name) from None
    if not dn:
        raise bad_name(name)
    return dn


def _parent(tree: Tree, dn: Dn) -> Entry:
    """The object above; where it is missing, the refusal names the nearest one."""
    if len(dn) == 1:
        raise no_such_object("")
    return tree.find(format_dn(dn[1:]))


def _kind(given: Mapping[str, Values]) -> ObjectClass:
    names = next((values for name, values in given.items() if name.lower() == "objectclass"), ())
    if not names:
        raise class_violation()
    found = structural_class([value.decode("utf-8", "replace") for value in names])
    if found is None:
        raise unknown_attribute()
    return found


def _fill(tree: Tree, draft: Draft, given: Mapping[str, Values]) -> None:
    naming = draft.kind.naming_attribute.lower()
    for name, values in given.items():
        attribute = draft.attribute(tree.schema, name)
        draft.written.add(attribute.name)
        if attribute.system:
            raise constraint(_SYSTEM_ONLY, attribute.name)
        if attribute.name not in ("objectClass", naming):
            _set(tree, draft, attribute, values)


def _set(tree: Tree, draft: Draft, attribute: Attribute, values: Values) -> None:
    check_values(attribute, values)
    if attribute.single and len(values) > 1:
        raise constraint(_TOO_MANY, attribute.name)
    if attribute.back_link is None:
        draft.values[attribute.name] = values
    else:
        targets = links.resolve(tree, draft, attribute, values)
        links.add(draft.links.setdefault(attribute.name, {}), attribute, targets, permissive=False)


def _own_values(tree: Tree, kind: ObjectClass) -> dict[str, Values]:
    """What the directory says about every object of a kind, and the identifier of those that rights can be given to."""
    own: dict[str, Values] = {
        "objectClass": tuple(name.encode() for name in kind.chain),
        "objectCategory": (f"CN={kind.category},CN=Schema,CN=Configuration,{tree.base_dn}".encode(),),
        "instanceType": (b"4",),
        DESCRIPTOR: (default_descriptor(),),
    }
    if kind.name in _PRINCIPALS:
        own["objectSid"] = (tree.next_sid(),)
    return own
