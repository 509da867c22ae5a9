"""Who may write where: administrators everywhere, other accounts where it was delegated to them."""

from collections.abc import Iterator

from connect_worker.simulator.entry import Entry
from connect_worker.simulator.results import access_denied
from connect_worker.simulator.tree import Tree
from connect_worker.simulator.values import Values

CREATABLE, WRITABLE, RIGHTS = "allowedChildClassesEffective", "allowedAttributesEffective", "sDRightsEffective"
COMPUTED = frozenset({CREATABLE.lower(), WRITABLE.lower(), RIGHTS.lower()})
_OWNER_GROUP_AND_ACCESS, _EVERYTHING = b"7", b"15"


class Rights:
    """The rights in one directory."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._delegations: dict[Entry, set[Entry]] = {}

    def delegate(self, account: str, unit: str) -> None:
        """Give an account full control of everything below an organizational unit, itself included; both as DNs."""
        self._delegations.setdefault(self._tree.find(account), set()).add(self._tree.find(unit))

    def check(self, account: Entry, written: Entry) -> None:
        """Raises Refusal 50 when the account may not write there."""
        if not self._may_write(account, written):
            raise access_denied()

    def computed(self, account: Entry, entry: Entry) -> Iterator[tuple[str, Values]]:
        """What the account may do to an object, as the attributes in COMPUTED that have a value then."""
        may_write = self._may_write(account, entry)
        if may_write:
            yield CREATABLE, (b"contact", b"group", b"organizationalUnit", b"user")
            yield WRITABLE, tuple(name.encode() for name in sorted(entry.kind.attributes))
        rights = _EVERYTHING if self.is_administrator(account) else _OWNER_GROUP_AND_ACCESS
        yield RIGHTS, (rights if may_write else b"0",)

    def _may_write(self, account: Entry, written: Entry) -> bool:
        return self.is_administrator(account) or self._is_delegated(account, written)

    def is_administrator(self, account: Entry) -> bool:
        """Whether the account is a member of the domain's administrators."""
        admins = self._tree.account("Domain Admins")
        return admins is not None and admins in account.back_links.get("member", {})

    def _is_delegated(self, account: Entry, written: Entry) -> bool:
        return any(written.is_below(unit) for unit in self._delegations.get(account, ()))
