"""Renames, moves and deletions."""

from tests.contract.directory_server.differences import Difference
from tests.contract.directory_server.servers import Place


def _guid(place: Place, dn: str) -> bytes:
    return place.client.read(dn, "objectGUID").only["objectGUID"][0]


def test_a_rename_keeps_the_identity(place: Place) -> None:
    user = place.user("Anna")
    guid = _guid(place, user)
    assert place.client.rename(user, "CN=Annette").code == 0
    found = place.client.read(place.dn("Annette")).only
    assert (found["objectGUID"], found["cn"], found["name"]) == ([guid], [b"Annette"], [b"Annette"])
    assert place.client.read(user).code == 32


def test_a_move_keeps_the_identity(place: Place) -> None:
    user, unit = place.user("Anna"), place.unit("other")
    guid = _guid(place, user)
    assert place.client.rename(user, "CN=Anna", parent=unit).code == 0
    assert _guid(place, f"CN=Anna,{unit}") == guid


def test_a_name_changes_its_case(place: Place) -> None:
    assert place.client.rename(place.user("anna"), "CN=Anna").code == 0
    assert place.client.value(place.dn("Anna"), "cn") == "Anna"


def test_a_name_that_is_taken_is_refused(place: Place) -> None:
    place.user("Berta")
    assert place.client.rename(place.user("Anna"), "CN=BERTA").code == 68


def test_a_unit_moves_with_everything_in_it(place: Place) -> None:
    unit, target = place.unit("unit"), place.unit("target")
    assert place.client.add(f"CN=Anna,{unit}", "user", {"sAMAccountName": place.sam()}).code == 0
    assert place.client.rename(unit, "OU=renamed", parent=target).code == 0
    assert place.client.read(f"CN=Anna,OU=renamed,{target}").code == 0


def test_a_move_to_a_missing_parent_is_refused(place: Place) -> None:
    result = place.client.rename(place.user("Anna"), "CN=Anna", parent=f"OU=missing,{place.ou}")
    assert result.code == place.server.expect(Difference.MISSING_NEW_PARENT, windows=32, samba=80)


def test_a_rename_of_a_missing_object_is_refused(place: Place) -> None:
    assert place.client.rename(place.dn("Nobody"), "CN=Anna").code == 32


def test_a_unit_does_not_move_into_itself(place: Place) -> None:
    unit = place.unit("unit")
    assert place.client.add(f"OU=inner,{unit}", "organizationalUnit").code == 0
    assert place.client.rename(unit, "OU=unit", parent=f"OU=inner,{unit}").code == 53


def test_another_naming_attribute_is_refused(place: Place) -> None:
    assert place.client.rename(place.user("Anna"), "OU=Anna").code == 53


def test_keeping_the_old_name_is_refused(place: Place) -> None:
    assert place.client.rename(place.user("Anna"), "CN=Annette", delete_old=False).code == 53


def test_a_name_of_more_than_64_characters(place: Place) -> None:
    result = place.client.rename(place.user("Anna"), f"CN={'A' * 65}")
    assert result.code == place.server.expect(Difference.LONG_COMMON_NAME, windows=19, samba=0)


def test_an_object_is_renamed_by_its_guid(place: Place) -> None:
    guid = _guid(place, place.user("Anna")).hex()
    result = place.client.rename(f"<GUID={guid}>", "CN=Annette")
    assert result.code == place.server.expect(Difference.RENAME_BY_GUID, windows=0, samba=32)


def test_what_is_deleted_is_gone(place: Place) -> None:
    user = place.user("Anna")
    assert place.client.delete(user).code == 0
    assert place.client.read(user).code == 32
    assert place.client.delete(user).code == 32


def test_a_unit_that_is_not_empty_is_not_deleted(place: Place) -> None:
    unit = place.unit("unit")
    assert place.client.add(f"CN=Anna,{unit}", "user", {"sAMAccountName": place.sam()}).code == 0
    assert place.client.delete(unit).code == 66
    assert place.client.delete(f"CN=Anna,{unit}").code == 0
    assert place.client.delete(unit).code == 0


def test_a_tombstone_keeps_its_identity_and_is_seen_on_request_only(place: Place) -> None:
    name = place.sam()
    user = place.user("Anna", sAMAccountName=name, title="Rektorin")
    guid = _guid(place, user)
    assert place.client.delete(user).code == 0
    by_guid = f"<GUID={guid.hex()}>"
    assert place.client.read(by_guid).code == 32
    answer = place.client.read(by_guid, deleted=True)
    assert answer.code == 0
    assert answer.only["isDeleted"] == [b"TRUE"]
    assert answer.only["sAMAccountName"] == [name.encode()]
    assert answer.only["lastKnownParent"] == [place.ou.encode()]
    assert "title" not in answer.only
    assert next(iter(answer.entries)).startswith("CN=Anna\\0ADEL:")
    assert next(iter(answer.entries)).endswith(f",CN=Deleted Objects,{place.server.base_dn}")


def test_whether_a_tombstone_says_that_it_is_recycled(place: Place) -> None:
    user = place.user("Anna")
    guid = _guid(place, user).hex()
    assert place.client.delete(user).code == 0
    found = place.client.read(f"<GUID={guid}>", deleted=True).only
    assert ("isRecycled" in found) is place.server.expect(Difference.RECYCLED, windows=False, samba=True)


def test_the_names_of_a_deleted_account_are_free(place: Place) -> None:
    sam, upn = place.sam(), f"{place.sam()}@school.test"
    assert place.client.delete(place.user("Anna", sAMAccountName=sam, userPrincipalName=upn)).code == 0
    place.user("Anna", sAMAccountName=sam, userPrincipalName=upn)


def test_a_critical_object_is_not_deleted(place: Place) -> None:
    code = place.client.delete(place.server.admin_dn).code
    assert code == place.server.expect(Difference.CRITICAL_OBJECT, windows=53, samba=80)


def test_the_administrator_is_marked_as_protected(place: Place) -> None:
    found = place.client.read(place.server.admin_dn, "adminCount", "isCriticalSystemObject").only
    assert found == {"adminCount": [b"1"], "isCriticalSystemObject": [b"TRUE"]}
