"""Objects that nobody touches: the account that signs in, and those that the customer lists (ruling 39)."""

from dataclasses import replace

import pytest

from connect_worker.core.protection import with_protected
from tests.support.builders import STUDENTS_OU, account, actual_group, actual_user, group, snapshot

ANNA = actual_user(account(1))
COMMA = actual_user(account(2), dn=f"CN=Meier\\, Anna,{STUDENTS_OU}")
BEAT = actual_user(account(3))
CLASS = actual_group(group(1))


@pytest.mark.parametrize(
    ("name", "protected"),
    [
        (ANNA.dn, {ANNA.dn}),
        (f"cn=anna.muster1, ou=PUPILS ,{STUDENTS_OU.partition(',')[2]}", {ANNA.dn}),
        (f"CN=Meier\\2C Anna,{STUDENTS_OU}", {COMMA.dn}),
        ("s.00001", {ANNA.dn}),
        ("SCHOOL\\S.00001", {ANNA.dn}),
        ("Anna.Muster1@schule.example", {ANNA.dn}),
        ("S.00001@school.test", {ANNA.dn}),
        ("KL.1", {CLASS.dn}),
        (CLASS.dn, {CLASS.dn}),
        ("S.0000", set()),
        (STUDENTS_OU, set()),
        ("", set()),
        ("CN=svc,OU=Service,DC=school,DC=test", set()),
    ],
)
def test_a_name_protects_the_object_that_bears_it(name: str, protected: set[str]) -> None:
    seen = with_protected(snapshot(ANNA, COMMA, BEAT, CLASS), [name])
    users, groups = seen.users, seen.groups
    assert {user.dn for user in users if user.protected} | {g.dn for g in groups if g.protected} == protected


def test_what_the_directory_protects_stays_protected() -> None:
    seen = with_protected(snapshot(replace(ANNA, protected=True)), ["S.00003"])
    assert [user.protected for user in seen.users] == [True]


def test_an_object_without_login_names_is_no_match() -> None:
    nameless = replace(ANNA, login=replace(ANNA.login, sam_account_name=None, user_principal_name=None))
    assert [user.protected for user in with_protected(snapshot(nameless), ["S.00001"]).users] == [False]
