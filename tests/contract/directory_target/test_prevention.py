"""May not change his password: denied and allowed again in the rights on a user, which stay as they are otherwise."""

from connect_worker.model.directory import PasswordChange
from connect_worker.model.ids import Guid
from connect_worker.model.outcome import Result
from connect_worker.targets.active_directory import ActiveDirectory
from tests.support.directory_changes import PASSWORD, account_key, create_group, create_user, modify
from tests.support.directory_servers import DirectoryServer, Workplace

ALLOWED, DENIED = PasswordChange.ALLOWED, PasswordChange.DENIED


async def _created(place: Workplace) -> tuple[Guid, str]:
    (guid,) = await place.create(create_user(1, place.ou, place.name(1)))
    return guid, f"CN={place.name(1)},{place.ou}"


async def _found(place: Workplace, guid: Guid) -> PasswordChange:
    return (await place.target.read_password_changes([place.ou]))[guid]


async def test_it_is_denied_and_allowed_again(place: Workplace) -> None:
    guid, dn = await _created(place)
    assert await _found(place, guid) is ALLOWED
    await place.must(modify(account_key(1), guid, dn, password_change_prevented=True))
    assert await _found(place, guid) is DENIED
    await place.must(modify(account_key(1), guid, dn, password_change_prevented=False))
    assert await _found(place, guid) is ALLOWED


async def test_a_new_user_is_reached_by_his_name(place: Workplace) -> None:
    guid, dn = await _created(place)
    await place.must(modify(account_key(1), None, dn, password_change_prevented=True))
    assert await _found(place, guid) is DENIED


async def test_what_is_so_already_writes_nothing(place: Workplace) -> None:
    guid, dn = await _created(place)
    before = await place.target.highest_usn()
    await place.must(modify(account_key(1), guid, dn, password_change_prevented=False))
    assert await place.target.highest_usn() == before


async def test_an_account_with_delegated_rights_sees_and_writes_them(place: Workplace, server: DirectoryServer) -> None:
    """Without the control that names the part it would see nothing."""
    guid, dn = await _created(place)
    change = modify(account_key(1), guid, dn, password_change_prevented=True)
    async with ActiveDirectory(server.delegated(f"{place.prefix}.svc", place.ou)) as theirs:
        (outcome,) = await theirs.apply([change], passwords=lambda _: PASSWORD, stopped=lambda: False)
        assert (outcome.result, outcome.message) == (Result.DONE, "")
        assert (await theirs.read_password_changes([place.ou]))[guid] is DENIED


async def test_only_users_are_looked_at_and_a_missing_base_is_no_fault(place: Workplace) -> None:
    await place.create(create_group(1, place.ou, place.name(2)))
    guid, _ = await _created(place)
    assert await place.target.read_password_changes([place.ou, f"OU=Nowhere,{place.ou}"]) == {guid: ALLOWED}


async def test_an_object_that_is_gone_fails_alone(place: Workplace) -> None:
    (outcome,) = await place.apply(modify(account_key(1), None, f"CN=gone,{place.ou}", password_change_prevented=True))
    assert outcome.result is Result.FAILED
    assert "noSuchObject" in outcome.message
