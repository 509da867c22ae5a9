"""Distinguished names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_worker.simulator.dn import Rdn, escape, format_dn, key_of, parse_dn
from connect_worker.simulator.folding import fold


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("CN=Anna,DC=test", ["Anna", "test"]),
        ("cn = Anna , dc = test", ["Anna", "test"]),
        ("CN=Müller\\, Anna,DC=test", ["Müller, Anna", "test"]),
        ("CN=M\\C3\\BCller,DC=test", ["Müller", "test"]),
        ('CN="Müller, Anna",DC=test', ["Müller, Anna", "test"]),
        ("CN=a\\+b\\=c\\#d,DC=test", ["a+b=c#d", "test"]),
        ("CN=blank\\ ,DC=test", ["blank ", "test"]),
        ("CN=Anna;DC=test", ["Anna", "test"]),
        ("CN=x\\0ADEL:1,DC=test", ["x\nDEL:1", "test"]),
        ("", []),
    ],
)
def test_a_name_is_taken_apart(text: str, values: list[str]) -> None:
    assert [rdn.value for rdn in parse_dn(text)] == values


@pytest.mark.parametrize(
    "text", ["Anna", "CN=Anna,", ",CN=Anna", "CN=", "CN=a+OU=b", "CN=Anna DC=x,y", "=Anna", "CN=\\FF", "CN=a\\"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_dn(text)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=4))
def test_every_value_survives(values: list[str]) -> None:
    dn = tuple(Rdn("CN", value) for value in values)
    assert parse_dn(format_dn(dn)) == dn


@pytest.mark.parametrize(
    ("value", "escaped"),
    [("Müller, Anna", "Müller\\, Anna"), (" a ", "\\ a\\ "), ("#1", "\\#1"), ("a#1", "a#1"), ("a\nb", "a\\0Ab")],
)
def test_values_are_escaped(value: str, escaped: str) -> None:
    assert escape(value) == escaped


def test_names_are_the_same_whatever_case_blanks_and_escapes() -> None:
    assert key_of("CN=MÜLLER\\, anna, dc=TEST") == key_of("cn=M\\C3\\BCller\\2C Anna,DC=test")


@pytest.mark.parametrize(
    ("first", "second"), [("Zoé", "zoe"), ("MÜLLER", "Muller"), ("Straße", "STRASSE"), ("Å", "a"), ("Ｗ", "w")]
)
def test_windows_compares_without_accents(first: str, second: str) -> None:
    assert fold(first) == fold(second)


@pytest.mark.parametrize(("first", "second"), [("ø", "o"), ("ł", "l"), ("đ", "d")])
def test_letters_of_their_own_stay_apart(first: str, second: str) -> None:
    assert fold(first) != fold(second)
