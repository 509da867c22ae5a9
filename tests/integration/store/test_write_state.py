"""Users, groups, memberships and reserved names go into the database as a difference."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from connect_worker.model.account import Account, EntraProfile, Gender, Origin, PrimaryRole, Profile, Status, Unmet
from connect_worker.model.finding import Finding, Note, NoteCode
from connect_worker.model.group import Group, Members
from connect_worker.model.ids import AccountKey, Criterion, GroupKey, Mandant, MandantMask, UserType
from connect_worker.model.state import NameKind, ReservedName, Settlement, State
from connect_worker.settings import DatabaseSettings
from connect_worker.store.repository import Store
from tests.support.builders import class_group_key, group, guid, staff_key, student_key
from tests.support.postgres import PostgresServer
from tests.support.school import SEALED, stored_account

NOTHING = State(accounts=(), groups=(), memberships={})
ANNA, BEAT, CLEA = student_key(1), student_key(2), student_key(3)
CLASS = class_group_key(1)

COMPLETE = stored_account(
    7,
    key=staff_key(7),
    profile=Profile(
        employee_id="P.7",
        given_name="Réa",
        surname="Graf",
        display_name="Graf Réa",
        initials="gr",
        title="Lehrerin",
        company="Schule Hofen",
        department="Schulhaus Dorf",
        manager="CN=Urs,DC=school,DC=test",
        office="Z 4",
        street_address="Dorfstrasse 1",
        postal_code="8000",
        city="Hofen",
        state="ZH",
        country="CH",
        preferred_language="de-DE",
        home_page="https://school.test",
        telephone_number="+41 44 000 00 00",
        info="Vertretung",
    ),
    extension_attributes=tuple(f"value {place}" for place in range(1, 16)),
    entra=EntraProfile(
        primary_role=PrimaryRole.TEACHER,
        external_source="sis",
        mail_nickname="rea-graf",
        business_phone="+41 44 000 00 00",
        mobile_phone="+41 79 000 00 00",
        usage_location="CH",
        user_type="Member",
        birth_on=date(2015, 5, 5),
        gender=Gender.FEMALE,
        grade="3. Klasse b",
        graduation_year=2030,
    ),
    mandants=MandantMask(3),
    mandant_chosen=Mandant(2),
    mandant_chosen_by=Origin.PERSON,
    status=Status.TO_DELETE,
    status_before=Status.DEACTIVATED,
    delete_on=date(2027, 1, 2),
    disabled_since=date(2026, 12, 3),
    unmet=(Unmet.EXIT, Unmet.MANDANT),
    is_generic=True,
    has_changed=False,
    regenerate_names=True,
    password_reset=True,
    password_set_at=datetime(2026, 8, 1, 2, 3, 4, tzinfo=UTC),
    password_never_expires=True,
    must_change_password=True,
    password_change_prevented=True,
    weak_password_allowed=True,
    object_guid=guid("Rea"),
    source_version="77",
)


def state(*accounts: Account, groups: tuple[Group, ...] = (), **memberships: Members) -> State:
    return State(accounts=accounts, groups=groups, memberships={CLASS: memberships["members"]} if memberships else {})


@pytest.fixture
async def three(store: Store) -> State:
    """Three pupils, two of them members of a class's group, as they stand in the database."""
    members = Members(automatic=frozenset({ANNA, BEAT}), manual=frozenset({BEAT}), removed=frozenset({CLEA}))
    wanted = state(*(stored_account(number) for number in (1, 2, 3)), groups=(group(1, version=0),), members=members)
    written = await store.write_state(NOTHING, wanted)
    assert written.left == ()
    return written.state


async def own(store: Store) -> State:
    return (await store.read_own())[1]


