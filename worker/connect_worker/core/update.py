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
from connect_worker.core.attributes import Attributes
from connect_worker.core.candidates import Candidate, candidates
from connect_worker.core.dn import is_name
from connect_worker.core.group_drafts import GroupDrafts, Population
from connect_worker.core.group_update import GroupUpdate, group_info, memberships
from connect_worker.core.lifecycle import dismissed, kept
from connect_worker.core.mandants import chosen_mandant
from connect_worker.core.manual import NewPassword, kept_user
from connect_worker.core.passwords import tokens_of
from connect_worker.core.places import audience_of
from connect_worker.core.reservation import reserved_names
from connect_worker.core.school import School
from connect_worker.core.scope import StaffScope, StudentScope
from connect_worker.core.taken_names import TakenNames
from connect_worker.model.account import Account, Names, Origin, Profile, Status, Unmet
from connect_worker.model.configuration import Audience, Configuration, DisplayNameFollows, InfoSwitch
from connect_worker.model.ids import AccountKey, UserType, mask_of
from connect_worker.model.person import MasterData
from connect_worker.model.state import ReservedName, State


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """Today's tables, and how many people of the master data are in scope."""

    state: State
    students_in_scope: int
    staff_in_scope: int


def update(
    before: State,
    master: MasterData,
    configuration: Configuration,
    *,
    today: date,
    now: datetime,
    version: str,
    new_password: NewPassword,
) -> Update:
    """Today's tables. `now` is told, never compared: the moment in the customer's time zone.

    Raises ConfigurationError for a missing school year or a template that does not parse.
    """
    info = group_info(version, now)
    night = _Night(
        before, master, configuration, today=today, version=version, group_info=info, new_password=new_password
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
    ) -> None:
        self._before = before
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

    def run(self) -> Update:
        accounts = self._with_profiles(self._named(self._with_status()))
        removed = [account for key, account in self._old.items() if key not in accounts]
        state = self._with_groups(accounts)
        in_scope = [candidate.key.type for candidate in self._candidates.values() if not candidate.unmet]
        return Update(
            state=replace(state, reserved=(*state.reserved, *self._reserved(removed))),
            students_in_scope=in_scope.count(UserType.STUDENT),
            staff_in_scope=in_scope.count(UserType.STAFF),
        )

    def _named(self, accounts: Mapping[AccountKey, Account]) -> Mapping[AccountKey, Account]:
        taken = TakenNames(self._before, today=self._today)
        return Allocation(self._configuration, self._candidates, taken).named(accounts)

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
        policy = candidate.policy or candidate.audience.password
        wanted = (candidate.mandants, chosen, policy.never_expires, policy.must_change, policy.may_not_change)
        found = (
            account.mandants,
            account.mandant_chosen,
            account.password_never_expires,
            account.must_change_password,
            account.password_change_prevented,
        )
        if wanted == found:
            return account
        return replace(
            account,
            mandants=candidate.mandants,
            mandant_chosen=chosen,
            password_never_expires=policy.never_expires,
            must_change_password=policy.must_change,
            password_change_prevented=policy.may_not_change,
            has_changed=True,
        )

    def _new(self, candidate: Candidate) -> Account:
        policy = candidate.policy or candidate.audience.password
        tokens = tokens_of(candidate.first_name, candidate.last_name)
        return Account(
            key=candidate.key,
            names=_NAMELESS,
            profile=Profile(),
            mandants=candidate.mandants,
            mandant_chosen=chosen_mandant(candidate.mandants, self._configured),
            initial_password=self._new_password(candidate.key, policy, tokens),
            password_never_expires=policy.never_expires,
            must_change_password=policy.must_change,
            password_change_prevented=policy.may_not_change,
        )

    # Profiles

    def _with_profiles(self, accounts: Mapping[AccountKey, Account]) -> Mapping[AccountKey, Account]:
        def manager_dn(key: AccountKey) -> str | None:
            manager = accounts.get(key)
            return manager.names.dn if manager is not None and manager.status is Status.ACTIVE else None

        attributes = Attributes(self._configuration, self._school, version=self._version, manager_dn=manager_dn)
        described: dict[AccountKey, Account] = {}
        for key, account in accounts.items():
            candidate = self._candidates.get(key)
            if candidate is None or candidate.unmet or account.status is Status.IMMUNE:
                described[key] = account
            else:
                described[key] = self._described(account, candidate, attributes)
        return described

    def _described(self, account: Account, candidate: Candidate, attributes: Attributes) -> Account:
        scope = candidate.scope
        if isinstance(scope, StudentScope):
            assert scope.placement is not None
            profile = attributes.of_student(scope.person, scope.placement, account.mandant_chosen)
        else:
            profile = attributes.of_staff(scope.person, account.mandant_chosen)
        profile = self._settled_profile(profile, account, candidate.audience)
        if profile == account.profile and candidate.source_version == account.source_version:
            return account
        changed = account.has_changed or profile != account.profile
        return replace(account, profile=profile, source_version=candidate.source_version, has_changed=changed)

    def _settled_profile(self, profile: Profile, account: Account, audience: Audience) -> Profile:
        """What does not follow the master data at once: names on request, and the version (rulings 14 and 22).

        A manager whose DN somebody mistyped (finding 105) stays who he was, until it is corrected.
        """
        old = account.profile
        if profile.manager is not None and not is_name(profile.manager):
            profile = replace(profile, manager=old.manager)
        old_account = self._old.get(account.key)
        regenerated = old_account is None or old_account.regenerate_names
        if self._configuration.display_name_follows is DisplayNameFollows.REGENERATE and not regenerated:
            profile = replace(profile, given_name=old.given_name, surname=old.surname, display_name=old.display_name)
        if audience.info is InfoSwitch.VERSION and replace(profile, info=old.info) == old:
            return old
        return profile

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
