"""Whatever happens in a school, and wherever a night is killed: eight promises that every night keeps.

`CONNECT_RANDOM_NIGHTS=20000 .venv/bin/pytest --timeout 0 tests/unit/core/test_random_nights.py` tries as many others.
"""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connect_worker.core.dn import normalise, split
from connect_worker.core.safety import outside
from connect_worker.model.account import Account, Status
from connect_worker.model.change import CreateGroup, CreateUser, Delete, Rename
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ActualGroup, ActualUser, ObjectKey
from connect_worker.model.group import Group, Members
from connect_worker.model.ids import AccountKey, Guid
from connect_worker.model.outcome import Outcome, Result
from connect_worker.model.state import NameKind
from tests.support.memory_directory import addresses_of
from tests.support.memory_night import CONFIGURATION, GRACE, Night, World
from tests.support.school_events import Act, Event, cure, happen

LONG_HUNT = int(os.environ.get("CONNECT_RANDOM_NIGHTS", "0"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """What happens on a day, after how many writes its nights are killed, and whether one goes through after all."""

    later: int
    events: tuple[Event, ...]
    kills: tuple[int, ...]
    goes_through: bool


CONFIGURATIONS = (
    CONFIGURATION,
    replace(CONFIGURATION, adoption=True),
    replace(CONFIGURATION, adoption=True, rename_at_adoption=True),
)
EVENTS = st.builds(Event, act=st.sampled_from(Act), who=st.integers(0, 11), what=st.integers(0, 5))
OF_BEFORE = st.builds(Event, act=st.just(Act.ACCOUNT_OF_BEFORE), who=st.integers(0, 11), what=st.integers(0, 5))
DAYS = st.builds(
    Day,
    later=st.sampled_from((1, 1, 5, 20, 31)),
    events=st.lists(EVENTS, max_size=4).map(tuple),
    kills=st.one_of(st.just(()), st.lists(st.integers(0, 20), min_size=1, max_size=2).map(tuple)),
    goes_through=st.sampled_from((True, True, True, False)),
)


class Chronicle:
    """A school's days, and what a person remembers who looks on."""

    def __init__(self, configuration: Configuration, of_before: Iterable[Event]) -> None:
        self.world = World(configuration)
        self.there: dict[Guid, ActualUser | ActualGroup] = {}
        self.strangers: dict[Guid, ActualUser | ActualGroup] = {}
        self.untouchable: dict[Guid, ActualUser | ActualGroup] = {}
        self.locked_out: dict[Guid, date] = {}
        self.leaving: dict[ObjectKey, date] = {}
        self.disabled_by_hand: set[Guid] = set()
        self.to_be_renamed: set[ObjectKey] = set()
        self._play(of_before)

    def live(self, day: Day) -> None:
        """Play a day, and look whether the promises are kept."""
        self.world.today += timedelta(days=day.later)
        self._play(day.events)
        self.to_be_renamed = {account.key for account in self.world.store.state.accounts if account.regenerate_names}
        uninterrupted = self.world.fork()
        for writes in day.kills:
            self._see(self.world.killed_night(writes))
        if not day.goes_through:
            return
        night = self.world.night()
        self._see(night)
        if night.planned is None:
            for finding in night.validation.blocking:
                cure(self.world, finding.key)
            return
        everybody_is_in(self, night)
        no_change_fails_for_its_order(self, night)
        if not night.refused:
            nothing_is_left_for_a_second_night(self.world)
        if day.kills and not uninterrupted.night().refused:
            assert picture(self.world) == picture(uninterrupted), "a kill must leave no trace"

    def _play(self, events: Iterable[Event]) -> None:
        before = self.world.objects()
        for event in events:
            happen(self.world, event)
        self.there = now = dict(self.world.objects())
        self.strangers = {g: found for g, found in now.items() if g in self.strangers or g not in before}
        self.untouchable = {g: found for g, found in now.items() if g in self.strangers or found.protected}
        for guid, found in now.items():
            was = before.get(guid)
            if isinstance(found, ActualUser) and isinstance(was, ActualUser) and was.enabled != found.enabled:
                (self.disabled_by_hand.discard if found.enabled else self.disabled_by_hand.add)(guid)
            if isinstance(found, ActualUser) and was is None and not found.enabled:
                self.disabled_by_hand.add(guid)
            if isinstance(found, ActualUser) and found.enabled:
                self.locked_out.pop(guid, None)

    def _see(self, night: Night | None) -> None:
        """What holds after every night, also after a killed one."""
        self._see_adopted()
        only_ours_is_touched(self)
        if night is not None:
            only_our_places_are_written(night)
            only_the_long_locked_out_are_deleted(self, night)
            new_names_are_nobody_elses(self, night)
        names_are_unique(self.world)
        self._remember()

    def _see_adopted(self) -> None:
        """Who had an account before is ours from now on, if that is allowed."""
        ours = {record.object_guid: record.key for record in self.world.store.state.records}
        for guid in self.strangers.keys() & ours.keys():
            assert self.world.configuration.adoption
            self._require_kept(ours[guid], self.world.directory.users[guid], self.strangers.pop(guid))
            self.untouchable.pop(guid, None)

    def _require_kept(self, key: ObjectKey, now: ActualUser, before: ActualUser | ActualGroup) -> None:
        """(8) An adopted account keeps its names, its password, and whether it is enabled."""
        assert isinstance(before, ActualUser)
        assert now.enabled == before.enabled
        assert now.must_change_password == before.must_change_password
        if not self.world.configuration.rename_at_adoption and key not in self.to_be_renamed:
            assert split(now.dn)[0] == split(before.dn)[0]

    def _remember(self) -> None:
        today = self.world.today
        state = self.world.store.state
        users = self.world.directory.users
        self.locked_out = {guid: self.locked_out.get(guid, today) for guid, user in users.items() if not user.enabled}
        going = {record.key for record in state.records if record.status is Status.TO_DELETE}
        self.leaving = {key: self.leaving.get(key, today) for key in going}


# The promises


def nothing_is_left_for_a_second_night(world: World) -> None:
    """(1) A second night right after an unbroken one plans nothing, and leaves every row as it is.

    But for the row of an immune person out of scope: it goes once a night finds it without its object (ruling 5).
    """
    again = world.fork().plan()
    assert again.planned is not None
    assert [change.sentence for change in again.planned.plan.changes] == []
    now = {record.key for record in again.updated.records}
    rest = [record for record in again.before.records if record.key in now or not _is_immune_without_object(record)]
    assert list(again.updated.records) == rest


def only_ours_is_touched(chronicle: Chronicle) -> None:
    """(2) What no night has made, and what the directory protects, stays exactly as it was."""
    now = chronicle.world.objects()
    for guid, found in chronicle.untouchable.items():
        assert _without_links(now[guid]) == _without_links(found)


def only_our_places_are_written(night: Night) -> None:
    """(2) Nothing is planned outside of the OUs that were read."""
    assert night.planned is None or outside(night.planned.plan.changes, night.planned.places) == ()


def names_are_unique(world: World) -> None:
    """(3a) No two rows share a DN's first element, a sAM name or an address, nor do two objects of ours."""
    state = world.store.state
    elements = [element for user in state.accounts if (element := user.names.dn_first_element) is not None]
    elements += [group.dn_first_element for group in state.groups if group.dn_first_element is not None]
    sams = [sam for user in state.accounts if (sam := user.names.sam_account_name) is not None]
    sams += [group.sam_account_name for group in state.groups if group.sam_account_name is not None]
    assert _doubles(map(normalise, elements)) == []
    assert _doubles(sam.casefold() for sam in sams) == []
    assert _doubles(address for account in state.accounts for address in _addresses(account)) == []


def new_names_are_nobody_elses(chronicle: Chronicle, night: Night) -> None:
    """(3b) Nobody is given an address that is another's, be it an alias, a stranger's, or kept for somebody."""
    before = {account.key: _addresses(account) for account in night.before.accounts}
    kept = {name.name: name.owner for name in night.before.reserved if name.kind is NameKind.ADDRESS and name.owner}
    owners = {address: key for key, addresses in before.items() for address in addresses}
    strangers = [found for found in chronicle.strangers.values() if isinstance(found, ActualUser)]
    for account in night.updated.accounts:
        others = {address for found in strangers if not _is_of(found, account) for address in addresses_of(found)}
        for address in _addresses(account) - before.get(account.key, frozenset()):
            assert owners.get(address, account.key) == account.key
            assert kept.get(address, account.key) == account.key or _is_over(night, address)
            assert address not in others


def only_the_long_locked_out_are_deleted(chronicle: Chronicle, night: Night) -> None:
    """(4) Nobody is deleted whom a night had not found leaving and locked out for the whole grace, but the immune."""
    records = {record.key: record for record in night.updated.records}
    for change in night.planned.plan.changes if night.planned is not None else ():
        if not isinstance(change, Delete) or records[change.key].status is Status.IMMUNE:
            continue
        assert night.today - chronicle.leaving.get(change.key, night.today) >= GRACE, change.sentence
        if isinstance(change.key, AccountKey):
            assert night.today - chronicle.locked_out.get(change.guid, night.today) >= GRACE, change.sentence


def everybody_is_in(chronicle: Chronicle, night: Night) -> None:
    """(5) Whoever is active and without a finding can sign in and is in exactly his groups.

    He may change his password or not, as his policy has it. But for those whom somebody disabled or moved out by hand,
    or who are protected, and whose name a stranger holds.
    """
    world = chronicle.world
    kept_out = {outcome.change.key for outcome in night.outcomes if outcome.result is not Result.DONE}
    active = {
        account.key: user
        for account in world.store.state.accounts
        if account.status is Status.ACTIVE
        and account.key not in night.validation.blocked_objects
        and account.key not in kept_out
        and (user := _user(world, account)) is not None
    }
    for key, user in active.items():
        assert user.enabled or user.guid in chronicle.disabled_by_hand or user.protected, key
    for account in world.store.state.accounts:
        if account.key in active and active[account.key].enabled:
            assert account.disabled_since is None, "what somebody disables from now on would be taken for our own"
        if account.key in active and not active[account.key].protected:
            is_denied = active[account.key].guid in world.directory.denied
            assert is_denied is account.password_change_prevented, account.key
    for group in world.store.state.groups:
        found = world.directory.groups.get(group.object_guid) if group.object_guid is not None else None
        if group.status is not Status.ACTIVE or found is None or found.protected or _is_out(found):
            continue
        if group.key in night.validation.blocked_objects or group.key in kept_out:
            continue
        wanted = world.store.state.memberships.get(group.key, Members()).effective
        members = {key for key, user in active.items() if user.dn in found.members}
        assert members == wanted & active.keys(), group.key


def no_change_fails_for_its_order(chronicle: Chronicle, night: Night) -> None:
    """(6) Whatever the order within a wave, the directory refuses only names that others hold who are not moved.

    These are strangers, protected ones, and ours who are no longer active or have a finding and were given another's
    name by hand: they stay under it until they are deleted, at the end of a night. Whoever cannot be renamed for that
    holds his own name against the next.
    """
    blocked = night.validation.blocked_objects
    active = (r for r in night.updated.records if r.status is Status.ACTIVE and r.key not in blocked)
    brought_back = {record.object_guid for record in active}
    held = {normalise(found.dn) for found in chronicle.there.values() if found.guid not in brought_back}
    held |= {normalise(found.dn) for found in chronicle.untouchable.values()}
    assert _unexplained(night.refused, held) == []
    assert night.refused or all(outcome.result is Result.DONE for outcome in night.outcomes)


def picture(world: World) -> Mapping[str, object]:
    """(7) What the directory shows and what the tables know, told by keys; kills must not show in it.

    Rows of the immune without an object are left out: they go in the night after, be it an interrupted one's second.
    """
    told: dict[str, object] = {str(found.guid): _without_links(found) for found in _unlinked(world)}
    for record in world.store.state.records:
        if not _is_immune_without_object(record):
            found = world.directory.find(record.object_guid)
            told[str(record.key)] = (_row(record), None if found is None else _object(found))
    return told


@settings(
    max_examples=LONG_HUNT or 200,
    derandomize=not LONG_HUNT,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.sampled_from(CONFIGURATIONS), st.lists(OF_BEFORE, max_size=4), st.lists(DAYS, min_size=4, max_size=14))
def test_every_night_of_any_school_keeps_its_promises(
    configuration: Configuration, of_before: list[Event], days: list[Day]
) -> None:
    chronicle = Chronicle(configuration, of_before)
    for day in days:
        chronicle.live(day)


def _unexplained(refused: Iterable[Outcome], held: set[str]) -> list[Outcome]:
    """The refusals but for those of names that are held, and those that follow from these."""
    rest = list(refused)
    for outcome in rest:
        change = outcome.change
        wanted = change.new_dn if isinstance(change, Rename) else change.dn
        if isinstance(change, CreateUser | CreateGroup | Rename) and normalise(wanted) in held:
            rest.remove(outcome)
            return _unexplained(rest, held | {normalise(change.dn)})
    return rest


def _is_immune_without_object(record: Account | Group) -> bool:
    return record.status is Status.IMMUNE and record.object_guid is None


def _is_of(found: ActualUser, account: Account) -> bool:
    """Whether an object of before says that it is this account's."""
    known_by = (found.profile.employee_id, found.login.sam_account_name)
    return str(account.key) in known_by


def _doubles(names: Iterable[str]) -> list[str]:
    return [name for name, holders in Counter(names).items() if holders > 1]


def _addresses(account: Account) -> frozenset[str]:
    principal = account.names.user_principal_name
    given = (principal, *account.names.addresses) if principal else account.names.addresses
    return frozenset(address.casefold() for address in given)


def _is_over(night: Night, address: str) -> bool:
    until = [name.until for name in night.before.reserved if name.name == address and name.until is not None]
    return all(day <= night.today for day in until)


def _user(world: World, account: Account) -> ActualUser | None:
    """Where he is by now; None: outside, where somebody moved him."""
    guid = account.object_guid
    assert guid is not None, f"{account.key} is active and not in the directory"
    user = world.directory.users[guid]
    return None if _is_out(user) else user


def _is_out(found: ActualUser | ActualGroup) -> bool:
    return "OU=Else" in found.dn


def _without_links(found: ActualUser | ActualGroup) -> ActualUser | ActualGroup:
    """Members and managers go with their objects."""
    if isinstance(found, ActualGroup):
        return replace(found, members=frozenset())
    return replace(found, profile=replace(found.profile, manager=None))


def _unlinked(world: World) -> list[ActualUser | ActualGroup]:
    linked = {record.object_guid for record in world.store.state.records}
    return [found for guid, found in world.objects().items() if guid not in linked]


def _row(record: Account | Group) -> Account | Group:
    if isinstance(record, Account):
        return replace(record, object_guid=None, password_set_at=None)
    return replace(record, object_guid=None)


def _object(found: ActualUser | ActualGroup) -> ActualUser | ActualGroup:
    return replace(found, guid=_NOBODY, created="")


_NOBODY = Guid(UUID(int=0))
