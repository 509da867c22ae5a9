"""Reading: whole, below the bases, and without a trace."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from connect_worker.model.change import CreateContainer, Member
from connect_worker.model.directory import ObjectKind, TakenName
from connect_worker.model.ids import Guid
from tests.support.directory_changes import account_key, add_members, create_group, create_user, group_key, rename
from tests.support.directory_servers import Workplace

MORE_THAN_A_PAGE = 1050


async def test_reading_twice_gives_the_same_and_leaves_no_trace(place: Workplace) -> None:
    user, group = create_user(1, place.ou, place.name(1)), create_group(1, place.ou, place.name(2))
    _, group_guid = await place.create(user, group)
    await place.must(add_members(group_key(), group_guid, group.dn, [Member(key=account_key(1), dn=user.dn)]))
    before = await place.target.highest_usn()
    first = await place.target.read([place.ou])
    assert await place.target.read([place.ou]) == first
    await place.target.read_taken_names()
    await place.target.locate([group_guid])
    assert await place.target.highest_usn() == before


async def test_more_objects_than_a_page_holds_are_all_read(place: Workplace) -> None:
    groups = [create_group(number, place.ou, place.name(number)) for number in range(MORE_THAN_A_PAGE)]
    guids = await place.create(*groups)
    read = await place.target.read([place.ou])
    assert {group.guid for group in read.groups} == set(guids)
    assert len(read.groups) == MORE_THAN_A_PAGE


async def test_several_bases_are_read_and_what_lies_beside_them_is_not(place: Workplace) -> None:
    ous = [f"OU={name},{place.ou}" for name in ("a", "b", "c")]
    await place.must(*(CreateContainer(dn=ou) for ou in ous))
    users = [create_user(number, ou, place.name(number)) for number, ou in enumerate(ous)]
    await place.create(*users)
    read = await place.target.read(ous[:2])
    assert [user.dn for user in read.users] == [user.dn for user in users[:2]]
    assert set(read.organizational_units) == set(ous[:2])


async def test_a_base_that_is_not_there_is_reported_and_the_others_are_read(place: Workplace) -> None:
    read = await place.target.read([f"OU=nowhere,{place.ou}", place.ou])
    assert read.missing_bases == (f"OU=nowhere,{place.ou}",)
    assert read.organizational_units == (place.ou,)


async def test_the_nearest_unit_above_a_missing_base_is_found(place: Workplace) -> None:
    """What stands there already is not created again: the account may have no right to."""
    read = await place.target.read([f"OU=b,OU=a,{place.ou}", f"OU=c,{place.ou}"])
    assert read.missing_bases == (f"OU=b,OU=a,{place.ou}", f"OU=c,{place.ou}")
    assert read.organizational_units == (place.ou,)


async def test_no_base_is_nothing_to_read(place: Workplace) -> None:
    read = await place.target.read([])
    assert (read.users, read.groups, read.organizational_units, read.missing_bases) == ((), (), (), ())


async def test_the_names_taken_anywhere_in_the_domain_are_known(place: Workplace) -> None:
    user, group = create_user(1, place.ou, place.name(1)), create_group(1, place.ou, place.name(2))
    user_guid, group_guid = await place.create(user, group)
    taken = {name.guid: name for name in await place.target.read_taken_names()}
    address = f"{place.name(1)}@school.test"
    assert taken[user_guid] == TakenName(
        guid=user_guid,
        dn=user.dn,
        sam_account_name=place.name(1),
        addresses=(address, f"{place.name(1)}.alias@school.test"),
        kind=ObjectKind.USER,
        user_principal_name=address,
        mail=address,
        proxy_addresses=(address, f"{place.name(1)}.alias@school.test"),
        employee_id=user.profile.employee_id,
        created=taken[user_guid].created,
    )
    assert datetime.now(UTC) - datetime.fromisoformat(taken[user_guid].created) < timedelta(hours=1)
    assert (taken[group_guid].addresses, taken[group_guid].kind) == ((), ObjectKind.GROUP)
    kinds = {name.sam_account_name: (name.kind, name.protected) for name in taken.values()}
    assert kinds["Administrator"] == (ObjectKind.USER, True)
    names = {name.sam_account_name for name in taken.values()}
    assert {"Administrator", "Domain Users", place.name(1), place.name(2)} <= names


async def test_objects_are_found_by_their_guids_wherever_they_are(place: Workplace) -> None:
    count = 250
    groups = [create_group(number, place.ou, place.name(number)) for number in range(count)]
    guids = await place.create(*groups)
    elsewhere = f"CN={place.prefix}-moved,CN=Users,{place.server.base_dn}"
    await place.must(rename(group_key(), guids[0], groups[0].dn, elsewhere))
    found = await place.target.locate([*guids, Guid(uuid4())])
    assert found == dict(zip(guids, [elsewhere, *(group.dn for group in groups[1:])], strict=True))


async def test_what_the_account_may_do_at_a_base_is_known(place: Workplace) -> None:
    facts = await place.target.check([place.ou, f"OU=nowhere,{place.ou}"], ())
    there, missing = facts.bases
    assert (there.exists, there.may_create_users, there.may_create_groups, there.may_create_units) == (True,) * 4
    assert (missing.exists, missing.may_create_users) == (False, False)
    assert facts.domain_dn == place.server.base_dn == place.target.domain_dn
    assert facts.signed_in_as == place.server.settings.bind_dn
    assert (there.user, missing.user) == (None, None)
    (rules, *_) = facts.password_rules
    assert (rules.name, rules.shortest, rules.complex, rules.history) == ("", 7, True, 24)
