"""Whether what was read from a directory can be believed: nothing is planned on half a picture."""

from collections.abc import Mapping, Sequence

from connect_worker.core.dn import is_below
from connect_worker.errors import IncompleteReadError
from connect_worker.model.configuration import Limits
from connect_worker.model.directory import Snapshot
from connect_worker.model.ids import Guid
from connect_worker.model.state import State


def missing_guids(state: State, actual: Snapshot) -> tuple[Guid, ...]:
    """Linked objects that the snapshot does not hold, to be looked up by GUID in the whole domain (ruling 37)."""
    seen = {user.guid for user in actual.users} | {group.guid for group in actual.groups}
    linked = (record.object_guid for record in state.records)
    return tuple(guid for guid in linked if guid is not None and guid not in seen)


def require_nothing_overlooked(places: Sequence[str], elsewhere: Mapping[Guid, str]) -> None:
    """Raise IncompleteReadError if one of our objects stands where everything was read, and was not among it.

    That is how an answer shows that was cut off and says that it is whole.
    """
    overlooked = [dn for dn in elsewhere.values() if any(is_below(dn, place) for place in places)]
    if overlooked:
        raise IncompleteReadError(
            f"{len(overlooked)} of Connect's objects were left out as the directory was read, such as {overlooked[0]}",
            todo="Nothing was written. Run again; if it stays, check the account's rights and the server's limits",
        )


def require_complete(
    state: State, actual: Snapshot, limits: Limits, *, nowhere: Sequence[Guid], elsewhere: Mapping[Guid, str]
) -> None:
    """Raise IncompleteReadError if a base is gone that holds our objects, or more are away than the limit.

    `nowhere` and `elsewhere` are the linked objects that the snapshot does not hold.
    """
    linked = [record for record in state.records if record.object_guid is not None]
    for base in actual.missing_bases:
        inside = sum(record.dn is not None and is_below(record.dn, base) for record in linked)
        if inside:
            raise IncompleteReadError(
                f"The directory has no {base}, where Connect has {inside} objects",
                todo="Check the DNs of the configuration and the rights of the bind account; nothing was changed",
                reason="BaseMissing",
            )
    limit = limits.recreations.of(len(linked))
    if len(nowhere) > limit:
        raise IncompleteReadError(
            f"{len(nowhere)} of Connect's {len(linked)} objects were not found in the directory, {limit} may be",
            todo="Check the rights of the bind account and whether somebody deleted objects; nothing was changed",
        )
    if len(elsewhere) > limit:
        raise IncompleteReadError(
            f"{len(elsewhere)} of Connect's {len(linked)} objects stand outside the configured OUs, such as "
            f"{next(iter(elsewhere.values()))}; {limit} may",
            todo="Was an OU renamed, or its DN changed in the configuration? Move the objects or correct the DN",
            reason="ObjectsMovedOut",
        )
