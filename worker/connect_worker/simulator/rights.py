"""Who may write where: administrators everywhere, other accounts where it was delegated to them."""

from connect_worker.simulator.entry import Entry
from connect_worker.simulator.results import access_denied
from connect_worker.simulator.tree import Tree


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
        if not self._is_administrator(account) and not self._is_delegated(account, written):
            raise access_denied()

    def _is_administrator(self, account: Entry) -> bool:
        admins = self._tree.account("Domain Admins")
        return admins is not None and admins in account.back_links.get("member", {})

    def _is_delegated(self, account: Entry, written: Entry) -> bool:
        return any(written.is_below(unit) for unit in self._delegations.get(account, ()))
