"""The configurator's name templates."""

import re
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_worker.core import dn
from connect_worker.core.templates import (
    GROUP_PLACEHOLDERS,
    USER_PLACEHOLDERS,
    GroupTemplates,
    Placeholder,
    parse,
    parse_dn,
)
from connect_worker.errors import ConfigurationError
from connect_worker.model.configuration import GroupRule
from connect_worker.model.ids import Criterion
from connect_worker.sample.configuration import GROUP_RULES

CLASS = GroupRule(
    criterion=Criterion.STUDENTS_AND_TEACHER_PER_CLASS,
    parent="OU=Klassen,OU=Gruppen",
    dn_first_element=(
        "['CN='][Mandant]['_KL_'][GebäudeKurzbezeichnung]['_'][OrganisationBezeichnung]['_']"
        "[OrganisationUntergruppe]['_'][Schuljahr][',']['OU=Klassen,OU=Gruppen,OU=Schule,DC=connect,DC=test']"
    ),
    name=(
        "[Mandant]['_KL_'][GebäudeKurzbezeichnung]['_'][OrganisationBezeichnung]['_']"
        "[OrganisationUntergruppe]['_'][Schuljahr]"
    ),
    display_name="['Klasse '][OrganisationUntergruppe][' '][OrganisationBezeichnung][' ¦ '][GebäudeBezeichnung]",
    sam_account_name="['KL.'][OrganisationID]",
    ad_type="SG",
)
VALUES = {
    Placeholder.MANDANT: "SR",
    Placeholder.BUILDING_SHORT_NAME: "Büel",
    Placeholder.BUILDING_NAME: "Schulhaus Büel",
    Placeholder.BUILDING_ID: "7",
    Placeholder.CLASS_NAME: "1a",
    Placeholder.CLASS_SUBGROUP: "Blau",
    Placeholder.CLASS_ID: "4711",
    Placeholder.SCHOOL_YEAR: "2023/24",
}
any_values = st.dictionaries(st.sampled_from(Placeholder), st.text(max_size=8))


def fill(text: str, **values: str) -> str:
    return parse(text, frozenset(Placeholder)).fill_name(
        {Placeholder[name.upper()]: value for name, value in values.items()}
    )


def test_a_class_group_of_the_seed() -> None:
    names = GroupTemplates.of(CLASS).fill(VALUES)
    assert names.cn == "SR_KL_Bueel_1a_Blau_2023-24"
    assert names.dn_first_element == "CN=SR_KL_Bueel_1a_Blau_2023-24"
    assert names.parent == "OU=Klassen,OU=Gruppen,OU=Schule,DC=connect,DC=test"
    assert names.name == "SR_KL_Bueel_1a_Blau_2023-24"
    assert names.display_name == "Klasse Blau 1a ¦ Schulhaus Büel"
    assert names.sam_account_name == "KL.4711"


def test_separators_of_empty_placeholders_collapse() -> None:
    names = GroupTemplates.of(CLASS).fill({**VALUES, Placeholder.CLASS_SUBGROUP: "", Placeholder.BUILDING_NAME: " "})
    assert names.cn == "SR_KL_Bueel_1a_2023-24"
    assert names.display_name == "Klasse 1a"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"mandant": "A", "level": "B", "function": "C"}, "A_B_C"),
        ({"mandant": "A", "function": "C"}, "A_C"),
        ({"mandant": "A", "level": "B"}, "A_B"),
        ({"level": "B", "function": "C"}, "B_C"),
        ({"mandant": "A"}, "A"),
        ({"function": "C"}, "C"),
        ({"mandant": "A", "level": "李", "function": "C"}, "A_C"),
        ({"mandant": "A__", "level": "_B", "function": "C"}, "A____B_C"),
        ({}, ""),
    ],
)
def test_separators_stay_between_what_is_there(values: dict[str, str], name: str) -> None:
    assert fill("[Mandant]['_'][Stufe]['_'][FUNKTION]", **values) == name


def test_literals_and_values_keep_their_own_separators() -> None:
    assert fill("['_alle__'][Mandant]['-']", mandant="a--b") == "_alle__a--b-"


def test_text_outside_brackets_is_literal() -> None:
    assert fill("Schüler_Alle") == "Schueler_Alle"
    template = parse_dn("CN=Alle_Personal, OU=Stufen,DC=a", GROUP_PLACEHOLDERS)
    assert template.value.fill_name({}) == "Alle_Personal"
    assert template.parent is not None
    assert template.parent.fill_escaped({}) == "OU=Stufen,DC=a"


@pytest.mark.parametrize(
    "spelling",
    [
        "GebäudeKurzbezeichnung",
        "gebäudekurzbezeichnung",
        "GEBÄUDEKURZBEZEICHNUNG",
        "GebaeudeKurzbezeichnung",
        "Geba\u0308udeKurzbezeichnung",
        " GebäudeKurzbezeichnung ",
        "building_short_name",
    ],
)
def test_the_spelling_of_a_placeholder_is_free(spelling: str) -> None:
    assert fill(f"[{spelling}]", building_short_name="B") == "B"


def test_nachname_is_also_called_name_and_braces_take_english_names() -> None:
    assert fill("[Vorname]['.'][Name]", first_name="A", last_name="B") == "A.B"
    assert fill("{first_name}.{last_name}", first_name="A", last_name="B") == "A.B"


