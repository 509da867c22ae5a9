"""What goes wrong between Connect and a directory: half a picture is never taken for a whole one."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from connect_worker.errors import ConnectionFailedError, IncompleteReadError, LoginRefusedError
from connect_worker.model.change import Change, CreateContainer, Member
from connect_worker.model.ids import Guid
from connect_worker.model.outcome import Result
from connect_worker.model.secret import Secret
from connect_worker.settings import DirectorySettings
from connect_worker.simulator.faults import (
    CutPage,
    Delay,
    DropAfter,
    DropBefore,
    Fault,
    LimitSize,
    Operation,
    Refer,
    Refuse,
)
from connect_worker.simulator.policy import Policy
from connect_worker.simulator.results import ResultCode
from connect_worker.targets.active_directory import ActiveDirectory
from tests.support.directory_changes import (
    PASSWORD,
    account_key,
    add_members,
    create_group,
    create_user,
    delete,
    disable,
    group_key,
    modify,
)
from tests.support.directory_servers import results
from tests.support.simulator import SimulatorServer

OU = "OU=Schule,DC=school,DC=test"


@pytest.fixture
def small(simulator_factory: Callable[..., SimulatorServer]) -> SimulatorServer:
    """A domain with small limits: 10 objects a page, 5 values a range."""
    return simulator_factory(Policy(page_size=10, value_range=5))


@asynccontextmanager
async def signed_in(
    server: SimulatorServer, *, answer_timeout: int = 30, **more: str | bool | None
) -> AsyncIterator[ActiveDirectory]:
    settings = DirectorySettings(
        url=server.ldaps_url,
        bind_dn=server.admin_dn,
        password=Secret(server.admin_password),
        ca=server.ca_pem,
        server_name=server.server_name,
    )
    settings = replace(settings, **more)  # type: ignore[arg-type]
    async with ActiveDirectory(settings, answer_timeout=answer_timeout) as target:
        yield target


async def _apply(target: ActiveDirectory, *changes: Change) -> list[Result]:
    return results(await target.apply(changes, passwords=lambda _: PASSWORD, stopped=lambda: False))


async def _fill(target: ActiveDirectory, groups: int) -> list[Guid]:
    """An organizational unit with so many groups."""
    assert await _apply(target, CreateContainer(dn=OU)) == [Result.DONE]
    changes = [create_group(number, OU, f"g{number}") for number in range(groups)]
    outcomes = await target.apply(changes, passwords=lambda _: PASSWORD, stopped=lambda: False)
    return [outcome.guid for outcome in outcomes if outcome.guid]


# Reading


async def test_pages_and_ranges_of_any_size_give_the_whole_picture(small: SimulatorServer) -> None:
    async with signed_in(small) as target:
        guids = await _fill(target, 25)
        members = [Member(key=account_key(number), dn=f"CN=g{number},{OU}") for number in range(1, 24)]
        assert await _apply(target, add_members(group_key(), guids[0], f"CN=g0,{OU}", members)) == [Result.DONE]
        read = await target.read([OU])
        assert {group.guid for group in read.groups} == set(guids)
        assert max(len(group.members) for group in read.groups) == 23
        assert len(await target.locate(guids)) == 25


@pytest.mark.parametrize("after", [1, 2, 3], ids=["first page", "second page", "third page"])
async def test_a_page_that_says_there_are_more_without_giving_them_is_half_a_picture(
    small: SimulatorServer, after: int
) -> None:
    async with signed_in(small) as target:
        await _fill(target, 25)
        small.faults.add(Fault(operation=Operation.SEARCH, name=OU, action=LimitSize(entries=2), after=after))
        with pytest.raises(IncompleteReadError, match=r"sizeLimitExceeded \(4\)") as caught:
            await target.read([OU])
        assert OU in caught.value.what
        assert caught.value.reason == "DirectoryReadIncomplete"


async def test_an_answer_that_does_not_say_whether_more_follows_is_half_a_picture(simulator: SimulatorServer) -> None:
    async with signed_in(simulator) as target:
        await _fill(target, 3)
        silent = Refuse(code=ResultCode.SUCCESS)
        simulator.faults.add(Fault(operation=Operation.SEARCH, name=OU, action=silent, after=1))
        with pytest.raises(IncompleteReadError, match="does not say whether more follow"):
            await target.read([OU])


async def test_a_part_said_to_be_on_another_server_is_half_a_picture(simulator: SimulatorServer) -> None:
    async with signed_in(simulator) as target:
        await _fill(target, 3)
        elsewhere = Refer(url="ldaps://dc2.school.test/OU=x")
        simulator.faults.add(Fault(operation=Operation.SEARCH, name=OU, action=elsewhere, after=1))
        with pytest.raises(IncompleteReadError, match="on another server"):
            await target.read([OU])


@pytest.mark.parametrize("code", [ResultCode.BUSY, ResultCode.OPERATIONS_ERROR, ResultCode.UNAVAILABLE])
async def test_a_read_that_is_refused_half_way_is_half_a_picture(small: SimulatorServer, code: ResultCode) -> None:
    async with signed_in(small) as target:
        await _fill(target, 25)
        small.faults.add(Fault(operation=Operation.SEARCH, name=OU, action=Refuse(code=code), after=2))
        with pytest.raises(IncompleteReadError, match=f"after 10 objects: .*\\({code.value}\\)"):
            await target.read([OU])


async def test_ranges_of_members_that_are_refused_are_half_a_picture(small: SimulatorServer) -> None:
    async with signed_in(small) as target:
        guids = await _fill(target, 9)
        members = [Member(key=account_key(number), dn=f"CN=g{number},{OU}") for number in range(1, 9)]
        await _apply(target, add_members(group_key(), guids[0], f"CN=g0,{OU}", members))
        small.faults.add(Fault(operation=Operation.SEARCH, name="<GUID=", action=Refuse(code=ResultCode.BUSY)))
        with pytest.raises(IncompleteReadError, match=f"the members of CN=g0,{OU}"):
            await target.read([OU])


async def test_a_range_of_members_that_comes_empty_is_half_a_picture(small: SimulatorServer) -> None:
    async with signed_in(small) as target:
        guids = await _fill(target, 9)
        members = [Member(key=account_key(number), dn=f"CN=g{number},{OU}") for number in range(1, 9)]
        await _apply(target, add_members(group_key(), guids[0], f"CN=g0,{OU}", members))
        small.faults.add(Fault(operation=Operation.SEARCH, name="<GUID=", action=CutPage(entries=0)))
        with pytest.raises(IncompleteReadError, match="from number 5 on are missing"):
            await target.read([OU])


@pytest.mark.parametrize("after", [1, 2], ids=["first page", "second page"])
async def test_a_connection_that_breaks_while_reading_is_a_failed_connection(
    small: SimulatorServer, after: int
) -> None:
    async with signed_in(small) as target:
        await _fill(target, 25)
        small.faults.add(Fault(operation=Operation.SEARCH, name=OU, action=DropBefore(), after=after))
        with pytest.raises(ConnectionFailedError) as caught:
            await target.read([OU])
        assert caught.value.reason == "DirectoryUnreachable"


async def test_taken_names_and_whereabouts_are_no_half_picture_either(simulator: SimulatorServer) -> None:
    async with signed_in(simulator) as target:
        guids = await _fill(target, 3)
        simulator.faults.add(Fault(operation=Operation.SEARCH, action=LimitSize(entries=1), times=2, name="DC=school"))
        with pytest.raises(IncompleteReadError):
            await target.read_taken_names()
        with pytest.raises(IncompleteReadError):
            await target.locate(guids)
        assert len(await target.locate(guids)) == 3


# Applying


async def test_when_the_connection_breaks_what_was_under_way_is_unknown_and_the_rest_not_started(
    simulator: SimulatorServer,
) -> None:
    """Ten groups are made before the break. A window of 32 was open; of these nobody heard any more."""
    async with signed_in(simulator) as target:
        await _fill(target, 0)
        simulator.faults.add(Fault(operation=Operation.ADD, action=DropAfter(), after=10))
        changes = [create_group(number, OU, f"g{number}") for number in range(60)]
        outcomes = await target.apply(changes, passwords=lambda _: PASSWORD, stopped=lambda: False)
        found = results(outcomes)
        known = found.index(Result.UNKNOWN)
        assert known <= 10
        assert found[:known] == [Result.DONE] * known
        assert set(found[known:]) == {Result.UNKNOWN, Result.NOT_STARTED}
        assert found.count(Result.UNKNOWN) <= 32
        assert all("the connection to the directory broke" in outcome.message for outcome in outcomes[known:])
        assert await _apply(target, changes[0], changes[1]) == [Result.NOT_STARTED] * 2
    async with signed_in(simulator) as target:
        assert len((await target.read([OU])).groups) >= 10


async def test_after_a_break_the_next_run_finds_every_object_once(simulator: SimulatorServer) -> None:
    async with signed_in(simulator) as target:
        await _fill(target, 0)
        simulator.faults.add(Fault(operation=Operation.ADD, action=DropBefore(), after=5))
        await _apply(target, *(create_group(number, OU, f"g{number}") for number in range(40)))
    async with signed_in(simulator) as target:
        there = {group.dn for group in (await target.read([OU])).groups}
        missing = [change for number in range(40) if (change := create_group(number, OU, f"g{number}")).dn not in there]
        assert set(await _apply(target, *missing)) == {Result.DONE}
        assert len((await target.read([OU])).groups) == 40


async def test_a_slow_directory_is_waited_for(simulator: SimulatorServer) -> None:
    async with signed_in(simulator) as target:
        await _fill(target, 0)
        simulator.faults.add(Fault(operation=Operation.ADD, action=Delay(seconds=0.3), times=2))
        changes = [create_group(number, OU, f"g{number}") for number in range(5)]
        assert await _apply(target, *changes) == [Result.DONE] * 5


async def test_a_directory_that_falls_silent_is_given_up_after_the_time_limit(simulator: SimulatorServer) -> None:
    async with signed_in(simulator, answer_timeout=1) as target:
        await _fill(target, 0)
        simulator.faults.add(Fault(operation=Operation.ADD, action=Delay(seconds=4)))
        (outcome,) = await target.apply([create_group(1, OU, "g")], passwords=lambda _: PASSWORD, stopped=lambda: False)
        assert outcome.result is Result.UNKNOWN
        assert "timed out" in outcome.message


async def test_a_refused_request_is_reported_and_the_others_are_made(simulator: SimulatorServer) -> None:
    async with signed_in(simulator) as target:
        await _fill(target, 0)
        simulator.faults.add(
            Fault(operation=Operation.ADD, name="CN=g3,", action=Refuse(code=ResultCode.BUSY, message="later"))
        )
        changes = [create_group(number, OU, f"g{number}") for number in range(6)]
        outcomes = await target.apply(changes, passwords=lambda _: PASSWORD, stopped=lambda: False)
        assert results(outcomes) == [Result.FAILED if number == 3 else Result.DONE for number in range(6)]
        assert outcomes[3].message == "busy (51): later"


async def test_a_user_is_never_created_twice_when_its_guid_cannot_be_read(simulator: SimulatorServer) -> None:
    """The create is done, and said to have failed: the next run recognises the user by its intention."""
    async with signed_in(simulator) as target:
        await _fill(target, 0)
        simulator.faults.add(
            Fault(
                operation=Operation.SEARCH, name=simulator.base_dn, action=Refuse(code=ResultCode.BUSY, message="later")
            )
        )
        assert await _apply(target, create_user(1, OU, "anna")) == [Result.FAILED]
        assert len((await target.read([OU])).users) == 1


async def test_what_became_of_a_create_is_unknown_when_the_connection_breaks_before_its_guid(
    simulator: SimulatorServer,
) -> None:
    async with signed_in(simulator) as target:
        await _fill(target, 0)
        simulator.faults.add(Fault(operation=Operation.SEARCH, name=simulator.base_dn, action=DropBefore()))
        assert await _apply(target, create_user(1, OU, "anna")) == [Result.UNKNOWN]
        assert await _apply(target, create_user(2, OU, "bea")) == [Result.NOT_STARTED]
    async with signed_in(simulator) as target:
        assert len((await target.read([OU])).users) == 1


async def test_a_user_with_children_of_a_mailbox_is_deleted_with_them(simulator: SimulatorServer) -> None:
    """A real directory would have such children from Exchange; here a refusal plays their part."""
    async with signed_in(simulator) as target:
        await _fill(target, 0)
        changes: list[Change] = [create_user(1, OU, "anna"), create_user(2, OU, "bea")]
        outcomes = await target.apply(changes, passwords=lambda _: PASSWORD, stopped=lambda: False)
        anna = outcomes[0].guid
        assert anna is not None
        not_a_leaf = Refuse(code=ResultCode.NOT_ALLOWED_ON_NON_LEAF, message="children")
        simulator.faults.add(Fault(operation=Operation.DELETE, action=not_a_leaf))
        assert await _apply(target, delete(account_key(1), anna, f"CN=anna,{OU}")) == [Result.DONE]
        assert [user.dn for user in (await target.read([OU])).users] == [f"CN=bea,{OU}"]


# Concurrency with others


async def test_only_one_of_two_runs_makes_an_object(simulator: SimulatorServer) -> None:
    async with signed_in(simulator) as one, signed_in(simulator) as two:
        await _fill(one, 0)
        change = create_user(1, OU, "anna")
        assert await _apply(one, change) == [Result.DONE]
        assert await _apply(two, change) == [Result.FAILED]


async def test_two_that_write_the_same_account_lose_nothing_of_each_other(simulator: SimulatorServer) -> None:
    async with signed_in(simulator) as one, signed_in(simulator) as two:
        await _fill(one, 0)
        user = create_user(1, OU, "anna")
        (outcome,) = await one.apply([user], passwords=lambda _: PASSWORD, stopped=lambda: False)
        assert outcome.guid is not None
        await two.read([OU])
        assert await _apply(one, modify(user.key, outcome.guid, user.dn, password_never_expires=True)) == [Result.DONE]
        assert await _apply(two, disable(user.key, outcome.guid, user.dn)) == [Result.DONE]
        (found,) = (await one.read([OU])).users
        assert (found.enabled, found.login.password_never_expires) == (False, True)


# Signing in


async def test_a_connection_that_breaks_while_signing_in_is_a_failed_connection(simulator: SimulatorServer) -> None:
    simulator.faults.add(Fault(operation=Operation.BIND, action=DropBefore()))
    with pytest.raises(ConnectionFailedError):
        async with signed_in(simulator):
            pass


async def test_a_directory_that_is_busy_is_tried_again_later(simulator: SimulatorServer) -> None:
    simulator.faults.add(Fault(operation=Operation.BIND, action=Refuse(code=ResultCode.BUSY)))
    with pytest.raises(ConnectionFailedError, match="the directory is not ready"):
        async with signed_in(simulator):
            pass


async def test_a_directory_that_does_not_offer_starttls_lets_nobody_sign_in(simulator: SimulatorServer) -> None:
    """The password is not sent in the clear instead."""
    simulator.faults.add(Fault(operation=Operation.EXTENDED, action=Refuse(code=ResultCode.UNAVAILABLE)))
    simulator.faults.add(Fault(operation=Operation.BIND, action=Refuse(code=ResultCode.INVALID_CREDENTIALS)))
    with pytest.raises(ConnectionFailedError):
        async with signed_in(simulator, url=simulator.ldap_url):
            pass
    with pytest.raises(LoginRefusedError):
        async with signed_in(simulator):
            pass


async def test_a_directory_for_a_demonstration_on_this_machine_needs_no_encryption(
    simulator_factory: Callable[..., SimulatorServer],
) -> None:
    server = simulator_factory(Policy(plain=True))
    async with signed_in(server, url=server.ldap_url, start_tls=False, ca=None) as target:
        await _fill(target, 0)
        assert await _apply(target, create_user(1, OU, "anna")) == [Result.DONE]
