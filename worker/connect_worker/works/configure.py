"""`config`: what the school has configured, and what another configuration would do to today's data (ruling 42)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from connect_worker.core import consistency
from connect_worker.core.effects import Effect, effects, warnings
from connect_worker.core.prefixes import holders
from connect_worker.core.update import update
from connect_worker.errors import ConfigurationError
from connect_worker.model.configuration import Configuration, PasswordPolicy
from connect_worker.model.ids import AccountKey
from connect_worker.model.office_act import OfficeAct
from connect_worker.model.person import MasterData
from connect_worker.model.secret import SealedSecret, Secret
from connect_worker.model.state import State
from connect_worker.pipeline import Run
from connect_worker.store.crypto import Keyring, config_owner
from connect_worker.store.repository import Store
from connect_worker.store.settings_document import (
    SECRETS,
    Document,
    SettingChange,
    changes,
    merged,
    setting_at,
    with_value,
)
from connect_worker.store.settings_tables import SettingsTables
from connect_worker.works.configuration_file import value_from

ACT = "change_configuration"
PREFIX_IN_USE = "TestPrefixInUse"
_MASKED = "***"
_NO_PASSWORD = SealedSecret("v1.none")


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """One `NAME=VALUE`: `path` leads to a setting, `text` is what was written."""

    path: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """What a person wants: single settings, a whole file (`given`), and secrets; a secret None is taken out."""

    assignments: tuple[Assignment, ...] = ()
    given: object = None
    secrets: Mapping[str, Secret | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """The settings as they would be, what differs, and what that would do; `unknown`: why its effect is not known."""

    present: Document
    proposed: Document
    changes: tuple[SettingChange, ...]
    secrets: tuple[str, ...]
    effects: tuple[Effect, ...]
    unknown: str | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be saved."""
        return not self.changes and not self.secrets

    def lines(self) -> Iterable[str]:
        """For people, who are asked whether they want that."""
        yield from (change.sentence for change in self.changes)
        yield from (f"{name}: a secret is {'set' if name in self.secrets else 'kept'}" for name in self.secrets)
        if self.unknown is not None:
            yield f"What it does to today's data is not known: {self.unknown}"
        elif not self.effects:
            yield "It changes nothing in today's data."
        yield from (f"→ {effect.sentence}" for effect in self.effects)


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """When the effect is looked at: the day that a run would work for, its moment, and the program's version."""

    today: date
    now: datetime
    version: str


async def check(store: Store) -> None:
    """Raise ConfigurationError with everything that is wrong in the tables as they stand."""
    tables = await store.settings_tables()
    faults = await _faults(store, tables, await tables.read())
    if faults:
        raise _refused(faults)


async def propose(store: Store, edit: Edit, day: Day) -> Proposal:
    """What an edit would change, and what that would do to today's data. Nothing is saved.

    Raises ConfigurationError with everything that is wrong, and for a test prefix that objects bear.
    """
    tables = await store.settings_tables()
    present = await tables.read()
    proposed = _edited(tables, present, edit)
    faults = await _faults(store, tables, proposed)
    if faults:
        raise _refused(faults)
    found = changes(tables.tables, present, proposed)
    await _require_prefix(store, found)
    seen, unknown = await _effects(store, tables, proposed, day) if found else ((), None)
    return Proposal(
        present=present,
        proposed=proposed,
        changes=found,
        secrets=tuple(edit.secrets),
        effects=seen,
        unknown=unknown,
    )