async def test_what_is_written_is_what_is_read_again(store: Store) -> None:
    names = replace(COMPLETE.names, aliases=("a@x.ch", None, "c@x.ch", None, "e@x.ch"))
    complete = replace(COMPLETE, names=names)
    club = group(
        9,
        mandants=MandantMask(5),
        mandant_chosen=Mandant(3),
        mandant_chosen_by=Origin.PERSON,
        status=Status.TO_DELETE,
        status_before=Status.DEACTIVATED,
        delete_on=date(2027, 1, 2),
        disabled_since=date(2026, 12, 3),
        is_generic=True,
        has_changed=False,
        object_guid=guid("club"),
        info="Connect 1.0, Update: 16.11.2026 02:00:00",
        aad_type="EDUCLASS",
        aad_mail_nickname="club",
        aad_guid=guid("club in Entra"),
    )
    written = await store.write_state(NOTHING, state(complete, groups=(club,)))
    read = await own(store)
    assert read == written.state
    (account,), (stored_club,) = read.accounts, read.groups
    assert account == replace(complete, id=account.id, version=account.version)
    assert stored_club == replace(club, id=stored_club.id, version=stored_club.version)
    assert account.id is not None
    assert account.version > 0


async def test_an_updates_notes_are_found_again_among_the_findings(store: Store) -> None:
    cut = Note(key=ANNA, code=NoteCode.VALUE_CUT, found="title has 129 characters, the directory takes 128")
    findings = [
        Finding(key=BEAT, code=7, name="Beat", found="no mail"),
        Finding(key=cut.key, code=cut.code, name="Anna", found=cut.found, blocks=False),
    ]
    await store.write_findings(findings, {BEAT: 7})
    assert await store.read_notes() == (cut,)
    await store.write_findings([], {})
    assert await store.read_notes() == ()


async def test_only_what_differs_is_written(store: Store, three: State) -> None:
    anna, beat, clea = three.accounts
    renamed = replace(beat, profile=replace(beat.profile, surname="Neu"))
    written = await store.write_state(three, replace(three, accounts=(anna, renamed, clea)))
    assert [account.version for account in written.state.accounts if account.key != BEAT] == [
        anna.version,
        clea.version,
    ]
    assert written.state.accounts[1].profile.surname == "Neu"
    assert written.left == ()


