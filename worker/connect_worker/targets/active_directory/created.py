"""The GUIDs of objects that were just created, asked for many at a time.

A search for each would keep the directory busy for a twentieth of the time that the creates take.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connect_worker.errors import IncompleteReadError
from connect_worker.model.change import CreateGroup, CreateUser
from connect_worker.model.ids import Guid
from connect_worker.model.outcome import Outcome, Result
from connect_worker.targets.active_directory.read import Reader


def with_guids(reader: Reader, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes, those of created users and groups with the objects' GUIDs.

    One whose GUID cannot be read has failed: the next run recognises it by its intention (ruling 34). Raises
    ConnectionFailedError.
    """
    names = [name for outcome in outcomes if (name := _created_name(outcome)) is not None]
    try:
        guids = reader.read_guids(names)
    except IncompleteReadError as refused:
        return _all_created(outcomes, Result.FAILED, f"it was created, but not linked: {refused}")
    return tuple(_identified(outcome, guids) for outcome in outcomes)


def without_guids(outcomes: Sequence[Outcome], why: str) -> tuple[Outcome, ...]:
    """The outcomes, where nobody could be asked for the GUIDs: what became of the creates is not known then."""
    return _all_created(outcomes, Result.UNKNOWN, why)


def _all_created(outcomes: Sequence[Outcome], result: Result, message: str) -> tuple[Outcome, ...]:
    return tuple(
        outcome if _created_name(outcome) is None else replace(outcome, result=result, message=message)
        for outcome in outcomes
    )


def _created_name(outcome: Outcome) -> str | None:
    """The sAM account name, unique in the domain, of a user or group that was created."""
    if outcome.result is Result.DONE and isinstance(outcome.change, CreateUser | CreateGroup):
        return outcome.change.sam_account_name
    return None


def _identified(outcome: Outcome, guids: Mapping[str, Guid]) -> Outcome:
    name = _created_name(outcome)
    if name is None:
        return outcome
    guid = guids.get(name.casefold())
    if guid is None:
        return replace(outcome, result=Result.FAILED, message="it was created, but the account may not see it")
    return replace(outcome, guid=guid)
