"""Accounts and groups that stood in the directory before Connect (ruling 40): who gets which, and what they keep."""

from dataclasses import replace

import pytest

from connect_worker.core.adoption import Claim, Refusal, match
from connect_worker.core.dn import split
from connect_worker.core.guards import Guard, acts_of
from connect_worker.model.account import Account, Profile, Status
from connect_worker.model.change import Adopt, Change, CreateUser
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ActualGroup, ActualUser, Login, ObjectKind, TakenName
from connect_worker.model.ids import AccountKey, Guid
from tests.support.builders import (
    BASE,
    GROUPS_OU,
    STAFF_OU,
    STUDENTS_OU,
    class_group_key,
    configuration,
    guid,
    school_class,
    staff_key,
    student,
    student_key,
)
from tests.support.memory_night import CONFIGURATION, Night, World

OFF = CONFIGURATION
ON = replace(CONFIGURATION, adoption=True)
RENAMING = replace(ON, rename_at_adoption=True)
PUPIL, OTHER = student_key(4), student_key(5)
FORMER = "anna.frueher@schule.example"


def before(
    world: World,
    *,
    cn: str = "Frueher Anna",
    sam: str = "a.frueher",
    employee_id: str | None = str(PUPIL),
    place: str = STUDENTS_OU,
    mail: str | None = FORMER,
    principal: str | None = FORMER,
    proxies: tuple[str, ...] = (FORMER, "af@schule.example"),
) -> Guid:
    """An account of before, known by the employeeID of pupil 4 unless a test says otherwise."""
    login = Login(
        sam_account_name=sam,
        user_principal_name=principal,
        mail=mail,
        addresses=proxies,
        password_never_expires=False,
    )
    return world.directory.create(f"CN={cn},{place}", login, Profile(employee_id=employee_id))


def row(world: World, key: AccountKey = PUPIL) -> Account:
    return next(account for account in world.store.state.accounts if account.key == key)


def changes(night: Night, key: AccountKey = PUPIL) -> list[type[Change]]:
    assert night.planned is not None, night.validation.blocking
    return [type(change) for change in night.planned.plan.changes if change.key == key]


def notes(night: Night) -> str:
    assert night.planned is not None
    return "\n".join(night.planned.plan.notes)


def findings(night: Night, key: AccountKey = PUPIL) -> list[int]:
    return [finding.code for finding in night.validation.findings if finding.key == key]


def assert_settled(world: World) -> None:
    again = world.fork().plan()
    assert again.planned is not None
    assert [change.sentence for change in again.planned.plan.changes] == []
    assert again.updated.accounts == again.before.accounts


def test_with_adoption_off_nobody_gets_a_second_account_beside_the_one_of_before() -> None:
    world = World(OFF)
    there = before(world)
    untouched = world.directory.users[there]
    night = world.night()
    assert changes(night) == []
    assert findings(night) == [103]
    assert f"{PUPIL} (CN=Frueher Anna,{STUDENTS_OU}): {Refusal.NOT_ALLOWED.value}" in notes(night)
    assert world.directory.users[there] == untouched
    assert row(world).object_guid is None
    assert CreateUser in changes(night, OTHER), "the others are not held up"
    assert_settled(world)


@pytest.mark.parametrize(("sam", "employee_id"), [("a.frueher", "s.00004"), ("s.00004", None), ("S.00004", "4711")])
def test_an_account_of_before_is_known_by_employee_id_or_sam_name(sam: str, employee_id: str | None) -> None:
    world = World(ON)
    there = before(world, sam=sam, employee_id=employee_id)
    night = world.night()
    assert changes(night)[0] is Adopt
    assert CreateUser not in changes(night)
    assert row(world).object_guid == there
    assert_settled(world)


def test_it_keeps_cn_upn_mail_sam_name_aliases_and_password() -> None:
    world = World(ON)
    there = before(world)
    world.night()
    names = row(world).names
    found = world.directory.users[there]
    assert split(found.dn)[0] == names.dn_first_element == "CN=Frueher Anna"
    assert (names.cn, names.sam_account_name) == ("Frueher Anna", "a.frueher")
    assert (found.login.sam_account_name, found.login.user_principal_name, found.login.mail) == (
        "a.frueher",
        FORMER,
        FORMER,
    )
    assert names.aliases == ("af@schule.example", None, None, None, None)
    assert row(world).password_set_at is None, "the initial password is not in force (ruling 29)"
    assert found.profile.given_name == "Anna", "what describes is Connect's from now on"


