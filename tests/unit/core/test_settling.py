"""What a sync writes back, and what a killed run left behind (rulings 1, 5, 12, 34)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from connect_worker.core.diff import Difference
from connect_worker.core.plan import make_plan
from connect_worker.core.prevention import prevention
from connect_worker.core.recovery import recognise
from connect_worker.core.settling import Periods, Settling
from connect_worker.model.account import Account, Status
from connect_worker.model.change import Cause, Change, CreateUser, Delete, Disable, Enable, Modify, SetPassword
from connect_worker.model.directory import ObjectKey
from connect_worker.model.group import Group
from connect_worker.model.ids import AccountKey, Guid
from connect_worker.model.outcome import Outcome, Result
from connect_worker.model.state import Intention, NameKind, Settlement, State
from tests.support.builders import STUDENTS_OU, TODAY, account, actual_user, group, guid, linked, linked_group, snapshot

NOW = datetime(2026, 11, 16, 2, 0, 30, 500, tzinfo=UTC)
PERIODS = Periods(now=NOW, today=TODAY, grace_days=lambda _: 30, reserve_days=365)


def settling(
    *records: Account | Group,
    changes: tuple[Change, ...] = (),
    linked_keys: dict[ObjectKey, Guid] | None = None,
    vanished: tuple[ObjectKey, ...] = (),
    locked_out: tuple[ObjectKey, ...] = (),
    let_in: tuple[ObjectKey, ...] = (),
    forgotten: tuple[ObjectKey, ...] = (),
    denied: tuple[AccountKey, ...] = (),
    allowed: tuple[AccountKey, ...] = (),
) -> Settling:
    accounts = tuple(record for record in records if isinstance(record, Account))
    groups = tuple(record for record in records if isinstance(record, Group))
    difference = Difference(
        changes=changes,
        vanished=frozenset(vanished),
        locked_out=frozenset(locked_out),
        let_in=frozenset(let_in),
        denied=frozenset(denied),
        allowed=frozenset(allowed),
        notes=(),
        forgotten=frozenset(forgotten),
    )
    state = State(accounts=accounts, groups=groups, memberships={})
    return Settling(state, make_plan(difference, linked_keys or {}), PERIODS)


def done(change: Change, new: Guid | None = None) -> Outcome:
    return Outcome(change=change, result=Result.DONE, guid=new)


def create(record: Account) -> CreateUser:
    actual = actual_user(record)
    return CreateUser(
        key=record.key,
        dn=actual.dn,
        login=actual.login,
        profile=record.profile,
        must_change_password=False,
        cause=Cause.NEW,
    )


def disable(record: Account) -> Disable:
    return Disable(key=record.key, guid=guid(str(record.key)), dn="CN=x", cause=Cause.EXIT)


def delete(record: Account | Group) -> Delete:
    return Delete(key=record.key, guid=guid(str(record.key)), dn="CN=x", cause=Cause.GRACE_OVER)


def one(settlements: tuple[Settlement, ...]) -> Settlement:
    (settlement,) = settlements
    return settlement


def test_created_user_is_linked_with_the_moment_of_its_password() -> None:
    record = account()
    settlement = one(settling(record).of([done(create(record), guid("new"))]))
    assert settlement.guid == guid("new")
    assert settlement.password_set_at == NOW
    assert settlement.clear_password_reset


def test_flag_is_cleared_at_the_end_only_if_nothing_of_the_record_failed() -> None:
    fine, broken = account(1), account(2)
    work = settling(fine, broken)
    work.of([done(create(fine), guid("1")), Outcome(change=create(broken), result=Result.FAILED)])
    (settlement,) = work.finish(blocked=())
    assert settlement.key == fine.key
    assert settlement.clear_has_changed
    assert settlement.version == fine.version


def test_change_that_was_not_started_keeps_its_flag() -> None:
    record = linked(account(), has_changed=True)
    change = Modify(key=record.key, guid=record.object_guid, dn="x", attributes=(), cause=Cause.CHANGED)
    work = settling(record)
    work.of([Outcome(change=change, result=Result.NOT_STARTED)])
    assert work.finish(blocked=()) == ()


def test_record_blocked_by_a_finding_keeps_its_flag() -> None:
    record = account()
    assert settling(record).finish(blocked={record.key}) == ()


def test_grace_counts_from_the_day_on_which_the_disabling_was_applied_if_later() -> None:
    late = linked(account(status=Status.TO_DELETE, delete_on=TODAY - timedelta(days=3)))
    settlement = one(settling(late).of([done(disable(late))]))
    assert settlement.disabled_since == TODAY
    assert settlement.delete_on == TODAY + timedelta(days=30)


def test_delete_date_never_moves_earlier() -> None:
    far = linked(account(status=Status.TO_DELETE, delete_on=date(2027, 12, 1)))
    assert one(settling(far).of([done(disable(far))])).delete_on == date(2027, 12, 1)


def test_deactivated_by_hand_gets_no_delete_date() -> None:
    record = linked(account(status=Status.DEACTIVATED))
    settlement = one(settling(record).of([done(disable(record))]))
    assert (settlement.disabled_since, settlement.delete_on) == (TODAY, None)


def test_enabled_and_password_set_are_told_together() -> None:
    record = linked(account(disabled_since=TODAY, password_reset=True))
    changes: list[Change] = [
        SetPassword(key=record.key, guid=guid("x"), dn="x", must_change_password=False, cause=Cause.RESET),
        Enable(key=record.key, guid=guid("x"), dn="x", cause=Cause.RETURNED),
    ]
    settlement = one(settling(record).of([done(change) for change in changes]))
    assert settlement.enabled
    assert settlement.clear_password_reset
    assert settlement.password_set_at == NOW


def test_deleted_user_goes_and_his_names_stay_reserved_for_him() -> None:
    record = linked(account(status=Status.TO_DELETE))
    settlement = one(settling(record).of([done(delete(record))]))
    assert settlement.gone
    told = {(name.kind, name.name, name.owner, name.until) for name in settlement.reserved}
    until = TODAY + timedelta(days=365)
    assert told == {
        (NameKind.DN_FIRST_ELEMENT, "cn=anna.muster1", record.key, until),
        (NameKind.ADDRESS, "anna.muster1@schule.example", record.key, until),
    }


@pytest.mark.parametrize("record", [linked(account(status=Status.IMMUNE)), linked_group(group(status=Status.IMMUNE))])
def test_immune_record_loses_its_object_and_keeps_its_row(record: Account | Group) -> None:
    settlement = one(settling(record).of([done(delete(record))]))
    assert settlement.unlinked
    assert settlement.clear_has_changed
    assert not settlement.gone


def test_nothing_is_said_twice_of_a_deleted_record() -> None:
    record = linked(account(status=Status.TO_DELETE), has_changed=True)
    work = settling(record)
    work.of([done(delete(record))])
    assert work.finish(blocked=()) == ()


def test_disabling_that_was_really_done_always_counts_anew() -> None:
    """A date of long ago was left over, or somebody enabled a due account: the grace begins again."""
    old = linked(account(status=Status.TO_DELETE, delete_on=TODAY, disabled_since=date(2025, 1, 1)))
    settlement = one(settling(old).of([done(disable(old))]))
    assert (settlement.disabled_since, settlement.delete_on) == (TODAY, TODAY + timedelta(days=30))


def test_leaver_is_dated_only_if_seen_locked_out() -> None:
    """One who was moved out of the OUs, or never created, was not locked out by anybody."""
    leaver = linked(account(status=Status.TO_DELETE, delete_on=TODAY + timedelta(days=30)))
    assert settling(leaver).finish(blocked=()) == ()
    settlement = one(settling(leaver, locked_out=(leaver.key,)).finish(blocked=()))
    assert (settlement.disabled_since, settlement.delete_on) == (TODAY, TODAY + timedelta(days=30))


def test_deactivated_by_a_killed_run_is_dated_so_that_he_can_be_enabled_again() -> None:
    record = linked(account(status=Status.DEACTIVATED))
    settlement = one(settling(record, locked_out=(record.key,)).finish(blocked=()))
    assert (settlement.disabled_since, settlement.delete_on) == (TODAY, None)


def test_active_and_enabled_forgets_since_when_he_was_disabled() -> None:
    """A run was killed between enabling and writing back."""
    record = linked(account(disabled_since=date(2026, 11, 1)))
    assert one(settling(record, let_in=(record.key,)).finish(blocked=())).enabled


def test_user_created_anew_was_not_disabled_by_anybody() -> None:
    record = linked(account(disabled_since=date(2026, 11, 1)))
    assert one(settling(record).of([done(create(record), guid("new"))])).enabled


def test_ended_group_waits_from_the_first_sync_that_saw_it() -> None:
    record = linked_group(group(status=Status.TO_DELETE, delete_on=TODAY))
    assert settling(record).finish(blocked=()) == ()
    settlement = one(settling(record, locked_out=(record.key,)).finish(blocked=()))
    assert (settlement.disabled_since, settlement.delete_on) == (TODAY, TODAY + timedelta(days=30))


def test_due_row_without_any_object_is_removed() -> None:
    record = account(status=Status.TO_DELETE, delete_on=TODAY, has_changed=False)
    assert one(settling(record).finish(blocked=())).gone


def test_row_without_an_object_whose_time_has_not_come_stays() -> None:
    record = account(status=Status.TO_DELETE, delete_on=TODAY + timedelta(days=1), disabled_since=TODAY)
    assert not any(settlement.gone for settlement in settling(record).finish(blocked=()))


def test_due_record_whose_object_has_vanished_is_removed() -> None:
    record = linked(account(status=Status.TO_DELETE))
    assert one(settling(record, vanished=(record.key,)).finish(blocked=())).gone


def test_settled_record_needs_nothing() -> None:
    assert settling(linked(account())).finish(blocked=()) == ()


def test_object_of_a_killed_run_is_linked_first() -> None:
    record = account()
    settlement = one(settling(record, linked_keys={record.key: guid("found")}).found())
    assert settlement.guid == guid("found")


def test_a_due_person_enabled_by_somebody_is_told_before_he_is_disabled_again() -> None:
    """Killed in between, the next run would delete him at once."""
    due = linked(account(status=Status.TO_DELETE, delete_on=TODAY, disabled_since=date(2026, 10, 1)))
    settlement = one(settling(due, changes=(disable(due),)).found())
    assert settlement.enabled
    first_time = linked(account(status=Status.TO_DELETE, delete_on=TODAY))
    assert settling(first_time, changes=(disable(first_time),)).found() == ()


def test_intention_stands_until_the_password_is_set() -> None:
    """Killed a second time in between, the next run must still know that the password is not in force."""
    record = account()
    change = SetPassword(
        key=record.key, guid=guid("found"), dn="x", must_change_password=False, cause=Cause.INTERRUPTED
    )
    work = settling(record, changes=(change,), linked_keys={record.key: guid("found")})
    assert work.found() == ()
    settlement = one(work.of([done(change)]))
    assert (settlement.guid, settlement.password_set_at) == (guid("found"), NOW)


def intention(record: Account, **changes: object) -> Intention:
    values = {
        "key": record.key,
        "sam_account_name": str(record.key),
        "dn": str(record.dn),
        "intended_at": NOW,
    }
    return Intention(**(values | changes))  # type: ignore[arg-type]


def found_by(meant: Intention, record: Account, created: str, dn: str | None = None) -> bool:
    actual = actual_user(record, created=created, dn=dn or record.dn, guid=guid("candidate"))
    state = State(accounts=(record,), groups=(), memberships={})
    return record.key in recognise([meant], state, snapshot(actual))


def test_intention_recognises_an_object_with_its_name_in_its_ou_created_since() -> None:
    record = account()
    assert found_by(intention(record), record, "2026-11-16T02:00:30+00:00")
    assert found_by(intention(record), record, "2026-11-16T02:10:00+00:00")
    assert found_by(intention(record, sam_account_name="s.00001"), record, "2026-11-16T02:10:00+00:00")


def test_directory_whose_clock_is_a_little_behind_is_believed() -> None:
    record = account()
    assert found_by(intention(record), record, "2026-11-16T01:56:00+00:00")


def test_object_that_was_being_created_anew_is_recognised() -> None:
    """Deleted by hand, created anew, killed: the row still knows the object that is nowhere any more."""
    record = linked(account(), object_guid=guid("deleted by hand"))
    actual = actual_user(record, guid=guid("new"), created="2026-11-16T02:00:40+00:00")
    state = State(accounts=(record,), groups=(), memberships={})
    nowhere = frozenset({Guid(guid("deleted by hand"))})
    assert recognise([intention(record)], state, snapshot(actual), nowhere) == {record.key: guid("new")}
    assert recognise([intention(record)], state, snapshot(actual)) == {}


def test_object_that_two_rows_intended_one_after_the_other_is_the_later_ones() -> None:
    """The first create was refused, then its name was given to another row. Linked twice, no row could be written."""
    earlier, later = account(1), account(2)
    intentions = [
        intention(later),
        intention(earlier, sam_account_name=str(later.key), intended_at=NOW - timedelta(days=2)),
    ]
    actual = actual_user(later, created="2026-11-16T02:10:00+00:00", guid=guid("candidate"))
    state = State(accounts=(earlier, later), groups=(), memberships={})
    assert recognise(intentions, state, snapshot(actual)) == {later.key: guid("candidate")}
    assert recognise(reversed(intentions), state, snapshot(actual)) == {later.key: guid("candidate")}


def test_intention_does_not_claim_what_stood_there_before_or_elsewhere_or_is_linked() -> None:
    record = account()
    after = "2026-11-16T02:10:00+00:00"
    assert not found_by(intention(record), record, "2026-11-16T01:55:29+00:00")
    assert not found_by(intention(record), record, after, dn=f"CN=x,OU=Other,{STUDENTS_OU}")
    assert not found_by(intention(record, sam_account_name="S.00002"), record, after)
    assert not found_by(intention(record), replace(record, object_guid=guid("own")), after)


def test_a_group_that_is_not_created_anew_forgets_its_object_and_keeps_its_row() -> None:
    record = linked_group(group(ad_type=None))
    settlement = one(settling(record, forgotten=(record.key,)).finish(blocked=()))
    assert (settlement.unlinked, settlement.gone) == (True, False)


def test_who_is_about_to_be_denied_is_remembered_before_and_until_he_is_allowed_again() -> None:
    """A run that is killed in between must not leave a denial that nobody looks for."""
    record = linked(account(), password_change_prevented=True)
    deny = prevention(record, "CN=x", guid=record.object_guid)
    work = settling(record, changes=(deny,))
    assert one(work.found()).password_change_denied is True
    assert work.of([done(deny)]) == ()
    allow = prevention(replace(record, password_change_prevented=False), "CN=x", guid=record.object_guid)
    work = settling(record, changes=(allow,))
    assert work.found() == ()
    assert one(work.of([done(allow)])).password_change_denied is False


def test_what_is_seen_to_be_denied_or_allowed_is_remembered_so() -> None:
    first, second = linked(account(1)), linked(account(2))
    settlements = settling(first, second, denied=(first.key,), allowed=(second.key,)).finish(blocked=())
    assert [s.password_change_denied for s in settlements] == [True, False]
