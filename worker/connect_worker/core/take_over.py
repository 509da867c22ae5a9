"""What connect_migration says of a user's object and aliases, and whether it can be believed.

Seed 002, «Manager»: sp_ConnectMigrateUser; ruling 40. A row is taken over whole or not at all, and once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from connect_worker.core.addresses import is_valid_address
from connect_worker.core.dn import is_below
from connect_worker.core.employee_ids import bears_prefix
from connect_worker.model.account import ALIAS_PLACES, Account
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ObjectKey, ObjectKind, TakenName
from connect_worker.model.ids import Guid
from connect_worker.model.state import State, TakeOver


class TakeOverCheck:
    """Looks for what is wrong with the rows that wait."""

    def __init__(
        self, before: State, strangers: Iterable[TakenName], bases: Iterable[str], configuration: Configuration
    ) -> None:
        self._named = Counter(row.guid for row in before.take_overs if row.guid is not None)
        self._owners: Mapping[Guid, ObjectKey] = {
            record.object_guid: record.key for record in before.records if record.object_guid is not None
        }
        self._strangers = {stranger.guid: stranger for stranger in strangers}
        self._bases = tuple(bases)
        self._configuration = configuration

    def refusal(self, row: TakeOver, account: Account) -> str | None:
        """Everything that is wrong with a row; None: it can be taken over, as far as its aliases are nobody else's."""
        return "; ".join((*self._wrong_guid(row, account), *_wrong_aliases(row, account))) or None

    def _wrong_guid(self, row: TakeOver, account: Account) -> Iterator[str]:
        guid, linked = row.guid, account.object_guid
        if guid is None:
            return
        if self._named[guid] > 1:
            yield f"the GUID {guid} stands in {self._named[guid]} rows"
        if linked is not None and linked != guid:
            yield f"the user is linked to the object {linked} already"
        elif self._owners.get(guid, row.key) != row.key:
            yield f"the object {guid} belongs to {self._owners[guid]} already"
        elif linked is None:
            yield from self._wrong_object(guid)

    def _wrong_object(self, guid: Guid) -> Iterator[str]:
        found = self._strangers.get(guid)
        if found is None:
            yield f"the directory has no object with the GUID {guid}"
        elif found.kind is not ObjectKind.USER:
            yield f"{found.dn} is no user"
        elif found.protected:
            yield f"{found.dn} is protected by the directory (adminCount)"
        elif not any(is_below(found.dn, base) for base in self._bases):
            yield f"{found.dn} stands outside the configured OUs"
        elif not bears_prefix(found.dn, self._configuration):
            yield f"{found.dn} lacks the test prefix {self._configuration.test_prefix}"


def _wrong_aliases(row: TakeOver, account: Account) -> Iterator[str]:
    yield from (f"the alias {alias} is no valid address" for alias in row.aliases if not is_valid_address(alias))
    own = [alias for alias in account.names.aliases if alias]
    together = {alias.casefold() for alias in (*own, *row.aliases)}
    if len(together) > ALIAS_PLACES:
        yield f"{len(together)} aliases with those that the user has, and {ALIAS_PLACES} places"
