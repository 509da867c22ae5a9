"""What happens in a school between two nights: in the office, in Connect's tables, and by hand in the directory."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from connect_worker.core.dn import escape, split
from connect_worker.model.account import Account, Names, Origin, Profile, Status
from connect_worker.model.directory import ActualGroup, ActualUser, Login
from connect_worker.model.group import Group, Members
from connect_worker.model.ids import AccountKey, GroupKey, Guid, Mandant, MandantMask, UserType, mandants_of
from tests.support.builders import GROUPS_OU, STAFF_OU, STUDENTS_OU, student, student_key
from tests.support.memory_directory import RefusedError
from tests.support.memory_night import World

T = TypeVar("T")

FIRST_NAMES: Final = ("Anna", "Anna", "Léa", "Änna", "D'Arcy", "李")
LAST_NAMES: Final = ("Müller", "Mueller", "von Arx")
SOMEWHERE_ELSE: Final = "OU=Else,DC=school,DC=test"
_NAMES_OF_STRANGERS: Final = ("Anna.Mueller", "Lea.von Arx", "Anna.Mueller1", "Anna.Muster1", "MW_KL_1b_2026-27")
_STRANGER: Final = "made by hand"
_LONG_AGO: Final = "2015-08-01T00:00:00Z"
_NO_LOGIN: Final = Login(
    sam_account_name=None, user_principal_name=None, mail=None, addresses=(), password_never_expires=False
)
_UNNAMED: Final = Names(
    dn_parent=None, dn_first_element=None, cn=None, sam_account_name=None, user_principal_name=None, mail=None
)
_DAYS: Final = (0, -3, 2, 20)
_MASKS: Final = (1, 2, 3, 4, 5)


class Act(StrEnum):
    """One kind of event."""

    ENTER = "enter"
    VANISH = "vanish"
    PUPIL_LEAVES = "pupil_leaves"
    STAFF_LEAVES = "staff_leaves"
    PUPIL_RETURNS = "pupil_returns"
    STAFF_RETURNS = "staff_returns"
    NAME_CHANGES = "name_changes"
    CLASS_CHANGES = "class_changes"
    CLASS_IS_RENAMED = "class_is_renamed"
    TEACHER_CHANGES = "teacher_changes"
    LEVEL_CHANGES = "level_changes"
    MANDANTS_CHANGE = "mandants_change"
    POLICY_CHANGES = "policy_changes"
    SET_STATUS = "set_status"
    REGENERATE = "regenerate"
    RESET_PASSWORD = "reset_password"
    ADD_MEMBER = "add_member"
    REMOVE_MEMBER = "remove_member"
    ENTER_ALIAS = "enter_alias"
    TYPE_NAME = "type_name"
    EMPTY_NAME = "empty_name"
    ENTER_MANUAL = "enter_manual"
    DELETE = "delete"
    RENAME = "rename"
    SWAP = "swap"
    TAKE_PLACE = "take_place"
    MOVE = "move"
    MOVE_OUT = "move_out"
    DISABLE = "disable"
    ENABLE = "enable"
    PROTECT = "protect"
    EDIT = "edit"
    SIGN_IN = "sign_in"
    FOREIGN_MEMBER = "foreign_member"
    OWN_MEMBER_OUT = "own_member_out"
    FOREIGN_USER = "foreign_user"
    ACCOUNT_OF_BEFORE = "account_of_before"
    STRANGERS_LEAVE = "strangers_leave"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """An act, on the how-manieth person or object, with the how-manieth of the possible values."""

    act: Act
    who: int
    what: int


def happen(world: World, event: Event) -> None:
    """Let it happen. What a directory refuses to a person does not."""
    with suppress(RefusedError):
        _ACTS[event.act](world, event)


def cure(world: World, key: object) -> None:
    """What the office does about a warning: choose a mandant, and form the names anew."""
    for account in world.store.state.accounts:
        if account.key == key:
            configured = [one for one in mandants_of(account.mandants or MandantMask(0)) if one <= 2]
            chosen = configured[0] if configured else None
            by = Origin.PERSON if chosen is not None else Origin.CONNECT
            _enter(world, account, mandant_chosen=chosen, mandant_chosen_by=by, regenerate_names=True)


# In the office


def _enters(world: World, event: Event) -> None:
    number = 10 + event.who
    world.people.students.setdefault(
        number, student(number, first_name=_one(FIRST_NAMES, event.what), last_name=_one(LAST_NAMES, event.what // 2))
    )


def _vanishes(world: World, event: Event) -> None:
    if len(world.people.students) > 2:
        del world.people.students[_one(sorted(world.people.students), event.who)]


def _policy_changes(world: World, _event: Event) -> None:
    world.pupils_may_not_change = not world.pupils_may_not_change


def _pupil(change: Callable[[World, Event], dict[str, Any]]) -> Callable[[World, Event], None]:
    def edit(world: World, event: Event) -> None:
        number = _one(sorted(world.people.students), event.who)
        world.people.students[number] = replace(world.people.students[number], **change(world, event))

    return edit


def _staff(change: Callable[[World, Event], dict[str, Any]]) -> Callable[[World, Event], None]:
    def edit(world: World, event: Event) -> None:
        number = _one(sorted(world.people.staff), event.who)
        world.people.staff[number] = replace(world.people.staff[number], **change(world, event))

    return edit


def _class(change: Callable[[World, Event], dict[str, Any]]) -> Callable[[World, Event], None]:
    def edit(world: World, event: Event) -> None:
        number = _one(sorted(world.people.classes), event.who)
        world.people.classes[number] = replace(world.people.classes[number], **change(world, event))

    return edit


def _exit(world: World, event: Event) -> dict[str, Any]:
    return {"exit_on": world.today + timedelta(days=_one(_DAYS, event.what))}


def _pupil_returns(world: World, event: Event) -> None:
    number = _one([n for n, pupil in sorted(world.people.students.items()) if pupil.exit_on is not None], event.who)
    world.people.students[number] = replace(world.people.students[number], exit_on=None)


def _name_changes(world: World, event: Event) -> None:
    """Every second time the office forms the account's names anew, too."""
    number = _one(sorted(world.people.students), event.who)
    first, last = _one(FIRST_NAMES, event.what), _one(LAST_NAMES, event.what // 2)
    world.people.students[number] = replace(world.people.students[number], first_name=first, last_name=last)
    for account in world.store.state.accounts:
        if account.key == student_key(number) and event.what % 2 == 0:
            _enter(world, account, regenerate_names=True)


# In Connect's tables


def _enter(world: World, record: Account | Group, **values: Any) -> None:
    state = world.store.state
    changed = replace(record, version=record.version + 1, has_changed=True, **values)
    world.store.state = replace(
        state,
        accounts=tuple(changed if isinstance(changed, Account) and a.key == record.key else a for a in state.accounts),
        groups=tuple(changed if isinstance(changed, Group) and g.key == record.key else g for g in state.groups),
    )


def _status(world: World, event: Event) -> None:
    """Nobody is set to «zu löschen» by hand, nor taken out of it."""
    record = _one(world.store.state.records, event.who)
    if record.status is not Status.TO_DELETE:
        _enter(world, record, status=_one((Status.ACTIVE, Status.DEACTIVATED, Status.IMMUNE), event.what))


def _account(**values: Any) -> Callable[[World, Event], None]:
    def edit(world: World, event: Event) -> None:
        _enter(world, _one(world.store.state.accounts, event.who), **values)

    return edit


def _alias(world: World, event: Event) -> None:
    account = _one(world.store.state.accounts, event.who)
    alias = f"alt{event.what}.{account.key}@schule.example".lower()
    _enter(world, account, names=replace(account.names, aliases=(alias, *account.names.aliases[1:])))


def _typed_name(world: World, event: Event) -> None:
    """A first element that nobody else has; every other one is what an alias of the same person is made of."""
    account = _one(world.store.state.accounts, event.who)
    name = f"alt{event.what}.{account.key}" if event.what % 2 else f"Neu {account.key}, {event.what}"
    _enter(world, account, names=replace(account.names, dn_first_element=f"CN={escape(name)}"))


def _emptied_name(world: World, event: Event) -> None:
    account = _one(world.store.state.accounts, event.who)
    _enter(world, account, names=replace(account.names, dn_first_element=None))


def _manual_user(world: World, event: Event) -> None:
    """A draft, or complete and to be named; who is there already is completed, and named anew."""
    key = AccountKey(UserType.MANUAL, 90 + event.who % 3)
    state = world.store.state
    if all(account.key != key for account in state.accounts):
        profile = Profile(given_name="Manuela", surname="Muster")
        draft = Account(
            key=key,
            names=_UNNAMED,
            profile=profile,
            mandants=None,
            mandant_chosen=None,
            status=Status.DEACTIVATED,
            is_generic=True,
        )
        world.store.state = replace(state, accounts=(*state.accounts, draft))
    if event.what % 3:
        account = next(account for account in world.store.state.accounts if account.key == key)
        chosen = Mandant(1 + event.what % 2)
        _enter(world, account, mandant_chosen=chosen, status=Status.ACTIVE, regenerate_names=True)


def _member(world: World, event: Event) -> None:
    group, members, key = _membership(world, event)
    _belong(world, group, replace(members, manual=members.manual | {key}, removed=members.removed - {key}))


def _tombstone(world: World, event: Event) -> None:
    group, members, key = _membership(world, event)
    _belong(world, group, replace(members, manual=members.manual - {key}, removed=members.removed | {key}))


def _membership(world: World, event: Event) -> tuple[GroupKey, Members, Any]:
    state = world.store.state
    group = _one(state.groups, event.what).key
    return group, state.memberships.get(group, Members()), _one(state.accounts, event.who).key


def _belong(world: World, group: GroupKey, members: Members) -> None:
    state = world.store.state
    world.store.state = replace(state, memberships={**state.memberships, group: members})


# By hand in the directory


def _deleted(world: World, event: Event) -> None:
    world.directory.delete(_one(_ours(world), event.who).guid)


def _renamed(world: World, event: Event) -> None:
    found = _one(_ours(world), event.who)
    name = _one(("moved", *_NAMES_OF_STRANGERS), event.what)
    world.directory.move(found.guid, f"CN={name},{split(found.dn)[1]}")


def _swapped(world: World, event: Event) -> None:
    """Two take each other's place, but none that a night has put aside: its temporary name holds its GUID."""
    ours = [found for found in _ours(world) if str(found.guid) not in found.dn]
    one, other = _one(ours, event.who), _one(ours, event.what)
    world.directory.move(one.guid, f"CN=between,{SOMEWHERE_ELSE}")
    if other.guid != one.guid:
        world.directory.move(other.guid, one.dn)
    world.directory.move(one.guid, other.dn)


def _place_taken(world: World, event: Event) -> None:
    """One of ours is renamed, and a stranger called as it was."""
    found = _one(_ours(world), event.who)
    name, parent = split(found.dn)
    world.directory.move(found.guid, f"CN={found.guid},{parent}")
    _stranger(world, name.removeprefix("CN="), parent, ())


def _moved(world: World, event: Event) -> None:
    _move_to(world, event, _one((STUDENTS_OU, STAFF_OU, GROUPS_OU), event.what))


def _moved_out(world: World, event: Event) -> None:
    _move_to(world, event, SOMEWHERE_ELSE)


def _move_to(world: World, event: Event, parent: str) -> None:
    found = _one(_ours(world), event.who)
    world.directory.move(found.guid, f"{split(found.dn)[0]},{parent}")


def _user(change: Callable[[ActualUser, Event], ActualUser]) -> Callable[[World, Event], None]:
    def edit(world: World, event: Event) -> None:
        found = _one([found for found in _ours(world) if isinstance(found, ActualUser)], event.who)
        world.directory.users[found.guid] = change(found, event)

    return edit


def _edited(user: ActualUser, event: Event) -> ActualUser:
    if event.what % 2:
        return replace(user, profile=replace(user.profile, given_name="by hand", manager=None))
    return replace(user, login=replace(user.login, addresses=(*user.login.addresses, "by.hand@else.example")))


def _signed_in(user: ActualUser, _event: Event) -> ActualUser:
    return replace(user, must_change_password=False)


def _enabled(world: World, event: Event) -> None:
    disabled = [found for found in _ours(world) if isinstance(found, ActualUser) and not found.enabled]
    found = _one(disabled, event.who)
    world.directory.users[found.guid] = replace(found, enabled=True)


def _protected(world: World, event: Event) -> None:
    found = _one(_ours(world), event.who)
    if isinstance(found, ActualUser):
        world.directory.users[found.guid] = replace(found, protected=not found.protected)
    else:
        world.directory.groups[found.guid] = replace(found, protected=not found.protected)


def _foreign_member(world: World, event: Event) -> None:
    """A service account that stands outside, in one of our groups."""
    stranger = _stranger(world, f"svc{event.who}", SOMEWHERE_ELSE, ())
    group = _one([found for found in _ours(world) if isinstance(found, ActualGroup)], event.what)
    dn = world.objects()[stranger].dn
    world.directory.groups[group.guid] = replace(group, members=group.members | {dn})


def _own_member_out(world: World, event: Event) -> None:
    group = _one([found for found in _ours(world) if isinstance(found, ActualGroup) and found.members], event.what)
    out = _one(sorted(group.members), event.who)
    world.directory.groups[group.guid] = replace(group, members=group.members - {out})


def _foreign_user(world: World, event: Event) -> None:
    name = _one(_NAMES_OF_STRANGERS, event.what)
    address = f"{name.lower().replace(' ', '.')}@schule.example"
    parent = (STUDENTS_OU, STAFF_OU, SOMEWHERE_ELSE)[event.who % 3]
    _stranger(world, name, parent, (address,) if event.who % 2 else ())


def _account_of_before(world: World, event: Event) -> None:
    """Somebody who is in the school, or may enter, has an account already: known by employeeID, sAM name, or both.

    Every second one has addresses too, and stands under a name that others have as well.
    """
    numbers = (*sorted(world.people.students), *range(10, 16))
    key = student_key(_one(numbers, event.who))
    name = _one((*_NAMES_OF_STRANGERS, f"alt {event.who}"), event.what)
    login = _NO_LOGIN
    if event.what % 2:
        local = f"{name.lower().replace(' ', '.')}@schule.example"
        proxies = (local, f"alt{event.who}@schule.example")
        login = replace(login, user_principal_name=f"{event.who}.{local}", mail=local, addresses=proxies)
    by_sam, by_id = _one(((True, False), (False, True), (True, True)), event.who + event.what)
    login = replace(login, sam_account_name=str(key) if by_sam else f"alt{event.who}.{event.what}")
    profile = Profile(employee_id=str(key) if by_id else None)
    parent = _one((STUDENTS_OU, STUDENTS_OU, STAFF_OU, SOMEWHERE_ELSE), event.who // 2)
    guid = world.directory.create(f"CN={name},{parent}", login, profile)
    created = replace(world.directory.users[guid], created=_LONG_AGO, enabled=event.what != 0)
    world.directory.users[guid] = created


def _stranger(world: World, name: str, parent: str, addresses: Sequence[str]) -> Guid:
    return world.directory.create(
        f"CN={name},{parent}",
        Login(
            sam_account_name=name,
            user_principal_name=None,
            mail=None,
            addresses=tuple(addresses),
            password_never_expires=False,
        ),
        Profile(info=_STRANGER),
    )


def _strangers_leave(world: World, _event: Event) -> None:
    for guid in [user.guid for user in world.directory.users.values() if user.profile.info == _STRANGER]:
        world.directory.delete(guid)


def _ours(world: World) -> list[ActualUser | ActualGroup]:
    linked = (world.directory.find(record.object_guid) for record in world.store.state.records)
    return [found for found in linked if found is not None]


def _one(values: Sequence[T], number: int) -> T:
    if not values:
        raise RefusedError("there is none")
    return values[number % len(values)]


_ACTS: Final[Mapping[Act, Callable[[World, Event], None]]] = {
    Act.ENTER: _enters,
    Act.VANISH: _vanishes,
    Act.PUPIL_LEAVES: _pupil(_exit),
    Act.STAFF_LEAVES: _staff(_exit),
    Act.PUPIL_RETURNS: _pupil_returns,
    Act.STAFF_RETURNS: _staff(lambda _world, _event: {"exit_on": None}),
    Act.NAME_CHANGES: _name_changes,
    Act.CLASS_CHANGES: _pupil(lambda _, e: {"class_id": _one((1, 2, None), e.what)}),
    Act.CLASS_IS_RENAMED: _class(lambda _, e: {"name": f"{1 + e.who % 2}{_one('abc', e.what)}"}),
    Act.TEACHER_CHANGES: _class(lambda _, e: {"main_teacher_id": _one((1, 2, 3, None), e.what)}),
    Act.LEVEL_CHANGES: _class(lambda _, e: {"level": _one(("Primar", "KG"), e.what)}),
    Act.MANDANTS_CHANGE: _pupil(lambda _, e: {"mandants": MandantMask(_one(_MASKS, e.what))}),
    Act.POLICY_CHANGES: _policy_changes,
    Act.SET_STATUS: _status,
    Act.REGENERATE: _account(regenerate_names=True),
    Act.RESET_PASSWORD: _account(password_reset=True),
    Act.ADD_MEMBER: _member,
    Act.REMOVE_MEMBER: _tombstone,
    Act.ENTER_ALIAS: _alias,
    Act.TYPE_NAME: _typed_name,
    Act.EMPTY_NAME: _emptied_name,
    Act.ENTER_MANUAL: _manual_user,
    Act.DELETE: _deleted,
    Act.RENAME: _renamed,
    Act.SWAP: _swapped,
    Act.TAKE_PLACE: _place_taken,
    Act.MOVE: _moved,
    Act.MOVE_OUT: _moved_out,
    Act.DISABLE: _user(lambda user, _: replace(user, enabled=False)),
    Act.ENABLE: _enabled,
    Act.PROTECT: _protected,
    Act.EDIT: _user(_edited),
    Act.SIGN_IN: _user(_signed_in),
    Act.FOREIGN_MEMBER: _foreign_member,
    Act.OWN_MEMBER_OUT: _own_member_out,
    Act.FOREIGN_USER: _foreign_user,
    Act.ACCOUNT_OF_BEFORE: _account_of_before,
    Act.STRANGERS_LEAVE: _strangers_leave,
}
