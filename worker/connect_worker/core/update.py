"""Update: from yesterday's tables and today's master data to today's tables.

    master data ─► candidates ─► lifecycle ─► names ─► profiles ─┐
                                                                 ├─► State, to be written as a difference
    tables ──────────────────────────────────► groups, members ──┘

Nothing is decided anywhere else about who has an account, what it is called and what stands in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from connect_worker.core.allocation import Allocation
from connect_worker.core.candidates import Candidate, candidates
from connect_worker.core.descriptions import Descriptions, with_nickname
from connect_worker.core.group_drafts import GroupDrafts, Population
from connect_worker.core.group_update import GroupUpdate, group_info, memberships
from connect_worker.core.introduction import Introduced, adopted_groups, introduce
from connect_worker.core.lifecycle import dismissed, kept
from connect_worker.core.mandants import chosen_mandant
from connect_worker.core.manual import NewPassword, kept_user
from connect_worker.core.notes import notes_on
from connect_worker.core.passwords import tokens_of
from connect_worker.core.places import audience_of
from connect_worker.core.policies import under_policy
from connect_worker.core.reservation import Strangers, reserved_names, without_names_of
from connect_worker.core.school import School
from connect_worker.core.scope import StaffScope, StudentScope
from connect_worker.model.account import Account, Names, Origin, Profile, Status, Unmet
from connect_worker.model.configuration import Configuration
from connect_worker.model.finding import Note
from connect_worker.model.ids import AccountKey, UserType, mask_of
from connect_worker.model.person import MasterData
from connect_worker.model.state import ReservedName, State


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """Today's tables, how many people of the master data are in scope, and what is to be told of them."""

    state: State
    students_in_scope: int
    staff_in_scope: int
    notes: tuple[Note, ...] = ()


def update(
    before: State,
    master: MasterData,
    configuration: Configuration,
    *,
    today: date,
    now: datetime,
    version: str,
    new_password: NewPassword,
    strangers: Strangers | None = None,
) -> Update:
    """Today's tables. `now` is told, never compared: today, at the customer's time of day.

    `strangers` are the objects that belong to no row; None: the directory was not read.
    Raises ConfigurationError for a missing school year or a template that does not parse.
    """
    info = group_info(version, now)
    night = _Night(
        before,
        master,
        configuration,
        today=today,
        version=version,
        group_info=info,
        new_password=new_password,
        strangers=strangers,
    )
    return night.run()