def test_what_the_account_does_not_have_is_given_to_it() -> None:
    world = World(ON)
    there = before(world, mail=None, principal=None, proxies=())
    world.night()
    given = "anna.muster4@schule.example"
    assert row(world).names.mail == row(world).names.user_principal_name == given
    assert world.directory.users[there].login.mail == given
    assert row(world).names.cn == "Frueher Anna"
    assert_settled(world)


def test_a_user_principal_name_alone_is_the_mail_too() -> None:
    world = World(ON)
    before(world, mail=None, proxies=())
    world.night()
    assert row(world).names.mail == FORMER


def test_a_mail_that_is_none_is_dropped() -> None:
    world = World(ON)
    before(world, mail="no mail", principal=FORMER, proxies=("also none",))
    night = world.night()
    assert findings(night) == []
    assert (row(world).names.mail, row(world).names.addresses) == (FORMER, (FORMER,))


def test_renamed_at_adoption_it_gets_connects_names_and_keeps_its_addresses_as_aliases() -> None:
    world = World(RENAMING)
    there = before(world, principal="frueher@schule.example")
    night = world.night()
    assert [change.sentence for change in night.planned.plan.changes if change.key == PUPIL][:2] == [  # type: ignore[union-attr]
        f"adopt CN=Frueher Anna,{STUDENTS_OU} as S.00004",
        f"rename CN=Frueher Anna,{STUDENTS_OU} to CN=Anna.Muster4,{STUDENTS_OU}",
    ]
    assert row(world).names.aliases == (FORMER, "frueher@schule.example", "af@schule.example", None, None)
    assert world.directory.users[there].dn == f"CN=Anna.Muster4,{STUDENTS_OU}"
    assert world.directory.users[there].login.sam_account_name == "S.00004"
    assert_settled(world)


def test_the_office_has_one_renamed_at_adoption_by_asking_for_new_names() -> None:
    world = World(OFF)
    before(world)
    world.night()
    world.configured = ON
    state = world.store.state
    flagged = (replace(a, regenerate_names=True) if a.key == PUPIL else a for a in state.accounts)
    world.store.state = replace(state, accounts=tuple(flagged))
    world.night()
    assert row(world).names.mail == "anna.muster4@schule.example"
    assert row(world).names.aliases[0] == FORMER
    assert not row(world).regenerate_names
    assert_settled(world)


def test_who_waited_under_another_name_gets_it_back_when_adoption_is_allowed() -> None:
    """While adoption was off it was given another address: the account of before holds the one that it would get."""
    world = World(OFF)
    own = "anna.muster4@schule.example"
    before(world, cn="Anna.Muster4", mail=own, principal=own, proxies=(own,))
    world.night()
    assert row(world).names.mail == "anna.muster41@schule.example"
    world.configured = RENAMING
    world.night()
    assert row(world).names.mail == own
    assert_settled(world)


def test_from_another_of_the_ous_it_is_moved_to_its_place_under_its_own_name() -> None:
    world = World(ON)
    there = before(world, place=STAFF_OU)
    world.night()
    assert world.directory.users[there].dn == f"CN=Frueher Anna,{STUDENTS_OU}"


def test_outside_the_ous_it_is_not_adopted_and_not_doubled() -> None:
    world = World(ON)
    there = before(world, place=f"OU=Elsewhere,{BASE}")
    night = world.night()
    assert (changes(night), findings(night)) == ([], [103])
    assert world.directory.users[there].dn == f"CN=Frueher Anna,OU=Elsewhere,{BASE}"


def test_two_rows_with_one_number_both_wait_while_it_stands_outside_the_ous() -> None:
    world = World(replace(ON, employee_id_is_insurance_number=True))
    for number in (PUPIL.source_id, OTHER.source_id):
        world.people.students[number] = student(number, insurance_number="756.1234.5678.97")
    before(world, employee_id="7561234567897", place=f"OU=Elsewhere,{BASE}")
    night = world.night()
    assert (changes(night), changes(night, OTHER)) == ([], [])
    assert (findings(night), findings(night, OTHER)) == ([103], [103])


