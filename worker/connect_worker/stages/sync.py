"""Sync: actual × desired → plan → safety gate → apply → write-back (docs/explanation/architecture.md)."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from connect_worker.core.bases import bases
from connect_worker.core.completeness import missing_guids, require_complete, require_nothing_overlooked
from connect_worker.core.desired import desire
from connect_worker.core.diff import Difference, diff
from connect_worker.core.extension_places import extension_places, used_extensions
from connect_worker.core.linking import adopt
from connect_worker.core.picture import Whereabouts
from connect_worker.core.plan import Plan, make_plan
from connect_worker.core.prevention import is_to_be_looked_at
from connect_worker.core.protection import with_protected
from connect_worker.core.recovery import recognise, with_links
from connect_worker.core.settling import Periods, Settling
from connect_worker.errors import ConfigurationError
from connect_worker.model.change import (
    AddMembers,
    Change,
    CreateContainer,
    CreateGroup,
    CreateUser,
    Enable,
    Member,
    Modify,
    RemoveMembers,
    Rename,
    SetPassword,
    Wave,
)
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ObjectKey, Snapshot
from connect_worker.model.ids import AccountKey, UserType
from connect_worker.model.outcome import Outcome, Result
from connect_worker.model.secret import Secret
from connect_worker.model.state import Intention, State
from connect_worker.stages.context import Context
from connect_worker.store.crypto import Keyring, user_owner
from connect_worker.store.repository import Store
from connect_worker.targets.base import Directory, Passwords

BATCH = 250
"""Changes between two write-backs: what a killed run has to find again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A plan and what it was made from; `places` are the OUs that were read, and the only ones that may be written."""

    plan: Plan
    places: tuple[str, ...]
    state: State
    configuration: Configuration
    blocked: frozenset[ObjectKey]


async def make(
    store: Store,
    directory: Directory,
    context: Context,
    *,
    state: State,
    configuration: Configuration,
    blocked: frozenset[ObjectKey],
) -> Planned:
    """Read the directory whole, and plan. Raises IncompleteReadError, ConfigurationError."""
    places = bases(configuration, state)
    actual = await read(directory, configuration, places, used_extensions(configuration, state))
    where = await _whereabouts(store, directory, context, actual, state, places=places)
    adoption = adopt(
        state, actual, configuration, blocked=blocked, elsewhere=where.elsewhere, recovered=where.recovered
    )
    where = replace(where, adoption=adoption)
    if is_to_be_looked_at(state):
        where = replace(where, password_changes=await directory.read_password_changes(places))
    known = with_links(state, {**where.recovered, **adoption.links})
    desired = desire(known, today=context.today, blocked=blocked, extensions=extension_places(configuration))
    difference = diff(desired, actual, where)
    if not configuration.create_containers:
        _require_containers(difference)
    return Planned(
        plan=make_plan(difference, where.recovered),
        places=places,
        state=known,
        configuration=configuration,
        blocked=blocked,
    )


async def read(
    directory: Directory,
    configuration: Configuration,
    places: Sequence[str],
    extensions: Collection[int] = (),
) -> Snapshot:
    """Everything at and below these places; what is not to be touched is protected. Raises IncompleteReadError.

    So is the account that Connect signs in with: locked out, it could not even let itself in again.
    """
    found = await directory.read(places, extensions)
    return with_protected(found, (*configuration.protected_objects, directory.signed_in_as))


async def apply(store: Store, directory: Directory, context: Context, planned: Planned) -> tuple[Outcome, ...]:
    """Make the changes wave by wave, writing back as it goes; every change has an outcome.

    What is under way is finished when the run is told to stop. A failed change's dependants are skipped; more
    failures than the limit stop the run.
    """
    settling = Settling(planned.state, planned.plan, _periods(planned.configuration, context))
    application = _Application(store, directory, context, planned, settling)
    with context.stop.finishing():
        found = settling.found()
        if found:
            await store.settle(found)
        context.progress.begin("apply", len(planned.plan.changes))
        waves = dict(planned.plan.waves())
        await application.link(waves.pop(Wave.ADOPT, ()))
        await application.make([batch for changes in waves.values() for batch in _batches(changes)])
        finished = settling.finish(blocked=planned.blocked)
        if finished:
            await store.settle(finished)
    return tuple(application.outcomes)


class _Application:
    def __init__(
        self, store: Store, directory: Directory, context: Context, planned: Planned, settling: Settling
    ) -> None:
        self.outcomes: list[Outcome] = []
        self._store = store
        self._directory = directory
        self._context = context
        self._settling = settling
        self._run_id = context.run_id
        self._passwords = _passwords(planned.state, context)
        self._limits = context.settings.limits
        self._absent: set[ObjectKey] = set()
        self._astray: set[ObjectKey] = set()
        self._without_password: set[ObjectKey] = set()
        self._missing_dns: set[str] = set()
        self._failures = 0
        self._broken = False

    async def link(self, adoptions: Sequence[Change]) -> None:
        """The rows know what is theirs before anything is written to it."""
        prevented = [*self._prevented(adoptions)]
        linked = [Outcome(change=change, result=Result.DONE) for change in adoptions if not prevented]
        self._remember(prevented or linked)
        await self._keep(prevented or linked, ())
        self._context.progress.advance(len(adoptions))

    async def make(self, batches: Sequence[Sequence[Change]]) -> None:
        """Every batch in its turn: intend, apply, write back.

        While the directory works on a batch, the database takes what became of the one before and what is intended with
        the next: neither waits for the other.
        """
        made: Sequence[Outcome] = ()
        await self._keep(made, batches[0] if batches else ())
        for batch, following in zip_longest(batches, batches[1:], fillvalue=()):
            keeping = asyncio.create_task(self._keep(made, following))
            try:
                made = await self._apply(batch)
            finally:
                await keeping
            self._context.progress.advance(len(batch))
        await self._keep(made, ())

    async def _apply(self, batch: Sequence[Change]) -> Sequence[Outcome]:
        outcomes = [*self._prevented(batch)]
        prevented = {id(outcome.change) for outcome in outcomes}
        possible = [self._without_astray(change) for change in batch if id(change) not in prevented]
        if possible:
            outcomes += await self._directory.apply(
                possible, passwords=self._passwords, stopped=lambda: self._context.stop.requested
            )
        self._remember(outcomes)
        return outcomes

    async def _keep(self, made: Sequence[Outcome], following: Sequence[Change]) -> None:
        settlements = self._settling.of(made)
        if made:
            async with self._store.transaction():
                if settlements:
                    await self._store.settle(settlements)
                await self._store.record_outcomes(self._run_id, made)
        intentions = self._intentions(following)
        if intentions:
            await self._store.write_intentions(self._run_id, intentions)

    def _prevented(self, batch: Sequence[Change]) -> Iterator[Outcome]:
        """The changes that are not to be tried: the run ends, or something that they need has failed."""
        ends = self._context.stop.requested or self._broken or self._too_many_failures()
        for change in batch:
            if ends:
                yield Outcome(change=change, result=Result.NOT_STARTED, message="the run ended before")
            elif change.key in self._absent or (isinstance(change, Rename) and change.key in self._astray):
                yield Outcome(change=change, result=Result.SKIPPED, message="an earlier change of this object failed")
            elif isinstance(change, Enable) and change.key in self._without_password:
                yield Outcome(change=change, result=Result.SKIPPED, message="the password could not be set")
            elif isinstance(change, AddMembers | RemoveMembers) and not self._reachable(change.members):
                yield Outcome(change=change, result=Result.SKIPPED, message="none of the members is where it should be")
            elif isinstance(change, Modify) and self._needs_missing(change):
                yield Outcome(change=change, result=Result.SKIPPED, message="the manager could not be created")

    def _without_astray(self, change: Change) -> Change:
        """Members are named by where they should be by now: those who are not would be somebody else."""
        if not isinstance(change, AddMembers | RemoveMembers):
            return change
        return replace(change, members=self._reachable(change.members))

    def _reachable(self, members: tuple[Member, ...]) -> tuple[Member, ...]:
        return tuple(member for member in members if member.key not in self._astray)

    def _needs_missing(self, change: Modify) -> bool:
        return any(str(attribute.after) in self._missing_dns for attribute in change.attributes)

    def _intentions(self, changes: Sequence[Change]) -> list[Intention]:
        now = self._context.now()
        return [
            Intention(key=change.key, sam_account_name=change.sam_account_name or "", dn=change.dn, intended_at=now)
            for change in changes
            if isinstance(change, CreateUser | CreateGroup)
        ]

    def _remember(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes += outcomes
        for outcome in outcomes:
            if outcome.result is Result.DONE:
                continue
            self._failures += outcome.result is Result.FAILED
            self._broken |= outcome.result is Result.UNKNOWN
            self._remember_missing(outcome.change)

    def _remember_missing(self, change: Change) -> None:
        """What later changes of the plan cannot count on: absent objects, and those not under their new name."""
        if isinstance(change, CreateUser | CreateGroup):
            self._absent.add(change.key)
        if isinstance(change, CreateUser | CreateGroup | Rename):
            self._astray.add(change.key)
        if isinstance(change, CreateUser):
            self._missing_dns.add(change.dn)
        if isinstance(change, SetPassword):
            self._without_password.add(change.key)

    def _too_many_failures(self) -> bool:
        return self._failures > self._limits.failures.of(len(self.outcomes))


def _require_containers(difference: Difference) -> None:
    missing = [change.dn for change in difference.changes if isinstance(change, CreateContainer)]
    if missing:
        raise ConfigurationError(
            *(f"the organizational unit {dn} is not in the directory" for dn in missing),
            todo="Create it, or switch create_containers on in connect.connect_config",
            reason="ContainerMissing",
        )


async def _whereabouts(
    store: Store, directory: Directory, context: Context, actual: Snapshot, state: State, *, places: Sequence[str]
) -> Whereabouts:
    missing = missing_guids(state, actual)
    elsewhere = await directory.locate(missing) if missing else {}
    require_nothing_overlooked(places, elsewhere)
    nowhere = [guid for guid in missing if guid not in elsewhere]
    require_complete(state, actual, context.settings.limits, nowhere=nowhere, elsewhere=elsewhere)
    intentions = await store.read_intentions()
    recovered = recognise(intentions, state, actual, frozenset(nowhere))
    remains = await directory.find_deleted(nowhere) if nowhere else {}
    return Whereabouts(elsewhere=elsewhere, recovered=recovered, remains=remains)


def _passwords(state: State, context: Context) -> Passwords:
    keyring = Keyring(context.settings.encryption_keys)
    sealed = {account.key: account.initial_password for account in state.accounts}

    def open_password(key: AccountKey) -> Secret:
        found = sealed[key]
        assert found is not None, "a user without an initial password is not planned"
        return keyring.open(found, owner=user_owner(key))

    return open_password


def _periods(configuration: Configuration, context: Context) -> Periods:
    def grace_days(key: ObjectKey) -> int:
        if not isinstance(key, AccountKey):
            return configuration.group_grace_days(key)
        audience = configuration.students if key.type is UserType.STUDENT else configuration.staff
        return audience.grace_days

    return Periods(
        now=context.now(), today=context.today, grace_days=grace_days, reserve_days=configuration.reserve_days
    )


def _batches(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    return (changes[start : start + BATCH] for start in range(0, len(changes), BATCH))
