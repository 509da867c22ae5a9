"""Each change is one request, which says no more than the change."""

from dataclasses import replace
from uuid import UUID

import pytest

from connect_worker.model.change import Change, CreateContainer
from connect_worker.model.ids import Guid
from connect_worker.targets.active_directory.attributes import Held
from connect_worker.targets.active_directory.requests import (
    AddEntry,
    DeleteEntry,
    Edit,
    Modification,
    ModifyEntry,
    MoveEntry,
    WriteRequest,
)
from connect_worker.targets.active_directory.writing import request_of
from tests.support.directory_changes import (
    FULL_PROFILE,
    PASSWORD,
    account_key,
    create_group,
    create_user,
    delete,
    disable,
    enable,
    login,
    modify,
    rename,
    set_password,
)

OU = "OU=Schule,DC=school,DC=test"
DN = f"CN=anna,{OU}"
KEY = account_key(1)
GUID = Guid(UUID("c68c5bef-8663-47cd-ab53-5112337f53a5"))
BY_GUID = "<GUID=c68c5bef-8663-47cd-ab53-5112337f53a5>"
FOREVER = Held(account_control=66048)


def _request(change: Change, held: Held | None = None) -> WriteRequest:
    return request_of(change, held or Held(), lambda _: PASSWORD)


def _added(change: Change) -> dict[str, tuple[bytes, ...]]:
    request = _request(change)
    assert isinstance(request, AddEntry)
    return dict(request.attributes)


def _edits(change: Change, held: Held | None = None) -> tuple[tuple[str, str, tuple[bytes, ...]], ...]:
    request = _request(change, held)
    assert isinstance(request, ModifyEntry)
    assert request.dn == BY_GUID
    return tuple((one.edit.value, one.attribute, one.values) for one in request.modifications)


def test_a_user_is_created_whole_and_with_its_password_in_one_request() -> None:
    added = _added(create_user(1, OU, "anna", profile=FULL_PROFILE, must_change_password=True))
    assert added["objectClass"][-1] == b"user"
    assert added["sAMAccountName"] == (b"anna",)
    assert added["proxyAddresses"] == (b"SMTP:anna@school.test", b"smtp:anna.alias@school.test")
    assert added["unicodePwd"] == ('"Blu3+8mekk"'.encode("utf-16-le"),)
    assert added["userAccountControl"] == (b"512",)
    assert added["pwdLastSet"] == (b"0",)
    assert added["l"] == ("Zürich".encode(),)


def test_the_manager_is_left_for_later_when_everybody_exists() -> None:
    assert "manager" not in _added(create_user(1, OU, "anna", profile=replace(FULL_PROFILE, manager=DN)))


def test_an_attribute_without_a_value_is_not_created() -> None:
    change = create_user(1, OU, "anna", profile=replace(FULL_PROFILE, title=None, info=""))
    assert not {"title", "info"} & _added(change).keys()


def test_a_password_that_never_expires_is_so_from_the_start() -> None:
    added = _added(create_user(1, OU, "anna", login=login("anna", never_expires=True)))
    assert added["userAccountControl"] == (b"66048",)
    assert "pwdLastSet" not in added


def test_who_must_change_the_password_gets_one_that_expires_until_then() -> None:
    change = create_user(1, OU, "anna", login=login("anna", never_expires=True), must_change_password=True)
    assert _added(change)["userAccountControl"] == (b"512",)


def test_a_group_is_a_global_security_group() -> None:
    added = _added(create_group(1, OU, "KL.1"))
    assert added["groupType"] == (b"-2147483646",)
    assert added["displayName"] == ("Klasse KL.1 ¦ Dorf".encode(),)
    assert "description" not in added


def test_a_container_is_an_organizational_unit() -> None:
    assert _request(CreateContainer(dn=OU)) == AddEntry(
        dn=OU, attributes=(("objectClass", (b"top", b"organizationalUnit")),)
    )


def test_a_modification_replaces_what_differs_and_takes_away_what_is_gone() -> None:
    change = modify(KEY, GUID, DN, department="Süd", title=None, info="", manager="CN=b")
    assert _edits(change) == (
        ("replace", "department", ("Süd".encode(),)),
        ("replace", "title", ()),
        ("replace", "info", ()),
        ("replace", "manager", (b"CN=b",)),
    )


def test_writing_the_addresses_keeps_those_of_other_kinds() -> None:
    change = modify(KEY, GUID, DN, addresses=("b@school.test", "a@school.test"))
    assert _edits(change, Held(foreign_addresses=(b"x500:/o=S",))) == (
        ("replace", "proxyAddresses", (b"SMTP:b@school.test", b"smtp:a@school.test", b"x500:/o=S")),
    )


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (disable(KEY, GUID, DN), 66048, 66050),
        (enable(KEY, GUID, DN), 66050, 66048),
        (enable(KEY, GUID, DN), 8389122, 8389120),
        (modify(KEY, GUID, DN, password_never_expires=True), 512, 66048),
        (modify(KEY, GUID, DN, password_never_expires=False), 66050, 514),
    ],
)
def test_account_control_is_changed_by_one_bit_and_only_if_it_is_still_as_it_was_read(
    change: Change, before: int, after: int
) -> None:
    assert _edits(change, Held(account_control=before)) == (
        ("delete", "userAccountControl", (str(before).encode(),)),
        ("add", "userAccountControl", (str(after).encode(),)),
    )


@pytest.mark.parametrize(
    ("change", "control"),
    [
        (disable(KEY, GUID, DN), 514),
        (enable(KEY, GUID, DN), 512),
        (modify(KEY, GUID, DN, password_never_expires=True), 66048),
    ],
)
def test_what_is_so_already_is_no_edit(change: Change, control: int) -> None:
    assert _edits(change, Held(account_control=control)) == ()


def test_a_password_that_must_be_changed_expires_even_where_it_never_did() -> None:
    quoted = '"Blu3+8mekk"'.encode("utf-16-le")
    assert _edits(set_password(KEY, GUID, DN), FOREVER) == (("replace", "unicodePwd", (quoted,)),)
    assert _edits(set_password(KEY, GUID, DN, must_change=True), FOREVER) == (
        ("replace", "unicodePwd", (quoted,)),
        ("replace", "pwdLastSet", (b"0",)),
        ("delete", "userAccountControl", (b"66048",)),
        ("add", "userAccountControl", (b"512",)),
    )


def test_a_rename_names_the_new_first_element_and_the_parent() -> None:
    assert _request(rename(KEY, GUID, DN, f"CN=Meier\\, Anna,{OU}")) == MoveEntry(
        dn=BY_GUID, first_element="CN=Meier\\, Anna", parent=OU
    )


def test_an_object_is_deleted_by_its_guid_and_never_by_its_name() -> None:
    assert _request(delete(KEY, GUID, DN)) == DeleteEntry(dn=BY_GUID)


def test_an_object_of_the_same_plan_is_modified_by_its_name() -> None:
    assert _request(modify(KEY, None, DN, manager="CN=b")) == ModifyEntry(
        dn=DN, modifications=(Modification(edit=Edit.REPLACE, attribute="manager", values=(b"CN=b",)),)
    )