def test_a_disabled_one_is_adopted_and_stays_disabled() -> None:
    world = World(ON)
    there = before(world)
    world.directory.users[there] = replace(world.directory.users[there], enabled=False)
    night = world.night()
    assert row(world).object_guid == there
    assert not world.directory.users[there].enabled
    assert "was disabled by somebody else" in notes(night)


def test_what_connect_locked_out_was_another_object_and_this_one_is_not_let_in() -> None:
    world = World(ON)
    world.night()
    world.people.students[PUPIL.source_id] = student(PUPIL.source_id, exit_on=world.today)
    world.night()
    assert row(world).disabled_since == world.today
    old, names = row(world).object_guid, row(world).names
    assert old is not None
    del world.directory.users[old]
    there = before(world, cn=str(names.cn), sam=str(names.sam_account_name), mail=names.mail, principal=names.mail)
    world.directory.users[there] = replace(world.directory.users[there], enabled=False)
    world.people.students[PUPIL.source_id] = student(PUPIL.source_id)
    assert Refusal.LINKED_ELSEWHERE.value in notes(world.night())
    accounts = (replace(a, object_guid=None) if a.key == PUPIL else a for a in world.store.state.accounts)
    world.store.state = replace(world.store.state, accounts=tuple(accounts))
    world.night()
    assert row(world).object_guid == there
    assert not world.directory.users[there].enabled
    assert row(world).disabled_since is None
    assert_settled(world)


def test_two_objects_for_one_row_are_ambiguous() -> None:
    world = World(ON)
    before(world)
    before(world, cn="Anna", sam="S.00004", employee_id=None, mail=None, principal=None, proxies=())
    night = world.night()
    assert (changes(night), findings(night)) == ([], [103])
    assert f"CN=Anna,{STUDENTS_OU} and CN=Frueher Anna,{STUDENTS_OU}): {Refusal.AMBIGUOUS.value}" in notes(night)


def test_two_rows_for_one_object_are_ambiguous() -> None:
    world = World(ON)
    before(world, sam="S.00005", employee_id="S.00004")
    night = world.night()
    assert changes(night) == changes(night, OTHER) == []
    assert findings(night) == findings(night, OTHER) == [103]
    assert Refusal.AMBIGUOUS.value in notes(night)


def test_two_with_one_cn_are_not_both_taken_in() -> None:
    """In two OUs the directory allows it; in one it cannot, and warning 4 would hold up everybody."""
    world = World(ON)
    before(world, cn="Anna")
    before(world, cn="Anna", sam="anna5", employee_id="S.00005", place=STAFF_OU, mail=None, principal=None, proxies=())
    night = world.night()
    assert row(world).object_guid is not None
    assert changes(night, OTHER) == []
    assert f"S.00005 (CN=Anna,{STAFF_OU}): {Refusal.NAMES.value}" in notes(night)
    assert_settled(world)


def test_administrators_are_not_adopted() -> None:
    world = World(ON)
    there = before(world)
    world.directory.users[there] = replace(world.directory.users[there], protected=True)
    night = world.night()
    assert (changes(night), findings(night)) == ([], [103])
    assert Refusal.PROTECTED.value in notes(night)


@pytest.mark.parametrize("status", [Status.DEACTIVATED, Status.IMMUNE])
def test_nobody_is_adopted_to_be_disabled_or_deleted(status: Status) -> None:
    world = World(OFF)
    there = before(world)
    world.night()
    state = world.store.state
    world.store.state = replace(
        state, accounts=tuple(replace(a, status=status) if a.key == PUPIL else a for a in state.accounts)
    )
    world.configured = ON
    assert changes(world.night()) == []
    assert world.directory.users[there].enabled


def test_addresses_beyond_the_five_places_are_told() -> None:
    world = World(ON)
    before(world, proxies=(FORMER, *(f"a{number}@schule.example" for number in range(1, 8))))
    night = world.night()
    assert f"S.00004 (CN=Frueher Anna,{STUDENTS_OU}) loses addresses" in notes(night)
    assert "a6@schule.example, a7@schule.example" in notes(night)
    assert_settled(world)


