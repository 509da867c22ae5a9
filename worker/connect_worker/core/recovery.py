"""What a killed run left behind: objects that it created and could not write back (ruling 34)."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from connect_worker.core.dn import normalise, split
from connect_worker.model.directory import ActualGroup, ActualUser, ObjectKey, Snapshot
from connect_worker.model.ids import AccountKey, Guid
from connect_worker.model.state import Intention, State


def recognise(intentions: Iterable[Intention], state: State, actual: Snapshot) -> Mapping[ObjectKey, Guid]:
    """The unlinked objects that an earlier run intended: exactly this sAM name, in the intended OU, created since."""
    unlinked = {record.key for record in state.records if record.object_guid is None}
    linked = {record.object_guid for record in state.records}
    users = {_folded(user.login.sam_account_name): user for user in actual.users if user.guid not in linked}
    groups = {_folded(group.sam_account_name): group for group in actual.groups if group.guid not in linked}
    found: dict[ObjectKey, Guid] = {}
    for intention in intentions:
        objects: Mapping[str, ActualUser | ActualGroup] = users if isinstance(intention.key, AccountKey) else groups
        candidate = objects.get(_folded(intention.sam_account_name))
        if intention.key in unlinked and candidate is not None and _is_meant(intention, candidate):
            found[intention.key] = candidate.guid
    return found


def _is_meant(intention: Intention, candidate: ActualUser | ActualGroup) -> bool:
    same_parent = normalise(split(candidate.dn)[1]) == normalise(split(intention.dn)[1])
    # whenCreated has whole seconds, the intention has fractions.
    return same_parent and _created(candidate) >= intention.intended_at.replace(microsecond=0)


def _created(candidate: ActualUser | ActualGroup) -> datetime:
    created = datetime.fromisoformat(candidate.created)
    return created if created.tzinfo is not None else created.replace(tzinfo=UTC)


def _folded(name: str | None) -> str:
    return (name or "").casefold()
