"""What is left of deleted objects, for who may look there."""

from uuid import uuid4

from connect_worker.model.directory import Remains
from connect_worker.model.ids import Guid
from connect_worker.targets.active_directory import ActiveDirectory
from tests.support.directory_changes import account_key, create_group, create_user, delete, group_key
from tests.support.directory_servers import DirectoryServer, Workplace, workplace


async def _deleted(place: Workplace) -> list[Guid]:
    """A user and a group that were there."""
    user, group = (f"CN={place.name(number)},{place.ou}" for number in (1, 2))
    guids = await place.create(create_user(1, place.ou, place.name(1)), create_group(2, place.ou, place.name(2)))
    await place.must(delete(account_key(1), guids[0], user), delete(group_key(2), guids[1], group))
    return guids


async def test_a_deleted_object_leaves_a_tombstone(place: Workplace) -> None:
    guids = await _deleted(place)
    assert await place.target.find_deleted(guids) == dict.fromkeys(guids, Remains.TOMBSTONE)


async def test_the_recycle_bin_keeps_it_whole(with_recycle_bin: DirectoryServer) -> None:
    async with ActiveDirectory(with_recycle_bin.settings) as target:
        guids = await _deleted(await workplace(with_recycle_bin, target))
        assert await target.find_deleted(guids) == dict.fromkeys(guids, Remains.WHOLE)


async def test_what_is_there_or_never_was_is_not_among_the_deleted(place: Workplace) -> None:
    guids = await place.create(create_user(1, place.ou, place.name(1)))
    assert await place.target.find_deleted([*guids, Guid(uuid4())]) == {}
    assert await place.target.find_deleted([]) == {}


async def test_more_than_one_search_full_are_looked_for(place: Workplace) -> None:
    (first, last) = await _deleted(place)
    many = [first, *(Guid(uuid4()) for _ in range(450)), last]
    assert (await place.target.find_deleted(many)).keys() == {first, last}


async def test_who_may_not_look_there_finds_nothing_and_goes_on(place: Workplace, server: DirectoryServer) -> None:
    guids = await _deleted(place)
    async with ActiveDirectory(server.delegated(f"{place.prefix}.svc", place.ou)) as theirs:
        assert await theirs.find_deleted(guids) == {}
        assert await theirs.locate(guids) == {}