def test_who_was_deleted_by_hand_and_made_again_by_hand_is_not_made_a_third_time() -> None:
    world = World(ON)
    world.night()
    first = row(world).object_guid
    assert first is not None
    world.directory.delete(first)
    before(world, cn="Made again")
    night = world.night()
    assert changes(night) == []
    assert Refusal.LINKED_ELSEWHERE.value in notes(night)


def test_a_new_pupil_gets_no_address_of_an_account_that_is_adopted_in_the_same_night() -> None:
    world = World(ON)
    world.people.students[6] = student(6, last_name="Frueher")
    before(world)
    world.night()
    assert row(world).names.mail == FORMER
    assert row(world, student_key(6)).names.mail == "anna.frueher1@schule.example"


def test_a_killed_run_comes_to_the_same_end() -> None:
    whole, killed = World(RENAMING), World(RENAMING)
    for world in (whole, killed):
        before(world)
    for writes in range(12):
        killed.killed_night(writes)
    killed.night()
    whole.night()
    assert replace(row(killed), password_set_at=None) == replace(row(whole), password_set_at=None)
    assert_settled(killed)


def test_nothing_is_written_to_an_object_before_its_row_is_linked() -> None:
    """Killed in between, it would be a stranger whom Connect has changed."""
    linked_first = 0
    for writes in range(8):
        world = World(RENAMING)
        there = before(world)
        untouched = world.directory.users[there]
        world.killed_night(writes)
        if world.directory.users[there] != untouched:
            assert row(world).object_guid == there
        elif row(world).object_guid == there:
            linked_first += 1
    assert linked_first > 0


def a_group(world: World, cn: str, *, sam: str = "KL.1") -> Guid:
    there = guid(cn)
    world.directory.groups[there] = ActualGroup(
        guid=there,
        dn=f"CN={cn},{GROUPS_OU}",
        sam_account_name=sam,
        display_name=None,
        description=None,
        members=frozenset({f"CN=Printer,OU=Elsewhere,{BASE}"}),
        info=None,
        protected=False,
        created="2020-01-01T00:00:00Z",
    )
    return there


@pytest.mark.parametrize(
    ("config", "cn", "adopted"),
    [
        (ON, "MW_KL_1a_2026-27", True),
        (ON, "Klasse 1a", False),
        (RENAMING, "Klasse 1a", True),
        (OFF, "MW_KL_1a_2026-27", False),
    ],
)
def test_a_group_is_adopted_by_its_sam_name(config: Configuration, cn: str, *, adopted: bool) -> None:
    """Its CN is the definition's: another one must be allowed to be changed."""
    world = World(config)
    there = a_group(world, cn)
    night = world.night()
    record = next(group for group in world.store.state.groups if group.key == class_group_key(1))
    assert (record.object_guid == there) is adopted
    assert bool(night.validation.blocked_objects) is not adopted
    found = world.directory.groups[there]
    assert f"CN=Printer,OU=Elsewhere,{BASE}" in found.members, "members that are not ours stay"
    if adopted:
        assert found.dn == f"CN=MW_KL_1a_2026-27,{GROUPS_OU}"
        assert len(found.members) > 1
        assert_settled(world)


def test_members_of_an_adopted_class_group_have_left_no_class_and_are_counted() -> None:
    world = World(ON)
    world.people.classes[3] = school_class(3)
    world.people.students |= {n: student(n, class_id=3) for n in range(10, 30)}
    world.night()
    there = a_group(world, "MW_KL_2a_2026-27", sam="KL.2")
    pupils = frozenset(user.dn for user in world.directory.users.values() if user.dn.endswith(STUDENTS_OU))
    world.directory.groups[there] = replace(world.directory.groups[there], members=pupils)
    world.people.students[1] = replace(world.people.students[1], class_id=2)
    night = world.plan()
    assert night.planned is not None
    counted = [act for guard, act in acts_of(night.planned.plan.changes) if guard is Guard.REMOVALS]
    assert {act.key for act in counted} == {class_group_key(2)}
    assert len(counted) == len(pupils) - 1, "all but the one who is in the class"


# Whose an object is


def stranger(
    name: str, *, sam: str = "x", employee_id: str | None = None, place: str = STUDENTS_OU, dn: str = ""
) -> TakenName:
    return TakenName(
        guid=guid(name),
        dn=dn or f"CN={name},{place}",
        sam_account_name=sam,
        addresses=(),
        kind=ObjectKind.USER,
        employee_id=employee_id,
    )


