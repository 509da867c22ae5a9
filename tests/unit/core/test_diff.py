"""Desired against actual: each case of the table in `diff.py`, and that what is in step yields nothing."""

from dataclasses import replace
from datetime import date

import pytest

from connect_worker.core.desired import desire
from connect_worker.core.diff import Difference, diff
from connect_worker.core.extension_places import ExtensionPlaces
from connect_worker.core.group_diff import MEMBERS_PER_CHANGE
from connect_worker.core.picture import Whereabouts
from connect_worker.core.plan import Plan, make_plan
from connect_worker.core.recovery import with_links
from connect_worker.model.account import NO_EXTENSIONS, Account, Names, Status, Unmet
from connect_worker.model.change import (
    AddMembers,
    Cause,
    Change,
    CreateContainer,
    CreateGroup,
    CreateUser,
    Delete,
    Disable,
    Modify,
    RemoveMembers,
    Rename,
    SetPassword,
    Wave,
)
from connect_worker.model.directory import Remains, Snapshot
from connect_worker.model.group import Group, Members, Memberships
from connect_worker.model.ids import AccountKey, Criterion, GroupKey, Guid, Mandant, UserType
from connect_worker.model.state import State
from tests.support.builders import (
    BASE,
    GROUPS_OU,
    STUDENTS_OU,
    TODAY,
    account,
    actual_group,
    actual_user,
    class_group_key,
    group,
    guid,
    linked,
    linked_group,
    snapshot,
    staff_key,
    student_key,
)

NOWHERE = Whereabouts(elsewhere={}, recovered={})


def difference(
    actual: Snapshot,
    *accounts: Account,
    groups: tuple[Group, ...] = (),
    members: Memberships | None = None,
    where: Whereabouts = NOWHERE,
    extensions: ExtensionPlaces | None = None,
) -> Difference:
    state = State(accounts=accounts, groups=groups, memberships=members or {})
    return diff(desire(state, today=TODAY, extensions=extensions), actual, where)


def changes(actual: Snapshot, *accounts: Account, **rest: object) -> tuple[Change, ...]:
    return difference(actual, *accounts, **rest).changes  # type: ignore[arg-type]


def renamed(record: Account, first: str) -> Account:
    return replace(record, names=replace(record.names, dn_first_element=f"CN={first}", cn=first))


def test_in_step_yields_nothing() -> None:
    one, two, class_group = linked(account(1)), linked(account(2)), linked_group(group())
    actual = snapshot(actual_user(one), actual_user(two), actual_group(class_group, str(one.dn), str(two.dn)))
    members = {class_group.key: Members(automatic=frozenset({one.key, two.key}))}
    found = difference(actual, one, two, groups=(class_group,), members=members)
    assert found.changes == ()
    assert found.notes == ()


@pytest.mark.parametrize("typed", ["CN=Muster, Anna", "Anna Muster", "CN="])
def test_a_dn_that_cannot_be_read_leaves_its_object_alone_and_nobody_elses(typed: str) -> None:
    wrong, right = linked(account(1)), renamed(linked(account(2)), "Berta")
    actual = snapshot(actual_user(wrong), actual_user(linked(account(2))))
    wrong = replace(wrong, names=replace(wrong.names, dn_first_element=typed))
    lost = linked_group(group(), dn_parent="Groups", status=Status.TO_DELETE)
    found = difference(actual, wrong, right, groups=(lost,))
    assert [type(change) for change in found.changes] == [Rename]


@pytest.mark.parametrize("status", [Status.TO_DELETE, Status.DEACTIVATED])
def test_a_dn_that_cannot_be_read_keeps_nobody_from_being_disabled(status: Status) -> None:
    record = linked(account(), status=status)
    actual = snapshot(actual_user(record))
    record = replace(record, names=replace(record.names, dn_first_element="Anna", dn_parent="Accounts"))
    assert [type(change) for change in changes(actual, record)] == [Disable]


def test_a_dn_that_cannot_be_read_keeps_nobody_from_being_deleted() -> None:
    record = linked(account(), status=Status.IMMUNE)
    actual = snapshot(actual_user(record))
    record = replace(record, names=replace(record.names, dn_first_element="Anna"))
    assert [type(change) for change in changes(actual, record)] == [Delete]


