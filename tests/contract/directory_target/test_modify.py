"""Every attribute can be set, changed and taken away, and nothing else changes along."""

from dataclasses import replace

import pytest

from connect_worker.model.account import Profile
from connect_worker.model.directory import ActualUser
from connect_worker.model.ids import Guid
from connect_worker.model.outcome import Result
from tests.support.directory_changes import (
    FULL_PROFILE,
    account_key,
    create_group,
    create_user,
    group_key,
    login,
    modify,
    rename,
)
from tests.support.directory_servers import Workplace

KEY = account_key(1)
CHANGED = {
    "employee_id": "S.99999",
    "initials": "Z",
    "country": "DE",
    "street_address": "Weg 2",
    "home_page": "https://school.test/süd",
}


async def _user(place: Workplace, guid: Guid) -> ActualUser:
    return next(user for user in (await place.target.read([place.ou])).users if user.guid == guid)


async def _created(place: Workplace, profile: Profile = FULL_PROFILE) -> ActualUser:
    (guid,) = await place.create(create_user(1, place.ou, place.name(1), profile=profile))
    return await _user(place, guid)


@pytest.mark.parametrize("attribute", [name for name in Profile.__dataclass_fields__ if name != "manager"])
async def test_an_attribute_of_the_profile_is_changed_and_taken_away(place: Workplace, attribute: str) -> None:
    user = await _created(place)
    after = CHANGED.get(attribute, "Größer & Söhne <2>")
    await place.must(modify(KEY, user.guid, user.dn, **{attribute: after}))
    assert await _user(place, user.guid) == replace(user, profile=replace(FULL_PROFILE, **{attribute: after}))
    await place.must(modify(KEY, user.guid, user.dn, **{attribute: None}))
    assert await _user(place, user.guid) == replace(user, profile=replace(FULL_PROFILE, **{attribute: None}))


@pytest.mark.parametrize("attribute", ["user_principal_name", "mail", "sam_account_name"])
async def test_a_name_to_sign_in_or_write_to_is_changed(place: Workplace, attribute: str) -> None:
    user = await _created(place)
    after = place.name(2) if attribute == "sam_account_name" else f"{place.name(2)}@school.test"
    await place.must(modify(KEY, user.guid, user.dn, **{attribute: after}))
    changed = await _user(place, user.guid)
    assert getattr(changed.login, attribute) == after
    assert replace(changed, login=user.login) == user


async def test_all_attributes_change_in_one_go(place: Workplace) -> None:
    user = await _created(place, Profile())
    values = {name: getattr(FULL_PROFILE, name) for name in Profile.__dataclass_fields__ if name != "manager"}
    await place.must(modify(KEY, user.guid, user.dn, **values, mail="x@school.test", addresses=("x@school.test",)))
    after = await _user(place, user.guid)
    assert after.profile == FULL_PROFILE
    assert (after.login.mail, after.login.addresses) == ("x@school.test", ("x@school.test",))


async def test_the_manager_is_another_user_s_name(place: Workplace) -> None:
    user = await _created(place)
    boss = create_user(2, place.ou, place.name(2))
    await place.create(boss)
    await place.must(modify(KEY, user.guid, user.dn, manager=boss.dn))
    assert (await _user(place, user.guid)).profile.manager == boss.dn
    await place.must(modify(KEY, user.guid, user.dn, manager=None))
    assert (await _user(place, user.guid)).profile.manager is None


async def test_a_manager_that_is_not_there_is_refused(place: Workplace) -> None:
    user = await _created(place)
    (outcome,) = await place.apply(modify(KEY, user.guid, user.dn, title="x", manager=f"CN=nobody,{place.ou}"))
    assert outcome.result is Result.FAILED
    assert (await _user(place, user.guid)) == user


async def test_the_primary_address_and_an_alias_change_places(place: Workplace) -> None:
    user = await _created(place)
    primary, alias = user.login.addresses
    await place.must(modify(KEY, user.guid, user.dn, addresses=(alias, primary)))
    assert (await _user(place, user.guid)).login.addresses == (alias, primary)


async def test_addresses_of_other_kinds_survive_a_change_of_the_mail_addresses(place: Workplace) -> None:
    user = await _created(place)
    foreign = ["x500:/o=School/cn=anna", "sip:anna@school.test"]
    place.server.write(user.dn, proxyAddresses=["SMTP:a@school.test", *foreign])
    await place.target.read([place.ou])
    await place.must(modify(KEY, user.guid, user.dn, addresses=("b@school.test", "a@school.test")))
    stored = place.server.look(user.dn, "proxyAddresses")["proxyAddresses"]
    assert sorted(stored) == sorted(
        [b"SMTP:b@school.test", b"smtp:a@school.test", *(address.encode() for address in foreign)]
    )
    await place.must(modify(KEY, user.guid, user.dn, addresses=()))
    stored = place.server.look(user.dn, "proxyAddresses")["proxyAddresses"]
    assert sorted(stored) == sorted(address.encode() for address in foreign)


async def test_whether_the_password_expires_is_switched_both_ways(place: Workplace) -> None:
    user = await _created(place)
    await place.must(modify(KEY, user.guid, user.dn, password_never_expires=True))
    assert await _user(place, user.guid) == replace(user, login=replace(user.login, password_never_expires=True))
    await place.must(modify(KEY, user.guid, user.dn, password_never_expires=False))
    assert await _user(place, user.guid) == user


async def test_a_group_s_texts_are_changed_and_taken_away(place: Workplace) -> None:
    change = create_group(1, place.ou, place.name(1), "before")
    (guid,) = await place.create(change)
    names = {"sam_account_name": place.name(9), "display_name": "Anders", "description": "after"}
    await place.must(modify(group_key(), guid, change.dn, **names))
    (group,) = (await place.target.read([place.ou])).groups
    assert {name: getattr(group, name) for name in names} == names
    await place.must(modify(group_key(), guid, change.dn, display_name=None, description=None))
    (group,) = (await place.target.read([place.ou])).groups
    assert (group.display_name, group.description) == (None, None)


async def test_an_object_is_modified_after_somebody_has_renamed_it(place: Workplace) -> None:
    """The name in the change is the one that was read; another object may bear it by now."""
    user = await _created(place)
    await place.must(rename(KEY, user.guid, user.dn, f"CN=moved,{place.ou}"))
    other = create_user(2, place.ou, place.name(2), dn=user.dn)
    (other_guid,) = await place.create(other)
    await place.must(modify(KEY, user.guid, user.dn, title="Schulleitung"))
    assert (await _user(place, user.guid)).profile.title == "Schulleitung"
    assert (await _user(place, other_guid)).profile.title is None


async def test_a_value_that_is_too_long_is_refused_and_named(place: Workplace) -> None:
    user = await _created(place)
    (outcome,) = await place.apply(modify(KEY, user.guid, user.dn, title="x", initials="toolong"))
    assert outcome.result is Result.FAILED
    assert "initials" in outcome.message
    assert (await _user(place, user.guid)) == user


async def test_a_user_principal_name_is_taken_once_only(place: Workplace) -> None:
    user = await _created(place)
    other = create_user(2, place.ou, place.name(2), login=login(place.name(2)))
    (guid,) = await place.create(other)
    taken = (user.login.user_principal_name or "").upper()
    (outcome,) = await place.apply(modify(account_key(2), guid, other.dn, user_principal_name=taken))
    assert outcome.result is Result.FAILED
