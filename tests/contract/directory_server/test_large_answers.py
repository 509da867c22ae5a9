"""Large answers: pages of objects, ranges of values."""

import pytest

from tests.contract.directory_server.differences import Difference
from tests.contract.directory_server.servers import Place, Server
from tests.support.ldap_client import Answer, Client

CROWD = 1501


@pytest.fixture(scope="module")
def crowd(server: Server, administrator: Client) -> str:
    """A unit with 1,501 contacts: one more than Windows returns of an attribute, more than it returns of a search."""
    place = Place(server=server, client=administrator, ou=server.base_dn)
    unit = place.unit(place.sam())
    for number in range(CROWD):
        assert administrator.add(f"CN=c{number:04},{unit}", "contact").code == 0
    return unit


@pytest.fixture(scope="module")
def large_group(server: Server, administrator: Client, crowd: str) -> str:
    """A group with all of them."""
    place = Place(server=server, client=administrator, ou=server.base_dn)
    group = f"CN={place.sam()},{server.base_dn}"
    assert administrator.add(group, "group", {"sAMAccountName": place.sam()}).code == 0
    for start in range(0, CROWD, 500):
        members = [f"CN=c{number:04},{crowd}" for number in range(start, min(start + 500, CROWD))]
        assert administrator.add_values(group, "member", *members).code == 0
    return group


def test_an_unpaged_search(server: Server, administrator: Client, crowd: str) -> None:
    answer = administrator.search(crowd, "(objectClass=contact)", attributes=["1.1"])
    expected = server.expect(Difference.UNPAGED_SEARCH, windows=(4, 1000), samba=(0, CROWD))
    assert (answer.code, len(answer.entries)) == expected


def test_the_client_s_own_limit(server: Server, administrator: Client, crowd: str) -> None:
    answer = administrator.search(crowd, "(objectClass=contact)", attributes=["1.1"], size_limit=10)
    expected = server.expect(Difference.CLIENT_LIMIT, windows=(4, 10), samba=(0, CROWD))
    assert (answer.code, len(answer.entries)) == expected


def test_pages_lead_to_the_end(administrator: Client, crowd: str) -> None:
    found: list[str] = []
    sizes = []
    cookie = b""
    while True:
        answer = administrator.page(crowd, "(objectClass=contact)", size=600, cookie=cookie)
        assert answer.code == 0
        found += answer.entries
        sizes.append(len(answer.entries))
        if not answer.cookie:
            break
        cookie = answer.cookie
    assert sizes == [600, 600, 301]
    assert len(set(found)) == CROWD


def test_the_last_page_has_an_empty_cookie(administrator: Client, crowd: str) -> None:
    answer = administrator.page(crowd, "(cn=c0001)", size=600)
    assert (len(answer.entries), answer.cookie) == (1, b"")


def test_a_page_of_more_than_1000(server: Server, administrator: Client, crowd: str) -> None:
    answer = administrator.page(crowd, "(objectClass=contact)", size=5000)
    assert len(answer.entries) == server.expect(Difference.LARGE_PAGE, windows=1000, samba=CROWD)


def test_other_operations_between_two_pages_do_no_harm(administrator: Client, crowd: str) -> None:
    first = administrator.page(crowd, "(objectClass=contact)", size=1000)
    assert administrator.replace(f"CN=c0000,{crowd}", "description", "x").code == 0
    second = administrator.page(crowd, "(objectClass=contact)", size=1000, cookie=first.cookie or b"")
    assert (len(first.entries), len(second.entries)) == (1000, CROWD - 1000)


def test_a_cookie_that_was_never_given_is_refused(administrator: Client, crowd: str) -> None:
    assert administrator.page(crowd, "(objectClass=contact)", size=10, cookie=b"x" * 16).code == 53


def test_more_members_than_1500_come_in_ranges(server: Server, administrator: Client, large_group: str) -> None:
    found = administrator.read(large_group, "member").only
    shapes = {name: len(values) for name, values in found.items()}
    windows = {"member": 0, "member;range=0-1499": 1500}
    assert shapes == server.expect(Difference.RANGES, windows=windows, samba={"member": CROWD})


def test_ranges_lead_to_the_end(administrator: Client, large_group: str) -> None:
    first = _only(administrator.read(large_group, "member;range=0-999"), "member;range=0-999")
    rest = _only(administrator.read(large_group, "member;range=1000-*"), "member;range=1000-*")
    assert len(first) == 1000
    assert len({*first, *rest}) == CROWD


def test_a_range_that_ends_behind_the_last_value_says_so(administrator: Client, large_group: str) -> None:
    values = _only(administrator.read(large_group, "member;range=1500-1999"), "member;range=1500-*")
    assert len(values) == 1


def test_a_range_of_more_than_1500_is_cut(server: Server, administrator: Client, large_group: str) -> None:
    found = administrator.read(large_group, "member;range=0-*").only
    shapes = {name: len(values) for name, values in found.items() if values}
    windows = {"member;range=0-1499": 1500}
    assert shapes == server.expect(Difference.RANGES, windows=windows, samba={"member;range=0-*": CROWD})


def test_a_range_behind_the_end_is_empty(administrator: Client, large_group: str) -> None:
    assert administrator.read(large_group, "member;range=5000-*").only == {"member;range=5000-*": []}


def test_a_range_of_a_small_group_holds_all(place: Place) -> None:
    group = place.group("Gruppe", place.user("Anna"))
    values = _only(place.client.read(group, "member;range=0-1499"), "member;range=0-*")
    assert values == [place.dn("Anna").encode()]


def _only(answer: Answer, name: str) -> list[bytes]:
    return {key: values for key, values in answer.only.items() if values}[name]