@pytest.mark.parametrize("alias", ["Anna.Alt@Schule.Example", "ANNA.MUSTER1@schule.example"], ids=["capitals", "mail"])
def test_an_alias_in_capitals_or_equal_to_the_mail_settles(alias: str) -> None:
    """A directory's addresses are read in lower case, and each is there once."""
    record = linked(account())
    record = replace(record, names=replace(record.names, aliases=(alias, alias.lower(), None, None, None)))
    mail, *aliases = dict.fromkeys(address.lower() for address in record.names.addresses)
    found = actual_user(record)
    found = replace(found, login=replace(found.login, addresses=(mail, *aliases)))
    assert changes(snapshot(found), record) == ()


def test_capitals_are_a_difference_only_in_what_people_read() -> None:
    record = linked(account())
    found = actual_user(record)
    login = replace(found.login, mail="Anna.Muster1@Schule.Example", user_principal_name="ANNA.MUSTER1@schule.example")
    found = replace(found, login=login, profile=replace(found.profile, given_name="ANNA"))
    (modified,) = changes(snapshot(found), record)
    assert isinstance(modified, Modify)
    assert [one.attribute for one in modified.attributes] == ["given_name"]


def test_a_manager_typed_by_hand_is_none() -> None:
    record = linked(account())
    actual = snapshot(actual_user(record))
    assert changes(actual, replace(record, profile=replace(record.profile, manager="Frau Muster"))) == ()


def test_case_and_blanks_of_a_dn_are_no_difference() -> None:
    one = linked(account(1))
    actual = actual_user(one, dn=f"cn=anna.muster1, {STUDENTS_OU.lower()}")
    assert changes(snapshot(actual), one) == ()


def test_new_account_is_created_without_manager_who_follows_when_everybody_exists() -> None:
    head = account(2)
    one = account(1, profile=replace(account(1).profile, manager=head.dn))
    created, modified = (c for c in changes(snapshot(), one, head) if c.key == one.key)
    assert isinstance(created, CreateUser)
    assert created.cause is Cause.NEW
    assert created.profile.manager is None
    assert isinstance(modified, Modify)
    assert [(c.attribute, c.after) for c in modified.attributes] == [("manager", head.dn)]
    assert created.wave < modified.wave


def test_manager_who_is_not_there_and_will_not_be_is_waited_for() -> None:
    """A teacher with a finding is not created: his pupils' accounts must not suffer for it."""
    teacher = account(2)
    profile = replace(account(1).profile, manager=teacher.dn)
    new, old = account(1, profile=profile), linked(account(3, profile=profile))
    state = State(accounts=(teacher, new, old), groups=(), memberships={})
    actual = snapshot(actual_user(old, profile=replace(old.profile, manager=None)))
    found = diff(desire(state, today=TODAY, blocked={teacher.key}), actual, NOWHERE)
    assert [(c.kind, c.key) for c in found.changes] == [("create_user", new.key)]


def test_containers_that_are_missing_are_created_parents_first() -> None:
    inner = f"OU=3a,OU=Classes,{BASE}"
    one = account(1, names=replace(account(1).names, dn_parent=inner))
    made = [c.dn for c in changes(snapshot(), one) if isinstance(c, CreateContainer)]
    assert made == [f"OU=Classes,{BASE}", inner]


def test_only_attributes_that_differ_are_modified_and_absent_ones_cleared() -> None:
    one = linked(account(1))
    actual = actual_user(one, profile=replace(one.profile, surname="Alt", city="Bern"))
    (change,) = changes(snapshot(actual), one)
    assert isinstance(change, Modify)
    told = {(c.attribute, c.before, c.after) for c in change.attributes}
    assert told == {("surname", "Alt", "Muster1"), ("city", "Bern", None)}


@pytest.mark.parametrize(("must_change", "planned"), [(True, 0), (False, 1)])
def test_a_password_that_never_expires_is_marked_so_once_its_owner_has_changed_it(
    must_change: bool, planned: int
) -> None:
    one = linked(account(1, password_never_expires=True, must_change_password=True))
    login = replace(actual_user(one).login, password_never_expires=False)
    found = changes(snapshot(actual_user(one, login=login, must_change_password=must_change)), one)
    assert len(found) == planned


def test_extension_attributes_that_differ_are_modified_each_by_its_name() -> None:
    wanted = ("3a", None, "", *NO_EXTENSIONS[3:])
    mine = linked(account(1, extension_attributes=wanted))
    actual = snapshot(actual_user(mine, extension_attributes=("2a", "old", None, *NO_EXTENSIONS[3:])))
    found = difference(actual, mine, extensions={UserType.STUDENT: frozenset({2})})
    (change,) = (change for change in found.changes if isinstance(change, Modify))
    assert [(one.attribute, one.before, one.after) for one in change.attributes] == [
        ("extension_attribute_1", "2a", "3a"),
        ("extension_attribute_2", "old", None),
    ]


