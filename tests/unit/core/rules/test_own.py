"""Findings from 101: what the directory would refuse although the seed's rules let it through."""

import pytest

from connect_worker.model.account import Aliases
from connect_worker.model.state import NameKind, ReservedName
from tests.support.builders import group, guid, student_key
from tests.support.records import codes, findings, found, user


def held(kind: NameKind, name: str, holder: str = "somebody else") -> ReservedName:
    return ReservedName(kind=kind, name=name, guid=guid(holder))


@pytest.mark.parametrize(
    ("field", "most"), [("sam_account_name", 20), ("cn", 64), ("user_principal_name", 128)], ids=["sAM", "CN", "UPN"]
)
def test_an_identity_as_long_as_the_directory_takes_is_right_and_one_more_is_not(field: str, most: int) -> None:
    assert codes(user(1, **{field: "x" * most})) == []
    assert codes(user(1, **{field: "x" * (most + 1)})) == [101]


def test_the_length_is_said() -> None:
    assert found(user(cn="x" * 70)) == {"S.00001": "CN has 70 characters, the directory takes 64"}


def test_a_sign_beyond_the_basic_plane_counts_twice() -> None:
    assert codes(user(cn="🎓" * 32), group(cn="🎓" * 32)) == []
    assert codes(user(cn="🎓" * 33), group(cn="🎓" * 33)) == [101, 101]


def test_an_alias_has_a_limit_too() -> None:
    assert codes(user(aliases=("a" * 257 + "@schule.example", None, None, None, None))) == [101]


@pytest.mark.parametrize("field", ["sam_account_name", "cn", "user_principal_name"])
@pytest.mark.parametrize("blank", ["", "  "])
def test_an_identity_of_nothing_but_blanks_is_none(field: str, blank: str) -> None:
    assert codes(user(1, **{field: blank})) == [101]


def test_groups_have_limits_of_their_own() -> None:
    assert codes(group(sam_account_name="x" * 256, cn="x" * 64)) == []
    assert codes(group(sam_account_name="x" * 257)) == [101]
    assert codes(group(cn="x" * 65)) == [101]
    assert codes(group(aad_type="O365", aad_mail_nickname="x" * 65)) == [101]
    assert codes(group(aad_mail_nickname="x" * 65)) == []


def test_an_address_is_one_persons_only() -> None:
    """No directory checks that: two people would get each other's mail."""
    first = user(1, mail="anna@schule.example")
    second = user(2, aliases=("Anna@Schule.example", None, None, None, None))
    assert codes(first, second) == [102, 102]
    assert found(first, second) == {
        "S.00001": "anna@schule.example is also an address of S.00002",
        "S.00002": "Anna@Schule.example is also an address of S.00001",
    }


def test_a_sign_in_name_is_an_address_too() -> None:
    assert codes(user(1, user_principal_name="anna@schule.example"), user(2, mail="anna@schule.example")) == [102, 102]


def test_ones_own_sign_in_name_may_be_the_mail_or_an_alias() -> None:
    address, other = "anna@schule.example", "a@schule.example"
    assert codes(user(user_principal_name=address, mail=address)) == []
    assert codes(user(user_principal_name=other, mail=address, aliases=(other, None, None, None, None))) == []


@pytest.mark.parametrize(
    "aliases",
    [
        ("Anna.Muster1@schule.example", None, None, None, None),
        (None, "alt@schule.example", None, "ALT@schule.example", None),
    ],
    ids=["mail", "another alias"],
)
def test_an_alias_that_is_there_already_is_told_and_holds_up_nobody(aliases: Aliases) -> None:
    """The directory gets each address once; the place in the ring is lost until somebody frees it."""
    (finding,) = findings(user(aliases=aliases))
    assert (finding.code, finding.blocks) == (106, False)
    assert finding.found.lower() in {
        "anna.muster1@schule.example is given more than once",
        "alt@schule.example is given more than once",
    }


