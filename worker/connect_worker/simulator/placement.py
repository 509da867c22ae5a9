"""Where objects stand: renames, moves and deletions."""

from connect_worker.simulator import links
from connect_worker.simulator.creation import naming_part
from connect_worker.simulator.dn import Rdn, parse_dn
from connect_worker.simulator.entry import Entry
from connect_worker.simulator.results import Problem, Refusal, ResultCode, bad_name, entry_exists, unwilling
from connect_worker.simulator.tree import Tree
from connect_worker.simulator.values import Values

_INVALID, _SPECIAL_ACCOUNT = "00000057", "0000055B"
TOMBSTONES = "CN=Deleted Objects"


def rename(tree: Tree, entry: Entry, new_rdn: str, *, delete_old: bool, new_parent: str | None) -> None:
    """Give an object a new name, a new place, or both. What is below and every link follows. Raises Refusal."""
    parent = entry.parent if new_parent is None else tree.find(new_parent)
    if parent is None or entry is tree.root or parent.is_below(entry) or not delete_old:
        raise unwilling(_INVALID)
    part = _parsed_part(new_rdn)
    if part.attribute != entry.rdn.attribute:
        raise unwilling(_INVALID)
    rdn = naming_part(tree, entry.kind, part)
    holder = parent.children.get(rdn.key)
    if holder is not None and holder is not entry:
        raise entry_exists()
    if (parent, rdn) != (entry.parent, entry.rdn):
        tree.move(entry, parent, rdn)
        tree.stamp(entry)


def delete(tree: Tree, entry: Entry) -> None:
    """Turn an object into a tombstone, which keeps its identifiers and little else, or put it into the recycle bin.

    Raises Refusal.
    """
    if entry.children:
        raise Refusal(
            ResultCode.NOT_ALLOWED_ON_NON_LEAF,
            f"00002015: UpdErr: DSID-031A11C3, problem {Problem.CANT_ON_NON_LEAF:d} (CANT_ON_NON_LEAF), data 0",
        )
    if entry is tree.root or "isCriticalSystemObject" in entry.values:
        raise unwilling(_SPECIAL_ACCOUNT)
    last_parent = entry.parent
    assert last_parent is not None
    links.disconnect(entry)
    kept = dict(entry.values) if tree.policy.recycle_bin else _kept(tree, entry)
    kept |= {"isDeleted": (b"TRUE",), "lastKnownParent": (last_parent.dn.encode(),)}
    entry.password = None
    tree.store(entry, kept)
    grave = tree.find(f"{TOMBSTONES},{tree.base_dn}", deleted=True)
    tree.move(entry, grave, Rdn(entry.rdn.attribute, f"{entry.rdn.value}\nDEL:{entry.guid}"))
    tree.stamp(entry)


def _kept(tree: Tree, entry: Entry) -> dict[str, Values]:
    attributes = ((name, tree.schema.find(name)) for name in entry.values)
    return {name: entry.values[name] for name, attribute in attributes if attribute is not None and attribute.kept}


def _parsed_part(text: str) -> Rdn:
    try:
        dn = parse_dn(text)
    except ValueError:
        raise bad_name(text) from None
    if len(dn) != 1:
        raise bad_name(text)
    return dn[0]