def test_an_extension_attribute_that_nobody_configured_is_somebody_elses() -> None:
    mine = linked(account(1))
    actual = snapshot(actual_user(mine, extension_attributes=("theirs", *NO_EXTENSIONS[1:])))
    assert changes(actual, mine, extensions={UserType.STUDENT: frozenset({2})}) == ()


def test_new_account_is_created_with_its_extension_attributes() -> None:
    wanted = (None, "MW", *NO_EXTENSIONS[2:])
    (change,) = (
        c for c in difference(snapshot(), account(1, extension_attributes=wanted)).changes if c.kind == "create_user"
    )
    assert isinstance(change, CreateUser)
    assert change.extension_attributes == wanted


def test_rename_by_guid_whatever_the_name_is_now() -> None:
    one = linked(account(1))
    actual = actual_user(one, dn=f"CN=Renamed by hand,{STUDENTS_OU}")
    (change,) = changes(snapshot(actual), one)
    assert isinstance(change, Rename)
    assert (change.dn, change.new_dn) == (f"CN=Renamed by hand,{STUDENTS_OU}", one.dn)


def test_two_who_swap_names_pass_through_temporary_ones() -> None:
    one, two = linked(renamed(account(1), "Two")), linked(renamed(account(2), "One"))
    actual = snapshot(actual_user(renamed(one, "One")), actual_user(renamed(two, "Two")))
    renames = [c for c in changes(actual, one, two) if isinstance(c, Rename)]
    aside = [c for c in renames if c.aside]
    final = [c for c in renames if not c.aside]
    assert {c.wave for c in aside} == {Wave.STEP_ASIDE}
    assert len(aside) == 2
    assert {c.dn for c in final} == {c.new_dn for c in aside}
    assert {c.new_dn for c in final} == {one.dn, two.dn}


def test_manager_who_is_renamed_in_the_same_plan_is_no_change_of_his_staff() -> None:
    head = linked(account(1))
    pupil = linked(account(2, profile=replace(account(2).profile, manager=head.dn)))
    old_head = actual_user(renamed(head, "Old"))
    old_pupil = actual_user(pupil, profile=replace(pupil.profile, manager=f"CN=Old,{STUDENTS_OU}"))
    assert [c.kind for c in changes(snapshot(old_head, old_pupil), head, pupil)] == ["rename"]


def test_a_new_manager_who_takes_the_name_of_the_old_one_is_another() -> None:
    old, new = linked(renamed(account(1), "Elsewhere")), linked(renamed(account(2), "Head"))
    pupil = linked(account(3, profile=replace(account(3).profile, manager=new.dn)))
    seen = snapshot(actual_user(renamed(old, "Head")), actual_user(renamed(new, "New")), actual_user(pupil))
    assert [(c.kind, c.key) for c in changes(seen, old, new, pupil) if isinstance(c, Modify)] == [("modify", pupil.key)]


def test_only_those_whom_connect_disabled_are_enabled() -> None:
    ours = linked(account(1, disabled_since=date(2026, 11, 1)))
    theirs = linked(account(2))
    actual = snapshot(actual_user(ours, enabled=False), actual_user(theirs, enabled=False))
    found = difference(actual, ours, theirs)
    assert [(c.kind, c.key) for c in found.changes] == [("enable", ours.key)]
    assert any("disabled by somebody else" in note for note in found.notes)


def test_leaver_is_disabled_with_his_cause_and_nothing_else_of_him_is_touched() -> None:
    by_exit = linked(account(1, status=Status.TO_DELETE, unmet=(Unmet.EXIT,)))
    by_level = linked(account(2, status=Status.TO_DELETE, unmet=(Unmet.LEVEL,)))
    by_hand = linked(account(3, status=Status.DEACTIVATED))
    objects = [actual_user(a, profile=replace(a.profile, city="x")) for a in (by_exit, by_level, by_hand)]
    found = changes(snapshot(*objects), by_exit, by_level, by_hand)
    assert [(type(c), c.cause) for c in found] == [
        (Disable, Cause.EXIT),
        (Disable, Cause.OUT_OF_SCOPE),
        (Disable, Cause.DEACTIVATED),
    ]


