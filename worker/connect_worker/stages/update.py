"""Update and validate: the shell around `core.update` and `core.validation` (ruling 33).

The views are read in one snapshot; then it is computed; then written and validated in a second transaction, which
commits also when there are warnings.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from connect_worker.core import update as core
from connect_worker.core.bases import bases
from connect_worker.core.employee_ids import identities_of
from connect_worker.core.passwords import generate
from connect_worker.core.reservation import strangers, with_foreign_names
from connect_worker.core.validation import Validation, validate
from connect_worker.model.account import Account
from connect_worker.model.configuration import Configuration, PasswordPolicy
from connect_worker.model.directory import ObjectKey, TakenName
from connect_worker.model.finding import Note
from connect_worker.model.ids import AccountKey
from connect_worker.model.person import MasterData
from connect_worker.model.secret import SealedSecret
from connect_worker.model.state import State
from connect_worker.stages.context import Context
from connect_worker.stages.gate import Verdict, judge_scope
from connect_worker.store.crypto import Keyring, user_owner
from connect_worker.store.repository import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Updated:
    """The tables as they stand after the update, and what the report tells of it."""

    state: State
    configuration: Configuration
    validation: Validation
    in_scope: int
    out_of_scope: int
    conflicts: int
    changed: Counter[str]


async def update(
    store: Store, context: Context, taken: Sequence[TakenName] | None, *, judged: Callable[[Verdict], None]
) -> Updated:
    """Bring Connect's tables to today. Raises BlockedBySafetyGateError before anything is written (ruling 33).

    `taken` are the names in the directory; None: the reserved names of the last run hold (ruling 12). `judged` hears
    what the safety gate says of the change of scope.
    """
    night = await store.read_night()
    known, found = night.state, None
    if taken is not None:
        places = bases(night.configuration, known)
        found = strangers(known, taken, await store.read_intentions())
        known = with_foreign_names(known, found, places, partial(identities_of, configuration=night.configuration))
    random = secrets.SystemRandom()
    keyring = Keyring(context.settings.encryption_keys)

    def new_password(key: AccountKey, policy: PasswordPolicy, avoid: frozenset[str]) -> SealedSecret:
        return keyring.seal(generate(policy, avoid=avoid, random=random), owner=user_owner(key))

    result = core.update(
        known,
        night.master_data,
        night.configuration,
        today=context.today,
        now=datetime.combine(context.today, context.now().astimezone(context.settings.time_zone).time()),
        version=context.version,
        new_password=new_password,
        strangers=found,
    )
    verdict = await judge_scope(store, context, night.state.accounts, result.state.accounts)
    judged(verdict)
    verdict.require_open()
    async with store.transaction():
        written = await store.write_state(night.state, result.state)
        validation = await _validated(store, written.state, night.configuration, result.notes)
    return Updated(
        state=written.state,
        configuration=night.configuration,
        validation=validation,
        in_scope=result.students_in_scope + result.staff_in_scope,
        out_of_scope=_people(night.master_data) - result.students_in_scope - result.staff_in_scope,
        conflicts=len(written.left),
        changed=_changed(night.state, result.state),
    )


async def read_validated(store: Store) -> tuple[Configuration, State, Validation]:
    """The tables as they are, validated anew: for `validate` and `sync` on their own.

    The notes are the last update's, for only it sees the master data.
    """
    configuration, state = await store.read_own()
    async with store.transaction():
        return configuration, state, await _validated(store, state, configuration, await store.read_notes())


async def _validated(store: Store, state: State, configuration: Configuration, notes: Iterable[Note]) -> Validation:
    validation = validate(state, configuration, notes)
    shown: dict[ObjectKey, int] = dict(validation.user_codes.items())
    shown.update(validation.group_codes.items())
    await store.write_findings(validation.findings, shown)
    return validation


def _people(data: MasterData) -> int:
    return len(data.students) + len(data.staff)


def _changed(before: State, after: State) -> Counter[str]:
    old = {record.key: record for record in before.records}
    counts: Counter[str] = Counter()
    for record in after.records:
        kind = "users" if isinstance(record, Account) else "groups"
        if record.key not in old:
            counts[f"{kind} new"] += 1
        elif record != old[record.key]:
            counts[f"{kind} changed"] += 1
    return counts
