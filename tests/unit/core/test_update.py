"""Update: from yesterday's tables and today's master data to today's tables."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from connect_worker.core.update import Update, update
from connect_worker.errors import ConfigurationError
from connect_worker.model.account import Account, Origin, Status, Unmet
from connect_worker.model.configuration import (
    Configuration,
    DisplayNameFollows,
    InfoSwitch,
    LevelRule,
    MandantRule,
    PasswordKind,
    PasswordPolicy,
)
from connect_worker.model.group import Group, Members
from connect_worker.model.ids import AccountKey, Criterion, GroupKey, Mandant, MandantMask, UserType
from connect_worker.model.person import Function, MandantRecord, MasterData, StaffFunction
from connect_worker.model.secret import SealedSecret
from connect_worker.model.state import NameKind, ReservedName, State
from tests.support.builders import (
    STAFF_OU,
    STUDENTS_OU,
    TODAY,
    class_group_key,
    configuration,
    guid,
    master_data,
    school_class,
    staff,
    staff_key,
    student,
    student_key,
)

EMPTY = State(accounts=(), groups=(), memberships={})
ALL_STUDENTS = GroupKey(Criterion.ALL_STUDENTS, Mandant(0), 0)
ALL_STAFF = GroupKey(Criterion.ALL_STAFF, Mandant(0), 0)


def seal(key: AccountKey, policy: PasswordPolicy, avoid: frozenset[str]) -> SealedSecret:
    return SealedSecret(f"{key} {policy.kind.name} {sorted(avoid)}")


def night(
    before: State,
    data: MasterData,
    config: Configuration | None = None,
    today: date = TODAY,
    version: str = "1.0",
) -> Update:
    now = datetime.combine(today, time(2))
    return update(before, data, config or configuration(), today=today, now=now, version=version, new_password=seal)


def stored(state: State) -> State:
    """The state as it is read again after a night in which everything was synced."""
    accounts = tuple(
        replace(a, has_changed=False, object_guid=a.object_guid or guid(str(a.key))) for a in state.accounts
    )
    return replace(state, accounts=accounts, groups=tuple(replace(g, has_changed=False) for g in state.groups))


def account_in(result: Update, key: AccountKey) -> Account:
    return next(account for account in result.state.accounts if account.key == key)


def group_in(result: Update, key: GroupKey) -> Group:
    return next(group for group in result.state.groups if group.key == key)


SCHOOL = master_data(students=(student(1), student(2)), staff=(staff(1), staff(2)))


def test_new_people_in_scope_get_complete_accounts() -> None:
    result = night(EMPTY, SCHOOL)
    pupil = account_in(result, student_key(1))
    assert pupil.status is Status.ACTIVE
    assert pupil.has_changed
    assert pupil.names.dn == f"CN=Anna.Muster1,{STUDENTS_OU}"
    assert pupil.names.cn == "Anna.Muster1"
    assert pupil.names.user_principal_name == pupil.names.mail == "anna.muster1@schule.example"
    assert pupil.names.sam_account_name == "S.00001"
    assert pupil.initial_password == "S.00001 SIMPLE ['anna', 'muster1']"
    teacher = account_in(result, staff_key(1))
    assert teacher.names.dn == f"CN=Peter.Lehrer1,{STAFF_OU}"
    assert teacher.names.mail == "peter.lehrer1@lehrer.example"
    assert teacher.must_change_password
    assert (result.students_in_scope, result.staff_in_scope) == (2, 2)


def test_second_night_without_changes_changes_nothing() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    second = night(first, SCHOOL).state
    assert second.accounts == first.accounts
    assert second.groups == first.groups
    assert second.memberships == first.memberships


def test_head_of_the_building_is_not_his_own_manager() -> None:
    data = master_data(staff=(staff(2, building_id=1),))
    assert account_in(night(EMPTY, data), staff_key(2)).profile.manager is None


def test_a_manager_whose_dn_cannot_be_read_stays_who_he_was() -> None:
    """One mistyped name is one finding, and no change of all that hang on it."""
    first = stored(night(EMPTY, SCHOOL).state)
    mistyped = tuple(
        replace(a, names=replace(a.names, dn_first_element="Peter")) if a.key == staff_key(1) else a
        for a in first.accounts
    )
    second = night(replace(first, accounts=mistyped), SCHOOL)
    assert account_in(second, student_key(1)).profile.manager == f"CN=Peter.Lehrer1,{STAFF_OU}"
    assert not account_in(second, student_key(1)).has_changed


def test_version_in_info_is_written_only_along_with_another_change() -> None:
    config = configuration()
    config = replace(config, students=replace(config.students, info=InfoSwitch.VERSION))
    first = stored(night(EMPTY, SCHOOL, config, version="1.0").state)
    again = night(first, SCHOOL, config, version="2.0")
    assert account_in(again, student_key(1)).profile.info == "Connect 1.0"
    assert not account_in(again, student_key(1)).has_changed
    renamed = master_data(students=(student(1, first_name="Berta"), student(2)), staff=SCHOOL.staff)
    changed = account_in(night(first, renamed, config, version="2.0"), student_key(1))
    assert changed.profile.info == "Connect 2.0"


def test_name_change_changes_what_is_shown_but_never_dn_upn_or_mail() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    married = master_data(students=(student(1, last_name="Ledig"), student(2)), staff=SCHOOL.staff)
    after = account_in(night(first, married), student_key(1))
    before = next(a for a in first.accounts if a.key == student_key(1))
    assert (after.profile.surname, after.profile.display_name) == ("Ledig", "Ledig Anna")
    assert after.names == before.names
    assert after.has_changed


def test_display_name_follows_on_request_only_if_configured_so() -> None:
    config = configuration(display_name_follows=DisplayNameFollows.REGENERATE)
    first = stored(night(EMPTY, SCHOOL, config).state)
    married = master_data(students=(student(1, last_name="Ledig"), student(2)), staff=SCHOOL.staff)
    assert account_in(night(first, married, config), student_key(1)).profile.surname == "Muster1"
    flagged = replace(first, accounts=tuple(replace(a, regenerate_names=True) for a in first.accounts))
    assert account_in(night(flagged, married, config), student_key(1)).profile.surname == "Ledig"


def test_regenerate_names_renames_and_keeps_the_old_address_as_first_alias() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    flagged = replace(
        first, accounts=tuple(replace(a, regenerate_names=a.key == student_key(1)) for a in first.accounts)
    )
    married = master_data(students=(student(1, last_name="Ledig"), student(2)), staff=SCHOOL.staff)
    after = account_in(night(flagged, married), student_key(1))
    assert after.names.dn_first_element == "CN=Anna.Ledig"
    assert after.names.mail == "anna.ledig@schule.example"
    assert after.names.aliases[0] == "anna.muster1@schule.example"
    assert not after.regenerate_names


def test_parent_in_the_template_wins_every_night() -> None:
    config = configuration()
    template = "['CN='][Vorname]['.'][Nachname][',OU=Year 2026,OU=Pupils,DC=school,DC=test']"
    config = replace(config, students=replace(config.students, name_template=template))
    first = stored(night(EMPTY, SCHOOL, config).state)
    second = night(first, SCHOOL, config).state
    assert second.accounts == first.accounts
    assert account_in(night(first, SCHOOL, config), student_key(1)).names.dn_parent == f"OU=Year 2026,{STUDENTS_OU}"


def test_changed_parent_in_the_configuration_moves_everybody_below_it() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    config = configuration()
    moved = night(first, SCHOOL, replace(config, students=replace(config.students, parent="OU=New")))
    assert account_in(moved, student_key(1)).names.dn_parent == "OU=New,DC=school,DC=test"


def test_namesakes_are_told_apart_by_the_lowest_free_number_staff_first() -> None:
    twins = (student(1, last_name="Müller"), student(2, last_name="Mueller"))
    result = night(EMPTY, master_data(students=twins, staff=(staff(1, first_name="Anna", last_name="Müller"),)))
    firsts = {str(a.key): a.names.dn_first_element for a in result.state.accounts}
    assert firsts == {"P.00001": "CN=Anna.Mueller", "S.00001": "CN=Anna.Mueller1", "S.00002": "CN=Anna.Mueller2"}


def test_names_taken_outside_connect_are_not_given() -> None:
    taken = ReservedName(kind=NameKind.ADDRESS, name="anna.muster1@schule.example", guid=guid("foreign"))
    result = night(replace(EMPTY, reserved=(taken,)), SCHOOL)
    assert account_in(result, student_key(1)).names.mail == "anna.muster11@schule.example"


def test_reservation_ends_on_its_day() -> None:
    over = ReservedName(kind=NameKind.ADDRESS, name="a@x.ch", owner=student_key(9), until=TODAY)
    holds = ReservedName(kind=NameKind.ADDRESS, name="b@x.ch", owner=student_key(9), until=TODAY + timedelta(days=1))
    assert night(replace(EMPTY, reserved=(over, holds)), SCHOOL).state.reserved == (holds,)


def test_leaver_is_marked_with_reasons_and_returns_within_grace_as_he_was() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    left = master_data(students=(student(1, exit_on=TODAY), student(2)), staff=SCHOOL.staff)
    second = night(first, left)
    gone = account_in(second, student_key(1))
    assert (gone.status, gone.unmet) == (Status.TO_DELETE, (Unmet.EXIT,))
    assert gone.delete_on == TODAY + timedelta(days=30)
    third = account_in(night(stored(second.state), SCHOOL), student_key(1))
    assert (third.status, third.delete_on, third.names) == (Status.ACTIVE, None, gone.names)


def test_person_who_vanished_from_the_views_is_to_delete() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    second = night(first, master_data(students=(student(1),), staff=SCHOOL.staff))
    assert account_in(second, student_key(2)).unmet == (Unmet.VANISHED,)


def test_person_never_in_scope_gets_no_account() -> None:
    result = night(EMPTY, master_data(students=(student(1, class_id=None),)))
    assert result.state.accounts == ()
    assert result.students_in_scope == 0


def test_immune_row_without_object_goes_when_its_person_leaves_and_its_names_stay_reserved() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    immune = tuple(
        replace(a, status=Status.IMMUNE, object_guid=None) if a.key == student_key(1) else a for a in first.accounts
    )
    kept = night(replace(first, accounts=immune), SCHOOL)
    assert account_in(kept, student_key(1)).status is Status.IMMUNE
    result = night(replace(first, accounts=immune), master_data(students=(student(2),), staff=SCHOOL.staff))
    assert student_key(1) not in {a.key for a in result.state.accounts}
    assert "anna.muster1@schule.example" in {name.name for name in result.state.reserved}


def manual_like(account: Account, *, is_generic: bool = False) -> Account:
    """A manual user with the account's values, under the manual users' password policy."""
    key = AccountKey(UserType.MANUAL, 77)
    manual = replace(account, key=key, is_generic=is_generic)
    return replace(manual, must_change_password=True, weak_password_allowed=False)


def test_manual_user_is_never_touched() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    manual = manual_like(first.accounts[0], is_generic=True)
    result = night(replace(first, accounts=(*first.accounts, manual)), SCHOOL)
    assert account_in(result, manual.key) == manual


def test_manual_user_and_group_never_end_whether_or_not_somebody_set_the_flag() -> None:
    """Another program may enter them; the type alone says that no record of the master data stands behind."""
    first = stored(night(EMPTY, SCHOOL).state)
    user = manual_like(first.accounts[0])
    club = replace(first.groups[0], key=GroupKey(Criterion.MANUAL, Mandant(0), 77))
    immune_club = replace(club, key=GroupKey(Criterion.MANUAL, Mandant(0), 78), status=Status.IMMUNE, object_guid=None)
    by_hand = replace(first, accounts=(*first.accounts, user), groups=(*first.groups, club, immune_club))
    result = night(by_hand, SCHOOL)
    assert account_in(result, user.key) == user
    assert [group_in(result, group.key) for group in (club, immune_club)] == [club, immune_club]


TWO_MANDANTS = (
    MandantRule(number=Mandant(1), student_domain="eins.example", staff_domain="lp.example"),
    MandantRule(number=Mandant(2), student_domain="zwei.example", staff_domain="lp.example"),
)


@pytest.mark.parametrize(
    ("mask", "chosen"),
    [
        pytest.param(1, 1, id="one mandant"),
        pytest.param(5, 1, id="the other one is not configured"),
        pytest.param(3, None, id="two configured: a person must choose"),
    ],
)
def test_chosen_mandant_is_set_when_exactly_one_is_configured(mask: int, chosen: int | None) -> None:
    data = master_data(students=(student(1, mandants=MandantMask(mask)),))
    account = account_in(night(EMPTY, data, configuration(mandants=TWO_MANDANTS)), student_key(1))
    assert account.mandant_chosen == chosen
    assert (account.names.mail is None) == (chosen is None)


def test_names_follow_once_a_person_has_chosen_and_the_choice_stays() -> None:
    data = master_data(students=(student(1, mandants=MandantMask(3)),))
    config = configuration(mandants=TWO_MANDANTS)
    first = night(EMPTY, data, config).state
    chosen = replace(first.accounts[0], mandant_chosen=Mandant(2), mandant_chosen_by=Origin.PERSON)
    after = account_in(night(replace(first, accounts=(chosen,)), data, config), student_key(1))
    assert after.mandant_chosen == 2
    assert after.names.mail == "anna.muster1@zwei.example"


def test_new_mandant_leaves_upn_and_mail_and_changes_the_company() -> None:
    config = configuration(mandants=TWO_MANDANTS)
    data = master_data(
        students=(student(1),),
        mandants=(
            MandantRecord(number=Mandant(1), short_name="E", company="Eins"),
            MandantRecord(number=Mandant(2), short_name="Z", company="Zwei"),
        ),
    )
    first = stored(night(EMPTY, data, config).state)
    moved = replace(data, students=(student(1, mandants=MandantMask(2)),))
    after = account_in(night(first, moved, config), student_key(1))
    assert after.names.mail == "anna.muster1@eins.example"
    assert after.profile.company == "Zwei"


def test_changed_policy_changes_the_flags_at_once_but_never_the_password() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    strict = PasswordPolicy(kind=PasswordKind.COMPLEX, never_expires=True, may_not_change=True)
    level = LevelRule(position=1, level="Primar", program_years=frozenset(), password=strict)
    after = account_in(night(first, SCHOOL, configuration(levels=(level,))), student_key(1))
    assert (after.password_never_expires, after.password_change_prevented, after.has_changed) == (True, True, True)
    assert after.initial_password == "S.00001 SIMPLE ['anna', 'muster1']"


def test_groups_of_the_three_criteria_and_their_members() -> None:
    result = night(EMPTY, SCHOOL)
    members = {key: value.automatic for key, value in result.state.memberships.items()}
    pupils = {student_key(1), student_key(2)}
    assert members[ALL_STUDENTS] == pupils
    assert members[ALL_STAFF] == {staff_key(1), staff_key(2)}
    assert members[class_group_key(1)] == pupils | {staff_key(1)}
    assert group_in(result, ALL_STAFF).mandant_chosen == 0
    class_group = group_in(result, class_group_key(1))
    assert class_group.dn_first_element == "CN=MW_KL_1a_2026-27"
    assert class_group.sam_account_name == "KL.1"
    assert class_group.display_name == "Klasse 1a ¦ Schulhaus Dorf"


def test_planned_class_brings_the_account_but_not_yet_the_membership() -> None:
    data = master_data(
        students=(student(1, class_id=None, planned_class_id=3),), classes=(school_class(3, school_year_id=3),)
    )
    result = night(EMPTY, data, today=date(2027, 8, 1))
    assert account_in(result, student_key(1)).profile.department == "Schulhaus Dorf"
    assert set(result.state.memberships) == {ALL_STUDENTS}


def test_class_without_pupils_ends_its_group_which_revives_unchanged() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    moved = master_data(
        students=(student(1, class_id=2), student(2, class_id=2)),
        staff=SCHOOL.staff,
        classes=(school_class(1), school_class(2)),
    )
    second = night(first, moved)
    ended = group_in(second, class_group_key(1))
    assert (ended.status, ended.delete_on) == (Status.TO_DELETE, TODAY + timedelta(days=30))
    assert second.state.memberships[class_group_key(1)] == first.memberships[class_group_key(1)]
    third = group_in(night(stored(second.state), SCHOOL), class_group_key(1))
    assert (third.status, third.delete_on) == (Status.ACTIVE, None)


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        pytest.param({}, 45, id="the longer one of the two audiences"),
        pytest.param({"grace_days": 7}, 7, id="the definition's own"),
        pytest.param({"aad_type": "O365"}, 365, id="a team and its files"),
        pytest.param({"aad_type": "EDUCLASS"}, 365, id="a class's team"),
        pytest.param({"aad_type": "SG"}, 45, id="a security group"),
        pytest.param({"aad_type": "O365", "grace_days": 7}, 7, id="the definition's own wins"),
    ],
)
def test_ended_group_has_the_grace_of_its_definition(rule: dict[str, Any], days: int) -> None:
    config = configuration()
    config = replace(
        config,
        staff=replace(config.staff, grace_days=45),
        groups=(*config.groups[:2], replace(config.groups[2], **rule)),
    )
    first = stored(night(EMPTY, SCHOOL, config).state)
    empty = master_data(students=(student(1, class_id=2), student(2, class_id=2)), classes=(school_class(2),))
    ended = group_in(night(first, empty, config), class_group_key(1))
    assert ended.delete_on == TODAY + timedelta(days=days)


def test_group_whose_definition_was_taken_away_has_the_usual_grace() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    ended = group_in(night(first, SCHOOL, configuration(groups=configuration().groups[:2])), class_group_key(1))
    assert ended.delete_on == TODAY + timedelta(days=30)


def test_deactivated_group_that_ends_and_revives_keeps_its_frozen_members() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    frozen = tuple(replace(g, status=Status.DEACTIVATED) if g.key == class_group_key(1) else g for g in first.groups)
    second = stored(night(replace(first, groups=frozen), master_data(staff=SCHOOL.staff)).state)
    third = night(second, master_data(students=(student(1),), staff=SCHOOL.staff))
    assert group_in(third, class_group_key(1)).status is Status.DEACTIVATED
    assert third.state.memberships[class_group_key(1)] == first.memberships[class_group_key(1)]


def test_what_describes_a_group_is_cut_where_the_directory_ends_and_its_names_never() -> None:
    name = "🎓" * 600
    group = group_in(night(EMPTY, replace(SCHOOL, classes=(school_class(1, name=name),))), class_group_key(1))
    assert group.display_name == "Klasse " + "🎓" * 124
    result = night(EMPTY, replace(SCHOOL, classes=(school_class(1, name="x" * 2000),)))
    long = group_in(result, class_group_key(1))
    assert len(long.description or "") == 1024
    assert len(long.cn or "") > 2000
    (note,) = (note for note in result.notes if note.key == class_group_key(1))
    shown = "display name has 2024 characters, the directory takes 256"
    assert note.found == f"{shown}; description has 2006 characters, the directory takes 1024"


def test_immune_group_is_not_built_anew_and_goes_when_its_class_does() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    immune = tuple(replace(g, status=Status.IMMUNE) if g.key == class_group_key(1) else g for g in first.groups)
    second = night(replace(first, groups=immune), SCHOOL)
    assert group_in(second, class_group_key(1)).status is Status.IMMUNE
    without_class = night(second.state, master_data(staff=SCHOOL.staff))
    assert class_group_key(1) not in {group.key for group in without_class.state.groups}


def test_renamed_class_renames_its_group_in_place() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    renamed = replace(SCHOOL, classes=(school_class(1, name="Adler"),))
    after = group_in(night(first, renamed), class_group_key(1))
    assert after.dn_first_element == "CN=MW_KL_Adler_2026-27"
    assert after.has_changed


def test_a_group_is_named_after_the_mandant_that_a_person_chose_for_it() -> None:
    """A class of two configured mandants: nobody but a person can say which one names its group (ruling 16)."""
    config = configuration(
        mandants=(
            *configuration().mandants,
            MandantRule(number=Mandant(2), student_domain="b.example", staff_domain="b.example"),
        )
    )
    data = replace(
        SCHOOL,
        classes=(school_class(1, mandants=MandantMask(3)),),
        mandants=(*SCHOOL.mandants, MandantRecord(number=Mandant(2), short_name="BB", company=None)),
    )
    first = night(EMPTY, data, config)
    undecided = group_in(first, class_group_key(1))
    assert (undecided.mandant_chosen, undecided.cn) == (None, "KL_1a_2026-27")
    by_hand = tuple(
        replace(g, mandant_chosen=Mandant(2), mandant_chosen_by=Origin.PERSON) if g.key == undecided.key else g
        for g in first.state.groups
    )
    second = night(replace(stored(first.state), groups=by_hand), data, config)
    chosen = group_in(second, class_group_key(1))
    assert (chosen.mandant_chosen, chosen.cn) == (2, "BB_KL_1a_2026-27")


def test_a_groups_info_tells_version_and_time_of_its_last_change_and_is_no_reason_for_one() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    assert {g.info for g in first.groups} == {"Connect 1.0, Update: 16.11.2026 02:00:00"}
    tomorrow = TODAY + timedelta(days=1)
    second = night(first, SCHOOL, today=tomorrow, version="2.0").state
    assert second.groups == first.groups
    renamed = replace(SCHOOL, classes=(school_class(1, name="Adler"),))
    third = night(second, renamed, today=tomorrow, version="2.0")
    assert group_in(third, class_group_key(1)).info == "Connect 2.0, Update: 17.11.2026 02:00:00"
    assert group_in(third, ALL_STAFF).info == "Connect 1.0, Update: 16.11.2026 02:00:00"


def test_a_group_carries_what_entra_id_will_need() -> None:
    config = configuration()
    team = replace(config.groups[2], aad_type="EDUCLASS", dn_first_element="CN=[Mandant] KL.[OrganisationBezeichnung]")
    data = replace(SCHOOL, classes=(school_class(1, name="Bären/1"),))
    made = group_in(night(EMPTY, data, replace(config, groups=(team,))), class_group_key(1))
    assert (made.aad_type, made.aad_mail_nickname) == ("EDUCLASS", "MW-KL-Baeren-1")


RENAMES = [
    pytest.param(
        Criterion.STAFF_PER_MANDANT_AND_FUNCTION,
        {"functions": (Function(id=1, name="Lehrkraft", counts_for_connect=True),)},
        "MW_Lehrkraft",
        id="function",
    ),
    pytest.param(
        Criterion.STUDENTS_PER_BUILDING,
        {"buildings": (replace(SCHOOL.buildings[0], short_name="UD"),)},
        "MW_UD",
        id="building",
    ),
    pytest.param(
        Criterion.STAFF_PER_MANDANT,
        {"mandants": (MandantRecord(number=Mandant(1), short_name="MU", company=None),)},
        "MU",
        id="mandant",
    ),
]


@pytest.mark.parametrize(("criterion", "change", "name"), RENAMES)
def test_what_a_group_is_named_after_renames_it_in_place(
    criterion: Criterion, change: dict[str, Any], name: str
) -> None:
    rule = replace(
        configuration().groups[0],
        criterion=criterion,
        dn_first_element="[Mandant]['_'][GebäudeKurzbezeichnung]['_'][FUNKTION]",
    )
    config = configuration(groups=(rule,))
    data = replace(SCHOOL, staff=(staff(1, main_function_id=1), staff(2, main_function_id=1)))
    first = stored(night(EMPTY, data, config).state)
    second = night(first, replace(data, **change), config).state
    assert [group.key for group in second.groups] == [group.key for group in first.groups]
    assert [group.cn for group in second.groups] == [name]
    assert second.memberships == first.memberships


def test_who_is_not_active_keeps_his_memberships_until_he_is_again() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    paused = tuple(replace(a, status=Status.DEACTIVATED) if a.key == student_key(1) else a for a in first.accounts)
    result = night(replace(first, accounts=paused), SCHOOL)
    assert student_key(1) in result.state.memberships[class_group_key(1)].automatic


def test_manual_memberships_and_tombstones_survive_the_rule() -> None:
    first = stored(night(EMPTY, SCHOOL).state)
    by_hand = Members(
        automatic=first.memberships[ALL_STAFF].automatic,
        manual=frozenset({student_key(1)}),
        removed=frozenset({staff_key(2)}),
    )
    result = night(replace(first, memberships={**first.memberships, ALL_STAFF: by_hand}), SCHOOL)
    assert result.state.memberships[ALL_STAFF].effective == {staff_key(1), student_key(1)}


def test_template_that_does_not_parse_is_a_configuration_fault_before_anything_else() -> None:
    config = configuration()
    broken = replace(config.groups[2], sam_account_name="['KL.'][Klasse]")
    with pytest.raises(ConfigurationError, match="Klasse"):
        night(EMPTY, SCHOOL, replace(config, groups=(*config.groups[:2], broken)))


def test_restricted_functions_bring_in_only_those_that_count() -> None:
    data = master_data(
        staff=(staff(1), staff(2, main_function_id=2), staff(3)),
        staff_functions=(StaffFunction(staff_id=3, function_id=1),),
    )
    result = night(EMPTY, data, configuration(restrict_functions=True))
    assert {a.key for a in result.state.accounts} == {staff_key(3)}
