"""Status, grace and return (manual 5b; rulings 1, 2, 5, 18)."""

from datetime import date, timedelta

import pytest

from connect_worker.core.desired import is_due
from connect_worker.core.lifecycle import delete_date, dismissed, ended_group, kept, kept_group
from connect_worker.model.account import Account, Status, Unmet
from tests.support.builders import TODAY, account, group

EXIT = (Unmet.EXIT,)


def leave(record: Account, *, exit_on: date | None = None, today: date = TODAY) -> Account:
    return dismissed(record, EXIT, exit_on=exit_on, today=today, grace_days=30)


@pytest.mark.parametrize(
    ("exit_on", "today", "wanted"),
    [
        pytest.param(None, date(2026, 11, 16), date(2026, 12, 16), id="no exit date: from today"),
        pytest.param(date(2026, 9, 1), date(2026, 11, 16), date(2026, 12, 16), id="past exit date: from today"),
        pytest.param(date(2027, 1, 31), date(2026, 11, 16), date(2027, 3, 2), id="31 January and 30 days is 2 March"),
        pytest.param(date(2028, 1, 31), date(2026, 11, 16), date(2028, 3, 1), id="in a leap year 1 March"),
    ],
)
def test_delete_date_is_grace_after_the_later_of_exit_and_today(exit_on: date, today: date, wanted: date) -> None:
    assert delete_date(exit_on, today, 30) == wanted


def test_leaver_is_to_delete_and_keeps_the_status_before() -> None:
    gone = leave(account(status=Status.DEACTIVATED, has_changed=False))
    assert gone.status is Status.TO_DELETE
    assert gone.status_before is Status.DEACTIVATED
    assert gone.delete_on == TODAY + timedelta(days=30)
    assert gone.unmet == EXIT
    assert gone.has_changed


def test_delete_date_of_a_leaver_never_moves() -> None:
    gone = leave(account())
    assert leave(gone, today=TODAY + timedelta(days=5)) == gone


def test_return_within_grace_restores_the_status_before() -> None:
    back = kept(leave(account(status=Status.DEACTIVATED)))
    assert (back.status, back.status_before, back.delete_on, back.unmet) == (Status.DEACTIVATED, None, None, ())


def test_return_keeps_disabled_since_until_the_directory_has_enabled_the_account() -> None:
    gone = leave(account(disabled_since=date(2026, 11, 1)))
    assert kept(gone).disabled_since == date(2026, 11, 1)


def test_deactivated_by_hand_stays_so_while_in_scope() -> None:
    record = account(status=Status.DEACTIVATED)
    assert kept(record) is record


def test_active_set_by_another_program_out_of_scope_gets_a_fresh_grace() -> None:
    later = TODAY + timedelta(days=10)
    assert leave(account(status=Status.ACTIVE), today=later).delete_on == later + timedelta(days=30)


def test_to_delete_set_by_another_program_gets_a_date_and_ends_like_any_other() -> None:
    gone = leave(account(status=Status.TO_DELETE, disabled_since=date(2026, 1, 1), has_changed=False))
    assert (gone.delete_on, gone.unmet) == (TODAY + timedelta(days=30), EXIT)
    assert gone.has_changed
    assert leave(gone, today=TODAY + timedelta(days=5)) == gone
    assert kept(gone).status is Status.ACTIVE


def test_group_deactivated_by_hand_revives_deactivated() -> None:
    ended = ended_group(group(status=Status.DEACTIVATED), today=TODAY, grace_days=30)
    assert (ended.status, ended.status_before) == (Status.TO_DELETE, Status.DEACTIVATED)
    revived = kept_group(ended)
    assert (revived.status, revived.status_before) == (Status.DEACTIVATED, None)


def test_group_to_delete_without_a_date_gets_one() -> None:
    record = group(status=Status.TO_DELETE)
    assert ended_group(record, today=TODAY, grace_days=30).delete_on == TODAY + timedelta(days=30)


def test_immune_is_left_to_the_sync() -> None:
    record = account(status=Status.IMMUNE)
    assert leave(record) is record


@pytest.mark.parametrize(
    ("record", "due"),
    [
        pytest.param(account(status=Status.IMMUNE), True, id="immune: at the next sync, without grace"),
        pytest.param(
            account(status=Status.TO_DELETE, delete_on=TODAY), False, id="never disabled: nights were blocked"
        ),
        pytest.param(
            account(status=Status.TO_DELETE, delete_on=TODAY, disabled_since=date(2026, 10, 17)),
            True,
            id="disabled by an earlier run, grace over today",
        ),
        pytest.param(
            account(status=Status.TO_DELETE, delete_on=date(2026, 11, 17), disabled_since=date(2026, 10, 17)),
            False,
            id="a day of grace left",
        ),
        pytest.param(account(disabled_since=date(2026, 1, 1), delete_on=TODAY), False, id="active again"),
    ],
)
def test_due_only_after_an_earlier_run_disabled_it_and_the_grace_has_passed(record: Account, due: bool) -> None:
    assert is_due(record, TODAY) is due


def test_group_without_rule_ends_with_grace_and_revives_unchanged() -> None:
    record = group(has_changed=False)
    ended = ended_group(record, today=TODAY, grace_days=30)
    assert (ended.status, ended.delete_on) == (Status.TO_DELETE, TODAY + timedelta(days=30))
    assert ended_group(ended, today=TODAY + timedelta(days=1), grace_days=30) is ended
    revived = kept_group(ended)
    assert (revived.status, revived.delete_on, revived.cn) == (Status.ACTIVE, None, record.cn)
