"""Members of groups."""

import pytest

from tests.contract.directory_server.differences import Difference
from tests.contract.directory_server.servers import Place


def test_members_are_added_and_removed(place: Place) -> None:
    anna, berta, group = place.user("Anna"), place.user("Berta"), place.group("Gruppe")
    assert place.client.add_values(group, "member", anna, berta).code == 0
    assert place.client.delete_values(group, "member", anna).code == 0
    assert place.client.values(group, "member") == {berta}


def test_a_member_knows_its_groups(place: Place) -> None:
    anna = place.user("Anna")
    first, second = place.group("Eins", anna), place.group("Zwei", anna)
    assert place.client.values(anna, "memberOf") == {first, second}


def test_a_member_that_is_there_is_refused(place: Place) -> None:
    anna = place.user("Anna")
    result = place.client.add_values(place.group("Gruppe", anna), "member", anna)
    assert result.code == 68
    assert ("00000562" in result.message) is place.server.expect(Difference.MEMBER_CODES, windows=True, samba=False)


def test_a_member_that_is_not_there_is_refused(place: Place) -> None:
    anna, berta = place.user("Anna"), place.user("Berta")
    group = place.group("Gruppe", anna, berta)
    assert place.client.delete_values(group, "member", anna).code == 0
    result = place.client.delete_values(group, "member", anna)
    assert result.code == 53
    assert ("00000561" in result.message) is place.server.expect(Difference.MEMBER_CODES, windows=True, samba=False)


def test_a_group_that_never_had_a_member_has_none_to_remove(place: Place) -> None:
    result = place.client.delete_values(place.group("Gruppe"), "member", place.user("Anna"))
    assert result.code == place.server.expect(Difference.EMPTY_GROUP, windows=53, samba=16)


def test_one_bad_member_refuses_all(place: Place) -> None:
    anna, berta = place.user("Anna"), place.user("Berta")
    group = place.group("Gruppe", anna)
    assert place.client.add_values(group, "member", berta, anna).code == 68
    assert place.client.values(group, "member") == {anna}


def test_permissive_adds_a_member_that_is_there(place: Place) -> None:
    anna, berta = place.user("Anna"), place.user("Berta")
    group = place.group("Gruppe", anna)
    result = place.client.add_values(group, "member", anna, berta, permissive=True)
    assert result.code == place.server.expect(Difference.PERMISSIVE_MEMBERS, windows=0, samba=68)


def test_permissive_removes_a_member_that_is_not_there(place: Place) -> None:
    anna, berta = place.user("Anna"), place.user("Berta")
    group = place.group("Gruppe", anna, berta)
    assert place.client.delete_values(group, "member", anna).code == 0
    result = place.client.delete_values(group, "member", anna, permissive=True)
    assert result.code == place.server.expect(Difference.PERMISSIVE_MEMBERS, windows=0, samba=53)


def test_all_members_are_replaced(place: Place) -> None:
    anna, berta = place.user("Anna"), place.user("Berta")
    group = place.group("Gruppe", anna)
    assert place.client.replace(group, "member", berta).code == 0
    assert place.client.values(group, "member") == {berta}
    assert place.client.values(anna, "memberOf") == set()


def test_a_member_who_does_not_exist_is_refused(place: Place) -> None:
    result = place.client.add_values(place.group("Gruppe"), "member", place.dn("Nobody"))
    assert result.code == 32
    assert "00000525" in result.message


def test_a_member_is_given_by_its_guid(place: Place) -> None:
    anna, group = place.user("Anna"), place.group("Gruppe")
    guid = place.client.read(anna).only["objectGUID"][0].hex()
    assert place.client.add_values(group, "member", f"<GUID={guid}>").code == 0
    assert place.client.values(group, "member") == {anna}


def test_members_follow_a_rename_and_a_move(place: Place) -> None:
    anna = place.user("Anna")
    group = place.group("Gruppe", anna)
    unit = place.unit("other")
    assert place.client.rename(anna, "CN=Annette", parent=unit).code == 0
    assert place.client.values(group, "member") == {f"CN=Annette,{unit}"}


def test_members_follow_a_move_of_their_unit(place: Place) -> None:
    unit, target = place.unit("unit"), place.unit("target")
    assert place.client.add(f"CN=Anna,{unit}", "user", {"sAMAccountName": place.sam()}).code == 0
    group = place.group("Gruppe", f"CN=Anna,{unit}")
    assert place.client.rename(unit, "OU=unit", parent=target).code == 0
    assert place.client.values(group, "member") == {f"CN=Anna,OU=unit,{target}"}


def test_a_deleted_member_is_gone(place: Place) -> None:
    anna = place.user("Anna")
    group = place.group("Gruppe", anna)
    assert place.client.delete(anna).code == 0
    assert place.client.values(group, "member") == set()


def test_a_deleted_group_is_nobody_s(place: Place) -> None:
    anna = place.user("Anna")
    assert place.client.delete(place.group("Gruppe", anna)).code == 0
    assert place.client.values(anna, "memberOf") == set()


def test_a_group_is_a_member_of_a_group(place: Place) -> None:
    anna = place.user("Anna")
    inner = place.group("Innen", anna)
    outer = place.group("Aussen", inner)
    found = place.client.found(place.ou, f"(memberOf:1.2.840.113556.1.4.1941:={outer})")
    assert found == {anna, inner}
    assert place.client.found(place.ou, f"(memberOf={outer})") == {inner}


@pytest.mark.parametrize(
    ("outer", "inner", "samba"),
    [("-2147483646", "-2147483640", 0), ("-2147483646", "-2147483644", 0), ("-2147483640", "-2147483644", 0)],
)
def test_a_wider_group_is_no_member_of_a_narrower_one(place: Place, outer: str, inner: str, samba: int) -> None:
    member = place.group("Innen", groupType=inner)
    result = place.client.add_values(place.group("Aussen", groupType=outer), "member", member)
    assert result.code == place.server.expect(Difference.NESTING, windows=53, samba=samba)