class _Night:
    def __init__(
        self,
        before: State,
        master: MasterData,
        configuration: Configuration,
        *,
        today: date,
        version: str,
        group_info: str,
        new_password: NewPassword,
        strangers: Strangers | None,
    ) -> None:
        self._before = before
        self._strangers = strangers
        self._configuration = configuration
        self._today = today
        self._version = version
        self._group_info = group_info
        self._new_password = new_password
        self._configured = mask_of(*(row.number for row in configuration.mandants))
        self._school = School(
            master,
            today=today,
            mandants=[row.number for row in configuration.mandants],
            carry_over_days=configuration.class_carry_over_days,
        )
        self._candidates = {candidate.key: candidate for candidate in candidates(configuration, self._school)}
        self._old = {account.key: account for account in before.accounts}
        self._cuts: list[Note] = []

    def run(self) -> Update:
        introduced = self._introduced(self._with_status())
        accounts = self._with_profiles(Allocation(self._configuration, self._candidates, introduced).named())
        removed = [account for key, account in self._old.items() if key not in accounts]
        state = replace(self._with_groups(accounts), take_overs=introduced.take_overs)
        adopted = adopted_groups(state.groups, self._strangers, self._before, self._configuration)
        state = without_names_of(state, adopted | {found.guid for found in introduced.found.values()})
        in_scope = [candidate.key.type for candidate in self._candidates.values() if not candidate.unmet]
        return Update(
            state=replace(state, reserved=(*state.reserved, *self._reserved(removed))),
            students_in_scope=in_scope.count(UserType.STUDENT),
            staff_in_scope=in_scope.count(UserType.STAFF),
            notes=(*self._cuts, *notes_on(self._candidates.values(), accounts)),
        )

    def _introduced(self, accounts: Mapping[AccountKey, Account]) -> Introduced:
        """The accounts with what was theirs before Connect: before anybody is named."""
        return introduce(
            accounts,
            self._candidates,
            self._before,
            self._configuration,
            today=self._today,
            strangers=self._strangers,
        )

    # Status

    def _with_status(self) -> dict[AccountKey, Account]:
        """Everybody's status, mandant and password flags; accounts of new people without names yet."""
        accounts: dict[AccountKey, Account] = {}
        for key, old in self._old.items():
            account = self._existing(old, self._candidates.get(key))
            if account is not None:
                accounts[key] = account
        for key, candidate in self._candidates.items():
            if key not in accounts and not candidate.unmet and key not in self._old:
                accounts[key] = self._new(candidate)
        return accounts

    def _existing(self, old: Account, candidate: Candidate | None) -> Account | None:
        if old.is_manual:
            return kept_user(old, self._configuration, self._new_password)
        unmet = candidate.unmet if candidate is not None else (Unmet.VANISHED,)
        if candidate is None or unmet:
            return self._leaving(old, candidate, unmet)
        return self._staying(kept(old), candidate)

    def _leaving(self, old: Account, candidate: Candidate | None, unmet: tuple[Unmet, ...]) -> Account | None:
        """An immune user without an object whose person has left the scope: the row goes (ruling 5)."""
        if old.status is Status.IMMUNE and old.object_guid is None:
            return None
        audience = audience_of(self._configuration, old.key.type)
        exit_on = candidate.exit_on if candidate is not None else None
        return dismissed(old, unmet, exit_on=exit_on, today=self._today, grace_days=audience.grace_days)

    def _staying(self, account: Account, candidate: Candidate) -> Account:
        chosen = account.mandant_chosen
        if account.mandant_chosen_by is Origin.CONNECT:
            chosen = chosen_mandant(candidate.mandants, self._configured)
        if (candidate.mandants, chosen) != (account.mandants, account.mandant_chosen):
            account = replace(account, mandants=candidate.mandants, mandant_chosen=chosen, has_changed=True)
        return under_policy(account, candidate.policy or candidate.audience.password)

    def _new(self, candidate: Candidate) -> Account:
        policy = candidate.policy or candidate.audience.password
        tokens = tokens_of(candidate.first_name, candidate.last_name)
        account = Account(
            key=candidate.key,
            names=_NAMELESS,
            profile=Profile(),
            mandants=candidate.mandants,
            mandant_chosen=chosen_mandant(candidate.mandants, self._configured),
            initial_password=self._new_password(candidate.key, policy, tokens),
        )
        return under_policy(account, policy)

    # Profiles

    def _with_profiles(self, accounts: Mapping[AccountKey, Account]) -> Mapping[AccountKey, Account]:
        def manager_dn(key: AccountKey) -> str | None:
            manager = accounts.get(key)
            return manager.names.dn if manager is not None and manager.status is Status.ACTIVE else None

        descriptions = Descriptions(self._configuration, self._school, version=self._version, manager_dn=manager_dn)
        described: dict[AccountKey, Account] = {}
        for key, account in accounts.items():
            candidate = self._candidates.get(key)
            if account.is_manual:
                described[key] = with_nickname(account)
            elif candidate is None or candidate.unmet or account.status is Status.IMMUNE:
                described[key] = account
            else:
                old = self._old.get(key)
                renamed = old is None or old.regenerate_names
                described[key] = descriptions.describe(account, candidate, names_too=renamed)
        self._cuts.extend(descriptions.notes)
        return described

    # Groups

    def _with_groups(self, accounts: Mapping[AccountKey, Account]) -> State:
        active = {key for key, account in accounts.items() if account.status is Status.ACTIVE}
        scopes = [self._candidates[key].scope for key in accounts if key in active and key in self._candidates]
        people = Population(
            students=[scope for scope in scopes if isinstance(scope, StudentScope)],
            staff=[scope.person for scope in scopes if isinstance(scope, StaffScope)],
        )
        drafts = GroupDrafts(self._configuration, self._school).of(people)
        update = GroupUpdate(self._configuration, self._school, info=self._group_info)
        groups = update.groups(self._before.groups, drafts)
        self._cuts.extend(update.notes)
        frozen = frozenset(accounts.keys() - active)
        return State(
            accounts=tuple(accounts.values()),
            groups=groups,
            memberships=memberships(self._before.memberships, groups, drafts, frozen),
            reserved=tuple(name for name in self._before.reserved if name.until is None or name.until > self._today),
        )

    def _reserved(self, removed: Iterable[Account]) -> Iterator[ReservedName]:
        until = self._today + timedelta(days=self._configuration.reserve_days)
        return (name for account in removed for name in reserved_names(account, until=until))


_NAMELESS = Names(
    dn_parent=None,
    dn_first_element=None,
    cn=None,
    sam_account_name=None,
    user_principal_name=None,
    mail=None,
)
