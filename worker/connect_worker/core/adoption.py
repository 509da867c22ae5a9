"""Whose an object is that stood in the directory before Connect (ruling 40).

By employeeID, sAM name, or the GUID that connect_migration names; never by name or mail.

    row            object                                               becomes
    unlinked       one that says so                                     adopted, if the configuration allows it
    unlinked       two, or one that two rows claim                      ambiguous: nothing is done
    unlinked       protected by the directory, or by its employeeID     refused: nothing is done
                   somebody else's
    linked, gone   any                                                  refused: not created anew beside it

Whoever is refused gets no account until a person has looked into it: it would be his second one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from connect_worker.core.employee_ids import (
    bears_prefix,
    identities_of,
    identity_of,
    key_in,
    plain_insurance_number,
)
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ObjectKey, ObjectKind, TakenName
from connect_worker.model.ids import AccountKey, Guid


class Refusal(Enum):
    """Why an object is not adopted, and what a person does about it."""

    AMBIGUOUS = "more than one object, or more than one row: take employeeID or sAM account name off the wrong one"
    PROTECTED = "protected by the directory: Connect takes no administrators; clear adminCount if it is none any more"
    SOMEBODY_ELSES = "its employeeID is somebody else's: correct employeeID or sAM account name"
    LINKED_ELSEWHERE = "its row is linked to an object that was deleted: clear the row's GUID, or delete this object"
    NOT_ALLOWED = "adoption is off: set connect_config.adoption, or delete or rename the object"
    NAMES = (
        "its names cannot be taken over as they are, or no update has seen it: run again; then rename it in the "
        "directory, or tick «Regenerate Names» or set rename_at_adoption"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What a row without object would know its own one by. `gone`: it had another one, which was deleted."""

    key: ObjectKey
    sam_account_name: str | None
    employee_id: str | None = None
    guid: Guid | None = None
    gone: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Objects that a row claims and does not get."""

    key: ObjectKey
    dns: tuple[str, ...]
    why: Refusal


@dataclass(frozen=True, kw_only=True, slots=True)
class Matches:
    """Which row gets which object, and which none although there is one."""

    found: Mapping[ObjectKey, TakenName]
    refused: tuple[Refused, ...]


NO_MATCHES = Matches(found={}, refused=())


def match(claims: Iterable[Claim], strangers: Iterable[TakenName], configuration: Configuration) -> Matches:
    """Find each claim's object among those in the customer's OUs that belong to no row."""
    known = _Strangers(strangers, configuration)
    candidates = {claim.key: (claim, found) for claim in claims if (found := known.of(claim))}
    claimed = Counter(stranger.guid for _, found in candidates.values() for stranger in found)
    matched: dict[ObjectKey, TakenName] = {}
    refused: list[Refused] = []
    for key, (claim, found) in candidates.items():
        why = _refusal(claim, found, claimed)
        if why is None:
            matched[key] = found[0]
        else:
            refused.append(Refused(key=key, dns=tuple(sorted(one.dn for one in found)), why=why))
    return Matches(found=matched, refused=tuple(refused))


class _Strangers:
    """The objects that could be somebody's, by what they would be known by."""

    def __init__(self, strangers: Iterable[TakenName], configuration: Configuration) -> None:
        self._by_guid: dict[Guid, TakenName] = {}
        self._by_sam: dict[tuple[bool, str], TakenName] = {}
        self._by_identity: defaultdict[str, list[TakenName]] = defaultdict(list)
        for stranger in strangers:
            if stranger.kind is ObjectKind.OTHER or not bears_prefix(stranger.dn, configuration):
                continue
            self._by_guid[stranger.guid] = stranger
            if stranger.sam_account_name:
                is_user = stranger.kind is ObjectKind.USER
                self._by_sam[is_user, stranger.sam_account_name.casefold()] = stranger
            for identity in identities_of(stranger, configuration):
                self._by_identity[identity].append(stranger)

    def of(self, claim: Claim) -> Sequence[TakenName]:
        """The objects that a claim can mean, each once."""
        is_user = isinstance(claim.key, AccountKey)
        found = [self._by_sam.get((is_user, (claim.sam_account_name or "").casefold()))]
        if claim.guid is not None:
            found.append(self._by_guid.get(claim.guid))
        if isinstance(claim.key, AccountKey) and claim.employee_id:
            found += self._by_identity.get(identity_of(claim.key.type, claim.employee_id), ())
        return tuple({one.guid: one for one in found if one is not None}.values())


def _refusal(claim: Claim, found: Sequence[TakenName], claimed: Counter[Guid]) -> Refusal | None:
    if len(found) > 1 or claimed[found[0].guid] > 1:
        return Refusal.AMBIGUOUS
    if found[0].protected:
        return Refusal.PROTECTED
    if _names_another(found[0], claim):
        return Refusal.SOMEBODY_ELSES
    return Refusal.LINKED_ELSEWHERE if claim.gone else None


def _names_another(found: TakenName, claim: Claim) -> bool:
    """Whether the object's employeeID is another person's: his source key, or another insurance number than the row's.

    Who names an object by its GUID may know better what number stands there.
    """
    named = key_in(found.employee_id)
    if named is not None or not found.employee_id:
        return named is not None and named != claim.key
    by_number = claim.employee_id is not None and key_in(claim.employee_id) is None
    number = plain_insurance_number(found.employee_id)
    return by_number and found.guid != claim.guid and number != plain_insurance_number(claim.employee_id)
