"""Changes of attributes: values added, removed and replaced, all of a request or none."""

import ldap3

from tests.contract.directory_server.differences import Difference
from tests.contract.directory_server.servers import Place


def test_replace_sets_and_removes(place: Place) -> None:
    user = place.user("Anna", title="Lehrerin")
    assert place.client.replace(user, "title", "Rektorin").code == 0
    assert place.client.value(user, "title") == "Rektorin"
    assert place.client.replace(user, "title").code == 0
    assert place.client.value(user, "title") is None


def test_replacing_an_absent_attribute_by_nothing_is_fine(place: Place) -> None:
    assert place.client.replace(place.user("Anna"), "title").code == 0


def test_deleting_an_absent_attribute_is_refused(place: Place) -> None:
    assert place.client.delete_values(place.user("Anna"), "title").code == 16


def test_deleting_an_absent_value_is_refused(place: Place) -> None:
    user = place.user("Anna", proxyAddresses=["smtp:a@b.ch"])
    assert place.client.delete_values(user, "proxyAddresses", "smtp:c@d.ch").code == 16


def test_adding_a_value_that_is_there_is_refused(place: Place) -> None:
    user = place.user("Anna", proxyAddresses=["smtp:a@b.ch"])
    assert place.client.add_values(user, "proxyAddresses", "smtp:a@b.ch").code == 20


def test_adding_a_value_that_is_there_in_another_case(place: Place) -> None:
    user = place.user("Anna", proxyAddresses=["smtp:a@b.ch"])
    result = place.client.add_values(user, "proxyAddresses", "SMTP:A@B.CH")
    assert result.code == place.server.expect(Difference.CASE_OF_VALUES, windows=20, samba=0)


def test_replacing_changes_the_case_of_a_value(place: Place) -> None:
    user = place.user("Anna", proxyAddresses=["smtp:a@b.ch"])
    assert place.client.replace(user, "proxyAddresses", "SMTP:a@b.ch").code == 0
    assert place.client.values(user, "proxyAddresses") == {"SMTP:a@b.ch"}


def test_a_second_value_of_a_single_valued_attribute_is_refused(place: Place) -> None:
    user = place.user("Anna", title="a")
    assert place.client.add_values(user, "title", "b").code == 20
    assert place.client.replace(user, "title", "b", "c").code == 20


def test_a_value_is_swapped_by_delete_and_add(place: Place) -> None:
    user = place.user("Anna", title="a")
    changes = [("title", ldap3.MODIFY_DELETE, ["a"]), ("title", ldap3.MODIFY_ADD, ["b"])]
    assert place.client.modify(user, changes).code == 0
    assert place.client.value(user, "title") == "b"


def test_a_request_is_done_whole_or_not_at_all(place: Place) -> None:
    user = place.user("Anna", title="a")
    changes = [("title", ldap3.MODIFY_REPLACE, ["b"]), ("initials", ldap3.MODIFY_REPLACE, ["too long"])]
    assert place.client.modify(user, changes).code != 0
    assert place.client.value(user, "title") == "a"


def test_permissive_adds_what_is_there(place: Place) -> None:
    user = place.user("Anna", proxyAddresses=["smtp:a@b.ch"])
    assert place.client.add_values(user, "proxyAddresses", "smtp:a@b.ch", "smtp:n@b.ch", permissive=True).code == 0
    assert place.client.values(user, "proxyAddresses") == {"smtp:a@b.ch", "smtp:n@b.ch"}


def test_permissive_removes_what_is_not_there(place: Place) -> None:
    user = place.user("Anna", proxyAddresses=["smtp:a@b.ch"])
    assert place.client.delete_values(user, "proxyAddresses", "smtp:c@d.ch", permissive=True).code == 0
    assert place.client.delete_values(user, "title", permissive=True).code == 0


def test_the_naming_attribute_changes_by_rename_only(place: Place) -> None:
    assert place.client.replace(place.user("Anna"), "cn", "Berta").code == 67


def test_what_the_directory_writes_nobody_else_does(place: Place) -> None:
    user = place.user("Anna")
    assert place.client.replace(user, "objectGUID", b"0123456789abcdef").code == 19
    assert place.client.replace(user, "memberOf", place.server.admin_dn).code == 53


def test_an_unknown_attribute_is_refused(place: Place) -> None:
    assert place.client.replace(place.user("Anna"), "shoeSize", "44").code == 16


def test_a_missing_object_is_refused(place: Place) -> None:
    assert place.client.replace(place.dn("Nobody"), "title", "x").code == 32


def test_an_object_is_changed_by_its_guid(place: Place) -> None:
    user = place.user("Anna")
    guid = place.client.read(user).only["objectGUID"][0]
    name = "<GUID=" + guid.hex() + ">"
    assert place.client.replace(name, "title", "x").code == 0
    assert place.client.value(user, "title") == "x"


def test_a_manager_is_a_link_that_follows(place: Place) -> None:
    chef = place.user("Chef")
    user = place.user("Anna", manager=chef)
    assert place.client.rename(chef, "CN=Chefin").code == 0
    assert place.client.value(user, "manager") == place.dn("Chefin")
    assert place.client.values(place.dn("Chefin"), "directReports") == {user}


def test_a_manager_who_does_not_exist_is_refused(place: Place) -> None:
    assert place.client.replace(place.user("Anna"), "manager", place.dn("Nobody")).code == 19


def test_a_deleted_manager_leaves_nobody(place: Place) -> None:
    chef = place.user("Chef")
    user = place.user("Anna", manager=chef)
    assert place.client.delete(chef).code == 0
    assert place.client.value(user, "manager") is None


def test_a_taken_account_name_is_refused_in_a_change_too(place: Place) -> None:
    name = place.sam()
    place.user("Anna", sAMAccountName=name)
    assert place.client.replace(place.user("Berta"), "sAMAccountName", name).code == 68


def test_a_taken_principal_name_is_refused_in_a_change_too(place: Place) -> None:
    name = f"{place.sam()}@school.test"
    place.user("Anna", userPrincipalName=name)
    assert place.client.replace(place.user("Berta"), "userPrincipalName", name).code == 19


def test_names_that_are_free_again_can_be_taken(place: Place) -> None:
    name = place.sam()
    first = place.user("Anna", sAMAccountName=name)
    assert place.client.replace(first, "sAMAccountName", place.sam()).code == 0
    place.user("Berta", sAMAccountName=name)


def test_global_becomes_universal(place: Place) -> None:
    group = place.group("Gruppe")
    assert place.client.replace(group, "groupType", "-2147483640").code == 0


def test_global_does_not_become_local(place: Place) -> None:
    assert place.client.replace(place.group("Gruppe"), "groupType", "-2147483644").code == 53


def test_compare_answers_true_or_false(place: Place) -> None:
    user = place.user("Anna", title="Rektorin")
    assert place.client.compare(user, "title", "REKTORIN").code == 6
    assert place.client.compare(user, "title", "Lehrerin").code == 5


def test_a_flag_without_a_kind_of_account_is_a_normal_account(place: Place) -> None:
    user = place.enabled_user("Anna")
    assert place.client.replace(user, "userAccountControl", "2").code == 0
    assert place.client.value(user, "userAccountControl") == "514"


def test_never_expires_is_a_flag_beside_the_others(place: Place) -> None:
    user = place.enabled_user("Anna")
    assert place.client.replace(user, "userAccountControl", "66048").code == 0
    assert place.client.value(user, "userAccountControl") == "66048"
