"""Changes of an object's attributes: all of one request, or none."""

from collections.abc import Sequence

from connect_worker.simulator import links
from connect_worker.simulator.accounts import settle_account
from connect_worker.simulator.draft import Draft
from connect_worker.simulator.entry import Entry
from connect_worker.simulator.messages import Modification, ModificationKind
from connect_worker.simulator.results import (
    Problem,
    Refusal,
    ResultCode,
    constraint,
    no_such_attribute,
    unwilling,
    value_exists,
)
from connect_worker.simulator.schema import BACK_LINKS, Attribute
from connect_worker.simulator.tree import Tree
from connect_worker.simulator.values import Values, check_values, key_of_value

_SYSTEM_ONLY, _OWNED_BY_SAM = "000020B1", "0000209A"
_ONLY_REPLACE = "00000057"


def modify(tree: Tree, entry: Entry, modifications: Sequence[Modification], *, permissive: bool) -> None:
    """Make all modifications, in their order; what makes no difference leaves no trace.

    With `permissive`, adding what is there and removing what is not is no error. Raises Refusal; then nothing changed.
    """
    draft = Draft.of(entry)
    for modification in modifications:
        attribute = draft.attribute(tree.schema, modification.attribute)
        draft.written.add(attribute.name)
        _check_writable(entry, attribute)
        if attribute.back_link is None:
            _change_values(draft, attribute, modification, permissive=permissive)
        else:
            _change_links(tree, draft, attribute, modification, permissive=permissive)
    settle_account(tree, draft)
    if draft.changes_something:
        entry.password = draft.password
        tree.store(entry, draft.values)
        links.connect(entry, draft.links)
        tree.stamp(entry)


def _check_writable(entry: Entry, attribute: Attribute) -> None:
    if attribute.name == "name" or attribute.name == entry.rdn.attribute.lower():
        raise Refusal(
            ResultCode.NOT_ALLOWED_ON_RDN,
            f"00002016: UpdErr: DSID-03151A5B, problem {Problem.CANT_ON_RDN:d} (CANT_ON_RDN), data 0",
        )
    if attribute.name == "objectClass":
        raise Refusal(
            ResultCode.OBJECT_CLASS_MODS_PROHIBITED,
            "00002062: UpdErr: DSID-03152D1B, problem 6009 (CLASS_CHANGE_PROHIBITED), data 0",
        )
    if attribute.name in BACK_LINKS:
        raise unwilling(_OWNED_BY_SAM)
    if attribute.system:
        raise constraint(_SYSTEM_ONLY, attribute.name)


def _change_values(draft: Draft, attribute: Attribute, modification: Modification, *, permissive: bool) -> None:
    check_values(attribute, modification.values)
    before = draft.values.get(attribute.name, ())
    if attribute.secret and modification.kind is not ModificationKind.REPLACE:
        raise unwilling(_ONLY_REPLACE)
    if modification.kind is ModificationKind.REPLACE:
        after = modification.values
    elif modification.kind is ModificationKind.ADD:
        after = _added(attribute, before, modification.values, permissive=permissive)
    else:
        after = _removed(attribute, before, modification.values, permissive=permissive)
    if attribute.single and len(after) > 1:
        raise value_exists(attribute.name)
    if after:
        draft.values[attribute.name] = after
    else:
        draft.values.pop(attribute.name, None)


def _added(attribute: Attribute, before: Values, values: Values, *, permissive: bool) -> Values:
    present = {key_of_value(attribute, value) for value in before}
    new = tuple(value for value in values if key_of_value(attribute, value) not in present)
    if len(new) < len(values) and not permissive:
        raise value_exists(attribute.name)
    return before + new


def _removed(attribute: Attribute, before: Values, values: Values, *, permissive: bool) -> Values:
    """Without values, all of them are removed."""
    gone = {key_of_value(attribute, value) for value in values}
    present = {key_of_value(attribute, value) for value in before}
    if not permissive and (not before or gone - present):
        raise no_such_attribute(attribute.name)
    return tuple(value for value in before if gone and key_of_value(attribute, value) not in gone)


def _change_links(
    tree: Tree, draft: Draft, attribute: Attribute, modification: Modification, *, permissive: bool
) -> None:
    kept = draft.links.setdefault(attribute.name, {})
    if modification.kind is ModificationKind.DELETE and not modification.values:
        if not kept and not permissive:
            raise no_such_attribute(attribute.name)
        kept.clear()
        return
    targets = links.resolve(tree, draft, attribute, modification.values)
    if modification.kind is ModificationKind.DELETE:
        links.remove(kept, attribute, targets, permissive=permissive)
        return
    if modification.kind is ModificationKind.REPLACE:
        kept.clear()
    links.add(kept, attribute, targets, permissive=permissive)
