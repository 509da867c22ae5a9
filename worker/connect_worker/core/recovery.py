"""What a killed run left behind: objects that it created and could not write back (ruling 34)."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connect_worker.core.dn import normalise, split
from connect_worker.model.directory import ActualGroup, ActualUser, ObjectKey, Snapshot, TakenName
from connect_worker.model.ids import AccountKey, Guid
from connect_worker.model.state import Intention, State

CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much a directory's clock may be behind ours: Kerberos' own limit."""


def recognise(
    intentions: Iterable[Intention], state: State, actual: Snapshot, nowhere: Container[Guid] = ()
) -> Mapping[ObjectKey, Guid]:
    """The unlinked objects that an earlier run intended: exactly this sAM name, in the intended OU, created since.

    A row is unlinked also when the object that it knew is `nowhere`: it was being created anew. A name that two rows
    were to bear, one after the other, was made for the later one: an object is never linked twice.
    """
    records = state.records
    unlinked = {record.key for record in records if record.object_guid is None or record.object_guid in nowhere}
    linked = {record.object_guid for record in state.records}
    users = {_folded(user.login.sam_account_name): user for user in actual.users if user.guid not in linked}
    groups = {_folded(group.sam_account_name): group for group in actual.groups if group.guid not in linked}
    owners: dict[Guid, ObjectKey] = {}
    for intention in sorted(intentions, key=lambda intention: intention.intended_at):
        objects: Mapping[str, ActualUser | ActualGroup] = users if isinstance(intention.key, AccountKey) else groups
        candidate = objects.get(_folded(intention.sam_account_name))
        if intention.key in unlinked and candidate is not None and is_meant(intention, candidate):
            owners[candidate.guid] = intention.key
    return {key: guid for guid, key in owners.items()}


def with_links(state: State, recovered: Mapping[ObjectKey, Guid]) -> State:
    """The state with these rows linked to these objects."""
    if not recovered:
        return state
    return replace(
        state,
        accounts=tuple(replace(a, object_guid=recovered[a.key]) if a.key in recovered else a for a in state.accounts),
        groups=tuple(replace(g, object_guid=recovered[g.key]) if g.key in recovered else g for g in state.groups),
    )


def is_meant(intention: Intention, found: ActualUser | ActualGroup | TakenName) -> bool:
    """Whether an object with the intended sAM name is the one: in the intended OU, and created since."""
    same_parent = normalise(split(found.dn)[1]) == normalise(split(intention.dn)[1])
    return same_parent and _created(found) >= intention.intended_at - CLOCKS_DIFFER


def _created(found: ActualUser | ActualGroup | TakenName) -> datetime:
    created = datetime.fromisoformat(found.created)
    return created if created.tzinfo is not None else created.replace(tzinfo=UTC)


def _folded(name: str | None) -> str:
    return (name or "").casefold()
