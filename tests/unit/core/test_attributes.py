"""Every attribute of the seed's first table of users, with every value of every switch, for pupils and for staff."""

from dataclasses import replace
from typing import Any

import pytest

from connect_worker.core.validation import validate
from connect_worker.model.account import Profile, Status
from connect_worker.model.configuration import InfoSwitch, OfficeSwitch, TitleSwitch
from connect_worker.model.finding import NoteCode
from connect_worker.model.ids import Mandant
from connect_worker.model.person import Building, MandantRecord
from tests.support.builders import STAFF_OU, master_data, school_class, staff, staff_key, student, student_key
from tests.support.described import PUPIL, TEACHER, a_night, account_of, school, settings, synced

BUSINESS = "+41 44 000 00 00"
RECORD = {
    "short_code": "mu",
    "profession": "Logopädin",
    "substitution_text": "vertritt B.",
    "room": "L 7",
    "main_function_id": 1,
    "secondary_function_id": 2,
    "building_id": 1,
}
STREET, CITY = "Dorfstrasse 1", "Musterwil"
BOTH = ("staff", "students")


def both(**switches: Any) -> dict[str, Any]:
    return dict.fromkeys(BOTH, switches)


CASES: list[Any] = [
    # attribute, settings, value of the pupil, value of the staff member
    ("employee_id", {}, "S.00001", "P.00001"),
    ("employee_id", {"employee_id_is_insurance_number": True}, "7561234567897", "7561234567897"),
    ("given_name", {}, "Anna", "Peter"),
    ("surname", {}, "Muster1", "Lehrer1"),
    ("display_name", {}, "Muster1 Anna", "Lehrer1 Peter"),
    ("initials", {}, None, None),
    ("initials", both(initials=True), "mu", "mu"),
    ("title", {}, None, None),
    ("title", {"staff": {"title": TitleSwitch.PROFESSION}}, None, "Logopädin"),
    ("title", {"staff": {"title": TitleSwitch.FUNCTION}}, None, "Lehrperson"),
    ("company", {}, "Schule Musterwil", "Schule Musterwil"),
    ("company", both(company="Stadt"), "Stadt", "Stadt"),
    ("department", {}, "Schulhaus Dorf", "Schulhaus Dorf"),
    ("department", both(department="Bildung"), "Bildung", "Bildung"),
    ("manager", {}, f"CN=Peter.Lehrer1,{STAFF_OU}", f"CN=Peter.Lehrer2,{STAFF_OU}"),
    ("office", {}, None, None),
    ("office", both(office=OfficeSwitch.CLASSROOM), "101", "101"),
    ("office", {"staff": {"office": OfficeSwitch.STAFF_ROOM}}, None, "L 7"),
    ("street_address", {}, STREET, STREET),
    ("postal_code", {}, "8000", "8000"),
    ("city", {}, CITY, CITY),
    ("state", {}, None, None),
    ("state", {"state": "ZH"}, "ZH", "ZH"),
    ("country", {}, "CH", "CH"),
    ("country", both(country="LI"), "LI", "LI"),
    ("preferred_language", {}, "de-DE", "de-DE"),
    ("preferred_language", both(language="fr-CH"), "fr-CH", "fr-CH"),
    ("home_page", {}, "https://pupils.example", "https://staff.example"),
    ("telephone_number", {}, None, None),
    ("telephone_number", {"staff": {"business_phone": True}}, None, BUSINESS),
    ("info", {}, None, None),
    ("info", {"staff": {"info": InfoSwitch.SUBSTITUTION}}, None, "vertritt B."),
    ("info", both(info=InfoSwitch.VERSION), "Connect 1.0", "Connect 1.0"),
]


@pytest.mark.parametrize(("attribute", "changes", "pupil", "teacher"), CASES)
def test_each_switch_fills_its_attribute(
    attribute: str, changes: dict[str, Any], pupil: str | None, teacher: str | None
) -> None:
    record = {**RECORD, "insurance_number": "756.1234.5678.97"}
    result = a_night(school(person=record), settings(**changes))
    found = [getattr(account_of(result, key).profile, attribute) for key in (PUPIL, TEACHER)]
    assert found == [pupil, teacher]


def test_every_attribute_of_the_table_is_tried() -> None:
    assert {case[0] for case in CASES} == set(Profile.__dataclass_fields__)


def test_nobodys_values_are_empty_not_blank() -> None:
    """A record without anything, in a class without a building, of a mandant without a company."""
    data = school(
        person={"short_code": " ", "insurance_number": "", "profession": None, "business_phone": ""},
        classes=(school_class(1, building_id=None, room=None, main_teacher_id=None),),
        mandants=(MandantRecord(number=Mandant(1), short_name="MW", company=None),),
    )
    switches = {"initials": True, "office": OfficeSwitch.CLASSROOM}
    staff_switches = {**switches, "title": TitleSwitch.PROFESSION, "business_phone": True}
    result = a_night(data, settings(students=switches, staff=staff_switches, employee_id_is_insurance_number=True))
    empty = ("employee_id", "initials", "company", "department", "manager", "office", "street_address", "city", "title")
    for key in (PUPIL, TEACHER):
        profile = account_of(result, key).profile
        assert {name: getattr(profile, name) for name in empty} == dict.fromkeys(empty), key
    assert account_of(result, TEACHER).profile.telephone_number is None


