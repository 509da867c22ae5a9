"""Distinguished names: written, read, compared, and placed below one another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_worker.core import dn

values = st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"]))
odd_values = st.text(min_size=1, max_size=6, alphabet=' a#\\,+="<>;\0\nÄß=')
elements = st.one_of(values, odd_values).map(lambda value: f"OU={dn.escape(value)}")
names = st.lists(elements, min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Anna.Müller", "Anna.Müller"),
        ("Meier, Anna", r"Meier\, Anna"),
        (" 1a ", r"\ 1a\ "),
        ("#1", r"\#1"),
        ("1#", "1#"),
        ('a"b+c;d<e>f\\g', r"a\"b\+c\;d\<e\>f\\g"),
        ("a\nb\0", r"a\0Ab\00"),
        (" ", "\\ "),
    ],
)
def test_a_value_is_escaped_where_it_must_be(value: str, written: str) -> None:
    assert dn.escape(value) == written
    assert dn.unescape(written) == value


@given(st.one_of(values, odd_values))
def test_any_value_comes_back_out_of_a_name(value: str) -> None:
    assert dn.value_of(f"CN={dn.escape(value)},DC=school") == value


@given(names)
def test_any_name_is_taken_apart_into_what_it_was_made_of(parts: list[str]) -> None:
    whole = ",".join(parts)
    assert dn.elements(whole) == tuple(parts)
    assert dn.split(whole) == (parts[0], ",".join(parts[1:]))


@given(names)
def test_the_normal_form_is_the_same_for_other_spellings(parts: list[str]) -> None:
    normal = dn.normalise(",".join(parts))
    assert dn.normalise(" , ".join(part.replace("OU=", "ou = ") for part in parts)) == normal
    assert dn.normalise(normal) == normal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CN=Anna,OU=Users", "cn=ANNA, ou=users"),
        (r"CN=M\C3\BCller,DC=a", "CN=Müller,DC=a"),
        (r"CN=a\2Cb,DC=a", r"CN=a\,b,DC=a"),
        (r"CN=a\=b,DC=a", "CN=a=b,DC=a"),
        ("CN=a+OU=b,DC=a", "OU=b + CN=a,DC=a"),
        ("CN=a\nb", r"CN=a\0Ab"),
    ],
)
def test_two_spellings_of_one_name_are_equal(one: str, other: str) -> None:
    assert dn.normalise(one) == dn.normalise(other)


@pytest.mark.parametrize(("one", "other"), [("CN=a,OU=b", "CN=a\\,OU=b"), ("CN=a  b", "CN=a b"), ("CN=a", "OU=a")])
def test_different_names_are_not_equal(one: str, other: str) -> None:
    assert dn.normalise(one) != dn.normalise(other)


def test_blanks_after_a_comma_are_no_part_of_the_name() -> None:
    assert dn.split("CN=Alle_Personal, OU=Stufen, DC=a") == ("CN=Alle_Personal", "OU=Stufen,DC=a")


def test_an_escaped_blank_at_the_end_is_kept() -> None:
    assert dn.elements("CN=a\\ ,DC=b") == ("CN=a\\ ", "DC=b")
    assert dn.elements("CN=a\\\\ ,DC=b") == ("CN=a\\\\", "DC=b")


def test_a_name_without_parent_has_an_empty_one() -> None:
    assert dn.split("DC=school") == ("DC=school", "")


@pytest.mark.parametrize(
    ("name", "position"),
    [
        ("", 1),
        ("Anna", 1),
        ("CN=", 4),
        ("CN=Anna,,DC=a", 9),
        ("CN=Anna,", 9),
        ("CN=Anna,OU= ,DC=a", 12),
        ("=Anna", 1),
        ('CN="Meier, Anna"', 4),
        ("CN=a<b", 5),
        ("CN=a;DC=b", 5),
        ("CN=a\\", 5),
        ("CN=a\\z", 5),
        ("CN=a\0", 5),
        ("CN=\\C3", 4),
        ("CN=a+,DC=b", 6),
    ],
)
def test_a_faulty_name_is_refused_with_the_position(name: str, position: int) -> None:
    for read in (dn.elements, dn.split, dn.normalise):
        with pytest.raises(ValueError, match=rf"at character {position}$"):
            read(name)


def test_below_means_the_same_end_at_an_element_whatever_the_case() -> None:
    assert dn.is_below("CN=Anna,OU=Users,DC=a", "ou=users, dc=A")
    assert dn.is_below("CN=Anna,OU=S,OU=Users,DC=a", "OU=Users,DC=a")
    assert not dn.is_below("OU=Users,DC=a", "OU=Users,DC=a")
    assert not dn.is_below("CN=Anna,OU=OldUsers,DC=a", "Users=x")
    assert not dn.is_below("CN=Anna,OU=xOU=Users,DC=a", "OU=Users,DC=a")
    assert not dn.is_below(r"CN=Anna\,OU=Users,DC=a", "OU=Users,DC=a")


def test_the_domain_is_what_a_name_ends_with() -> None:
    assert dn.domain_of("CN=Anna,OU=x,DC=School,DC=Test") == "dc=school,dc=test"
    assert dn.domain_of("DC=school,DC=test") == "dc=school,dc=test"
    assert dn.domain_of("CN=Anna,OU=x") == ""


def test_bases_inside_others_and_doubles_are_dropped() -> None:
    bases = ("OU=S,OU=Users,DC=a", "OU=Groups,DC=a", "ou=users,dc=a", "OU=Users,DC=a", "OU=OldUsers,DC=a")
    assert dn.outermost(bases) == ("OU=Groups,DC=a", "ou=users,dc=a", "OU=OldUsers,DC=a")


@given(names, names)
def test_what_is_put_below_a_base_is_below_it(parts: list[str], base: list[str]) -> None:
    whole = ",".join((*parts, *base))
    assert dn.is_below(whole, ",".join(base))
    assert dn.outermost((whole, ",".join(base))) == (",".join(base),)
    assert len(dn.parents_between(whole, ",".join(base))) == len(parts) - 1


def test_the_containers_between_a_base_and_an_object_come_outermost_first() -> None:
    between = dn.parents_between(r"CN=a,OU=1\,2,OU=Klassen,OU=Gruppen,DC=a", "ou=gruppen,dc=a")
    assert between == ("OU=Klassen,OU=Gruppen,DC=a", r"OU=1\,2,OU=Klassen,OU=Gruppen,DC=a")
    assert dn.parents_between("CN=a,DC=b", "DC=a") == ()
