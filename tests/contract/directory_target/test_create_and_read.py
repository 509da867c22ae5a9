"""What is created is read back as it was meant."""

from dataclasses import replace

from connect_worker.core.dn import normalise
from connect_worker.model.change import CreateContainer
from connect_worker.model.directory import ActualGroup, ActualUser
from connect_worker.model.outcome import Result
from tests.support.directory_changes import FULL_PROFILE, PASSWORD, create_group, create_user, login
from tests.support.directory_servers import Workplace


async def _only_user(place: Workplace) -> ActualUser:
    (user,) = (await place.target.read([place.ou])).users
    return user


async def test_a_user_with_every_attribute_is_read_back_equal(place: Workplace) -> None:
    change = create_user(1, place.ou, place.name(1), profile=FULL_PROFILE)
    (guid,) = await place.create(change)
    user = await _only_user(place)
    assert (user.guid, user.dn, user.enabled, user.protected) == (guid, change.dn, True, False)
    assert user.login == change.login
    assert user.profile == FULL_PROFILE
    assert user.created.startswith("20")


async def test_a_user_with_few_attributes_has_no_others(place: Workplace) -> None:
    change = create_user(1, place.ou, place.name(1))
    await place.create(change)
    assert (await _only_user(place)).profile == change.profile


async def test_a_name_with_special_signs_is_kept(place: Workplace) -> None:
    dn = f'CN=Meier\\, Anna \\+ Bo #1 \\"x\\" (3b)*,{place.ou}'
    await place.create(create_user(1, place.ou, place.name(1), dn=dn))
    assert normalise((await _only_user(place)).dn) == normalise(dn)


async def test_the_initial_password_lets_the_user_in(place: Workplace) -> None:
    change = create_user(1, place.ou, place.name(1))
    await place.create(change)
    assert place.server.lets_in(change.dn, PASSWORD.reveal())
    assert not place.server.lets_in(change.dn, "another one 3+")


async def test_a_password_that_never_expires_is_read_back_as_such(place: Workplace) -> None:
    change = create_user(1, place.ou, place.name(1), login=login(place.name(1), never_expires=True))
    await place.create(change)
    user = await _only_user(place)
    assert user.login.password_never_expires
    assert not user.must_change_password


async def test_who_must_change_the_password_is_read_back_as_such(place: Workplace) -> None:
    """And the password expires until then, whatever is wanted later (ruling 26)."""
    wanted = login(place.name(1), never_expires=True)
    await place.create(create_user(1, place.ou, place.name(1), login=wanted, must_change_password=True))
    user = await _only_user(place)
    assert user.must_change_password
    assert user.login == replace(wanted, password_never_expires=False)


async def test_a_group_is_read_back_equal(place: Workplace) -> None:
    change = create_group(1, place.ou, place.name(1), "Klasse 3b, Süd")
    (guid,) = await place.create(change)
    assert (await place.target.read([place.ou])).groups == (
        ActualGroup(
            guid=guid,
            dn=change.dn,
            sam_account_name=change.sam_account_name,
            display_name=change.display_name,
            description="Klasse 3b, Süd",
            info=change.info,
            members=frozenset(),
            protected=False,
            created=(await place.target.read([place.ou])).groups[0].created,
        ),
    )


async def test_a_group_is_a_global_security_group(place: Workplace) -> None:
    change = create_group(1, place.ou, place.name(1))
    await place.create(change)
    assert place.server.look(change.dn, "groupType")["groupType"] == [b"-2147483646"]


async def test_containers_are_made_from_the_top_in_whatever_order_they_come(place: Workplace) -> None:
    dns = [f"OU=Klassen,OU=Gruppen,{place.ou}", f"OU=Gruppen,{place.ou}", f"OU=a,OU=Klassen,OU=Gruppen,{place.ou}"]
    await place.must(*(CreateContainer(dn=dn) for dn in dns))
    assert set((await place.target.read([place.ou])).organizational_units) == {place.ou, *dns}


async def test_making_a_container_twice_changes_nothing(place: Workplace) -> None:
    await place.must(CreateContainer(dn=f"OU=a,{place.ou}"))
    before = await place.target.highest_usn()
    await place.must(CreateContainer(dn=f"OU=a,{place.ou}"))
    assert await place.target.highest_usn() == before


async def test_creating_a_user_twice_fails_in_the_directory_s_words(place: Workplace) -> None:
    change = create_user(1, place.ou, place.name(1))
    await place.create(change)
    (outcome,) = await place.apply(change)
    assert outcome.result is Result.FAILED
    assert "entryAlreadyExists (68)" in outcome.message


async def test_outcomes_come_in_the_order_of_the_changes(place: Workplace) -> None:
    changes = [create_user(number, place.ou, place.name(number)) for number in range(70)]
    outcomes = await place.apply(*changes)
    assert [outcome.change for outcome in outcomes] == changes
    users = {user.guid: user.dn for user in (await place.target.read([place.ou])).users}
    assert [users.get(outcome.guid) for outcome in outcomes if outcome.guid] == [change.dn for change in changes]