def test_grace_over_is_deleted_and_a_protected_object_only_told() -> None:
    times = {"status": Status.TO_DELETE, "disabled_since": date(2026, 10, 1), "delete_on": TODAY}
    one, two = linked(account(1, **times)), linked(account(2, **times))
    actual = snapshot(actual_user(one, enabled=False), actual_user(two, enabled=False, protected=True))
    found = difference(actual, one, two)
    assert [(type(c), c.key, c.cause) for c in found.changes] == [(Delete, one.key, Cause.GRACE_OVER)]
    assert any("protected" in note and "S.00002" in note for note in found.notes)


def test_due_but_enabled_by_somebody_is_disabled_first_and_not_yet_deleted() -> None:
    one = linked(account(1, status=Status.TO_DELETE, disabled_since=date(2026, 10, 1), delete_on=TODAY))
    assert [c.kind for c in changes(snapshot(actual_user(one)), one)] == ["disable"]


def test_immune_is_deleted_at_once() -> None:
    one = linked(account(1, status=Status.IMMUNE))
    (change,) = changes(snapshot(actual_user(one)), one)
    assert isinstance(change, Delete)
    assert change.cause is Cause.IMMUNE


def test_due_record_whose_object_is_nowhere_has_vanished() -> None:
    one = linked(account(1, status=Status.IMMUNE))
    found = difference(snapshot(), one)
    assert found.changes == ()
    assert found.vanished == {one.key}


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (None, " anew"),
        (Remains.WHOLE, "recycle bin: before that it can be restored whole (Restore-ADObject -Identity GUID)"),
        (Remains.TOMBSTONE, "restored without what stood in it (Restore-ADObject -Identity GUID)"),
    ],
)
def test_what_is_left_of_a_deleted_object_is_told_before_it_is_created_anew(left: Remains | None, told: str) -> None:
    one, many = linked(account()), linked_group(group())
    guids = [found for found in (one.object_guid, many.object_guid) if found is not None]
    where = replace(NOWHERE, remains={} if left is None else dict.fromkeys(guids, left))
    notes = difference(snapshot(), one, groups=(many,), where=where).notes
    assert len(notes) == len(guids)
    assert all(note.endswith(told.replace("GUID", str(of))) for note, of in zip(notes, guids, strict=True))


def test_deleted_by_hand_is_created_anew_and_said_so() -> None:
    one = linked(account(1))
    found = difference(snapshot(), one)
    (change,) = found.changes
    assert isinstance(change, CreateUser)
    assert change.cause is Cause.DELETED_BY_HAND
    assert any("deleted by hand" in note for note in found.notes)


def test_moved_out_of_the_configured_ous_is_reported_and_neither_touched_nor_created() -> None:
    one = linked(account(1))
    where = Whereabouts(elsewhere={guid(str(one.key)): f"CN=x,OU=Elsewhere,{BASE}"}, recovered={})
    found = difference(snapshot(), one, where=where)
    assert found.changes == ()
    assert any("moved out" in note for note in found.notes)


def test_moved_within_the_configured_ous_is_moved_back() -> None:
    one = linked(account(1))
    actual = actual_user(one, dn=f"CN=Anna.Muster1,{GROUPS_OU}")
    (change,) = changes(snapshot(actual), one)
    assert isinstance(change, Rename)
    assert change.new_dn == one.dn


def test_password_is_set_again_only_by_the_reset_flag() -> None:
    one = linked(account(1, password_reset=True, must_change_password=True))
    (change,) = changes(snapshot(actual_user(one)), one)
    assert isinstance(change, SetPassword)
    assert change.must_change_password
    assert "sealed" not in change.sentence


def recovered(record: Account, **as_it_is: object) -> tuple[str, ...]:
    """The kinds of changes for an object that a killed run made."""
    found_guid = Guid(guid("made by a killed run"))
    state = with_links(State(accounts=(record,), groups=(), memberships={}), {record.key: found_guid})
    where = Whereabouts(elsewhere={}, recovered={record.key: found_guid})
    actual = actual_user(record, guid=found_guid, **as_it_is)
    return tuple(c.kind for c in diff(desire(state, today=TODAY), snapshot(actual), where).changes)


def test_object_of_a_killed_run_gets_the_steps_that_are_missing() -> None:
    assert recovered(account(1), enabled=False) == ("set_password", "enable")


def test_object_of_a_killed_run_whose_person_has_left_since_is_disabled_at_once() -> None:
    assert recovered(account(1, status=Status.TO_DELETE, unmet=(Unmet.EXIT,))) == ("disable",)


