"""What the audit table keeps of each change."""

import json

import pytest

from connect_worker.model.account import NO_EXTENSIONS, Profile
from connect_worker.model.change import (
    AddMembers,
    Adopt,
    AttributeChange,
    Cause,
    Change,
    CreateContainer,
    CreateGroup,
    CreateUser,
    Delete,
    Disable,
    Enable,
    Member,
    Modify,
    RemoveMembers,
    Rename,
    SetPassword,
)
from connect_worker.model.directory import Login
from connect_worker.model.outcome import Outcome, Result
from connect_worker.store.audit import AUDIT_COLUMNS, effect_of, row_of_outcome
from tests.support.builders import class_group_key, guid, student_key

ANNA, CLASS = student_key(1), class_group_key(1)
DN, OTHER = "CN=Anna,DC=x", "CN=Anna.1,DC=x"
ID = guid("Anna")
LOGIN = Login(
    sam_account_name="S.00001",
    user_principal_name="anna@x.ch",
    mail="anna@x.ch",
    addresses=("anna@x.ch",),
    password_never_expires=True,
)
MEMBERS = (Member(key=ANNA, dn=DN),)

EFFECTS: list[tuple[Change, object, object]] = [
    (Adopt(key=ANNA, guid=ID, dn=DN), {"object_guid": None}, {"object_guid": str(ID)}),
    (CreateContainer(dn="OU=A,DC=x"), None, {"dn": "OU=A,DC=x"}),
    (
        CreateUser(
            key=ANNA,
            dn=DN,
            login=LOGIN,
            profile=Profile(given_name="Anna"),
            extension_attributes=(None, "3a", *NO_EXTENSIONS[2:]),
            must_change_password=True,
            cause=Cause.NEW,
        ),
        None,
        {
            "dn": DN,
            "sam_account_name": "S.00001",
            "user_principal_name": "anna@x.ch",
            "mail": "anna@x.ch",
            "addresses": ("anna@x.ch",),
            "password_never_expires": True,
            "given_name": "Anna",
            "extension_attribute_2": "3a",
        },
    ),
    (
        CreateGroup(
            key=CLASS, dn=DN, sam_account_name="KL.1", display_name="3a", description=None, info="new", cause=Cause.NEW
        ),
        None,
        {"dn": DN, "sam_account_name": "KL.1", "display_name": "3a", "info": "new"},
    ),
    (Rename(key=ANNA, guid=ID, dn=DN, new_dn=OTHER, cause=Cause.CHANGED), {"dn": DN}, {"dn": OTHER}),
    (
        Modify(
            key=ANNA,
            guid=ID,
            dn=DN,
            attributes=(AttributeChange(attribute="surname", before=None, after="Neu"),),
            cause=Cause.CHANGED,
        ),
        {"surname": None},
        {"surname": "Neu"},
    ),
    (Disable(key=ANNA, guid=ID, dn=DN, cause=Cause.EXIT), {"enabled": True}, {"enabled": False}),
    (Enable(key=ANNA, guid=ID, dn=DN, cause=Cause.RETURNED), {"enabled": False}, {"enabled": True}),
    (
        SetPassword(key=ANNA, guid=ID, dn=DN, must_change_password=True, cause=Cause.RESET),
        {},
        {"must_change_password": True},
    ),
    (AddMembers(key=CLASS, guid=None, dn=DN, members=MEMBERS), {}, {"members": [{"key": "S.00001", "dn": DN}]}),
    (RemoveMembers(key=CLASS, guid=ID, dn=DN, members=MEMBERS), {"members": [{"key": "S.00001", "dn": DN}]}, {}),
    (Delete(key=ANNA, guid=ID, dn=DN, cause=Cause.GRACE_OVER), {"dn": DN}, None),
]


@pytest.mark.parametrize(("change", "before", "after"), EFFECTS, ids=lambda value: getattr(value, "kind", ""))
def test_each_change_has_its_before_and_after(change: Change, before: object, after: object) -> None:
    effect = effect_of(change)
    assert (effect.before, effect.after) == (before, after)


def test_every_kind_of_change_is_tried() -> None:
    assert {type(change) for change, _, _ in EFFECTS} == set(Change.__args__)


def test_a_row_holds_key_guid_and_json() -> None:
    disable = EFFECTS[6][0]
    row = dict(zip(AUDIT_COLUMNS[2:], row_of_outcome(Outcome(change=disable, result=Result.DONE)), strict=True))
    assert (row["object"], row["guid"], row["result"]) == ("S.00001", ID, "done")
    assert json.loads(str(row["after"])) == {"enabled": False}


def test_a_created_objects_guid_comes_from_the_outcome() -> None:
    row = row_of_outcome(Outcome(change=EFFECTS[1][0], result=Result.DONE, guid=ID))
    assert row[2] == ID
