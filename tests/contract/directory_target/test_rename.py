"""Renames, moves and swaps; an object keeps its GUID, and memberships follow its name."""

from connect_worker.model.change import CreateContainer, Member
from connect_worker.model.ids import Guid
from connect_worker.model.outcome import Result
from tests.support.directory_changes import (
    account_key,
    add_members,
    create_group,
    create_user,
    group_key,
    modify,
    rename,
)
from tests.support.directory_servers import Workplace

_LOGIN = ("sam_account_name", "user_principal_name")


async def _dns(place: Workplace) -> dict[Guid, str]:
    users = (await place.target.read([place.ou])).users
    return {user.guid: user.dn for user in users}


async def test_a_user_is_renamed(place: Workplace) -> None:
    change = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(change)
    new_dn = f"CN=Meier\\, Anna,{place.ou}"
    await place.must(rename(change.key, guid, change.dn, new_dn))
    assert await _dns(place) == {guid: new_dn}


async def test_only_the_spelling_of_a_name_changes(place: Workplace) -> None:
    change = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(change)
    new_dn = f"CN={place.name(1).upper()},{place.ou}"
    await place.must(rename(change.key, guid, change.dn, new_dn))
    assert await _dns(place) == {guid: new_dn}


async def test_a_user_is_moved_and_renamed_in_one_step(place: Workplace) -> None:
    change, ou = create_user(1, place.ou, place.name(1)), f"OU=b,{place.ou}"
    (guid,) = await place.create(change)
    await place.must(CreateContainer(dn=ou))
    await place.must(rename(change.key, guid, change.dn, f"CN=neu,{ou}"))
    assert await _dns(place) == {guid: f"CN=neu,{ou}"}


async def test_a_rename_done_already_is_done(place: Workplace) -> None:
    change = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(change)
    await place.must(rename(change.key, guid, "CN=before," + place.ou, change.dn))
    assert await _dns(place) == {guid: change.dn}


async def test_two_users_swap_their_names_by_stepping_aside(place: Workplace) -> None:
    one, two = (create_user(number, place.ou, place.name(number)) for number in (1, 2))
    first, second = await place.create(one, two)
    temporary = f"CN=connect-{first},{place.ou}"
    await place.must(rename(one.key, first, one.dn, temporary, aside=True))
    await place.must(rename(two.key, second, two.dn, one.dn))
    await place.must(rename(one.key, first, temporary, two.dn))
    assert await _dns(place) == {first: two.dn, second: one.dn}


async def test_two_users_swap_their_logins_by_giving_them_up_first(place: Workplace) -> None:
    """That is, by exchanging them for temporary ones."""
    one, two = (create_user(number, place.ou, place.name(number)) for number in (1, 2))
    first, second = await place.create(one, two)
    logins = {name: (getattr(one.login, name), getattr(two.login, name)) for name in _LOGIN}
    name = f"connect-{first.hex[-12:]}"
    await place.must(modify(one.key, first, one.dn, sam_account_name=name, user_principal_name=f"{name}@school.test"))
    await place.must(modify(two.key, second, two.dn, **{name: old for name, (old, _) in logins.items()}))
    await place.must(modify(one.key, first, one.dn, **{name: new for name, (_, new) in logins.items()}))
    users = {user.guid: user.login for user in (await place.target.read([place.ou])).users}
    for name, (old, new) in logins.items():
        assert (getattr(users[first], name), getattr(users[second], name)) == (new, old)


async def test_a_name_that_is_taken_is_refused_and_nothing_is_overwritten(place: Workplace) -> None:
    one, two = (create_user(number, place.ou, place.name(number)) for number in (1, 2))
    first, second = await place.create(one, two)
    (outcome,) = await place.apply(rename(one.key, first, one.dn, two.dn))
    assert outcome.result is Result.FAILED
    assert "entryAlreadyExists (68)" in outcome.message
    assert await _dns(place) == {first: one.dn, second: two.dn}


async def test_a_parent_that_is_not_there_is_refused(place: Workplace) -> None:
    change = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(change)
    (outcome,) = await place.apply(rename(change.key, guid, change.dn, f"CN=a,OU=nowhere,{place.ou}"))
    assert outcome.result is Result.FAILED
    assert await _dns(place) == {guid: change.dn}


async def test_memberships_follow_a_renamed_member_and_a_renamed_group(place: Workplace) -> None:
    user, group = create_user(1, place.ou, place.name(1)), create_group(1, place.ou, place.name(2))
    user_guid, group_guid = await place.create(user, group)
    await place.must(add_members(group_key(), group_guid, group.dn, [Member(key=account_key(1), dn=user.dn)]))
    new_dn = f"CN=neu,{place.ou}"
    await place.must(rename(user.key, user_guid, user.dn, new_dn))
    await place.must(rename(group.key, group_guid, group.dn, f"CN=Klasse,{place.ou}"))
    (found,) = (await place.target.read([place.ou])).groups
    assert found.dn == f"CN=Klasse,{place.ou}"
    assert found.members == {new_dn}