def test_reset_without_a_stored_password_is_told_and_not_planned() -> None:
    one = linked(account(1, password_reset=True, initial_password=None))
    found = difference(snapshot(actual_user(one)), one)
    assert found.changes == ()
    assert any("no initial password" in note for note in found.notes)


def test_protected_object_is_left_wholly_alone() -> None:
    """An administrator's account must not be given a password by whoever may tick a box."""
    active = linked(account(1, password_reset=True, profile=replace(account(1).profile, city="Bern")))
    leaver = linked(account(2, status=Status.TO_DELETE, unmet=(Unmet.EXIT,)))
    seen = snapshot(actual_user(renamed(active, "Admin"), protected=True), actual_user(leaver, protected=True))
    found = difference(seen, active, leaver)
    assert found.changes == ()
    assert len([note for note in found.notes if "protected" in note]) == 2


def test_object_that_two_rows_claim_is_left_alone() -> None:
    one = linked(account(1))
    two = linked(account(2, status=Status.IMMUNE), object_guid=one.object_guid)
    found = difference(snapshot(actual_user(renamed(one, "Other"))), one, two)
    assert found.changes == ()
    assert found.vanished == frozenset()
    assert any("linked to the same object" in note for note in found.notes)


def test_leaver_who_was_moved_out_of_the_ous_is_reported_every_night() -> None:
    one = linked(account(1, status=Status.DEACTIVATED))
    where = Whereabouts(elsewhere={guid(str(one.key)): f"CN=x,OU=Alumni,{BASE}"}, recovered={})
    found = difference(snapshot(), one, where=where)
    assert found.changes == ()
    assert found.locked_out == frozenset()
    assert any("moved out" in note for note in found.notes)


def test_what_stands_disabled_or_enabled_is_told_apart_for_the_grace() -> None:
    out, still_in = linked(account(1, status=Status.DEACTIVATED)), linked(account(2, status=Status.DEACTIVATED))
    back = linked(account(3, disabled_since=date(2026, 11, 1)))
    found = difference(
        snapshot(actual_user(out, enabled=False), actual_user(still_in), actual_user(back)), out, still_in, back
    )
    assert found.locked_out == {out.key}
    assert found.let_in == {back.key}


def test_empty_text_is_absent() -> None:
    one = linked(account(1))
    wanted = replace(one, profile=replace(one.profile, title=""))
    assert changes(snapshot(actual_user(one)), wanted) == ()


def test_unlinked_object_with_our_name_is_never_taken_over() -> None:
    one = account(1)
    (change,) = changes(snapshot(actual_user(one, guid=guid("foreign"))), one)
    assert isinstance(change, CreateUser)


def test_members_missing_are_added_computed_no_longer_removed_and_foreign_left() -> None:
    stays, comes, goes = linked(account(1)), linked(account(2)), linked(account(3))
    record = linked_group(group())
    foreign = f"CN=svc,{BASE}"
    actual = snapshot(
        *(actual_user(a) for a in (stays, comes, goes)),
        actual_group(record, str(stays.dn), str(goes.dn), foreign),
    )
    members = {record.key: Members(automatic=frozenset({stays.key, comes.key}))}
    found = difference(actual, stays, comes, goes, groups=(record,), members=members)
    removed = [c for c in found.changes if isinstance(c, RemoveMembers)]
    added = [c for c in found.changes if isinstance(c, AddMembers)]
    assert [[m.key for m in c.members] for c in removed] == [[goes.key]]
    assert [[m.key for m in c.members] for c in added] == [[comes.key]]
    assert any("1 members that are not Connect's" in note for note in found.notes)


def causes_of_removal(record: Group, members: Members, *present: Account) -> dict[Cause, list[AccountKey]]:
    actual = snapshot(*map(actual_user, present), actual_group(record, *(str(one.dn) for one in present)))
    found = changes(actual, *present, groups=(record,), members={record.key: members})
    assert all(isinstance(change, RemoveMembers) for change in found)
    return {c.cause: [member.key for member in c.members] for c in found if isinstance(c, RemoveMembers)}


def test_each_removed_member_has_its_cause() -> None:
    """A pupil has left the class, a teacher does not lead it any more, and a person has taken a third one out."""
    pupil, by_hand = linked(account(1)), linked(account(2))
    teacher = linked(account(3, key=staff_key(1)))
    tombstone = Members(automatic=frozenset({by_hand.key}), removed=frozenset({by_hand.key}))
    assert causes_of_removal(linked_group(group()), tombstone, pupil, by_hand, teacher) == {
        Cause.CLASS_CHANGED: [pupil.key],
        Cause.REMOVED_BY_HAND: [by_hand.key],
        Cause.MEMBERSHIP: [teacher.key],
    }