async def test_a_row_that_somebody_changed_meanwhile_is_left_and_counted(
    store: Store, three: State, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    postgres.run(
        """
        UPDATE connect.main_connect_user SET user_status = 1 WHERE user_config_source_fk = 1;
        DELETE FROM connect.main_connect_user WHERE user_config_source_fk = 2;
        """,
        database=school.name,
    )
    wanted = tuple(replace(account, has_changed=False) for account in three.accounts)
    written = await store.write_state(three, replace(three, accounts=wanted))
    assert written.left == (ANNA, BEAT)
    anna, clea = written.state.accounts
    assert (anna.key, anna.status, anna.has_changed) == (ANNA, Status.DEACTIVATED, True)
    assert (clea.key, clea.has_changed) == (CLEA, False)
    assert written.state.memberships[CLASS].automatic == {ANNA}
    assert written.state == await own(store)


async def test_what_somebody_else_made_or_changed_shows_though_nothing_is_written(
    store: Store, three: State, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    postgres.run(
        """
        INSERT INTO connect.main_connect_user (user_config_type, user_cn) VALUES ('M', 'Sekretariat');
        UPDATE connect.main_connect_user SET user_sn = 'Neu' WHERE user_config_source_fk = 3;
        """,
        database=school.name,
    )
    written = await store.write_state(three, three)
    assert written.left == ()
    assert [account.profile.surname for account in written.state.accounts[:3]] == ["Muster1", "Muster2", "Neu"]
    manual = written.state.accounts[3]
    assert manual.key == AccountKey(UserType.MANUAL, manual.id or 0)
    assert manual.names.cn == "Sekretariat"
    assert manual.is_generic


async def test_rows_that_are_missing_afterwards_are_deleted_with_their_memberships(store: Store, three: State) -> None:
    written = await store.write_state(three, state(*three.accounts[1:]))
    assert [account.key for account in written.state.accounts] == [BEAT, CLEA]
    assert written.state.groups == ()
    assert written.state.memberships == {}
    assert written.state == await own(store)


async def test_a_row_to_be_deleted_stays_when_somebody_changed_it(
    store: Store, three: State, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    postgres.run(
        "UPDATE connect.main_connect_user SET user_status = 0 WHERE user_config_source_fk = 1", database=school.name
    )
    written = await store.write_state(three, replace(three, accounts=three.accounts[1:]))
    assert written.left == (ANNA,)
    assert [account.key for account in written.state.accounts] == [ANNA, BEAT, CLEA]


async def test_memberships_keep_where_they_came_from_and_who_was_taken_out(store: Store, three: State) -> None:
    members = three.memberships[CLASS]
    assert members == Members(automatic=frozenset({ANNA, BEAT}), manual=frozenset({BEAT}), removed=frozenset({CLEA}))
    changed = Members(automatic=frozenset({BEAT, CLEA}), manual=frozenset({CLEA}), removed=frozenset({BEAT}))
    written = await store.write_state(three, replace(three, memberships={CLASS: changed}))
    assert written.state.memberships == {CLASS: changed}
    assert (await own(store)).memberships == {CLASS: changed}


async def test_a_tombstone_keeps_its_time(
    store: Store, three: State, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    tombstone = "SELECT removed_at FROM connect.main_connect_membership WHERE removed_at IS NOT NULL"
    before = postgres.run(tombstone, database=school.name)
    members = replace(three.memberships[CLASS], automatic=frozenset({ANNA}))
    await store.write_state(three, replace(three, memberships={CLASS: members}))
    assert postgres.run(tombstone, database=school.name) == before


async def test_a_manual_user_and_group_are_their_own_source(store: Store) -> None:
    user = stored_account(key=AccountKey(UserType.MANUAL, 500), is_generic=True)
    made = group(key=GroupKey(Criterion.MANUAL, Mandant(1), 600), is_generic=True)
    written = await store.write_state(NOTHING, state(user, groups=(made,)))
    assert (written.state.accounts[0].key, written.state.accounts[0].id) == (user.key, 500)
    assert (written.state.groups[0].key, written.state.groups[0].id) == (made.key, 600)


async def test_whoever_enters_a_manual_user_or_group_need_not_know_the_flag(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    postgres.run(
        """
        INSERT INTO connect.main_connect_user (user_config_type) VALUES ('M');
        INSERT INTO connect.main_connect_group (group_config_rule) VALUES ('manual');
        """,
        database=school.name,
    )
    read = await own(store)
    assert [(record.key.source_id, record.is_generic) for record in read.records] == [(1, True), (1, True)]


async def test_groups_of_one_building_are_told_apart_by_their_level(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    keys = [GroupKey(Criterion.STUDENTS_PER_BUILDING_AND_LEVEL, Mandant(1), 7, level) for level in ("Primar", "Sek: B")]
    first = await store.write_state(NOTHING, state(groups=tuple(group(key=key, version=0) for key in keys)))
    assert first.left == ()
    await store.settle([Settlement(key=keys[1], version=0, guid=guid("Sek"))])
    await store.write_findings((), {keys[0]: 4})
    read = await own(store)
    assert [one.key for one in read.groups] == keys
    assert [(one.object_guid, one.warning) for one in read.groups] == [(None, 4), (guid("Sek"), None)]
    postgres.run("UPDATE connect.main_connect_group SET group_status = 2", database=school.name)
    await store.settle([Settlement(key=keys[0], version=0, gone=True)])
    assert [one.key for one in (await own(store)).groups] == keys[1:]


async def test_a_group_tells_where_its_source_is(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    keys = [
        GroupKey(Criterion.STAFF_PER_MANDANT, Mandant(1), 0),
        GroupKey(Criterion.STAFF_PER_MANDANT_AND_FUNCTION, Mandant(1), 5),
        class_group_key(3),
        GroupKey(Criterion.STUDENTS_PER_BUILDING, Mandant(1), 2),
    ]
    await store.write_state(NOTHING, state(groups=tuple(group(key=key, version=0) for key in keys)))
    rows = postgres.run(
        "SELECT group_config_source_table, group_config_source_fk, group_aad_external_source "
        "FROM connect.main_connect_group",
        database=school.name,
    )
    assert sorted(rows.splitlines()) == [
        "No-Table-staff_per_mandant|0|sis",
        "source_building|2|sis",
        "source_class|3|sis",
        "source_function|5|sis",
    ]


async def test_reserved_names_come_and_go(store: Store) -> None:
    kept = ReservedName(kind=NameKind.SAM, name="s.00001", owner=ANNA, until=date(2027, 1, 1))
    gone = ReservedName(kind=NameKind.ADDRESS, name="anna@x.ch", owner=ANNA, until=date(2027, 1, 1))
    foreign = ReservedName(kind=NameKind.ADDRESS, name="info@x.ch", guid=guid("info"))
    first = (await store.write_state(NOTHING, replace(NOTHING, reserved=(kept, gone)))).state
    await store.write_state(first, replace(first, reserved=(kept, foreign)))
    assert set((await own(store)).reserved) == {kept, foreign}


async def test_names_held_outside_are_replaced_and_unchanged_ones_not_even_touched(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    deleted = ReservedName(kind=NameKind.SAM, name="s.00001", owner=ANNA, until=date(2027, 1, 1))
    info = ReservedName(kind=NameKind.ADDRESS, name="info@x.ch", guid=guid("info"))
    old = ReservedName(kind=NameKind.ADDRESS, name="old@x.ch", guid=guid("old"))
    new = ReservedName(kind=NameKind.ADDRESS, name="new@x.ch", guid=guid("new"))
    first = (await store.write_state(NOTHING, replace(NOTHING, reserved=(deleted, info, old)))).state
    writer = "SELECT xmin FROM connect.connect_reserved_name WHERE name = 'info@x.ch'"
    before = postgres.run(writer, database=school.name)
    await store.write_state(first, replace(first, reserved=(deleted, info, new)))
    assert set((await own(store)).reserved) == {deleted, info, new}
    assert postgres.run(writer, database=school.name) == before


async def test_what_fails_within_a_transaction_leaves_nothing(store: Store) -> None:
    async def fail() -> None:
        async with store.transaction():
            await store.write_state(NOTHING, state(COMPLETE))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await own(store) == NOTHING


async def test_a_password_in_the_clear_never_gets_into_the_table(store: Store) -> None:
    assert SEALED.startswith("v1.")
    with pytest.raises(Exception, match="user_password_check"):
        await store.write_state(NOTHING, state(stored_account(initial_password="Blu38me")))
    assert await own(store) == NOTHING


async def test_who_was_taken_out_and_is_added_again_follows_the_rule_again(
    store: Store, three: State, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    members = Members(automatic=frozenset({ANNA, BEAT}), removed=frozenset({ANNA, CLEA}))
    await store.write_state(three, replace(three, memberships={CLASS: members}))
    postgres.run("UPDATE connect.main_connect_membership SET removed_at = NULL", database=school.name)
    after = (await own(store)).memberships[CLASS]
    assert after == Members(automatic=frozenset({ANNA, BEAT}), manual=frozenset({CLEA}))


async def test_a_new_manual_user_is_locked_out_until_somebody_sets_his_status(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    postgres.run(
        """
        INSERT INTO connect.main_connect_user (user_config_type) VALUES ('M');
        INSERT INTO connect.main_connect_user (user_config_type, user_status) VALUES ('M', 0);
        INSERT INTO connect.main_connect_user (user_config_type, user_config_source_fk) VALUES ('S', 1);
        """,
        database=school.name,
    )
    assert [account.status for account in (await own(store)).accounts] == [
        Status.DEACTIVATED,
        Status.ACTIVE,
        Status.ACTIVE,
    ]
