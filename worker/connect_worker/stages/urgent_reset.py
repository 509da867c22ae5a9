"""A plan of nothing but passwords: neither others' warnings nor the office's lock stop it (ruling 29).

The accounts are looked up by GUID and read one by one, so that a fault elsewhere in the directory stops nothing either.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from connect_worker.core.bases import bases
from connect_worker.core.diff import Difference
from connect_worker.core.dn import is_below, value_of
from connect_worker.core.plan import make_plan
from connect_worker.model.account import Account
from connect_worker.model.change import Cause, SetPassword
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ActualUser, ObjectKey
from connect_worker.model.ids import AccountKey, Guid
from connect_worker.model.state import State
from connect_worker.stages import sync
from connect_worker.targets.base import Directory


@dataclass(frozen=True, kw_only=True, slots=True)
class UrgentPlan:
    """What is set at once, and why the others are not."""

    planned: sync.Planned
    obstacles: dict[AccountKey, str]


async def make(
    directory: Directory, accounts: Sequence[Account], *, state: State, configuration: Configuration
) -> UrgentPlan:
    """Look at these accounts alone. Raises IncompleteReadError, ConnectionFailedError."""
    places = bases(configuration, state)
    found = await directory.locate([account.object_guid for account in accounts if account.object_guid is not None])
    inside = [dn for dn in found.values() if any(is_below(dn, place) for place in places)]
    seen = (await sync.read(directory, configuration, inside)).users if inside else ()
    users = {user.guid: user for user in seen}
    prefix = configuration.test_prefix
    obstacles = {a.key: why for a in accounts if (why := _obstacle(a, users, found, prefix)) is not None}
    changes = tuple(_set_password(a, users) for a in accounts if a.key not in obstacles)
    nothing: frozenset[ObjectKey] = frozenset()
    difference = Difference(
        changes=changes,
        vanished=nothing,
        locked_out=nothing,
        let_in=nothing,
        notes=tuple(f"{key}: {why}" for key, why in obstacles.items()),
    )
    planned = sync.Planned(
        plan=make_plan(difference, {}),
        places=places,
        state=state,
        configuration=configuration,
        blocked=_everything(state),
    )
    return UrgentPlan(planned=planned, obstacles=obstacles)


def _everything(state: State) -> frozenset[ObjectKey]:
    """Nothing is settled but the passwords: this plan has not looked at what else may be due."""
    return frozenset(record.key for record in state.records)


def _obstacle(account: Account, users: dict[Guid, ActualUser], found: dict[Guid, str], prefix: str) -> str | None:
    guid = account.object_guid
    user = users.get(guid) if guid is not None else None
    if user is None:
        where = found.get(guid) if guid is not None else None
        return f"it was moved out of the configured OUs to {where}" if where else "its object is not in the directory"
    if user.protected:
        return "it is protected"
    bare = bool(prefix) and not value_of(user.dn).casefold().startswith(prefix.casefold())
    return f"its name lacks the test prefix {prefix}" if bare else None


def _set_password(account: Account, users: dict[Guid, ActualUser]) -> SetPassword:
    assert account.object_guid is not None, "who has no account has an obstacle"
    return SetPassword(
        key=account.key,
        guid=account.object_guid,
        dn=users[account.object_guid].dn,
        must_change_password=account.must_change_password,
        cause=Cause.CONFIRMED_RESET,
    )