def test_a_pupil_who_leaves_another_group_than_a_class_has_not_changed_class() -> None:
    everybody = linked_group(group(key=GroupKey(Criterion.ALL_STUDENTS, Mandant(0), 0)))
    pupil = linked(account(1))
    assert causes_of_removal(everybody, Members(), pupil) == {Cause.MEMBERSHIP: [pupil.key]}


def test_a_group_ends_with_its_class_or_for_another_reason() -> None:
    of_class, of_all = (
        linked_group(group(key=key), status=Status.TO_DELETE, disabled_since=date(2026, 10, 1), delete_on=TODAY)
        for key in (class_group_key(1), GroupKey(Criterion.ALL_STUDENTS, Mandant(0), 0))
    )
    found = changes(snapshot(actual_group(of_class), actual_group(of_all)), groups=(of_class, of_all))
    assert {change.key: change.cause for change in found} == {
        of_class.key: Cause.CLASS_ENDED,
        of_all.key: Cause.GRACE_OVER,
    }


def test_member_in_grace_is_neither_added_nor_removed() -> None:
    inside = linked(account(1, status=Status.TO_DELETE, disabled_since=TODAY))
    outside = linked(account(2, status=Status.DEACTIVATED, disabled_since=TODAY))
    record = linked_group(group())
    actual = snapshot(
        actual_user(inside, enabled=False), actual_user(outside, enabled=False), actual_group(record, str(inside.dn))
    )
    members = {record.key: Members(automatic=frozenset({outside.key}))}
    assert changes(actual, inside, outside, groups=(record,), members=members) == ()


def test_tombstone_wins_over_the_rule_and_manual_over_both() -> None:
    members = Members(
        automatic=frozenset({student_key(1), student_key(2)}),
        manual=frozenset({student_key(3)}),
        removed=frozenset({student_key(2)}),
    )
    assert members.effective == {student_key(1), student_key(3)}


def test_members_come_in_chunks() -> None:
    accounts = [linked(account(n)) for n in range(1, MEMBERS_PER_CHANGE + 2)]
    record = linked_group(group())
    members = {record.key: Members(automatic=frozenset(a.key for a in accounts))}
    actual = snapshot(*map(actual_user, accounts), actual_group(record))
    found = [c for c in changes(actual, *accounts, groups=(record,), members=members) if isinstance(c, AddMembers)]
    assert [len(c.members) for c in found] == [MEMBERS_PER_CHANGE, 1]


def test_new_group_gets_its_members_after_it_exists() -> None:
    one, record = account(1), group()
    members = {record.key: Members(automatic=frozenset({one.key}))}
    found = plan(snapshot(), one, groups=(record,), members=members)
    assert [type(c) for c in found.changes] == [CreateUser, CreateGroup, AddMembers]
    added = found.changes[-1]
    assert isinstance(added, AddMembers)
    assert added.members[0].dn == one.dn


def test_renamed_class_renames_its_group_in_place_and_keeps_the_members() -> None:
    one, record = linked(account(1)), linked_group(group())
    old = actual_group(replace(record, dn_first_element="CN=MW_KL_0a", display_name="Klasse 0a"), str(one.dn))
    members = {record.key: Members(automatic=frozenset({one.key}))}
    kinds = [c.kind for c in changes(snapshot(actual_user(one), old), one, groups=(record,), members=members)]
    assert kinds == ["rename", "modify"]


def test_ended_group_keeps_its_members_until_it_is_due() -> None:
    one = linked(account(1))
    ended = linked_group(group(status=Status.TO_DELETE, delete_on=TODAY, disabled_since=date(2026, 10, 1)))
    waiting = linked_group(group(2, status=Status.TO_DELETE, delete_on=date(2027, 1, 1), disabled_since=TODAY))
    actual = snapshot(actual_user(one), actual_group(ended, str(one.dn)), actual_group(waiting, str(one.dn)))
    found = changes(actual, one, groups=(ended, waiting), members={})
    assert [(c.kind, c.key) for c in found] == [("delete", ended.key)]


def test_account_blocked_by_a_finding_is_left_alone() -> None:
    one, two = account(1), account(2)
    state = State(accounts=(one, two), groups=(), memberships={})
    found = diff(desire(state, today=TODAY, blocked={one.key}), snapshot(), NOWHERE)
    assert [c.key for c in found.changes] == [two.key]