def test_without_a_main_function_the_title_is_the_secondary_one() -> None:
    data = school(person={"secondary_function_id": 2})
    result = a_night(data, settings(staff={"title": TitleSwitch.FUNCTION}))
    assert account_of(result, TEACHER).profile.title == "Hauswart"


def test_building_of_staff_is_own_else_of_the_class_else_of_the_main_employment() -> None:
    """Ruling 20: the class is the one with the lowest key that they lead this year."""
    see, berg = (
        Building(id=n, name=name, short_name=None, street=None, postal_code=None, city=None, head_staff_id=None)
        for n, name in ((2, "See"), (3, "Berg"))
    )
    people = {
        1: staff(1, building_id=3, employment_building_ids=(2,)),
        2: staff(2, employment_building_ids=(2, 3)),
        3: staff(3, employment_building_ids=(3,)),
        4: staff(4, employment_building_ids=(2, 3)),
        5: staff(5),
    }
    data = master_data(
        buildings=(*master_data().buildings, see, berg),
        classes=(
            school_class(1, main_teacher_id=1),
            school_class(8, main_teacher_id=2, building_id=3),
            school_class(7, main_teacher_id=2, building_id=1),
            school_class(6, main_teacher_id=3, building_id=1, school_year_id=1),
        ),
        staff=tuple(people.values()),
    )
    result = a_night(data, settings())
    found = {number: account_of(result, staff_key(number)).profile.department for number in people}
    assert found == {1: "Berg", 2: "Schulhaus Dorf", 3: "Berg", 4: "See", 5: None}


@pytest.mark.parametrize("status", [Status.DEACTIVATED, Status.TO_DELETE])
def test_a_manager_without_an_active_account_gives_an_empty_value(status: Status) -> None:
    """Ruling 20."""
    first = synced(a_night(school(), settings()).state)
    gone = (replace(a, status=status) if a.key == TEACHER else a for a in first.accounts)
    data = school(staff=(staff(2),) if status is Status.TO_DELETE else (staff(1), staff(2)))
    after = a_night(data, settings(), replace(first, accounts=tuple(gone)))
    assert account_of(after, PUPIL).profile.manager is None


def test_values_that_are_too_long_are_cut_and_told() -> None:
    """Ruling 32: descriptions lose their end, and a note that nothing waits for says so."""
    data = school(person={"short_code": "muster.anna", "profession": "P" * 129})
    config = settings(students={"initials": True}, staff={"title": TitleSwitch.PROFESSION})
    result = a_night(data, config)
    assert account_of(result, PUPIL).profile.initials == "muster"
    assert account_of(result, TEACHER).profile.title == "P" * 128
    found = validate(result.state, config, result.notes)
    assert [(f.key, f.code, f.found, f.blocks) for f in found.findings] == [
        (PUPIL, NoteCode.VALUE_CUT, "initials has 11 characters, the directory takes 6", False),
        (TEACHER, NoteCode.VALUE_CUT, "title has 129 characters, the directory takes 128", False),
    ]
    assert not found.user_codes, "a note is no warning, and shows in no column"


def test_a_shared_value_that_is_too_long_is_told_of_everybody_who_has_it() -> None:
    data = school(staff=(), students=(student(1), student(2, class_id=None), student(3)))
    result = a_night(data, settings(students={"company": "C" * 65}))
    assert [(note.key, note.found) for note in result.notes if note.code is NoteCode.VALUE_CUT] == [
        (student_key(number), "company has 65 characters, the directory takes 64") for number in (1, 3)
    ]


def test_an_employee_id_that_is_too_long_is_never_cut() -> None:
    """It identifies: a finding holds up its record (ruling 32)."""
    config = settings(employee_id_is_insurance_number=True)
    result = a_night(school(person={"insurance_number": "756.1234.5678.9700"}, staff=()), config)
    assert account_of(result, PUPIL).profile.employee_id == "756123456789700"
    long = a_night(school(person={"insurance_number": "7" * 17}, staff=()), config)
    assert account_of(long, PUPIL).profile.employee_id == "7" * 17
    (finding,) = validate(long.state, config, long.notes).findings
    assert (finding.code, finding.blocks) == (101, True)
    assert finding.found == "employee ID has 17 characters, the directory takes 16"


def test_a_second_night_changes_nobody() -> None:
    switches = {"initials": True, "info": InfoSwitch.VERSION, "office": OfficeSwitch.CLASSROOM}
    config = settings(**both(**switches), state="ZH")
    first = synced(a_night(school(person=RECORD), config).state)
    assert a_night(school(person=RECORD), config, first).state == first


def test_a_person_deactivated_by_hand_is_described_all_the_same() -> None:
    first = synced(a_night(school(), settings()).state)
    locked = (replace(a, status=Status.DEACTIVATED) if a.key == PUPIL else a for a in first.accounts)
    after = a_night(school(students=(student(1, last_name="Neu"),)), settings(), replace(first, accounts=tuple(locked)))
    assert account_of(after, PUPIL).profile.surname == "Neu"