def test_two_quotes_in_a_literal_are_one() -> None:
    assert parse("['L''école [1]']", ()).fill({}) == "L'école [1]"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("['CN='][Mandant]['_FN'_][FUNKTION]", 17),
        ("[Mandant", 1),
        ("Alle]", 5),
        ("['SR]", 1),
        ("[]", 1),
        ("[Mandant]['SR'][Gebäude]", 16),
        ("{nobody}", 1),
        ("[Vorname]", 1),
    ],
)
def test_a_faulty_template_names_itself_the_position_and_what_is_known(text: str, position: int) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, GROUP_PLACEHOLDERS)
    message = str(caught.value)
    assert repr(text) in message
    assert f"at character {position}." in message
    assert "GebäudeKurzbezeichnung" in message
    assert "Vorname" not in message.partition("Known placeholders")[2]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "expected is a value at character 4"),
        ("CN=", "expected is a value at character 4"),
        ("OU=Schule", "must be CN"),
        ("CN=a,,DC=b", "at character 6"),
        ("CN=Alle, OU=Stufen,OU=,DC=", "expected is a value"),
        ('CN="Alle"', "must be escaped at character 4"),
        ("['CN='][Mandant][',']", "at character 6"),
    ],
)
def test_a_template_that_makes_no_distinguished_name_is_refused(text: str, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        parse_dn(text, GROUP_PLACEHOLDERS)


def test_all_faults_of_a_group_definition_come_at_once() -> None:
    faulty = replace(CLASS, dn_first_element="[X]", display_name="[", sam_account_name="['")
    with pytest.raises(ConfigurationError) as caught:
        GroupTemplates.of(faulty)
    assert [fault.split(":")[0].split(", ")[1] for fault in caught.value.faults] == [
        "dn_first_element",
        "display_name",
        "sam_account_name",
    ]


def test_values_cannot_break_out_of_the_distinguished_name() -> None:
    rule = replace(CLASS, dn_first_element="['CN='][FUNKTION][',OU='][GebäudeBezeichnung][',DC=a']")
    names = GroupTemplates.of(rule).fill({Placeholder.FUNCTION: "a,OU=b", Placeholder.BUILDING_NAME: " #1, Süd+"})
    assert names.dn_first_element == r"CN=a\,OU=b"
    assert names.cn == "a,OU=b"
    assert names.parent == r"OU=\#1\, Süd\+,DC=a"


def test_a_parent_without_value_is_left_out() -> None:
    rule = replace(CLASS, dn_first_element="CN=[FUNKTION],OU=[GebäudeBezeichnung],OU=[Stufe],DC=a")
    assert GroupTemplates.of(rule).fill({Placeholder.LEVEL: "Primar"}).parent == "OU=Primar,DC=a"


def test_what_active_directory_forbids_in_a_sam_name_is_a_hyphen() -> None:
    rule = replace(CLASS, sam_account_name="[FUNKTION]")
    names = GroupTemplates.of(rule).fill({Placeholder.FUNCTION: 'Köchin/Koch "a"[b]:;|=,+*?<>@.'})
    assert names.sam_account_name == "Koechin-Koch -a--b------------"


def test_the_test_prefix_stands_before_what_the_directory_knows_the_group_by() -> None:
    names = GroupTemplates.of(CLASS, "TEST_").fill(VALUES)
    assert names.dn_first_element == "CN=TEST_SR_KL_Bueel_1a_Blau_2023-24"
    assert names.cn == "TEST_SR_KL_Bueel_1a_Blau_2023-24"
    assert names.sam_account_name == "TEST_KL.4711"


def test_a_group_whose_name_comes_out_empty_has_none() -> None:
    names = GroupTemplates.of(replace(CLASS, dn_first_element="[FUNKTION]", display_name="[FUNKTION]")).fill({})
    assert (names.cn, names.dn_first_element, names.display_name) == (None, None, None)


@given(any_values)
def test_any_values_make_a_readable_distinguished_name(values: dict[Placeholder, str]) -> None:
    rule = replace(CLASS, dn_first_element="CN=[FUNKTION] [Stufe],OU=[GebäudeBezeichnung],OU=x[Schuljahr],DC=a")
    names = GroupTemplates.of(rule).fill(values)
    if names.dn_first_element is not None:
        assert dn.value_of(f"{names.dn_first_element},{names.parent}") == names.cn
        assert names.parent is not None
        assert len(dn.elements(names.parent)) in (2, 3)


@given(st.text())
def test_any_text_is_read_or_refused_as_configuration(text: str) -> None:
    with suppress(ConfigurationError):
        assert parse_dn(text, USER_PLACEHOLDERS).value.parts


@given(st.sampled_from(GROUP_RULES), any_values)
def test_any_values_make_names_of_every_definition_that_a_directory_takes(
    rule: GroupRule, values: dict[Placeholder, str]
) -> None:
    names = GroupTemplates.of(rule).fill(values)
    for name in (names.cn, names.name, names.sam_account_name, names.mail_nickname):
        assert name is None or (name and name.isascii() and name.isprintable())
    if names.cn is not None:
        assert dn.value_of(f"{names.dn_first_element},DC=a") == names.cn
        assert re.fullmatch(r"[A-Za-z0-9_-]+", names.mail_nickname or "")
    assert not re.search(r'["/\\\[\]:;|=,+*?<>@]', names.sam_account_name or "")


@given(st.sampled_from(GROUP_RULES), st.sets(st.sampled_from(sorted(GROUP_PLACEHOLDERS))))
def test_whatever_is_empty_no_separator_is_doubled_or_left_at_an_end(rule: GroupRule, known: set[Placeholder]) -> None:
    names = GroupTemplates.of(rule).fill(dict.fromkeys(known, "x"))
    for name in (names.cn, names.name, names.sam_account_name):
        assert name is None or re.fullmatch(r"[A-Za-z]+([ _.-][A-Za-z]+)*", name)
