"""Warnings 4, 5 and 6: what a record is called."""

import pytest

from connect_worker.model.account import Status
from tests.support.builders import group
from tests.support.records import codes, found, user


def test_two_pupils_of_one_name_cannot_stand_in_the_directory() -> None:
    first = user(1, dn_first_element="CN=Anna Muster")
    second = user(2, dn_first_element="CN=anna MUSTER")
    assert codes(first, second) == [4, 4]
    assert found(first, second) == {
        "S.00001": "CN=Anna Muster is also the DN's first element of S.00002",
        "S.00002": "CN=anna MUSTER is also the DN's first element of S.00001",
    }


def test_each_of_three_namesakes_is_warned() -> None:
    assert codes(*(user(number, dn_first_element="CN=Anna Muster") for number in (1, 2, 3))) == [4, 4, 4]


@pytest.mark.parametrize(
    ("name", "same"),
    [("CN=Ruth Strauß", "CN=RUTH STRAUSS"), ("CN=Jürg Äbi", "CN=JÜRG ÄBI"), ("CN=Anna Muster", "CN=Anna Muster ")],
)
def test_case_and_trailing_blanks_make_no_other_name(name: str, same: str) -> None:
    assert codes(user(1, dn_first_element=name), user(2, dn_first_element=same)) == [4, 4]


@pytest.mark.parametrize(
    ("name", "other"),
    [("CN=Jürg Abi", "CN=Jurg Abi"), ("CN=Ipek", "CN=ıpek"), ("CN=Anna Muster", "CN=Anna  Muster")],
)
def test_accents_and_blanks_within_make_another_name(name: str, other: str) -> None:
    assert codes(user(1, dn_first_element=name), user(2, dn_first_element=other)) == []


def test_a_name_that_is_missing_twice_is_no_double() -> None:
    assert 4 not in codes(user(1, dn_first_element=None), user(2, dn_first_element=None))


def test_a_pupil_on_the_way_out_holds_his_name() -> None:
    leaving = user(1, dn_first_element="CN=Anna Muster", status=Status.TO_DELETE)
    assert codes(leaving, user(2, dn_first_element="CN=Anna Muster")) == [4, 4]


def test_a_pupil_and_a_group_may_share_the_first_element() -> None:
    """They stand in different places of the directory."""
    assert codes(user(dn_first_element="CN=Musik"), group(dn_first_element="CN=Musik")) == []


def test_two_groups_of_one_name_cannot_stand_in_the_directory() -> None:
    assert codes(group(1, dn_first_element="CN=MW_1a"), group(2, dn_first_element="cn=mw_1A")) == [4, 4]


def test_a_pupil_needs_something_to_sign_in_with() -> None:
    assert codes(user(user_principal_name=None)) == [5]


def test_a_pupil_needs_a_sam_account_name() -> None:
    assert codes(user(sam_account_name=None)) == [6]
    assert found(user(sam_account_name=None)) == {"S.00001": "no sAM account name"}


def test_a_sam_account_name_is_one_persons_only() -> None:
    first, second = user(1, sam_account_name="S.00001"), user(2, sam_account_name="s.00001")
    assert codes(first, second) == [6, 6]
    assert found(first, second)["S.00002"] == "s.00001 is also the sAM account name of S.00001"
