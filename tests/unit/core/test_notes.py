"""What the update notes of people, and nothing waits for."""

from typing import Any

import pytest

from connect_worker.core.validation import validate
from connect_worker.model.configuration import LevelRule, PasswordKind, PasswordPolicy
from connect_worker.model.finding import Note, NoteCode
from tests.support.builders import SIMPLE, TODAY, configuration, school_class, staff, staff_key, student, student_key
from tests.support.described import PUPIL, a_night, account_of, school, settings

STRICT = PasswordPolicy(kind=PasswordKind.COMPLEX, may_not_change=True)


def rows(*years: set[int]) -> tuple[LevelRule, ...]:
    """Rows of level Primar for these program years, the first one strict."""
    policies = (STRICT, *(SIMPLE for _ in years[1:]))
    return tuple(
        LevelRule(position=n, level="Primar", program_years=frozenset(listed), password=policy)
        for n, (listed, policy) in enumerate(zip(years, policies, strict=True), start=1)
    )


@pytest.mark.parametrize(
    ("levels", "year", "strict", "found"),
    [
        pytest.param(rows({1, 2}, {3}), 3, False, None, id="the row that lists the year"),
        pytest.param(rows({1, 2}, set()), 3, False, None, id="the row without a list"),
        pytest.param(rows({3}, set()), 3, True, None, id="the list goes before the row without one"),
        pytest.param(rows({3}, {3}), 3, True, None, id="the first of two that list it"),
        pytest.param(
            rows({1, 2}, {4}),
            3,
            True,
            "no row of level Primar is for a pupil with program year 3: that of position 1 serves",
            id="no row: the first serves",
        ),
        pytest.param(
            rows({1, 2}, {4}),
            None,
            True,
            "no row of level Primar is for a pupil without a program year: that of position 1 serves",
            id="no program year",
        ),
    ],
)
def test_level_and_program_year_choose_the_policy(
    levels: tuple[LevelRule, ...], year: int | None, found: str | None, *, strict: bool
) -> None:
    """Ruling 4."""
    result = a_night(school(classes=(school_class(1, program_year=year),)), configuration(levels=levels))
    assert account_of(result, PUPIL).password_change_prevented is strict
    notes = [] if found is None else [Note(key=PUPIL, code=NoteCode.LEVEL_ROW_MISSING, found=found)]
    assert list(result.notes) == notes


def test_a_change_of_the_program_year_changes_the_flags_and_never_the_password() -> None:
    """Ruling 28."""
    levels = rows({1, 2}, {3})
    first = a_night(school(classes=(school_class(1, program_year=3),)), configuration(levels=levels))
    after = a_night(school(classes=(school_class(1, program_year=2),)), configuration(levels=levels), first.state)
    before, now = account_of(first, PUPIL), account_of(after, PUPIL)
    assert (before.password_change_prevented, before.weak_password_allowed) == (False, True)
    assert (now.password_change_prevented, now.weak_password_allowed) == (True, False)
    assert (now.initial_password, now.password_reset) == (before.initial_password, False)


def test_two_records_with_one_insurance_number_are_two_users_and_a_note() -> None:
    """Ruling 8; the staff member was a pupil once."""
    data = school(
        students=(student(1), student(2, insurance_number=None), student(3, insurance_number="756.9999.9999.99")),
        staff=(staff(1, insurance_number="7561234567897 "), staff(2)),
    )
    result = a_night(data, settings())
    shared = NoteCode.INSURANCE_NUMBER_SHARED
    assert [(note.key, note.code, note.found) for note in result.notes] == [
        (student_key(1), shared, "the insurance number is also that of P.00001"),
        (staff_key(1), shared, "the insurance number is also that of S.00001"),
    ]
    validation = validate(result.state, settings(), result.notes)
    assert [finding.blocks for finding in validation.findings] == [False, False]
    assert not validation.blocking
    assert not validation.blocked_objects


@pytest.mark.parametrize("changes", [{"insurance_number": " "}, {"insurance_number": None}])
def test_records_without_a_number_are_not_noted(changes: dict[str, Any]) -> None:
    assert a_night(school(students=(student(1, **changes), student(2, **changes))), settings()).notes == ()


def test_a_record_without_a_row_is_not_noted() -> None:
    """Whoever has left long ago, and never had a login, is nobody's double."""
    leaver = student(2, exit_on=TODAY, insurance_number=student(1).insurance_number)
    assert a_night(school(students=(student(1), leaver)), settings()).notes == ()
