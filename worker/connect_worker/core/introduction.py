"""Who had an account before Connect: whose it becomes, and under which names (ruling 40).

    connect_migration ─► its object and aliases into the row, once       ┐
                                                                         ├─► the object's names into the row, or, where
    an object in the OUs with the row's employeeID or sAM name ─► the    │   it may be renamed, its addresses as aliases
    sync links it, where the configuration allows adoption               ┘

Before anybody else is named: what an object is called already is nobody else's any more. An object whose names are
somebody else's as well is refused, and stays what it is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from connect_worker.core.addresses import is_valid_address
from connect_worker.core.adoption import Claim, match
from connect_worker.core.aliases import ring
from connect_worker.core.bases import bases
from connect_worker.core.candidates import Candidate
from connect_worker.core.dn import escape, is_below, value_of
from connect_worker.core.employee_ids import employee_id_of
from connect_worker.core.linking import claim_of, in_step, may_adopt, may_rename
from connect_worker.core.names import NameRequest, Naming, in_naming_order
from connect_worker.core.reservation import Strangers, without_names_of
from connect_worker.core.take_over import TakeOverCheck
from connect_worker.core.taken_names import TakenNames
from connect_worker.model.account import Account, Names, Status
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ObjectKey, TakenName
from connect_worker.model.group import Group
from connect_worker.model.ids import AccountKey, Guid
from connect_worker.model.state import NameKind, State, TakeOver

_STAYING = frozenset({Status.ACTIVE, Status.DEACTIVATED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Introduced:
    """The accounts with what they had before, the names that are taken, and the rows of connect_migration that wait.

    `found` are the objects of accounts whose names are still to be completed, or formed anew.
    """

    accounts: dict[AccountKey, Account]
    taken: TakenNames
    found: Mapping[AccountKey, TakenName]
    take_overs: tuple[TakeOver, ...]

    def named(self, account: Account, request: NameRequest, naming: Naming, configuration: Configuration) -> Account:
        """The account with its object's names, completed, or with Connect's, where it may be renamed.

        Its flag for new names falls when it is linked: a run that is killed before must come to the same names.
        """
        if may_rename(account, configuration):
            names = naming.rename(request, account.names, self._former(account))
        else:
            names = naming.complete(request, account.names)
        flag = account.regenerate_names and account.object_guid is None
        if (names, flag) == (account.names, account.regenerate_names):
            return account
        return replace(account, names=names, regenerate_names=flag, has_changed=True)

    def _former(self, account: Account) -> Iterator[str | None]:
        """The addresses that become aliases: the mail first, and of the object's own none that is somebody else's."""
        found = self.found[account.key]
        yield from self._own(account.key, (found.mail, found.user_principal_name))
        yield from account.names.aliases
        yield from self._own(account.key, found.proxy_addresses)

    def _own(self, key: AccountKey, addresses: Iterable[str | None]) -> Iterator[str]:
        for address in addresses:
            if address and is_valid_address(address) and self.taken.is_free(NameKind.ADDRESS, address, key):
                yield address


def introduce(
    accounts: Mapping[AccountKey, Account],
    candidates: Mapping[AccountKey, Candidate],
    before: State,
    configuration: Configuration,
    *,
    today: date,
    strangers: Strangers | None,
) -> Introduced:
    """Tonight's accounts with what was theirs before. Whoever is on the way out is linked to nothing.

    `strangers` None: the directory was not read. Then nothing is taken over, and nobody's names are taken in.
    """
    if strangers is None:
        taken = TakenNames(before, today=today)
        return Introduced(accounts=dict(accounts), taken=taken, found={}, take_overs=before.take_overs)
    return _Introduction(accounts, before, configuration, today=today, strangers=strangers).run(candidates)


class _Introduction:
    def __init__(
        self,
        accounts: Mapping[AccountKey, Account],
        before: State,
        configuration: Configuration,
        *,
        today: date,
        strangers: Strangers,
    ) -> None:
        self._accounts = dict(accounts)
        self._before = before
        self._configuration = configuration
        self._today = today
        self._strangers = strangers
        self._bases = bases(configuration, before)
        self._rows = {row.key: row for row in before.take_overs if self._awaits(row)}
        self._refusals = self._checked() if self._rows else {}
        self._found: dict[AccountKey, TakenName] = {}
        self._taken: TakenNames

    def run(self, candidates: Mapping[AccountKey, Candidate]) -> Introduced:
        waiting = [account for account in self._accounts.values() if self._may_have_had_one(account)]
        self._found = self._matched(waiting, candidates) if waiting else {}
        guids = {found.guid for found in self._found.values()}
        self._taken = TakenNames(without_names_of(self._before, guids), today=self._today)
        for key in in_naming_order({*self._found, *self._accepted()}):
            self._introduce(key)
        done = self._accepted()
        return Introduced(
            accounts=self._accounts,
            taken=self._taken,
            found=self._found,
            take_overs=tuple(
                replace(row, refusal=self._refusals.get(row.key))
                for row in self._before.take_overs
                if row.key not in done
            ),
        )

    def _may_have_had_one(self, account: Account) -> bool:
        """Whoever has no object, is not on the way out, and was not being given one by a run that was killed."""
        unlinked = account.object_guid is None and account.key not in self._strangers.expected
        return unlinked and account.status in _STAYING

    def _awaits(self, row: TakeOver) -> bool:
        """A person out of scope, or on the way out, takes nothing over."""
        account = self._accounts.get(row.key)
        return account is not None and account.status in _STAYING

    def _checked(self) -> dict[AccountKey, str | None]:
        check = TakeOverCheck(self._before, self._strangers.objects, self._bases, self._configuration)
        return {key: check.refusal(row, self._accounts[key]) for key, row in self._rows.items()}

    def _accepted(self) -> set[AccountKey]:
        return {key for key in self._rows if self._refusals[key] is None}

    def _claim(self, account: Account, candidate: Candidate | None, guid: Guid | None) -> Claim:
        """What the account's object would be known by, as the row will have it tonight."""
        key, employee_id = account.key, account.profile.employee_id
        if candidate is not None:
            employee_id = employee_id_of(self._configuration, candidate.scope.person, key)
        sam = account.names.sam_account_name or f"{self._configuration.test_prefix}{key}"
        return Claim(key=key, sam_account_name=sam, employee_id=employee_id, guid=guid)

    def _matched(
        self, waiting: Iterable[Account], candidates: Mapping[AccountKey, Candidate]
    ) -> dict[AccountKey, TakenName]:
        """The objects of those who are taken over, and, where it is allowed, of those who are to be adopted."""
        named = {key: self._rows[key].guid for key in self._accepted()}
        claims = [self._claim(account, candidates.get(account.key), named.get(account.key)) for account in waiting]
        matches = match(claims, _inside(self._strangers.objects, self._bases), self._configuration)
        for refused in matches.refused:
            if isinstance(refused.key, AccountKey) and named.get(refused.key) is not None:
                self._refusals[refused.key] = f"{' and '.join(refused.dns)}: {refused.why.value}"
        return {
            key: found
            for key, found in matches.found.items()
            if isinstance(key, AccountKey) and (named.get(key) is not None or self._may_adopt(key))
        }

    def _may_adopt(self, key: AccountKey) -> bool:
        """Who has a row with a GUID gets that object, or none."""
        row = self._rows.get(key)
        return self._configuration.adoption and may_adopt(self._accounts[key]) and (row is None or row.guid is None)

    def _introduce(self, key: AccountKey) -> None:
        """One account's names and aliases, or, where one of them is somebody else's, its refusal."""
        account, found, row = self._accounts[key], self._found.get(key), self._rows.get(key)
        given = row.aliases if row is not None else ()
        names = replace(account.names, aliases=ring((*account.names.aliases, *given), mail=account.names.mail))
        renamed = may_rename(account, self._configuration)
        if found is not None and not renamed:
            names = self._kept(key, names, found)
        clash = next(self._clashes(key, names, given), None)
        if clash is not None:
            self._refuse(key, clash)
            return
        self._taken.release(key, account.names)
        self._taken.add(key, names)
        if found is not None and renamed:
            self._taken.hold(key, NameKind.ADDRESS, [one for one in found.addresses if self._is_free(key, one)])
        guid = account.object_guid if row is None else row.guid or account.object_guid
        if (names, guid) != (account.names, account.object_guid):
            self._accounts[key] = replace(account, names=names, object_guid=guid, has_changed=True)

    def _kept(self, key: AccountKey, names: Names, found: TakenName) -> Names:
        """The object's names; a mail that is none is dropped (ruling 13), as are addresses that others hold."""
        mail = found.mail if is_valid_address(found.mail) else None
        proxies = (one for one in found.proxy_addresses if is_valid_address(one) and self._is_free(key, one))
        cn = value_of(found.dn)
        return replace(
            names,
            dn_first_element=f"CN={escape(cn)}",
            cn=cn,
            sam_account_name=found.sam_account_name,
            user_principal_name=found.user_principal_name,
            mail=mail,
            aliases=ring((*names.aliases, *proxies), mail=mail),
        )

    def _clashes(self, key: AccountKey, names: Names, given: Sequence[str]) -> Iterator[str]:
        held: list[tuple[NameKind, str | None]] = [(NameKind.ADDRESS, alias) for alias in given]
        if key in self._found and not may_rename(self._accounts[key], self._configuration):
            held += [
                (NameKind.DN_FIRST_ELEMENT, names.dn_first_element),
                (NameKind.SAM, names.sam_account_name),
                (NameKind.ADDRESS, names.user_principal_name),
                (NameKind.ADDRESS, names.mail),
            ]
        for kind, name in held:
            if name and not self._taken.is_free(kind, name, key):
                holder = self._taken.other_holder(kind, name, key) or "a deleted account"
                yield f"{name} is also held by {holder}"

    def _is_free(self, key: AccountKey, address: str) -> bool:
        return self._taken.is_free(NameKind.ADDRESS, address, key)

    def _refuse(self, key: AccountKey, why: str) -> None:
        """The object stays a stranger, and so do its names."""
        if key in self._rows:
            self._refusals[key] = why
        found = self._found.pop(key, None)
        if found is not None:
            self._taken.hold(found.guid, NameKind.ADDRESS, found.addresses)
            self._taken.hold(found.guid, NameKind.SAM, filter(None, (found.sam_account_name,)))
            self._taken.hold(found.guid, NameKind.DN_FIRST_ELEMENT, (f"CN={escape(value_of(found.dn))}",))


def adopted_groups(
    groups: Sequence[Group], strangers: Strangers | None, before: State, configuration: Configuration
) -> frozenset[Guid]:
    """The groups in the OUs that the sync will link: their sAM names are no strangers' any more."""
    if strangers is None or not configuration.adoption:
        return frozenset()
    waiting: dict[ObjectKey, Group] = {
        group.key: group for group in groups if may_adopt(group) and group.key not in strangers.expected
    }
    inside = _inside(strangers.objects if waiting else (), bases(configuration, before))
    found = match(map(claim_of, waiting.values()), inside, configuration).found
    return frozenset(
        one.guid for key, one in found.items() if in_step(waiting[key], one) or may_rename(waiting[key], configuration)
    )


def _inside(strangers: Iterable[TakenName], places: Sequence[str]) -> list[TakenName]:
    return [one for one in strangers if any(is_below(one.dn, place) for place in places)]
