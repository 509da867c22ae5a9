"""Members are added and removed, never set: what others do at the same time stays."""

from connect_worker.model.change import Member
from connect_worker.model.ids import Guid
from connect_worker.model.outcome import Result
from tests.support.directory_changes import (
    account_key,
    add_members,
    create_group,
    create_user,
    group_key,
    remove_members,
)
from tests.support.directory_servers import Workplace

KEY = group_key()
MANY = 1600
"""More than a Windows server gives in one answer."""
CHUNK = 500


async def _group_and_members(place: Workplace, count: int) -> tuple[Guid, str, list[Member]]:
    users = [create_user(number, place.ou, place.name(number)) for number in range(count)]
    group = create_group(1, place.ou, f"{place.prefix}.g")
    guid, *_ = await place.create(group, *users)
    return guid, group.dn, [Member(key=user.key, dn=user.dn) for user in users]


async def _members(place: Workplace) -> frozenset[str]:
    (group,) = (await place.target.read([place.ou])).groups
    return group.members


def _dns(members: list[Member]) -> set[str]:
    return {member.dn for member in members}


async def test_members_are_added_and_removed(place: Workplace) -> None:
    guid, dn, members = await _group_and_members(place, 4)
    await place.must(add_members(KEY, guid, dn, members))
    assert await _members(place) == _dns(members)
    await place.must(remove_members(KEY, guid, dn, members[:3]))
    assert await _members(place) == _dns(members[3:])


async def test_a_group_of_the_same_plan_gets_its_members_by_name(place: Workplace) -> None:
    _, dn, members = await _group_and_members(place, 2)
    await place.must(add_members(KEY, None, dn, members))
    assert await _members(place) == _dns(members)


async def test_members_that_are_there_already_do_not_keep_the_others_out(place: Workplace) -> None:
    guid, dn, members = await _group_and_members(place, 4)
    await place.must(add_members(KEY, guid, dn, members[:2]))
    await place.must(add_members(KEY, guid, dn, members))
    assert await _members(place) == _dns(members)


async def test_members_that_are_gone_already_do_not_keep_the_others_in(place: Workplace) -> None:
    guid, dn, members = await _group_and_members(place, 4)
    await place.must(add_members(KEY, guid, dn, members[1:3]))
    await place.must(remove_members(KEY, guid, dn, members))
    assert await _members(place) == set()


async def test_adding_everybody_again_writes_nothing(place: Workplace) -> None:
    guid, dn, members = await _group_and_members(place, 3)
    await place.must(add_members(KEY, guid, dn, members))
    before = await place.target.highest_usn()
    await place.must(add_members(KEY, guid, dn, members))
    assert await place.target.highest_usn() == before


async def test_a_member_that_does_not_exist_is_named_and_the_others_are_added(place: Workplace) -> None:
    guid, dn, members = await _group_and_members(place, 3)
    nobody = Member(key=account_key(99), dn=f"CN=nobody,{place.ou}")
    (outcome,) = await place.apply(add_members(KEY, guid, dn, [*members, nobody]))
    assert outcome.result is Result.FAILED
    assert "1 of 4 members were refused: S.00099" in outcome.message
    assert await _members(place) == _dns(members)


async def test_a_member_that_somebody_has_deleted_meanwhile_is_as_good_as_removed(place: Workplace) -> None:
    guid, dn, members = await _group_and_members(place, 2)
    await place.must(add_members(KEY, guid, dn, members))
    gone = Member(key=account_key(99), dn=f"CN=gone,{place.ou}")
    await place.must(remove_members(KEY, guid, dn, [gone, *members]))
    assert await _members(place) == set()


async def test_a_member_that_is_not_ours_is_read_and_stays(place: Workplace) -> None:
    guid, dn, members = await _group_and_members(place, 1)
    nested = create_group(2, place.ou, f"{place.prefix}.n")
    await place.create(nested)
    place.server.write(dn, member=[nested.dn])
    await place.must(add_members(KEY, guid, dn, members))
    await place.must(remove_members(KEY, guid, dn, members))
    groups = (await place.target.read([place.ou])).groups
    assert next(group.members for group in groups if group.guid == guid) == {nested.dn}


async def test_a_group_of_more_members_than_one_answer_holds_is_read_whole(place: Workplace) -> None:
    """Groups serve as members here: a directory makes them a good deal faster than users."""
    groups = [create_group(number, place.ou, place.name(number)) for number in range(MANY)]
    await place.create(*groups)
    everybody = create_group(MANY, place.ou, f"{place.prefix}.all")
    (guid,) = await place.create(everybody)
    members = [Member(key=account_key(number), dn=group.dn) for number, group in enumerate(groups)]
    chunks = [members[start : start + CHUNK] for start in range(0, MANY, CHUNK)]
    await place.must(*(add_members(KEY, guid, everybody.dn, chunk) for chunk in chunks))
    found = {group.guid: group.members for group in (await place.target.read([place.ou])).groups}
    assert len(found) == MANY + 1
    assert found[guid] == _dns(members)
    await place.must(*(remove_members(KEY, guid, everybody.dn, chunk) for chunk in chunks[1:]))
    found = {group.guid: group.members for group in (await place.target.read([place.ou])).groups}
    assert found[guid] == _dns(chunks[0])
