"""One change that fails harms no other; a stop leaves nothing half done; missing rights are said to be missing."""

from itertools import count

from connect_worker.model.change import Change
from connect_worker.model.ids import AccountKey
from connect_worker.model.outcome import Result
from connect_worker.model.secret import Secret
from connect_worker.targets.active_directory import ActiveDirectory
from tests.support.directory_changes import (
    PASSWORD,
    create_group,
    create_user,
    delete,
    disable,
    modify,
    set_password,
)
from tests.support.directory_servers import Workplace, results


async def test_one_failure_among_many_is_its_own(place: Workplace) -> None:
    users = [create_user(number, place.ou, place.name(number)) for number in range(40)]
    users[17] = create_user(17, f"OU=nowhere,{place.ou}", place.name(17))
    outcomes = await place.apply(*users)
    assert results(outcomes) == [Result.FAILED if number == 17 else Result.DONE for number in range(40)]
    assert "(32)" in outcomes[17].message or "(80)" in outcomes[17].message
    assert len((await place.target.read([place.ou])).users) == 39


async def test_a_stop_lets_finish_what_is_under_way_and_starts_nothing_more(place: Workplace) -> None:
    asked = count()
    changes = [create_group(number, place.ou, place.name(number)) for number in range(100)]
    outcomes = await place.target.apply(changes, passwords=lambda _: PASSWORD, stopped=lambda: next(asked) >= 40)
    assert results(outcomes) == [Result.DONE] * 40 + [Result.NOT_STARTED] * 60
    assert all(outcome.guid for outcome in outcomes[:40])
    there = {group.guid for group in (await place.target.read([place.ou])).groups}
    assert there == {outcome.guid for outcome in outcomes[:40]}


async def test_after_a_stop_nothing_is_written(place: Workplace) -> None:
    before = await place.target.highest_usn()
    changes = [create_group(1, place.ou, place.name(1))]
    (outcome,) = await place.target.apply(changes, passwords=lambda _: PASSWORD, stopped=lambda: True)
    assert outcome.result is Result.NOT_STARTED
    assert await place.target.highest_usn() == before


async def test_a_password_is_opened_only_for_the_change_that_needs_it(place: Workplace) -> None:
    user = create_user(1, place.ou, place.name(1))
    opened: list[AccountKey] = []

    def passwords(key: AccountKey) -> Secret:
        opened.append(key)
        return PASSWORD

    changes: list[Change] = [create_group(2, place.ou, place.name(2)), user]
    await place.target.apply(changes, passwords=passwords, stopped=lambda: False)
    assert opened == [user.key]


async def test_a_delegated_account_writes_in_its_unit_and_nowhere_else(place: Workplace) -> None:
    """The account that customers are told to make: it writes below its unit, and the refusal elsewhere says why."""
    account = place.server.delegated(f"{place.prefix}.svc", place.ou)
    inside = create_user(1, place.ou, place.name(1))
    outside = create_user(2, f"CN=Users,{place.server.base_dn}", place.name(2))
    async with ActiveDirectory(account) as target:
        outcomes = await target.apply([inside, outside], passwords=lambda _: PASSWORD, stopped=lambda: False)
        assert results(outcomes) == [Result.DONE, Result.FAILED]
        assert "lacks the right to do this" in outcomes[1].message
        assert len((await target.read([place.ou])).users) == 1
        facts = await target.check([place.ou, f"CN=Users,{place.server.base_dn}"], ())
        assert [base.may_create_users for base in facts.bases] == [True, False]
        mine, theirs = (base.user for base in facts.bases)
        assert mine is not None
        assert theirs is not None
        assert (mine.dn, mine.unwritable, mine.may_change_rights) == (inside.dn, (), True)
        assert {"displayName", "userAccountControl", "proxyAddresses"} <= {*theirs.unwritable}
        assert not theirs.may_change_rights


async def test_an_account_without_rights_can_change_nothing_and_is_told_so(place: Workplace) -> None:
    user = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(user)
    elsewhere = f"CN=Users,{place.server.base_dn}"
    account = place.server.delegated(f"{place.prefix}.svc", elsewhere)
    before = (await place.target.read([place.ou])).users
    async with ActiveDirectory(account) as target:
        changes: list[Change] = [
            disable(user.key, guid, user.dn),
            modify(user.key, guid, user.dn, title="x"),
            set_password(user.key, guid, user.dn),
            delete(user.key, guid, user.dn),
        ]
        outcomes = await target.apply(changes, passwords=lambda _: PASSWORD, stopped=lambda: False)
        assert results(outcomes) == [Result.FAILED, Result.FAILED, Result.FAILED, Result.UNDELETABLE]
        assert all("insufficientAccessRights (50)" in outcome.message for outcome in outcomes)
    assert (await place.target.read([place.ou])).users == before
