"""Who is named tonight, and from what.

row                                     names
to delete, immune                       as they are
had an account before Connect           that one's, or formed anew where it may be renamed (ruling 40)
flagged «Regenerate Names»              anew by the template, over whatever was typed (ruling 13)
first element typed by hand             follow it (ruling 10)
without first element, or without UPN   given by the template; a manual user's wait for the flag (ruling 24)
otherwise                               as they are, below today's parent; a manual user stays where he is
"""

from collections.abc import Mapping
from dataclasses import replace

from connect_worker.core.candidates import Candidate, domain
from connect_worker.core.introduction import Introduced
from connect_worker.core.names import NameRequest, Naming, in_naming_order, is_typed
from connect_worker.core.places import parent_of
from connect_worker.model.account import Account, Names, Status
from connect_worker.model.configuration import Configuration
from connect_worker.model.ids import AccountKey

_LEAVING = frozenset({Status.TO_DELETE, Status.IMMUNE})


class Allocation:
    """Names the accounts of one night, in the order of ruling 11; who is named holds the names against the others."""

    def __init__(
        self, configuration: Configuration, candidates: Mapping[AccountKey, Candidate], introduced: Introduced
    ) -> None:
        """Raises ConfigurationError for templates, domains and a test prefix that make no valid names."""
        self._configuration = configuration
        self._candidates = candidates
        self._introduced = introduced
        self._naming = Naming(configuration, introduced.taken)

    def named(self) -> dict[AccountKey, Account]:
        """The accounts with tonight's names, in the order in which they came."""
        accounts = self._introduced.accounts
        named = dict(accounts)
        for key in in_naming_order(accounts):
            if accounts[key].status not in _LEAVING:
                named[key] = self._named(accounts[key])
        return named

    def _named(self, account: Account) -> Account:
        request = self._request(account)
        if account.key in self._introduced.found:
            return self._introduced.named(account, request, self._naming, self._configuration)
        if account.regenerate_names:
            return self._regenerated(account, request)
        names = self._followed(account, request) or self._completed(account, request)
        return account if names == account.names else replace(account, names=names, has_changed=True)

    def _regenerated(self, account: Account, request: NameRequest) -> Account:
        """A manual user who belongs to no mandant yet has no domain: the flag waits for it."""
        if account.is_manual and request.domain is None and account.names.mail is None:
            return account
        return replace(account, names=self._anew(account, request), regenerate_names=False, has_changed=True)

    def _followed(self, account: Account, request: NameRequest) -> Names | None:
        """Names after the first element that stands there; None where it is to be formed by the template."""
        names = account.names
        if is_typed(names):
            return self._follow(account, request) or names
        if names.dn_first_element is not None and names.user_principal_name is None and request.domain is not None:
            return self._follow(account, request)
        return None

    def _completed(self, account: Account, request: NameRequest) -> Names:
        names = account.names
        if account.is_manual:
            return names
        if names.dn_first_element is None or (names.user_principal_name is None and request.domain is not None):
            return self._anew(account, request)
        parent = self._naming.parent_of(request)
        return names if names.dn_parent == parent else replace(names, dn_parent=parent)

    def _anew(self, account: Account, request: NameRequest) -> Names:
        known = account.object_guid is not None
        return self._naming.regenerate(request, account.names, known_to_directory=known)

    def _follow(self, account: Account, request: NameRequest) -> Names | None:
        known = account.object_guid is not None
        return self._naming.follow(request, account.names, known_to_directory=known)

    def _request(self, account: Account) -> NameRequest:
        candidate = self._candidates.get(account.key)
        parent = account.names.dn_parent if account.is_manual else None
        return NameRequest(
            key=account.key,
            first_name=candidate.first_name if candidate else account.profile.given_name or "",
            last_name=candidate.last_name if candidate else account.profile.surname or "",
            short_code=candidate.short_code if candidate else None,
            login=candidate.login if candidate else None,
            domain=domain(self._configuration, account.key.type, account.mandant_chosen),
            parent_dn=parent or parent_of(self._configuration, account.key.type),
        )