def test_account_blocked_by_a_finding_is_locked_out_all_the_same() -> None:
    one = linked(account(1, status=Status.DEACTIVATED))
    state = State(accounts=(one,), groups=(), memberships={})
    found = diff(desire(state, today=TODAY, blocked={one.key}), snapshot(actual_user(one)), NOWHERE)
    assert [c.kind for c in found.changes] == ["disable"]


def test_account_blocked_by_a_finding_keeps_its_memberships() -> None:
    one, record = linked(account(1)), linked_group(group())
    members = {record.key: Members(automatic=frozenset({one.key}))}
    state = State(accounts=(one,), groups=(record,), memberships=members)
    actual = snapshot(actual_user(one), actual_group(record, str(one.dn)))
    assert diff(desire(state, today=TODAY, blocked={one.key}), actual, NOWHERE).changes == ()


def test_incomplete_names_are_not_written() -> None:
    nameless = Names(
        dn_parent=None, dn_first_element=None, cn=None, sam_account_name=None, user_principal_name=None, mail=None
    )
    assert changes(snapshot(), account(1, names=nameless)) == ()


def plan(actual: Snapshot, *accounts: Account, **rest: object) -> Plan:
    return make_plan(difference(actual, *accounts, **rest), {})  # type: ignore[arg-type]


def test_plan_is_ordered_so_that_no_change_needs_a_later_one() -> None:
    leaver = linked(account(1, status=Status.TO_DELETE, unmet=(Unmet.EXIT,)))
    immune = linked(account(2, status=Status.IMMUNE))
    moved = linked(account(3))
    comes, record = account(4), group()
    actual = snapshot(
        actual_user(leaver), actual_user(immune), actual_user(moved, dn=f"CN=old,{GROUPS_OU}"), organizational_units=()
    )
    members = {record.key: Members(automatic=frozenset({moved.key, comes.key}))}
    found = plan(actual, leaver, immune, moved, comes, groups=(record,), members=members)
    waves = [change.wave for change in found.changes]
    assert waves == sorted(waves)
    kinds = list(dict.fromkeys(change.kind for change in found.changes))
    assert kinds == ["disable", "create_ou", "rename", "create_user", "create_group", "add_members", "delete"]


def test_checksum_covers_gated_changes_only() -> None:
    leaver = linked(account(1, status=Status.TO_DELETE, unmet=(Unmet.EXIT,)))
    alone = plan(snapshot(actual_user(leaver)), leaver)
    with_new = plan(snapshot(actual_user(leaver)), leaver, account(2))
    nobody = plan(snapshot(), account(2))
    assert alone.checksum == with_new.checksum
    assert alone.checksum != nobody.checksum


def test_an_object_made_by_hand_in_our_ous_is_reported_and_left() -> None:
    """It is no row's, whatever it is called."""
    one = linked(account(1))
    by_hand = actual_user(account(2), dn=f"CN=Guest,{STUDENTS_OU}")
    found = difference(snapshot(actual_user(one), by_hand), one)
    assert found.changes == ()
    assert found.notes == (f"not Connect's, and left as they are: CN=Guest,{STUDENTS_OU}",)


def test_somebody_moved_out_stays_a_member_and_is_no_stranger_there() -> None:
    """Neither added, for he is there, nor reported as a member that is not ours (ruling 37)."""
    one = linked(account(1))
    record = linked_group(group(1))
    elsewhere = f"CN=x,OU=Elsewhere,{BASE}"
    found = difference(
        snapshot(actual_group(record, elsewhere)),
        one,
        groups=(record,),
        members={record.key: Members(automatic=frozenset({one.key}))},
        where=Whereabouts(elsewhere={guid(str(one.key)): elsewhere}, recovered={}),
    )
    assert found.changes == ()
    assert [note for note in found.notes if "moved out" not in note] == []


def test_a_manager_who_was_moved_out_is_linked_where_he_is() -> None:
    """The DN in his row leads nowhere, and the directory would refuse it."""
    manager = linked(account(1))
    pupil = account(2)
    pupil = replace(pupil, profile=replace(pupil.profile, manager=manager.dn))
    elsewhere = f"CN=x,OU=Elsewhere,{BASE}"
    where = Whereabouts(elsewhere={guid(str(manager.key)): elsewhere}, recovered={})
    found = difference(snapshot(), manager, pupil, where=where)
    (modify,) = [change for change in found.changes if isinstance(change, Modify)]
    assert [(part.attribute, part.after) for part in modify.attributes] == [("manager", elsewhere)]


