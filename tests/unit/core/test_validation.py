"""The validation as a whole: which rows, which column, and what stops what."""

from dataclasses import replace
from typing import Any

import pytest

from connect_worker.core.rules import GROUP_RULES, USER_RULES, rule_of
from connect_worker.core.validation import column_code, validate
from connect_worker.model.account import Account, Status
from connect_worker.model.finding import Finding
from connect_worker.model.ids import AccountKey, MandantMask, UserType
from tests.support.builders import group, guid, student_key
from tests.support.records import codes, configured, findings, state, user

MANUAL = AccountKey(UserType.MANUAL, 7)


def manual(**changes: Any) -> Account:
    return user(key=MANUAL, mail=None, **changes)


def coded(*numbers: int) -> list[Finding]:
    return [Finding(key=student_key(1), code=number, name="Anna", found="…") for number in numbers]


def test_records_in_order_have_no_finding() -> None:
    validation = validate(state(user(1), user(2), group(1)), configured(1))
    assert (validation.findings, validation.user_codes, validation.group_codes) == ((), {}, {})


@pytest.mark.parametrize(
    ("all_codes", "shown"),
    [
        ((), None),
        ((1,), 1),
        ((2, 3), 2),
        ((1, 8), 8),
        ((2, 3, 4), 4),
        ((4, 7), 7),
        ((3, 6, 7, 9), 9),
        ((101,), None),
        ((2, 104), 2),
    ],
)
def test_the_column_shows_what_the_seed_writes_last(all_codes: tuple[int, ...], shown: int | None) -> None:
    """1, 2 and 3 only where there is nothing yet; the others overwrite; Connect's own never."""
    assert column_code(coded(*all_codes)) == shown


def test_the_columns_are_by_record_and_the_table_keeps_all() -> None:
    validation = validate(
        state(user(1, user_principal_name=None, mail=None), user(2), group(3, mandants=None)), configured(1)
    )
    assert [(str(finding.key), finding.code) for finding in validation.findings] == [
        ("S.00001", 5),
        ("S.00001", 7),
        ("students_and_teacher_per_class:0:3", 8),
    ]
    assert validation.user_codes == {student_key(1): 7}
    assert validation.group_codes == {group(3).key: 8}


def test_a_finding_names_the_record_as_people_know_it() -> None:
    (finding,) = findings(user(mail=None))
    assert finding.name == "Muster1 Anna"


def test_any_of_the_seeds_warnings_blocks_everything() -> None:
    validation = validate(state(user(1), user(2, mail=None)), configured(1))
    assert [finding.key for finding in validation.blocking] == [student_key(2)]


def test_a_warning_that_the_customer_has_relaxed_blocks_its_record_only() -> None:
    """It is shown like any other, and one that is not relaxed still blocks everything."""
    relaxed = replace(configured(1), relaxed_warnings=frozenset({7}))
    validation = validate(state(user(1), user(2, mail=None), group(mandants=None, status=Status.TO_DELETE)), relaxed)
    assert validation.blocking == ()
    assert validation.blocked_objects == {student_key(2)}
    assert validation.user_codes == {student_key(2): 7}
    both = validate(state(user(1, user_principal_name=None), user(2, mail=None)), relaxed)
    assert [(finding.key, finding.code) for finding in both.blocking] == [(student_key(1), 5)]
    assert both.blocked_objects == {student_key(1), student_key(2)}


def test_connects_own_findings_block_their_object_only() -> None:
    validation = validate(state(user(1), user(2, cn="x" * 65)), configured(1))
    assert validation.blocking == ()
    assert validation.blocked_objects == {student_key(2)}


@pytest.mark.parametrize("status", [Status.TO_DELETE, Status.IMMUNE])
def test_who_is_on_the_way_out_is_warned_but_blocks_nothing(status: Status) -> None:
    leaving = user(mail=None, cn="x" * 65, status=status)
    validation = validate(state(leaving, group(mandants=None, status=status)), configured(1))
    assert [finding.code for finding in validation.findings] == [7, 101, 8]
    assert validation.user_codes == {student_key(1): 7}
    assert (validation.blocking, validation.blocked_objects) == ((), frozenset())


def test_who_is_deactivated_by_hand_blocks_like_an_active_one() -> None:
    assert validate(state(user(mail=None, status=Status.DEACTIVATED)), configured(1)).blocking != ()


def test_a_manual_user_is_left_alone_until_mandant_password_and_status_are_set() -> None:
    assert codes(manual(mandant_chosen=None)) == []
    assert codes(manual(initial_password=None)) == []
    assert codes(manual(status=Status.DEACTIVATED)) == []
    assert codes(manual()) == [7]


def test_a_manual_user_who_is_being_entered_is_not_synced_either() -> None:
    validation = validate(state(manual(mandant_chosen=None)), configured(1))
    assert validation.blocking == ()
    assert validation.blocked_objects == {MANUAL}


def test_a_manual_user_in_the_directory_is_no_draft_any_more() -> None:
    assert codes(manual(initial_password=None, object_guid=guid("M.00007"))) == [7]


def test_a_manual_user_who_is_being_entered_holds_his_names() -> None:
    draft = manual(mandant_chosen=None)
    pupil = user(2, dn_first_element=draft.names.dn_first_element)
    assert [(finding.key, finding.code) for finding in findings(draft, pupil)] == [(student_key(2), 4)]


def test_a_pupil_is_never_a_draft() -> None:
    assert codes(user(mandant_chosen=None, initial_password=None, mandants=MandantMask(3))) == [1]


def test_a_finding_leads_to_its_solution() -> None:
    user_finding, *_ = findings(user(1, dn_first_element="CN=x"), user(2, dn_first_element="CN=x"))
    group_finding, *_ = findings(group(1, dn_first_element="CN=x"), group(2, dn_first_element="CN=x"))
    assert "Regenerate Names" in rule_of(user_finding).solution.english
    assert "support" in rule_of(group_finding).solution.english


def test_the_rules_are_registered_once_each_in_the_order_of_their_codes() -> None:
    assert [rule.code for rule in USER_RULES] == [*range(1, 10), 101, 102, 103, 105, 106, 107, 108, 109, 110, 111]
    assert [rule.code for rule in GROUP_RULES] == [1, 2, 3, 4, 8, 101, 103, 104, 105, 108]
