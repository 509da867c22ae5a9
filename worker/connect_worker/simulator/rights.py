"""Who may write where: administrators everywhere, other accounts where it was delegated to them."""

from collections.abc import Iterator

from connect_worker.simulator.entry import Entry
from connect_worker.simulator.results import access_denied
from connect_worker.simulator.tree import Tree
from connect_worker.simulator.values import Values

CREATABLE = "allowedChildClassesEffective"


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

    def creatable(self, account: Entry, parent: Entry) -> Iterator[tuple[str, Values]]:
        """The classes of which the account may create objects below, as an attribute; nothing where there are none."""
        if self._may_write(account, parent):
            yield CREATABLE, (b"contact", b"group", b"organizationalUnit", b"user")

    def _may_write(self, account: Entry, written: Entry) -> bool:
        return self.is_administrator(account) or self._is_delegated(account, written)

    def is_administrator(self, account: Entry) -> bool:
        """Whether the account is a member of the domain's administrators."""
        admins = self._tree.account("Domain Admins")
        return admins is not None and admins in account.back_links.get("member", {})

    def _is_delegated(self, account: Entry, written: Entry) -> bool:
        return any(written.is_below(unit) for unit in self._delegations.get(account, ()))
