"""Every attribute of the seed's second table of users, with every value of every switch, for pupils and for staff."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from connect_worker.core.addresses import mail_nickname
from connect_worker.core.entra import gender_of
from connect_worker.model.account import Account, EntraProfile, Gender, PrimaryRole
from connect_worker.model.configuration import LevelRule, PasswordKind, PasswordPolicy
from connect_worker.model.ids import AccountKey, UserType
from connect_worker.model.state import State
from tests.support.builders import SIMPLE, account, school_class, student
from tests.support.described import EMPTY, PUPIL, TEACHER, a_night, account_of, school, settings, synced

RECORD = {"business_phone": "+41 44 000 00 00", "mobile_phone": "+41 79 000 00 00", "gender": "w"}
LEVEL = (LevelRule(position=1, level="Primar", program_years=frozenset(), password=SIMPLE, last_program_year=6),)
CLASS = {"classes": (school_class(1, name="3. Klasse", subgroup="b"),)}


def both(**switches: Any) -> dict[str, Any]:
    return {"staff": switches, "students": switches}


CASES: list[Any] = [
    # attribute, settings, value of the pupil, value of the staff member
    ("primary_role", {}, None, None),
    ("primary_role", {"students": {"primary_role": True}}, PrimaryRole.STUDENT, None),
    ("primary_role", {"staff": {"primary_role": True}}, None, PrimaryRole.TEACHER),
    ("external_source", {}, "sis", "sis"),
    ("mail_nickname", {}, "anna-muster1", "peter-lehrer1"),
    ("business_phone", {}, None, None),
    ("business_phone", {"staff": {"entra_business_phone": True}}, None, "+41 44 000 00 00"),
    ("business_phone", {"staff": {"business_phone": True}}, None, None),
    ("mobile_phone", {}, None, None),
    ("mobile_phone", {"staff": {"entra_mobile_phone": True}}, None, "+41 79 000 00 00"),
    ("usage_location", {}, "CH", "CH"),
    ("usage_location", {"students": {"country": "LI"}}, "LI", "CH"),
    ("user_type", {}, "Member", "Member"),
    ("user_type", both(user_type="Guest"), "Guest", "Guest"),
    ("user_type", both(user_type=""), "Member", "Member"),
    ("birth_on", {}, date(2015, 5, 5), None),
    ("gender", {}, Gender.OTHER, None),
    ("gender", {"show_gender": True}, Gender.FEMALE, None),
    ("grade", {}, "3. Klasse b", None),
    ("graduation_year", {}, None, None),
    ("graduation_year", {"levels": LEVEL}, 2030, None),
]


@pytest.mark.parametrize(("attribute", "changes", "pupil", "teacher"), CASES)
def test_each_switch_fills_its_attribute(
    attribute: str, changes: dict[str, Any], pupil: object, teacher: object
) -> None:
    result = a_night(school(person=RECORD, **CLASS), settings(**changes))
    found = [getattr(account_of(result, key).entra, attribute) for key in (PUPIL, TEACHER)]
    assert found == [pupil, teacher]


def test_every_attribute_of_the_table_is_tried() -> None:
    assert {case[0] for case in CASES} == set(EntraProfile.__dataclass_fields__)


@pytest.mark.parametrize(
    ("written", "gender"),
    [
        *((text, Gender.MALE) for text in ("m", "M ", "männlich", "MALE", "1")),
        *((text, Gender.FEMALE) for text in ("w", "f", "Weiblich", "female", "2")),
        *((text, Gender.OTHER) for text in ("d", "3", "x", "", None)),
    ],
)
def test_gender_is_told_however_an_administration_writes_it(written: str | None, gender: Gender) -> None:
    assert gender_of(written) is gender


@pytest.mark.parametrize(
    ("address", "nickname"),
    [
        ("anna.muster1@schule.example", "anna-muster1"),
        ("o_brien-x@schule.example", "o_brien-x"),
        ("a+b!c@schule.example", "a-b-c"),
        ("@schule.example", None),
        (None, None),
    ],
)
def test_nickname_is_what_stands_before_the_at_sign(address: str | None, nickname: str | None) -> None:
    """Ruling 15: all but letters, digits, hyphen and underscore becomes a hyphen."""
    assert mail_nickname(address) == nickname


YEARS = [
    # program year of the pupil, of the class, last of the level, when he leaves school
    pytest.param(None, 3, 6, 2030, id="the year ends in 2027, three more to go"),
    pytest.param(5, 3, 6, 2028, id="the pupil's own program year wins"),
    pytest.param(None, 6, 6, 2027, id="the last year"),
    pytest.param(None, 7, 6, 2026, id="still this year"),
    pytest.param(None, 8, 6, None, id="the result lies in the past"),
    pytest.param(None, None, 6, None, id="no program year"),
    pytest.param(None, 3, None, None, id="no last program year"),
    pytest.param(-900, 3, 6, None, id="no year that anybody could mean"),
]


@pytest.mark.parametrize(("own", "of_class", "last", "year"), YEARS)
def test_graduation_year(own: int | None, of_class: int | None, last: int | None, year: int | None) -> None:
    """Ruling 4: the year in which the school year ends + (last program year of the level − program year)."""
    data = school(person={"program_year": own}, classes=(school_class(1, program_year=of_class),))
    levels = tuple(replace(row, last_program_year=last) for row in LEVEL)
    assert account_of(a_night(data, settings(levels=levels)), PUPIL).entra.graduation_year == year


def test_graduation_year_takes_the_highest_last_year_of_the_levels_rows() -> None:
    first, second, third = (
        LevelRule(position=n, level=level, program_years=years, password=SIMPLE, last_program_year=last)
        for n, level, years, last in (
            (1, "Primar", frozenset({4, 5, 6}), 6),
            (2, "Primar", frozenset({1, 2, 3}), 4),
            (3, "Sek", frozenset[int](), 9),
        )
    )
    result = a_night(school(), settings(levels=(first, second, third)))
    assert account_of(result, PUPIL).entra.graduation_year == 2030


def test_a_planned_class_counts_from_its_own_school_year() -> None:
    """Its program year is that of the year to come: the result must not jump when that year begins."""
    classes = (school_class(3, school_year_id=3, program_year=1),)
    data = school(students=(student(1, class_id=None, planned_class_id=3),), classes=classes)
    config = settings(levels=LEVEL, students={"lead_days": 365})
    assert account_of(a_night(data, config), PUPIL).entra.graduation_year == 2033


@pytest.mark.parametrize(
    ("kind", "weak"),
    [(PasswordKind.SIMPLE, True), (PasswordKind.SIMPLE_WITH_SPECIAL, True), (PasswordKind.COMPLEX, False)],
)
def test_both_simple_kinds_ask_entra_for_weaker_passwords(kind: PasswordKind, *, weak: bool) -> None:
    policy = PasswordPolicy(kind=kind)
    level = replace(LEVEL[0], password=policy)
    result = a_night(school(), settings(levels=(level,), staff={"password": policy}))
    assert [account_of(result, key).weak_password_allowed for key in (PUPIL, TEACHER)] == [weak, weak]


def test_a_change_that_only_entra_sees_is_a_change() -> None:
    first = synced(a_night(school(), settings()).state)
    after = a_night(school(students=(student(1, birth_on=date(2015, 5, 6)),)), settings(), first)
    assert account_of(after, PUPIL).has_changed
    assert [account for account in after.state.accounts if account.has_changed] == [account_of(after, PUPIL)]


def test_nickname_of_a_manual_user_follows_the_login_and_nothing_else_is_touched() -> None:
    key = AccountKey(UserType.MANUAL, 7)
    manual = account(7, key=key, has_changed=False, entra=EntraProfile(), must_change_password=True)
    after = account_of(a_night(school(), settings(), state(manual)), key)
    assert after == replace(manual, entra=EntraProfile(mail_nickname="anna-muster7"), has_changed=True)
    assert account_of(a_night(school(), settings(), state(replace(after, has_changed=False))), key).has_changed is False


def test_who_is_on_the_way_out_is_described_no_more() -> None:
    first = synced(a_night(school(), settings()).state)
    leaver = school(students=(student(1, exit_on=date(2026, 11, 1), birth_on=None),))
    after = account_of(a_night(leaver, settings(), first), PUPIL)
    assert after.entra == account_of(a_night(school(), settings()), PUPIL).entra


def state(*accounts: Account) -> State:
    return replace(EMPTY, accounts=accounts)
