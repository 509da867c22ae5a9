"""Locked out, let in again, given a new password, deleted."""

import pytest

from connect_worker.model.ids import Guid
from connect_worker.model.outcome import Result
from connect_worker.model.secret import Secret
from tests.support.directory_changes import (
    PASSWORD,
    create_group,
    create_user,
    delete,
    disable,
    enable,
    login,
    modify,
    set_password,
)
from tests.support.directory_servers import Workplace


async def _control(place: Workplace, dn: str) -> int:
    return int(place.server.look(dn, "userAccountControl")["userAccountControl"][0])


async def test_a_disabled_user_is_locked_out_at_once_and_let_in_again_when_enabled(place: Workplace) -> None:
    user = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(user)
    await place.must(disable(user.key, guid, user.dn))
    assert [found.enabled for found in (await place.target.read([place.ou])).users] == [False]
    assert not place.server.lets_in(user.dn, PASSWORD.reveal())
    await place.must(enable(user.key, guid, user.dn))
    assert [found.enabled for found in (await place.target.read([place.ou])).users] == [True]
    assert place.server.lets_in(user.dn, PASSWORD.reveal())


@pytest.mark.parametrize("read_before", [True, False])
async def test_disabling_leaves_all_else_that_account_control_says(place: Workplace, read_before: bool) -> None:
    smart_card_required = 0x40000
    user = create_user(1, place.ou, place.name(1), login=login(place.name(1), never_expires=True))
    (guid,) = await place.create(user)
    place.server.write(user.dn, userAccountControl=str(512 + 65536 + smart_card_required))
    if read_before:
        await place.target.read([place.ou])
    await place.must(disable(user.key, guid, user.dn))
    assert await _control(place, user.dn) == 514 + 65536 + smart_card_required
    await place.must(enable(user.key, guid, user.dn))
    assert await _control(place, user.dn) == 512 + 65536 + smart_card_required


async def test_what_somebody_else_changes_between_read_and_disable_is_kept(place: Workplace) -> None:
    user = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(user)
    await place.target.read([place.ou])
    place.server.write(user.dn, userAccountControl=str(512 + 65536))
    await place.must(disable(user.key, guid, user.dn))
    assert await _control(place, user.dn) == 514 + 65536


async def test_disabling_twice_writes_nothing(place: Workplace) -> None:
    user = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(user)
    await place.must(disable(user.key, guid, user.dn))
    before = await place.target.highest_usn()
    await place.must(disable(user.key, guid, user.dn))
    assert await place.target.highest_usn() == before


async def _set(place: Workplace, guid: Guid, dn: str, password: str, *, must_change: bool = False) -> Result:
    change = set_password(create_user(1, place.ou, "x").key, guid, dn, must_change=must_change)
    (outcome,) = await place.target.apply([change], passwords=lambda _: Secret(password), stopped=lambda: False)
    assert password not in outcome.message
    if outcome.result is Result.FAILED:
        assert "the domain's password policy refuses the password" in outcome.message
    return outcome.result


async def test_a_new_password_lets_the_user_in_and_the_old_one_does_not(place: Workplace) -> None:
    user = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(user)
    assert await _set(place, guid, user.dn, "Neues?pass3wort") is Result.DONE
    assert place.server.lets_in(user.dn, "Neues?pass3wort")
    (found,) = (await place.target.read([place.ou])).users
    assert not found.must_change_password


async def test_who_must_change_the_new_password_is_read_back_as_such(place: Workplace) -> None:
    """A password that never expires need not be changed either: that bit goes until the user has done it."""
    user = create_user(1, place.ou, place.name(1), login=login(place.name(1), never_expires=True))
    (guid,) = await place.create(user)
    assert await _set(place, guid, user.dn, "Neues?pass3wort", must_change=True) is Result.DONE
    (found,) = (await place.target.read([place.ou])).users
    assert (found.must_change_password, found.login.password_never_expires, found.enabled) == (True, False, True)


@pytest.mark.parametrize("weak", ["Ab3", "alllowercaseletters"])
async def test_a_password_that_the_policy_refuses_is_reported_as_such_and_nothing_changes(
    place: Workplace, weak: str
) -> None:
    user = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(user)
    assert await _set(place, guid, user.dn, weak, must_change=True) is Result.FAILED
    assert place.server.lets_in(user.dn, PASSWORD.reveal())
    (found,) = (await place.target.read([place.ou])).users
    assert not found.must_change_password


async def test_a_user_whose_password_is_refused_is_not_created_at_all(place: Workplace) -> None:
    change = create_user(1, place.ou, place.name(1))
    (outcome,) = await place.target.apply([change], passwords=lambda _: Secret("x"), stopped=lambda: False)
    assert outcome.result is Result.FAILED
    assert "password policy" in outcome.message
    assert (await place.target.read([place.ou])).users == ()


async def test_users_and_groups_are_deleted(place: Workplace) -> None:
    user, group = create_user(1, place.ou, place.name(1)), create_group(1, place.ou, place.name(2))
    user_guid, group_guid = await place.create(user, group)
    await place.must(delete(user.key, user_guid, user.dn), delete(group.key, group_guid, group.dn))
    read = await place.target.read([place.ou])
    assert (read.users, read.groups) == ((), ())
    assert await place.target.locate([user_guid, group_guid]) == {}


async def test_what_programs_keep_below_a_user_is_deleted_along(place: Workplace) -> None:
    """A directory refuses to delete what has anything below it (ruling 39)."""
    user = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(user)
    for dn in (below := f"CN=Programs,{user.dn}", f"CN=Printers,{below}", f"CN=Settings,{user.dn}"):
        place.server.add(dn, "classStore")
    assert place.server.refuses_to_delete(user.dn)
    await place.must(delete(user.key, guid, user.dn))
    assert (await place.target.read([place.ou])).users == ()
    assert place.server.look(below, "cn") == {}


async def test_what_somebody_has_deleted_already_is_deleted(place: Workplace) -> None:
    user = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(user)
    await place.must(delete(user.key, guid, user.dn))
    await place.must(delete(user.key, guid, user.dn))
    assert (await place.target.read([place.ou])).users == ()


async def test_a_new_object_with_the_old_name_is_not_deleted_in_its_place(place: Workplace) -> None:
    user = create_user(1, place.ou, place.name(1))
    (old,) = await place.create(user)
    await place.must(delete(user.key, old, user.dn))
    (new,) = await place.create(user)
    await place.must(delete(user.key, old, user.dn))
    assert [found.guid for found in (await place.target.read([place.ou])).users] == [new]


async def test_a_user_made_enabled_modified_and_disabled_in_one_run_ends_as_it_should(place: Workplace) -> None:
    user = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(user)
    await place.must(modify(user.key, guid, user.dn, password_never_expires=True, title="x"))
    await place.must(disable(user.key, guid, user.dn))
    await place.must(enable(user.key, guid, user.dn))
    await place.must(disable(user.key, guid, user.dn))
    assert await _control(place, user.dn) == 66050
