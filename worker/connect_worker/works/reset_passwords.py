"""`password reset`: initial passwords are ordered anew, and set at once where that is asked for."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connect_worker.core.candidates import Candidate, candidates
from connect_worker.core.manual import NewPassword
from connect_worker.core.password_reset import Reset, ResetOrder, chosen, resets, with_new_passwords
from connect_worker.core.passwords import generate
from connect_worker.core.school import School
from connect_worker.errors import ChangesFailedError
from connect_worker.model.account import Account
from connect_worker.model.configuration import Configuration, PasswordPolicy
from connect_worker.model.ids import AccountKey
from connect_worker.model.office_act import OfficeAct
from connect_worker.model.outcome import Outcome, Result
from connect_worker.model.person import MasterData
from connect_worker.model.secret import SealedSecret
from connect_worker.model.state import State
from connect_worker.pipeline import Run
from connect_worker.stages import sync, urgent_reset
from connect_worker.store.crypto import Keyring, user_owner
from connect_worker.store.repository import Store

ACT = "order_password_reset"
_LEFT = "somebody has changed the record meanwhile: order it again"


class Fate(StrEnum):
    """What became of one password."""

    SET = "set"
    NEXT_SYNC = "next_sync"
    STORED = "stored"
    REFUSED = "refused"
    LEFT = "left"


_WORDS = {
    Fate.SET: "set in the directory",
    Fate.NEXT_SYNC: "stored, to be set by the next sync",
    Fate.STORED: "stored, not set: ",
    Fate.REFUSED: "refused by the directory: ",
    Fate.LEFT: "not stored: ",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What is told of one account; never its password."""

    key: AccountKey
    name: str
    fate: Fate
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Who is meant by an order, today."""

    configuration: Configuration
    state: State
    master_data: MasterData | None
    resets: tuple[Reset, ...]


async def choose(store: Store, order: ResetOrder) -> Choice:
    """Read, and find who is meant. Raises ConfigurationError; nothing is changed.

    The school's data are needed for a class, and for the policies of new passwords; a reset of named users to what is
    stored already does without them.
    """
    master_data = None
    if order.class_id is not None or order.generate:
        night = await store.read_night()
        configuration, state, master_data = night.configuration, night.state, night.master_data
    else:
        configuration, state = await store.read_own()
    accounts = chosen(order, state, master_data.students if master_data is not None else ())
    return Choice(
        configuration=configuration,
        state=state,
        master_data=master_data,
        resets=resets(accounts, state, configuration),
    )


class PasswordReset:
    """One order as a run; afterwards `told` says what became of each password."""

    def __init__(self, order: ResetOrder, *, now: bool, by: str) -> None:
        """`now`: set them in the directory at once, instead of with the next sync. `by`: who ordered it."""
        self.told: tuple[Told, ...] = ()
        self._order = order
        self._now = now
        self._by = by

    async def __call__(self, run: Run) -> None:
        """Raises ConfigurationError, and ChangesFailedError if a password was refused or a record left."""
        await run.begin()
        choice = await choose(run.store, self._order)
        found = choice.resets
        if self._order.generate:
            found = with_new_passwords(found, choice.configuration, _candidates(choice, run), _new_password(run))
        written, left = await self._stored(run, choice.state, found)
        obstacles = {reset.account.key: reset.obstacle for reset in found if reset.obstacle is not None}
        obstacles |= dict.fromkeys(left, _LEFT)
        outcomes: Sequence[Outcome] = ()
        if self._now:
            ready = [a for a in written.accounts if a.key in _keys(found) and a.key not in obstacles]
            outcomes, missed = await _set(run, ready, written, choice.configuration)
            obstacles |= missed
        self.told = tuple(self._told(reset.account, obstacles, outcomes, left) for reset in found)
        run.tally.reason = "PasswordsSet" if any(told.fate is Fate.SET for told in self.told) else "ResetOrdered"
        run.context.stop.raise_if_requested()
        _require_done(self.told)

    def as_json(self) -> Mapping[str, object]:
        """What became of each, never with a password."""
        rows = [{"user": str(t.key), "name": t.name, "outcome": t.fate.value, "why": t.why} for t in self.told]
        return {"passwords": rows}

    def lines(self) -> Iterable[str]:
        """The same for people."""
        return (f"{told.key} {told.name}: {_WORDS[told.fate]}{told.why}" for told in self.told)

    async def _stored(self, run: Run, state: State, found: Iterable[Reset]) -> tuple[State, set[AccountKey]]:
        """The tables with flags and new passwords, and the keys of the rows that somebody changed meanwhile."""
        ordered = {reset.account.key: reset.account for reset in found}
        wanted = State(
            accounts=tuple(ordered.get(account.key, account) for account in state.accounts),
            groups=state.groups,
            memberships=state.memberships,
            reserved=state.reserved,
        )
        async with run.store.transaction():
            written = await run.store.write_state(state, wanted)
            left = {key for key in written.left if isinstance(key, AccountKey)}
            acts = [self._act(account) for key, account in ordered.items() if key not in left]
            await run.store.record_acts(run.context.run_id, acts)
        return written.state, left

    def _act(self, account: Account) -> OfficeAct:
        kind = "a new" if self._order.generate else "the stored"
        return OfficeAct(
            kind=ACT,
            key=account.key,
            dn=account.dn or "",
            sentence=f"{self._by} ordered {kind} initial password for {account.key}",
            after={"by": self._by, "generated": self._order.generate, "now": self._now},
        )

    def _told(
        self, account: Account, obstacles: dict[AccountKey, str], outcomes: Sequence[Outcome], left: set[AccountKey]
    ) -> Told:
        key, name = account.key, account.profile.display_name or account.names.cn or ""
        outcome = next((outcome for outcome in outcomes if outcome.change.key == key), None)
        if key in left:
            return Told(key=key, name=name, fate=Fate.LEFT, why=_LEFT)
        if key in obstacles:
            return Told(key=key, name=name, fate=Fate.STORED, why=obstacles[key])
        if outcome is None:
            return Told(key=key, name=name, fate=Fate.NEXT_SYNC)
        if outcome.result is Result.DONE:
            return Told(key=key, name=name, fate=Fate.SET)
        return Told(key=key, name=name, fate=Fate.REFUSED, why=outcome.message)


async def _set(
    run: Run, accounts: Sequence[Account], state: State, configuration: Configuration
) -> tuple[Sequence[Outcome], dict[AccountKey, str]]:
    """Set these passwords in the directory: the outcomes, and why others were not tried."""
    if not accounts:
        return (), {}
    async with run.open_directory() as directory:
        with run.tally.stage("plan"):
            urgent = await urgent_reset.make(directory, accounts, state=state, configuration=configuration)
        run.tally.planned(urgent.planned.plan)
        with run.tally.stage("apply"):
            outcomes = await sync.apply(run.store, directory, run.context, urgent.planned)
    run.tally.applied(outcomes)
    return outcomes, urgent.obstacles


def _require_done(told: Iterable[Told]) -> None:
    undone = [one for one in told if one.fate in {Fate.REFUSED, Fate.LEFT}]
    if undone:
        raise ChangesFailedError(
            f"{len(undone)} of the passwords were not set; the first: {undone[0].key}: {undone[0].why}",
            todo="The flags of those that were refused stay: the next sync tries again",
        )


def _keys(found: Iterable[Reset]) -> set[AccountKey]:
    return {reset.account.key for reset in found}


def _candidates(choice: Choice, run: Run) -> dict[AccountKey, Candidate]:
    assert choice.master_data is not None, "new passwords are made by policies, which the school's data choose"
    configuration = choice.configuration
    school = School(
        choice.master_data,
        today=run.context.today,
        mandants=[row.number for row in configuration.mandants],
        carry_over_days=configuration.class_carry_over_days,
    )
    return {candidate.key: candidate for candidate in candidates(configuration, school)}


def _new_password(run: Run) -> NewPassword:
    keyring = Keyring(run.context.settings.encryption_keys)
    random = secrets.SystemRandom()

    def new_password(key: AccountKey, policy: PasswordPolicy, avoid: frozenset[str]) -> SealedSecret:
        return keyring.seal(generate(policy, avoid=avoid, random=random), owner=user_owner(key))

    return new_password