class Configure:
    """Saves a proposal as a run of its own, if the settings are still those that it was made from."""

    def __init__(self, proposal: Proposal, edit: Edit, *, by: str) -> None:
        """`by`: who ordered it, for the audit."""
        self._proposal = proposal
        self._edit = edit
        self._by = by

    async def __call__(self, run: Run) -> None:
        """Raises ConfigurationError if somebody else has changed the settings in between."""
        await run.begin()
        tables = await run.store.settings_tables()
        keyring = Keyring(run.context.settings.encryption_keys)
        await _require_prefix(run.store, self._proposal.changes)
        async with run.store.transaction():
            if await tables.read() != self._proposal.present:
                raise ConfigurationError(
                    "somebody has changed the configuration in between",
                    todo="Look at it with connect-worker config show, and order the change again",
                    reason="ConfigurationChangedMeanwhile",
                )
            await tables.write(self._proposal.proposed)
            for name, secret in self._edit.secrets.items():
                sealed = None if secret is None else keyring.seal(secret, owner=config_owner(name))
                await tables.write_secret(name, sealed)
            await run.store.record_acts(run.context.run_id, list(self._acts()))
        run.tally.reason = "NothingToDo" if self._proposal.is_empty else "Configured"

    def as_json(self) -> Mapping[str, object]:
        """What was changed, and what it will do."""
        proposal = self._proposal
        return {
            "changes": [{"path": c.path, "before": c.before, "after": c.after} for c in proposal.changes],
            "secrets": list(proposal.secrets),
            "effects": [
                {"what": e.what, "reason": e.reason, "count": e.count, "examples": list(e.examples)}
                for e in proposal.effects
            ],
            "effectUnknown": proposal.unknown,
        }

    def lines(self) -> Iterable[str]:
        """The same for people, who have seen it before they said yes."""
        return ()

    def _acts(self) -> Iterable[OfficeAct]:
        for change in self._proposal.changes:
            yield OfficeAct(
                kind=ACT,
                sentence=f"{self._by} set {change.sentence}",
                before={change.path: change.before},
                after={change.path: change.after, "by": self._by},
            )
        for name, secret in self._edit.secrets.items():
            what = "took out" if secret is None else "set"
            yield OfficeAct(
                kind=ACT,
                sentence=f"{self._by} {what} the secret {name}",
                after={name: None if secret is None else _MASKED, "by": self._by},
            )


def _edited(tables: SettingsTables, present: Document, edit: Edit) -> Document:
    faults: list[str] = []
    proposed = present if edit.given is None else merged(tables.tables, present, edit.given, faults)
    for assignment in edit.assignments:
        try:
            value = _value(tables, assignment)
            proposed = with_value(tables.tables, proposed, assignment.path, value)
        except KeyError as error:
            faults.append(str(error.args[0]))
        except ConfigurationError as error:
            faults += (f"{assignment.path}: {fault}" for fault in error.faults)
    if faults:
        raise _refused(faults)
    return proposed


def _value(tables: SettingsTables, assignment: Assignment) -> Any:
    """The value as its column has it: a text is what was written, and nothing is no value where there may be none."""
    if assignment.path in SECRETS:
        raise KeyError(f"{assignment.path} is a secret, which no command line may hold: {assignment.path}=@FILE")
    column = setting_at(tables.tables, assignment.path)
    if not assignment.text and column.nullable:
        return None
    return assignment.text if column.type == "text" else value_from(assignment.text)


async def _faults(store: Store, tables: SettingsTables, proposed: Document) -> tuple[str, ...]:
    refused = await tables.refused(proposed)
    if refused:
        return refused
    try:
        async with tables.tried(proposed):
            configuration = await store.read_configuration()
    except ConfigurationError as error:
        return error.faults
    return consistency.faults_of(configuration)


async def _require_prefix(store: Store, found: Sequence[SettingChange]) -> None:
    change = next((change for change in found if change.path == "general.test_prefix"), None)
    if change is None:
        return
    state = await store.read_state()
    bearers = holders(state, change.before)
    if bearers:
        bear = f"bear the prefix {change.before}" if change.before else "bear none"
        raise ConfigurationError(
            f"the test prefix cannot be changed: {len(bearers)} linked objects {bear}, such as {bearers[0]}",
            todo="Delete these objects first, or unlink their rows",
            reason=PREFIX_IN_USE,
        )


async def _effects(
    store: Store, tables: SettingsTables, proposed: Document, day: Day
) -> tuple[tuple[Effect, ...], str | None]:
    """What the proposal does to today's data, or why that is not known, such as a school without views yet."""
    try:
        master, state = await store.read_data()
        async with tables.tried(proposed):
            configuration = await store.read_configuration()
        future = _updated(state, master, configuration, day)
    except ConfigurationError as error:
        return (), str(error)
    try:
        known: Configuration | None = await store.read_configuration()
        present = _updated(state, master, known, day) if known is not None else state
    except ConfigurationError:
        known, present = None, state
    return (*effects(present, future), *warnings(present, known, future, configuration)), None


def _updated(state: State, master: MasterData, configuration: Configuration, day: Day) -> State:
    return update(
        state,
        master,
        replace(configuration, locked_by=None, lock_reason=None, locked_at=None),
        today=day.today,
        now=day.now,
        version=day.version,
        new_password=_no_password,
    ).state


def _no_password(key: AccountKey, policy: PasswordPolicy, avoid: frozenset[str]) -> SealedSecret:
    """A trial makes no secrets."""
    del key, policy, avoid
    return _NO_PASSWORD


def _refused(faults: Iterable[str]) -> ConfigurationError:
    return ConfigurationError(*faults, todo="Correct all of it and try again; nothing was saved")