BY_NUMBER = configuration(employee_id_is_insurance_number=True)
PUPIL_BY_NUMBER = Claim(key=PUPIL, sam_account_name="S.00004", employee_id="7561234567897")
TEACHER_BY_NUMBER = Claim(key=staff_key(9), sam_account_name="P.00009", employee_id="7561234567897")


@pytest.mark.parametrize(
    ("place", "whose"),
    [
        (STUDENTS_OU, [PUPIL]),
        (f"OU=3a,{STUDENTS_OU}", [PUPIL]),
        (STAFF_OU, [staff_key(9)]),
        (GROUPS_OU, []),
    ],
)
def test_an_insurance_number_counts_for_the_type_whose_place_it_is(place: str, whose: list[AccountKey]) -> None:
    """A former pupil who teaches now has two accounts. Where the place does not tell, both rows claim the object."""
    found = match(
        (PUPIL_BY_NUMBER, TEACHER_BY_NUMBER), [stranger("a", employee_id="7561234567897", place=place)], BY_NUMBER
    ).found
    assert list(found) == whose


def test_a_source_key_tells_the_type_by_itself() -> None:
    claim = Claim(key=PUPIL, sam_account_name="S.00004", employee_id="S.00004")
    matches = match([claim], [stranger("a", employee_id="S.00004", place=STAFF_OU)], configuration())
    assert list(matches.found) == [PUPIL]


def test_a_sam_name_is_not_enough_where_the_employee_id_is_somebody_elses() -> None:
    claim = Claim(key=PUPIL, sam_account_name="S.00004", employee_id="S.00004")
    (refused,) = match([claim], [stranger("a", sam="S.00004", employee_id="S.00077")], configuration()).refused
    assert refused.why is Refusal.SOMEBODY_ELSES


@pytest.mark.parametrize(
    ("number", "adopted"), [("7569999888877", False), ("756.1234.5678.97", True), ("S.00004", True)]
)
def test_a_sam_name_is_not_enough_where_another_insurance_number_stands(number: str, *, adopted: bool) -> None:
    """Another program's numbers can look like ours. What is written with dots is the same number."""
    there = stranger("a", sam="S.00004", employee_id=number)
    matches = match([PUPIL_BY_NUMBER], [there], BY_NUMBER)
    assert (list(matches.found) == [PUPIL]) is adopted
    assert [one.why for one in matches.refused] == ([] if adopted else [Refusal.SOMEBODY_ELSES])


def test_whom_a_person_names_by_guid_may_have_any_number() -> None:
    there = stranger("a", sam="a.frueher", employee_id="4711")
    assert list(match([replace(PUPIL_BY_NUMBER, guid=there.guid)], [there], BY_NUMBER).found) == [PUPIL]


def test_with_a_test_prefix_only_objects_that_bear_it_are_anybodys() -> None:
    claim = Claim(key=PUPIL, sam_account_name="T_S.00004", employee_id="S.00004")
    production = stranger("Anna", sam="S.00004", employee_id="S.00004")
    test = stranger("T_Anna", sam="T_S.00004", employee_id="S.00004")
    assert match([claim], [production, test], configuration(test_prefix="T_")).found == {PUPIL: test}


@pytest.mark.parametrize("kind", [ObjectKind.GROUP, ObjectKind.OTHER])
def test_only_a_user_is_a_users_object(kind: ObjectKind) -> None:
    claim = Claim(key=PUPIL, sam_account_name="S.00004", employee_id="S.00004")
    other = replace(stranger("a", sam="S.00004", employee_id="S.00004"), kind=kind)
    assert match([claim], [other], configuration()).found == {}


def test_neither_name_nor_mail_makes_an_object_anybodys() -> None:
    world = World(ON)
    own = "anna.muster4@schule.example"
    there = before(world, cn="Anna.Muster4", employee_id=None, mail=own, principal=own, proxies=(own,))
    night = world.night()
    assert changes(night)[0] is CreateUser
    assert row(world).names.mail == "anna.muster41@schule.example"
    assert isinstance(world.directory.users[there], ActualUser)
