"""Which objects a plan adopts, and what it tells of those that it leaves (ruling 40)."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from connect_worker.core.addresses import is_valid_address
from connect_worker.core.adoption import Claim, Refusal, Refused, match
from connect_worker.core.dn import value_of
from connect_worker.model.account import Account, Status
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ActualGroup, ActualUser, ObjectKey, ObjectKind, Snapshot, TakenName
from connect_worker.model.group import Group
from connect_worker.model.ids import Guid
from connect_worker.model.state import State

FEW = 5
"""How many refused objects of one kind are named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Adoption:
    """What a plan does about objects that stood there before: which become whose, whom they keep waiting, and notes.

    No object is created for who is `waiting`.
    """

    links: Mapping[ObjectKey, Guid]
    waiting: frozenset[ObjectKey]
    notes: tuple[str, ...]


NO_ADOPTION = Adoption(links={}, waiting=frozenset(), notes=())


def adopt(
    state: State,
    actual: Snapshot,
    configuration: Configuration,
    *,
    blocked: Container[ObjectKey],
    elsewhere: Container[Guid],
    recovered: Mapping[ObjectKey, Guid],
) -> Adoption:
    """Lay the rows without object over the objects without row.

    Who is `blocked` by a finding adopts nothing. Linked objects that were moved out are `elsewhere`; what a killed run
    made is `recovered`, not adopted.
    """
    claims = [*_claims(state, actual, elsewhere, recovered)]
    if not claims:
        return NO_ADOPTION
    linked = {record.object_guid for record in state.records} | set(recovered.values())
    matches = match(claims, _strangers(actual, linked), configuration)
    records = {record.key: record for record in state.records}
    links: dict[ObjectKey, Guid] = {}
    refused = list(matches.refused)
    waiting = {one.key for one in refused}
    for key, found in matches.found.items():
        why = _refusal(records[key], found, configuration)
        if why is not None:
            refused.append(Refused(key=key, dns=(found.dn,), why=why))
        if why is None and key not in blocked:
            links[key] = found.guid
        else:
            waiting.add(key)
    return Adoption(links=links, waiting=frozenset(waiting), notes=tuple(_notes(refused)))


def in_step(record: Account | Group, found: TakenName) -> bool:
    """Whether the row bears the object's names, as an update has taken them over: the link then renames nothing.

    What the object does not have, or has and is no address, may be another in the row.
    """
    if isinstance(record, Group):
        return value_of(found.dn).casefold() == (record.cn or "").casefold()
    names = record.names
    mail = found.mail if is_valid_address(found.mail) else None
    return (names.cn, names.sam_account_name) == (value_of(found.dn), found.sam_account_name) and all(
        theirs is None or theirs == ours
        for theirs, ours in ((found.user_principal_name, names.user_principal_name), (mail, names.mail))
    )


def may_rename(record: Account | Group, configuration: Configuration) -> bool:
    """Whether an adopted object gets Connect's names: all of them by configuration, one by «Regenerate Names»."""
    return configuration.rename_at_adoption or (isinstance(record, Account) and record.regenerate_names)


def may_adopt(record: Account | Group) -> bool:
    """Whether a row waits for its object: active, and no draft. Nobody is adopted to be disabled or deleted."""
    if record.status is not Status.ACTIVE or record.object_guid is not None:
        return False
    return not record.is_draft if isinstance(record, Account) else record.ad_type is not None


def claim_of(record: Account | Group) -> Claim:
    """What the row says of its object."""
    if isinstance(record, Group):
        return Claim(key=record.key, sam_account_name=record.sam_account_name)
    return Claim(
        key=record.key,
        sam_account_name=record.names.sam_account_name,
        employee_id=record.profile.employee_id,
    )


def _strangers(actual: Snapshot, linked: Container[object]) -> Iterator[TakenName]:
    """The users and groups that belong to no row, in the shape in which objects are matched."""
    yield from (_standing_user(user) for user in actual.users if user.guid not in linked)
    yield from (_standing_group(group) for group in actual.groups if group.guid not in linked)


def _standing_user(user: ActualUser) -> TakenName:
    """One user's names."""
    login = user.login
    given = (login.user_principal_name, login.mail, *login.addresses)
    return TakenName(
        guid=user.guid,
        dn=user.dn,
        sam_account_name=login.sam_account_name,
        addresses=tuple(dict.fromkeys(address.lower() for address in given if address)),
        kind=ObjectKind.USER,
        user_principal_name=login.user_principal_name,
        mail=login.mail,
        proxy_addresses=tuple(filter(None, login.addresses)),
        employee_id=user.profile.employee_id,
        protected=user.protected,
        created=user.created,
    )


def _standing_group(group: ActualGroup) -> TakenName:
    """One group's names."""
    return TakenName(
        guid=group.guid,
        dn=group.dn,
        sam_account_name=group.sam_account_name,
        addresses=(),
        kind=ObjectKind.GROUP,
        protected=group.protected,
        created=group.created,
    )


def _claims(
    state: State, actual: Snapshot, elsewhere: Container[Guid], recovered: Container[ObjectKey]
) -> Iterator[Claim]:
    there = {user.guid for user in actual.users} | {group.guid for group in actual.groups}
    for record in state.records:
        guid = record.object_guid
        if record.key in recovered:
            continue
        if may_adopt(record):
            yield claim_of(record)
        elif guid is not None and guid not in there and guid not in elsewhere:
            yield replace(claim_of(record), gone=True)


def _refusal(record: Account | Group, found: TakenName, configuration: Configuration) -> Refusal | None:
    if not configuration.adoption:
        return Refusal.NOT_ALLOWED
    return None if may_rename(record, configuration) or in_step(record, found) else Refusal.NAMES


def _notes(refused: Iterable[Refused]) -> Iterator[str]:
    by_reason: defaultdict[Refusal, list[Refused]] = defaultdict(list)
    for one in refused:
        by_reason[one.why].append(one)
    for why, ones in by_reason.items():
        named = "; ".join(f"{one.key} ({' and '.join(one.dns)})" for one in ones[:FEW])
        more = f" and {len(ones) - FEW} more" if len(ones) > FEW else ""
        yield f"there already, and not adopted: {named}{more}: {why.value}"