def test_a_manager_who_is_protected_under_another_name_is_linked_where_he_is() -> None:
    head = linked(account(1))
    pupil = account(2, profile=replace(account(2).profile, manager=head.dn))
    found = changes(snapshot(actual_user(renamed(head, "Admin"), protected=True)), head, pupil)
    (link,) = [c.attributes[0].after for c in found if isinstance(c, Modify)]
    assert link == f"CN=Admin,{STUDENTS_OU}"


def test_members_are_named_where_they_will_be() -> None:
    """Not where no rename and no creation brings them: the directory would refuse the name, or take another's."""
    admin = linked(account(1))
    nobody = linked(account(2, initial_password=None))
    claimed, rival = linked(account(3)), linked(account(4), object_guid=guid("S.00003"))
    one = linked_group(group(1))
    seen = snapshot(actual_user(renamed(admin, "Admin"), protected=True), actual_user(claimed), actual_group(one))
    everybody = Members(automatic=frozenset({admin.key, nobody.key, claimed.key, rival.key}))
    found = changes(seen, admin, nobody, claimed, rival, groups=(one,), members={one.key: everybody})
    (added,) = [c for c in found if isinstance(c, AddMembers)]
    assert [member.dn for member in added.members] == [f"CN=Admin,{STUDENTS_OU}"]


def test_a_groups_info_is_written_along_with_another_change_and_never_alone() -> None:
    record = linked_group(group(info="new"))
    assert changes(snapshot(actual_group(record, info="old")), groups=(record,)) == ()
    (described,) = changes(snapshot(actual_group(record, info="old", description="by hand")), groups=(record,))
    assert isinstance(described, Modify)
    assert [one.attribute for one in described.attributes] == ["description", "info"]
    moved = changes(snapshot(actual_group(record, info="old", dn=f"CN=by hand,{GROUPS_OU}")), groups=(record,))
    assert [change.sentence for change in moved] == [
        f"rename CN=by hand,{GROUPS_OU} to {record.dn}",
        f"modify {record.dn}: info 'old' → 'new'",
    ]


def test_a_group_whose_row_has_no_info_keeps_what_stands_there() -> None:
    record = linked_group(group())
    (described,) = changes(snapshot(actual_group(record, info="by hand", description="x")), groups=(record,))
    assert isinstance(described, Modify)
    assert [one.attribute for one in described.attributes] == ["description"]


def test_a_group_without_a_type_is_neither_created_nor_changed() -> None:
    there = linked_group(group(2, ad_type=None))
    actual = actual_group(there, description="by hand", members=frozenset({"CN=somebody,DC=x"}))
    found = difference(snapshot(actual), groups=(group(1, ad_type=None), there))
    assert found.changes == ()
    assert found.notes == (f"groups no longer meant for this directory, and left as they are: {there.dn}",)
    assert found.forgotten == frozenset()


def test_a_group_without_a_type_that_ended_goes_after_its_grace_like_any_other() -> None:
    leaving = linked_group(group(ad_type=None, status=Status.TO_DELETE, delete_on=TODAY))
    assert difference(snapshot(actual_group(leaving)), groups=(leaving,)).locked_out == {leaving.key}
    due = replace(leaving, disabled_since=TODAY)
    (change,) = changes(snapshot(actual_group(due)), groups=(due,))
    assert isinstance(change, Delete)


@pytest.mark.parametrize(
    "record",
    [
        group(ad_type=None),
        group(status=Status.DEACTIVATED),
        group(status=Status.TO_DELETE, delete_on=date(2027, 1, 1)),
    ],
)
def test_a_group_that_is_not_created_anew_is_forgotten_once_it_is_nowhere(record: Group) -> None:
    found = difference(snapshot(), groups=(linked_group(record),))
    assert found.changes == ()
    assert found.forgotten == {record.key}


def test_a_group_that_was_moved_out_is_not_forgotten() -> None:
    record = linked_group(group(ad_type=None))
    where = Whereabouts(elsewhere={guid(str(record.key)): "CN=x,OU=Else,DC=school,DC=test"}, recovered={})
    desired = desire(State(accounts=(), groups=(record,), memberships={}), today=TODAY)
    found = diff(desired, snapshot(), where)
    assert found.forgotten == frozenset()
    assert "was moved out of the configured OUs" in found.notes[0]
