"""A school whose rows and objects are scattered at random: states to which no night has led.

What a directory itself forbids does not occur: two objects at one place, or with one sAM or user principal name. Nor
does what no plan can cure, for it moves only what should stand somewhere: whoever is on his way out, protected, or a
stranger holds no name that another one needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from random import Random
from typing import TypeVar

from connect_worker.core.desired import is_due
from connect_worker.model.account import Account, Profile, Status
from connect_worker.model.directory import ActualGroup, ActualUser, Login
from connect_worker.model.group import Group, Members
from connect_worker.model.ids import AccountKey, Guid
from tests.support.builders import GROUPS_OU, STAFF_OU, STUDENTS_OU
from tests.support.memory_night import World
from tests.support.school_events import SOMEWHERE_ELSE

T = TypeVar("T")
R = TypeVar("R", bound=Account | Group)

STATUSES = (Status.ACTIVE, Status.ACTIVE, Status.ACTIVE, Status.DEACTIVATED, Status.TO_DELETE, Status.IMMUNE)
PLACES = (STUDENTS_OU, STAFF_OU, GROUPS_OU)


def scattered(random: Random) -> World:
    """Rows and objects of a small school, after its first night, each in any state."""
    world = _after_the_first_night().fork()
    _scatter_rows(world, random)
    _scatter_objects(world, random)
    _shuffle_logins(world, random)
    _add_strangers(world, random)
    _scatter_links(world, random)
    return world


@cache
def _after_the_first_night() -> World:
    world = World()
    world.night()
    return world


# Rows


def _scatter_rows(world: World, random: Random) -> None:
    state = world.store.state
    accounts = tuple(_row(world, random, account) for account in state.accounts)
    dns = [account.names.dn for account in accounts]
    world.store.state = replace(
        state,
        accounts=tuple(
            replace(account, profile=replace(account.profile, manager=random.choice((None, *dns))))
            for account in accounts
        ),
        groups=tuple(_row(world, random, group) for group in state.groups),
        memberships={group.key: _members(random, accounts) for group in state.groups},
    )


def _row(world: World, random: Random, record: R) -> R:
    """A row in any status; one in eight has no object yet."""
    status = random.choice(STATUSES)
    days = timedelta(days=random.choice((-5, 0, 5)))
    guid = record.object_guid
    if guid is not None and random.random() < 1 / 8:
        world.directory.delete(guid)
        guid = None
    if isinstance(record, Account):
        record = replace(record, password_reset=random.random() < 1 / 4)
    return replace(
        record,
        status=status,
        delete_on=world.today + days if status is Status.TO_DELETE else None,
        disabled_since=random.choice((None, world.today - timedelta(days=40))),
        has_changed=random.choice((True, False)),
        object_guid=guid,
    )


def _members(random: Random, accounts: Sequence[Account]) -> Members:
    def some() -> frozenset[AccountKey]:
        return frozenset(account.key for account in accounts if random.random() < 1 / 3)

    removed = some()
    return Members(automatic=some(), manual=some() - removed, removed=removed)


# Objects


@dataclass(kw_only=True, slots=True)
class _Names:
    """Names to give away, each once: those that somebody needs, and others."""

    needed: list[str]
    number: int = 0

    def any(self, random: Random) -> str:
        """One that somebody needs, perhaps he himself, or another."""
        if self.needed and random.random() < 2 / 3:
            return self.needed.pop()
        return self.other(random.choice(PLACES))

    def other(self, place: str) -> str:
        """One that nobody needs."""
        self.number += 1
        return f"CN=other{self.number},{place}"


def _scatter_objects(world: World, random: Random) -> None:
    records = world.store.state.records
    names = _Names(needed=[record.dn for record in records if record.dn is not None and _is_kept(world, record)])
    random.shuffle(names.needed)
    for record in records:
        guid = record.object_guid
        if guid is None:
            continue
        if random.random() < 1 / 8:
            world.directory.delete(guid)
            continue
        protected = random.random() < 1 / 8
        dn = names.any(random) if _is_kept(world, record) and not protected else names.other(random.choice(PLACES))
        if random.random() < 1 / 8:
            dn = names.other(SOMEWHERE_ELSE)
        _put(world, random, record, replace(_of(world, guid), dn=dn, protected=protected))


def _is_kept(world: World, record: Account | Group) -> bool:
    """Whether a plan brings its object to its place: active users, and groups that are not due."""
    if isinstance(record, Account):
        return record.status is Status.ACTIVE
    return not is_due(record, world.today)


def _of(world: World, guid: Guid) -> ActualUser | ActualGroup:
    found = world.directory.find(guid)
    assert found is not None
    return found


def _shuffle_logins(world: World, random: Random) -> None:
    """Those whom a plan can put in order hold each other's sAM and user principal names."""
    kept = {record.object_guid for record in world.store.state.records if _is_kept(world, record)}
    users = [u for u in world.directory.users.values() if u.guid in kept and not u.protected and not _is_out(u)]
    for name in ("sam_account_name", "user_principal_name"):
        values = [getattr(user.login, name) for user in users]
        random.shuffle(values)
        for user, value in zip(users, values, strict=True):
            changed = world.directory.users[user.guid]
            world.directory.users[user.guid] = replace(changed, login=replace(changed.login, **{name: value}))


def _is_out(user: ActualUser) -> bool:
    return user.dn.endswith(SOMEWHERE_ELSE)


def _put(world: World, random: Random, record: Account | Group, found: ActualUser | ActualGroup) -> None:
    if isinstance(found, ActualGroup):
        world.directory.groups[found.guid] = replace(
            found,
            sam_account_name=random.choice((found.sam_account_name, f"odd-{record.key}")),
            display_name=random.choice((found.display_name, None, "odd")),
            description=random.choice((found.description, None, "odd")),
            members=frozenset(),
        )
        return
    world.directory.users[found.guid] = replace(
        found,
        enabled=random.choice((True, False)),
        must_change_password=random.choice((True, False)),
        login=_login(world, random, found),
        profile=random.choice((found.profile, Profile(), replace(found.profile, surname="odd", department="odd"))),
    )


def _login(world: World, random: Random, user: ActualUser) -> Login:
    """No directory checks mail and addresses: they may be another's."""
    addresses = [one for account in world.store.state.accounts for one in account.names.addresses]
    login = user.login
    return replace(
        login,
        sam_account_name=random.choice((login.sam_account_name, f"odd-{login.sam_account_name}")),
        user_principal_name=random.choice((login.user_principal_name, None, f"odd-{login.user_principal_name}")),
        mail=random.choice((login.mail, None, *addresses)),
        addresses=random.choice((login.addresses, (), tuple(random.sample(addresses, 2)))),
        password_never_expires=random.choice((True, False)),
    )


def _add_strangers(world: World, random: Random) -> None:
    for number in range(random.randrange(4)):
        login = Login(
            sam_account_name=f"stranger{number}",
            user_principal_name=None,
            mail=None,
            addresses=(),
            password_never_expires=False,
        )
        world.directory.create(f"CN=stranger{number},{random.choice(PLACES)}", login, Profile(surname="Stranger"))


def _scatter_links(world: World, random: Random) -> None:
    """Anybody may be in any group, and anybody's manager."""
    users, groups = world.directory.users, world.directory.groups
    dns = [user.dn for user in users.values()]
    for user in list(users.values()):
        manager = random.choice(dns) if random.random() < 1 / 2 else None
        users[user.guid] = replace(user, profile=replace(user.profile, manager=manager))
    for group in list(groups.values()):
        members = frozenset(dn for dn in dns if random.random() < 1 / 3)
        groups[group.guid] = replace(group, members=members)