@pytest.mark.parametrize(
    ("kind", "name"),
    [(NameKind.SAM, "s.00001"), (NameKind.ADDRESS, "anna.muster1@schule.example"), (NameKind.ADDRESS, "alt@x.example")],
    ids=["sAM", "mail", "alias"],
)
def test_a_name_that_somebody_outside_connect_holds_is_found(kind: NameKind, name: str) -> None:
    pupil = user(aliases=("Alt@x.example", None, None, None, None))
    assert codes(pupil, reserved=[held(kind, name)]) == [103]
    assert str(guid("somebody else")) in found(pupil, reserved=[held(kind, name)])["S.00001"]


def test_ones_own_object_is_nobody_else() -> None:
    pupil = user(object_guid=guid("S.00001"))
    assert codes(pupil, reserved=[held(NameKind.SAM, "s.00001", "S.00001")]) == []


def test_an_object_of_another_of_our_pupils_is_no_foreign_one() -> None:
    """Two who swap their addresses: the directory has the old ones until the sync."""
    other = user(2, object_guid=guid("S.00002"))
    assert codes(user(1), other, reserved=[held(NameKind.ADDRESS, "anna.muster1@schule.example", "S.00002")]) == []


def test_a_name_kept_for_somebody_who_left_is_no_foreign_one() -> None:
    kept = ReservedName(kind=NameKind.ADDRESS, name="anna.muster1@schule.example", owner=student_key(1))
    assert codes(user(), reserved=[kept]) == []


def test_a_foreign_object_may_have_the_same_first_element_elsewhere() -> None:
    assert codes(user(), reserved=[held(NameKind.DN_FIRST_ELEMENT, "cn=anna.muster1")]) == []


def test_a_groups_sam_account_name_may_be_held_outside_too() -> None:
    assert codes(group(), reserved=[held(NameKind.SAM, "kl.1")]) == [103]


def test_a_group_needs_a_sam_account_name_of_its_own() -> None:
    assert codes(group(sam_account_name=None)) == [104]
    assert codes(group(1, sam_account_name="KL.1"), group(2, sam_account_name="kl.1")) == [104, 104]


def test_a_group_that_takes_a_pupils_sam_account_name_is_in_the_wrong() -> None:
    assert found(user(), group(sam_account_name="S.00001")) == {
        "students_and_teacher_per_class:0:1": "S.00001 is also the sAM account name of S.00001"
    }


@pytest.mark.parametrize("part", ["dn_first_element", "dn_parent"])
@pytest.mark.parametrize("nothing", [None, ""])
def test_without_a_whole_dn_there_is_no_place_in_the_directory(part: str, nothing: str | None) -> None:
    assert codes(user(1, **{part: nothing}), group(1, **{part: nothing})) == [105, 105]


@pytest.mark.parametrize(
    "typed",
    ["CN=Muster, Anna", "Anna Muster", "CN=", 'CN=Anna "Nana" Muster', "OU=Anna", "CN=Anna,OU=Extra", "CN=Anna+UID=1"],
)
def test_a_first_element_typed_by_hand_must_be_one_escaped_common_name(typed: str) -> None:
    assert codes(user(1, dn_first_element=typed), group(1, dn_first_element=typed)) == [105, 105]
    assert f"{typed!r} is no first element" in found(user(dn_first_element=typed))["S.00001"]


def test_a_first_element_that_is_escaped_is_right() -> None:
    assert codes(user(dn_first_element=r"CN=Muster\, Anna"), group(dn_first_element=r"cn=1a\+b")) == []


@pytest.mark.parametrize("typed", ["Accounts", "OU=Accounts", "OU=Accounts,DC=school", "OU=,DC=school,DC=test"])
def test_a_parent_must_be_a_place_in_the_configured_domain(typed: str) -> None:
    assert codes(user(1, dn_parent=typed), group(1, dn_parent=typed)) == [105, 105]
    assert found(user(dn_parent=typed)) == {"S.00001": f"the DN's parent {typed!r} is no place in dc=school,dc=test"}


def test_a_parent_may_stand_beside_the_configured_base() -> None:
    assert codes(user(dn_parent="CN=Users,DC=School,DC=Test")) == []


def test_a_group_that_is_not_in_the_directory_needs_nothing_for_it() -> None:
    elsewhere = group(ad_type=None, sam_account_name=None, dn_parent=None, cn="x" * 65)
    assert codes(elsewhere) == []
    assert codes(group(ad_type=None), reserved=[held(NameKind.SAM, "kl.1")]) == []
