"""Warnings 1, 2, 3 and 8: whose a record is. Mandants 1 and 2 are configured."""

import pytest

from connect_worker.model.ids import Mandant, MandantMask
from tests.support.builders import group
from tests.support.records import codes, found, user

NONE, BOTH = MandantMask(0), MandantMask(3)
ABOVE_ALL = Mandant(0)


def test_a_pupil_of_a_configured_school_has_no_warning() -> None:
    assert codes(user(mandants=BOTH, mandant_chosen=Mandant(2))) == []


def test_a_pupil_of_two_schools_needs_a_choice() -> None:
    undecided = user(mandants=BOTH, mandant_chosen=None)
    assert codes(undecided) == [1]
    assert found(undecided) == {"S.00001": "no mandant is chosen; the record's mandants are: 1, 2"}


def test_the_choice_must_be_a_school_that_the_pupil_is_released_for() -> None:
    elsewhere = user(mandants=MandantMask(1), mandant_chosen=Mandant(2))
    assert codes(elsewhere) == [2]
    assert found(elsewhere) == {"S.00001": "mandant 2 is chosen; the record's mandants are: 1"}


def test_the_choice_must_be_a_school_that_connect_was_set_up_for() -> None:
    third = user(mandants=MandantMask(4), mandant_chosen=Mandant(3))
    assert codes(third) == [3]
    assert found(third) == {"S.00001": "mandant 3 is chosen; configured are: 1, 2"}


@pytest.mark.parametrize("chosen", [0, -1])
def test_zero_and_less_are_no_school_of_a_pupil(chosen: int) -> None:
    assert codes(user(mandants=BOTH, mandant_chosen=Mandant(chosen))) == [2, 3]


def test_an_absurdly_high_number_is_no_school_either() -> None:
    assert codes(user(mandants=BOTH, mandant_chosen=Mandant(2**31 - 1))) == [2, 3]


def test_a_group_above_the_schools_is_exempt_from_belonging_to_one() -> None:
    assert codes(group(mandants=BOTH, mandant_chosen=ABOVE_ALL)) == []


def test_a_group_below_zero_is_not_exempt() -> None:
    assert codes(group(mandants=BOTH, mandant_chosen=Mandant(-1))) == [2, 3]


def test_a_group_must_choose_like_a_pupil() -> None:
    assert codes(group(mandants=BOTH, mandant_chosen=None)) == [1]
    assert codes(group(mandants=MandantMask(1), mandant_chosen=Mandant(2))) == [2]
    assert codes(group(mandants=MandantMask(4), mandant_chosen=Mandant(3))) == [3]


def test_a_record_without_any_mandants_is_a_fault_of_the_set_up() -> None:
    assert codes(user(mandants=None), group(mandants=None)) == [8, 8]


def test_an_empty_mask_is_not_a_missing_one() -> None:
    """Then the choice is outside it, which is warning 2."""
    assert codes(user(mandants=NONE)) == [2]


def test_a_record_that_nobody_gave_a_mandant_has_both_warnings() -> None:
    assert codes(user(mandants=None, mandant_chosen=None)) == [1, 8]
