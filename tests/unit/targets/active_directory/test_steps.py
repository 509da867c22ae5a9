"""What is asked after which answer: conversations, played without a directory."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from connect_worker.model.change import Change, CreateContainer, Member
from connect_worker.model.ids import Guid
from connect_worker.targets.active_directory.answers import Answer, Entry
from connect_worker.targets.active_directory.attributes import Held
from connect_worker.targets.active_directory.refusals import RefusedError
from connect_worker.targets.active_directory.requests import (
    AddEntry,
    DeleteEntry,
    ModifyEntry,
    Request,
    Search,
)
from connect_worker.targets.active_directory.steps import Memory, UndeletableError, steps_of
from tests.support.directory_changes import (
    PASSWORD,
    account_key,
    add_members,
    create_user,
    delete,
    disable,
    enable,
    group_key,
    modify,
    remove_members,
)

OU = "OU=Schule,DC=school,DC=test"
GUID = Guid(UUID("c68c5bef-8663-47cd-ab53-5112337f53a5"))
DN = f"CN=anna,{OU}"
MEMBERS = [Member(key=account_key(number), dn=f"CN={number},{OU}") for number in range(3)]

UNIT = (("objectClass", (b"top", b"organizationalUnit")),)

OK = Answer(request_id=1, code=0, message="")


def _refused(code: int, message: str = "no") -> Answer:
    return Answer(request_id=1, code=code, message=message)


def _found(*entries: Entry) -> Answer:
    return Answer(request_id=1, code=0, message="", entries=entries)


def _play(change: Change, answers: Sequence[Answer], memory: Memory | None = None) -> list[Request]:
    """The requests that were made while these answers came."""
    steps = steps_of(change, memory or Memory(), lambda _: PASSWORD)
    asked = [next(steps)]
    for answer in answers:
        try:
            asked.append(steps.send(answer))
        except StopIteration:
            assert len(asked) == len(answers)
            return asked
    raise AssertionError(f"still asks {asked[-1]}")


def _control(value: int) -> Answer:
    return _found(Entry(DN, {"useraccountcontrol": [str(value).encode()]}))


def _edits(request: Request) -> list[tuple[str, bytes]]:
    assert isinstance(request, ModifyEntry)
    return [(one.edit.value, one.values[0]) for one in request.modifications]


def test_a_container_that_is_there_already_is_as_good_as_made() -> None:
    assert _play(CreateContainer(dn=OU), [_refused(68)]) == [AddEntry(dn=OU, attributes=UNIT)]


def test_a_user_that_is_there_already_is_somebody_else() -> None:
    with pytest.raises(RefusedError, match=r"entryAlreadyExists \(68\)"):
        _play(create_user(1, OU, "anna"), [_refused(68)])


def test_account_control_is_looked_up_only_where_it_is_not_known() -> None:
    memory = Memory()
    memory.keep(GUID, Held(account_control=66048))
    asked = _play(disable(account_key(1), GUID, DN), [OK], memory)
    assert _edits(asked[0]) == [("delete", b"66048"), ("add", b"66050")]
    asked = _play(disable(account_key(1), GUID, DN), [_control(512), OK])
    assert _edits(asked[1]) == [("delete", b"512"), ("add", b"514")]


def test_what_somebody_else_has_changed_meanwhile_is_kept() -> None:
    """Somebody has let the password never expire since the read: the user is disabled, and that bit stays."""
    memory = Memory()
    memory.keep(GUID, Held(account_control=512))
    asked = _play(disable(account_key(1), GUID, DN), [_refused(16), _control(66048), OK], memory)
    assert _edits(asked[2]) == [("delete", b"66048"), ("add", b"66050")]


def test_a_user_whom_somebody_else_has_enabled_meanwhile_is_enabled() -> None:
    memory = Memory()
    memory.keep(GUID, Held(account_control=514))
    asked = _play(enable(account_key(1), GUID, DN), [_refused(16), _control(512)], memory)
    assert len(asked) == 2


def test_a_plain_attribute_needs_no_look() -> None:
    asked = _play(modify(account_key(1), GUID, DN, title="x"), [OK])
    assert len(asked) == 1


def test_addresses_of_other_kinds_are_looked_up_before_they_are_written() -> None:
    found = Entry(DN, {"useraccountcontrol": [b"512"], "proxyaddresses": [b"x500:/o=S"]})
    asked = _play(modify(account_key(1), GUID, DN, addresses=("a@school.test",)), [_found(found), OK])
    assert isinstance(asked[1], ModifyEntry)
    assert asked[1].modifications[0].values == (b"SMTP:a@school.test", b"x500:/o=S")


def test_members_go_in_one_request() -> None:
    asked = _play(add_members(group_key(), GUID, "CN=g", MEMBERS), [OK])
    assert isinstance(asked[0], ModifyEntry)
    assert len(asked[0].modifications[0].values) == 3


def test_when_one_member_was_added_by_somebody_else_the_others_still_are() -> None:
    there = _found(Entry("CN=g", {}))
    asked = _play(add_members(group_key(), GUID, "CN=g", MEMBERS), [_refused(68), OK, _refused(68), there, OK])
    assert [type(request) for request in asked] == [ModifyEntry, ModifyEntry, ModifyEntry, Search, ModifyEntry]
    assert isinstance(asked[3], Search)
    assert asked[3].filter == f"(member={MEMBERS[1].dn})"


def test_when_one_member_was_removed_by_somebody_else_the_others_still_are() -> None:
    answers = [_refused(53), OK, _refused(53), _found(), OK]
    asked = _play(remove_members(group_key(), GUID, "CN=g", MEMBERS), answers)
    assert [type(request) for request in asked] == [ModifyEntry, ModifyEntry, ModifyEntry, Search, ModifyEntry]


def test_a_member_that_is_refused_is_named_and_the_others_are_added() -> None:
    answers = [_refused(32), OK, _refused(32, "no such object"), _found(), OK]
    with pytest.raises(RefusedError, match=r"1 of 3 members were refused: S\.00001: noSuchObject \(32\): no such"):
        _play(add_members(group_key(), GUID, "CN=g", MEMBERS), answers)


def test_members_are_not_tried_one_by_one_when_the_account_lacks_the_right() -> None:
    with pytest.raises(RefusedError, match="lacks the right"):
        _play(add_members(group_key(), GUID, "CN=g", MEMBERS), [_refused(50)])


def test_what_is_gone_already_is_deleted() -> None:
    asked = _play(delete(account_key(1), GUID, DN), [_refused(32)])
    assert [type(request) for request in asked] == [DeleteEntry]


def test_what_hangs_below_a_user_is_deleted_by_name_the_deepest_first() -> None:
    devices = Entry(f"CN=ExchangeActiveSyncDevices,{DN}", {"objectclass": [b"msExchActiveSyncDevices"]})
    phone = Entry(f"CN=Phone,{devices.dn}", {"objectclass": [b"msExchActiveSyncDevice"]})
    user = Entry(DN, {"objectclass": [b"user"]})
    answers = [_refused(66), _found(phone, user, devices), OK, OK, OK]
    asked = _play(delete(account_key(1), GUID, DN), answers)
    assert asked[2:] == [DeleteEntry(dn=phone.dn), DeleteEntry(dn=devices.dn), asked[0]]


def test_accounts_and_groups_below_a_user_are_never_deleted_along() -> None:
    user, child = Entry(DN, {"objectclass": [b"user"]}), Entry(f"CN=pc,{DN}", {"objectclass": [b"top", b"computer"]})
    with pytest.raises(UndeletableError, match=f"accounts or groups lie below it: CN=pc,{DN}"):
        _play(delete(account_key(1), GUID, DN), [_refused(66), _found(user, child)])


def test_a_protected_object_is_undeletable_and_no_failure() -> None:
    with pytest.raises(UndeletableError, match="protected from deletion"):
        _play(delete(account_key(1), GUID, DN), [_refused(50)])
