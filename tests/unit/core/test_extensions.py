"""extensionAttribute1 to 15 by the customer's templates; what no template fills is the office's."""

from dataclasses import replace
from typing import Any

import pytest

from connect_worker.core.extension_places import extension_places
from connect_worker.core.templates import EXTENSION_PLACEHOLDERS, Placeholder
from connect_worker.errors import ConfigurationError
from connect_worker.model.account import EXTENSION_PLACES, Extensions
from connect_worker.model.configuration import LevelRule
from connect_worker.model.finding import NoteCode
from connect_worker.model.ids import UserType
from tests.support.builders import SIMPLE, school_class
from tests.support.described import PUPIL, TEACHER, a_night, account_of, school, settings, synced

RECORD = {
    "short_code": "mu",
    "login": "anmu",
    "profession": "Logopädin",
    "room": "L 7",
    "main_function_id": 1,
    "program_year": 4,
}
SCHOOL = school(person=RECORD, classes=(school_class(1, name="3", subgroup="b"),))
LEVELS = (LevelRule(position=1, level="Primar", program_years=frozenset(), password=SIMPLE, last_program_year=6),)
P = Placeholder

VALUES = {
    # placeholder: of the pupil, of the staff member, who leads class 1
    P.FIRST_NAME: ("Anna", "Peter"),
    P.LAST_NAME: ("Muster1", "Lehrer1"),
    P.SHORT_CODE: ("mu", "mu"),
    P.LOGIN: ("anmu", "anmu"),
    P.ID: ("1", "1"),
    P.USER_TYPE: ("S", "P"),
    P.MANDANT: ("MW", "MW"),
    P.BUILDING_NAME: ("Schulhaus Dorf", "Schulhaus Dorf"),
    P.BUILDING_SHORT_NAME: ("DO", "DO"),
    P.BUILDING_ID: ("1", "1"),
    P.CLASS_NAME: ("3", "3"),
    P.CLASS_SUBGROUP: ("b", "b"),
    P.CLASS_ID: ("1", "1"),
    P.LEVEL: ("Primar", "Primar"),
    P.SCHOOL_YEAR: ("2026/27", "2026/27"),
    P.PROGRAM_YEAR: ("4", "3"),
    P.ROOM: ("101", "L 7"),
    P.FUNCTION: (None, "Lehrperson"),
    P.PROFESSION: (None, "Logopädin"),
    P.GRADUATION_YEAR: ("2029", None),
}


def places(**templates: str) -> Extensions:
    """Fifteen places, of which `_3="…"` fills the third."""
    return tuple(templates.get(f"_{number}") for number in range(1, EXTENSION_PLACES + 1))


def both(**templates: str) -> dict[str, Any]:
    return {audience: {"extension_templates": places(**templates)} for audience in ("staff", "students")}


@pytest.mark.parametrize("placeholder", sorted(VALUES))
def test_each_placeholder_stands_for_what_the_record_says(placeholder: Placeholder) -> None:
    result = a_night(SCHOOL, settings(**both(_1=f"[{placeholder}]"), levels=LEVELS))
    found = tuple(account_of(result, key).extension_attributes[0] for key in (PUPIL, TEACHER))
    assert found == VALUES[placeholder]


def test_every_placeholder_is_tried() -> None:
    assert set(VALUES) == EXTENSION_PLACEHOLDERS


def test_each_place_and_audience_has_its_own_template() -> None:
    templates = {f"_{number}": f"['{number}-'][Kurzzeichen]" for number in range(1, EXTENSION_PLACES + 1)}
    config = settings(students={"extension_templates": places(**templates)}, staff=both(_15="constant")["staff"])
    result = a_night(SCHOOL, config)
    assert account_of(result, PUPIL).extension_attributes == tuple(f"{number}-mu" for number in range(1, 16))
    assert account_of(result, TEACHER).extension_attributes == places(_15="constant")


def test_what_no_template_fills_stays_as_the_office_has_it() -> None:
    config = settings(**both(_2="[Stufe]"))
    first = synced(a_night(SCHOOL, config).state)
    by_hand = tuple(
        replace(a, extension_attributes=places(_1="by hand", _2="overwritten")) if a.key == PUPIL else a
        for a in first.accounts
    )
    after = account_of(a_night(SCHOOL, config, replace(first, accounts=by_hand)), PUPIL)
    assert after.extension_attributes == places(_1="by hand", _2="Primar")
    assert after.has_changed


def test_a_template_taken_away_leaves_its_values_and_an_empty_one_clears_them() -> None:
    first = synced(a_night(SCHOOL, settings(**both(_1="[Stufe]", _2="[Stufe]"))).state)
    after = account_of(a_night(SCHOOL, settings(**both(_1="")), first), PUPIL)
    assert after.extension_attributes == places(_2="Primar")


def test_an_empty_template_is_kept_in_the_directory_too() -> None:
    config = settings(students={"extension_templates": places(_1="", _3="[Stufe]")})
    kept = extension_places(config)
    assert {user_type: sorted(kept[user_type]) for user_type in (UserType.STUDENT, UserType.STAFF)} == {
        UserType.STUDENT: [1, 3],
        UserType.STAFF: [],
    }


def test_a_second_night_changes_nobody() -> None:
    config = settings(**both(_1="[Mandant][' ¦ '][Vorname]"))
    first = synced(a_night(SCHOOL, config).state)
    assert a_night(SCHOOL, config, first).state == first


def test_what_is_too_long_is_cut_and_told() -> None:
    result = a_night(SCHOOL, settings(students={"extension_templates": places(_4="x" * 1025)}))
    assert account_of(result, PUPIL).extension_attributes[3] == "x" * 1024
    (note,) = result.notes
    found = "extension attribute 4 has 1025 characters, the directory takes 1024"
    assert (note.key, note.code, note.found) == (PUPIL, NoteCode.VALUE_CUT, found)


def test_every_template_that_does_not_parse_is_told_at_once() -> None:
    config = settings(
        students={"extension_templates": places(_3="[Vorname")}, staff={"extension_templates": places(_7="[StufeID]")}
    )
    with pytest.raises(ConfigurationError) as raised:
        a_night(SCHOOL, config)
    first, second = raised.value.faults
    assert first.startswith("extension attribute 3 of students, template '[Vorname'")
    assert second.startswith("extension attribute 7 of staff, template '[StufeID]': unknown placeholder 'StufeID'")
