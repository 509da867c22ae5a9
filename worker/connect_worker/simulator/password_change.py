"""A password that its owner changes: the old one goes and a new one comes, in one request."""

from collections.abc import Sequence
from typing import NamedTuple

from connect_worker.simulator.entry import Entry
from connect_worker.simulator.messages import Modification, ModificationKind
from connect_worker.simulator.modification import modify
from connect_worker.simulator.passwords import decode_password, opens
from connect_worker.simulator.results import access_denied, constraint
from connect_worker.simulator.security import denies_change
from connect_worker.simulator.tree import Tree

_PASSWORD = "unicodePwd"  # noqa: S105 - an attribute's name
_WRONG_OLD_PASSWORD = "00000056"  # noqa: S105 - Windows' code


class Change(NamedTuple):
    """The values of `unicodePwd` that go and come."""

    old: bytes
    new: bytes


def change_of(modifications: Sequence[Modification]) -> Change | None:
    """What the modifications change, if they change a password and nothing else."""
    wanted = (ModificationKind.DELETE, ModificationKind.ADD)
    are_both = tuple(one.kind for one in modifications) == wanted
    if not are_both or any(one.attribute.lower() != _PASSWORD.lower() for one in modifications):
        return None
    values = [value for one in modifications for value in one.values]
    return Change(*values) if len(values) == len(wanted) else None


def change_password(tree: Tree, entry: Entry, change: Change) -> None:
    """Whoever knows the old password may, unless the rights on the object deny it. Raises Refusal."""
    if denies_change(entry):
        raise access_denied()
    if entry.password is None or not opens(entry.password, decode_password(change.old)):
        raise constraint(_WRONG_OLD_PASSWORD, _PASSWORD)
    new = Modification(kind=ModificationKind.REPLACE, attribute=_PASSWORD, values=(change.new,))
    modify(tree, entry, [new], permissive=False)
