"""Whose passwords an order means, and what stands in the way (ruling 29)."""

from dataclasses import replace

import pytest

from connect_worker.core.candidates import candidates
from connect_worker.core.password_reset import ResetOrder, chosen, resets, with_new_passwords
from connect_worker.core.school import School
from connect_worker.errors import ConfigurationError
from connect_worker.model.account import Account, Profile, Status
from connect_worker.model.configuration import LevelRule, PasswordKind, PasswordPolicy
from connect_worker.model.ids import AccountKey, Mandant, UserType
from connect_worker.model.secret import SealedSecret
from connect_worker.model.state import State
from tests.support.builders import TODAY, account, configuration, linked, master_data, staff_key, student, student_key

MANUAL = AccountKey(UserType.MANUAL, 7)


def tables(*accounts: Account) -> State:
    return State(accounts=accounts, groups=(), memberships={})


def password(key: AccountKey, policy: PasswordPolicy, avoid: frozenset[str]) -> SealedSecret:
    return SealedSecret(f"{key} {policy.kind.name} {sorted(avoid)}")


def test_a_class_is_its_pupils_without_those_on_the_way_out_and_without_its_teacher() -> None:
    status = (Status.ACTIVE, Status.DEACTIVATED, Status.TO_DELETE, Status.IMMUNE)
    pupils = [linked(account(number, status=each)) for number, each in enumerate(status, start=1)]
    state = tables(*pupils, linked(account(5)), linked(account(key=staff_key(1))))
    students = [student(number) for number in (4, 3, 2, 1)] + [student(5, class_id=2), student(6)]
    found = chosen(ResetOrder(class_id=1), state, students)
    assert [account.key for account in found] == [student_key(1), student_key(2)]


def test_who_is_named_is_meant_whatever_his_status_and_once() -> None:
    state = tables(linked(account(1, status=Status.IMMUNE)), linked(account(key=staff_key(1))))
    found = chosen(ResetOrder(users=(student_key(1), staff_key(1), student_key(1))), state, ())
    assert [account.key for account in found] == [staff_key(1), student_key(1)]


def test_everything_that_cannot_be_done_is_said_together() -> None:
    state = tables(linked(account(1, initial_password=None)))
    with pytest.raises(ConfigurationError) as refused:
        chosen(ResetOrder(users=(student_key(1), student_key(2)), class_id=9), state, ())
    assert refused.value.faults == (
        "S.00002: there is no such user",
        "class 9 has no pupil with a login that is not on the way out",
        "S.00001: no initial password is stored",
    )


def test_a_missing_password_may_be_made() -> None:
    state = tables(linked(account(1, initial_password=None)))
    assert len(chosen(ResetOrder(users=(student_key(1),), generate=True), state, ())) == 1


@pytest.mark.parametrize(
    ("record", "obstacle"),
    [
        (linked(account(1)), None),
        (linked(account(1, status=Status.TO_DELETE)), "it is to be deleted: it is set once it is active again"),
        (account(1), "there is no account yet: it is created with this password"),
        (linked(account(1, mandants=None)), "its own finding must be solved first: 8"),
    ],
)
def test_the_directory_gets_only_what_belongs_to_an_active_account_in_order(
    record: Account, obstacle: str | None
) -> None:
    (reset,) = resets([record], tables(record), configuration())
    assert reset.obstacle == obstacle
    assert (reset.account.password_reset, reset.account.password_reset_confirmed) == (True, True)


def test_findings_of_others_stand_in_nobodys_way() -> None:
    wrong = linked(replace(account(2), names=replace(account(2).names, mail=None)))
    (reset,) = resets([linked(account(1))], tables(linked(account(1)), wrong), configuration())
    assert reset.obstacle is None


def test_with_active_directory_switched_off_nothing_is_set() -> None:
    (reset,) = resets([linked(account(1))], tables(linked(account(1))), configuration(sync_ad=False))
    assert reset.obstacle is not None


def test_a_new_password_follows_the_policy_of_today_and_avoids_all_names() -> None:
    """A pupil's by his level, a manual user's by theirs; who is out of scope has his kind's."""
    special = PasswordPolicy(kind=PasswordKind.SIMPLE_WITH_SPECIAL)
    rule = LevelRule(position=1, level="Primar", program_years=frozenset(), password=special)
    config = configuration(levels=(rule,))
    data = master_data(students=(student(1), student(2, class_id=None)))
    school = School(data, today=TODAY, mandants=[Mandant(1)], carry_over_days=30)
    by_key = {candidate.key: candidate for candidate in candidates(config, school)}
    anna = linked(replace(account(1), profile=Profile(given_name="Anna", surname="Ott", display_name="Ott Lou")))
    records = (anna, linked(account(2)), linked(account(key=MANUAL)))
    found = with_new_passwords(resets(records, tables(*records), config), config, by_key, password)
    assert [reset.account.initial_password for reset in found] == [
        "S.00001 SIMPLE_WITH_SPECIAL ['anna', 'lou', 'ott']",
        "S.00002 SIMPLE ['anna', 'muster2']",
        "M.00007 COMPLEX ['anna', 'muster1']",
    ]
