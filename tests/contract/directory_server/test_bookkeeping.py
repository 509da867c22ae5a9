"""What the directory counts: update sequence numbers and times."""

from tests.contract.directory_server.differences import Difference
from tests.contract.directory_server.servers import Place, Server


def _usn(place: Place, dn: str) -> int:
    return int(place.client.value(dn, "uSNChanged") or 0)


def _highest(place: Place) -> int:
    return int(place.client.read("", "highestCommittedUSN").only["highestCommittedUSN"][0])


def test_a_new_object_has_its_numbers_and_times(place: Place) -> None:
    found = place.client.read(place.user("Anna")).only
    assert int(found["uSNCreated"][0]) <= int(found["uSNChanged"][0]) <= _highest(place)
    assert found["whenCreated"][0].endswith(b".0Z")
    assert len(found["whenChanged"][0]) == len("20261122120000.0Z")


def test_a_change_raises_the_number(place: Place) -> None:
    user = place.user("Anna")
    before = _usn(place, user)
    assert place.client.replace(user, "title", "x").code == 0
    assert before < _usn(place, user) <= _highest(place)


def test_reading_leaves_the_number(place: Place) -> None:
    user = place.user("Anna")
    before = _highest(place)
    place.client.read(user)
    place.client.found(place.ou, "(objectClass=*)")
    assert _highest(place) == before


def test_writing_the_same_value_leaves_the_number(place: Place) -> None:
    user = place.user("Anna", title="x")
    before = _usn(place, user)
    assert place.client.replace(user, "title", "x").code == 0
    assert _usn(place, user) == before


def test_a_rename_raises_the_number(place: Place) -> None:
    user = place.user("Anna")
    before = _usn(place, user)
    assert place.client.rename(user, "CN=Annette").code == 0
    assert _usn(place, place.dn("Annette")) > before


def test_a_membership_is_a_change_of_the_group_only(place: Place) -> None:
    user, group = place.user("Anna"), place.group("Gruppe")
    before, of_group = _usn(place, user), _usn(place, group)
    assert place.client.add_values(group, "member", user).code == 0
    assert _usn(place, user) == before
    assert _usn(place, group) > of_group


def test_objects_are_found_by_their_number(place: Place) -> None:
    place.user("Anna")
    last = place.user("Berta")
    assert place.client.found(place.ou, f"(uSNChanged>={_usn(place, last)})") == {last}


def test_objects_are_found_by_time(place: Place) -> None:
    user = place.user("Anna")
    created = place.client.value(user, "whenCreated")
    assert user in place.client.found(place.ou, f"(whenCreated>={created})")
    assert place.client.found(place.ou, "(whenCreated<=20000101000000.0Z)") == set()


def test_whoami_names_the_account(server: Server, place: Place) -> None:
    place.client.connection.extend.standard.who_am_i()
    result = place.client.connection.result
    assert result is not None
    assert result["result"] == server.expect(Difference.WHO_AM_I, windows=0, samba=2)
