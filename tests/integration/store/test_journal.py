"""Findings, runs, audit, intentions and write-back."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from connect_worker.model.account import Account
from connect_worker.model.act import Act
from connect_worker.model.change import Cause, Change, CreateGroup, CreateUser, Disable, Member, RemoveMembers
from connect_worker.model.directory import Login
from connect_worker.model.finding import Finding
from connect_worker.model.group import Group, Members
from connect_worker.model.ids import RunId
from connect_worker.model.outcome import Outcome, Result
from connect_worker.model.state import Intention, NameKind, ReservedName, Settlement, State
from connect_worker.settings import DatabaseSettings
from connect_worker.store.migrate import known_migrations
from connect_worker.store.repository import Store
from tests.support.builders import class_group_key, group, guid, student_key
from tests.support.postgres import PostgresServer
from tests.support.school import stored_account

RUN = RunId(UUID("11111111-2222-3333-4444-555555555555"))
ANNA, BEAT = student_key(1), student_key(2)
CLASS = class_group_key(1)
NIGHT = datetime(2026, 11, 16, 2, 30, tzinfo=UTC)


@pytest.fixture
async def two(store: Store) -> State:
    """Two pupils who are members of a class's group, with the flags that a sync clears."""
    wanted = State(
        accounts=tuple(stored_account(number, password_reset=True) for number in (1, 2)),
        groups=(group(1),),
        memberships={CLASS: Members(automatic=frozenset({ANNA, BEAT}))},
    )
    return (await store.write_state(State(accounts=(), groups=(), memberships={}), wanted)).state


async def anna_and_class(store: Store) -> tuple[Account, Group]:
    state = (await store.read_own())[1]
    return state.accounts[0], state.groups[0]


def set_to_delete(postgres: PostgresServer, school: DatabaseSettings) -> None:
    """Everybody, and the group, is on the way out."""
    postgres.run(
        "UPDATE connect.main_connect_user SET user_status = 2; UPDATE connect.main_connect_group SET group_status = 2",
        database=school.name,
    )


def change_by_the_office(postgres: PostgresServer, school: DatabaseSettings) -> None:
    postgres.run(
        "UPDATE connect.main_connect_user SET user_config_password_reset = true WHERE user_config_source_fk = 1",
        database=school.name,
    )


@pytest.mark.usefixtures("two")
async def test_findings_replace_the_last_ones_and_show_in_the_seeds_column(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    missing = Finding(key=ANNA, code=5, name="Anna Muster1", found="no user principal name")
    double = Finding(key=ANNA, code=4, name="Anna Muster1", found="CN=Anna twice", blocks=False)
    clash = Finding(key=CLASS, code=4, name="3a", found="CN=3a twice")
    await store.write_findings([missing, double, clash], {ANNA: 5, CLASS: 4})
    state = (await store.read_own())[1]
    assert [account.warning for account in state.accounts] == [5, None]
    assert state.groups[0].warning == 4
    kept = postgres.run(
        "SELECT object, code, found, blocks FROM connect.connect_warning ORDER BY id", database=school.name
    )
    assert kept.splitlines() == [
        "S.00001|5|no user principal name|t",
        "S.00001|4|CN=Anna twice|f",
        "students_and_teacher_per_class:0:1|4|CN=3a twice|t",
    ]

    await store.write_findings([], {})
    assert [record.warning for record in (await store.read_own())[1].records] == [None, None, None]
    assert postgres.run("SELECT count(*) FROM connect.connect_warning", database=school.name) == "0"


async def test_a_warning_alone_is_no_change_of_the_row(store: Store, two: State) -> None:
    await store.write_findings([], {ANNA: 5, CLASS: 4})
    assert [record.version for record in (await store.read_own())[1].records] == [r.version for r in two.records]


async def test_what_is_written_after_findings_in_the_same_transaction_has_a_new_version(
    store: Store, two: State
) -> None:
    anna, beat = two.accounts
    async with store.transaction():
        await store.write_findings([], {ANNA: 5})
        written = await store.write_state(two, replace(two, accounts=(replace(anna, regenerate_names=True), beat)))
    assert written.state.accounts[0].version > anna.version


async def test_a_settled_create_has_its_facts_and_flags(store: Store, two: State) -> None:
    anna, club = two.accounts[0], two.groups[0]
    left = await store.settle(
        [
            Settlement(
                key=ANNA,
                version=anna.version,
                guid=guid("Anna"),
                password_set_at=NIGHT,
                enabled=True,
                clear_has_changed=True,
                clear_password_reset=True,
            ),
            Settlement(key=CLASS, version=club.version, guid=guid("class"), clear_has_changed=True),
        ]
    )
    settled, settled_class = await anna_and_class(store)
    assert left == ()
    assert settled == replace(
        anna, object_guid=guid("Anna"), password_set_at=NIGHT, has_changed=False, password_reset=False
    )
    assert settled_class == replace(club, object_guid=guid("class"), has_changed=False)


async def test_of_a_row_changed_meanwhile_facts_are_written_and_flags_left(
    store: Store, two: State, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    change_by_the_office(postgres, school)
    left = await store.settle(
        [
            Settlement(
                key=ANNA,
                version=two.accounts[0].version,
                guid=guid("Anna"),
                clear_has_changed=True,
                clear_password_reset=True,
            )
        ]
    )
    anna, _ = await anna_and_class(store)
    assert left == (ANNA,)
    assert (anna.object_guid, anna.has_changed, anna.password_reset) == (guid("Anna"), True, True)


async def test_one_object_may_be_settled_twice_in_a_run(store: Store, two: State) -> None:
    version = two.accounts[0].version
    await store.settle([Settlement(key=ANNA, version=version, guid=guid("Anna"))])
    left = await store.settle(
        [
            Settlement(
                key=ANNA, version=version, password_set_at=NIGHT, clear_password_reset=True, clear_has_changed=True
            )
        ]
    )
    anna, _ = await anna_and_class(store)
    assert left == ()
    assert (anna.object_guid, anna.password_reset, anna.has_changed) == (guid("Anna"), False, False)


async def test_a_delete_date_never_moves_earlier_and_enabling_ends_the_disabling(
    store: Store, two: State, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    set_to_delete(postgres, school)
    version = two.accounts[0].version
    disabled = Settlement(key=ANNA, version=version, disabled_since=date(2026, 11, 16), delete_on=date(2026, 12, 16))
    await store.settle([disabled])
    await store.settle([replace(disabled, disabled_since=None, delete_on=date(2026, 12, 1))])
    anna, _ = await anna_and_class(store)
    assert (anna.disabled_since, anna.delete_on) == (date(2026, 11, 16), date(2026, 12, 16))
    await store.settle([Settlement(key=ANNA, version=version, enabled=True)])
    anna, _ = await anna_and_class(store)
    assert anna.disabled_since is None


@pytest.mark.usefixtures("two")
async def test_whoever_became_active_meanwhile_gets_no_delete_date_but_was_locked_out(store: Store) -> None:
    disabled = date(2026, 11, 16)
    await store.settle(
        [Settlement(key=key, version=0, disabled_since=disabled, delete_on=date(2026, 12, 16)) for key in (ANNA, CLASS)]
    )
    anna, club = await anna_and_class(store)
    assert (anna.disabled_since, anna.delete_on) == (disabled, None)
    assert (club.disabled_since, club.delete_on) == (disabled, None)


@pytest.mark.usefixtures("two")
async def test_whoever_became_active_meanwhile_keeps_the_row_and_loses_the_object(store: Store) -> None:
    """The directory has deleted it: the next run creates it anew."""
    sam = ReservedName(kind=NameKind.SAM, name="s.00001", owner=ANNA, until=date(2027, 11, 16))
    await store.settle([Settlement(key=key, version=0, guid=guid(str(key))) for key in (ANNA, CLASS)])
    left = await store.settle(
        [Settlement(key=ANNA, version=0, gone=True, reserved=(sam,)), Settlement(key=CLASS, version=0, gone=True)]
    )
    assert left == (ANNA, CLASS)
    anna, club = await anna_and_class(store)
    assert (anna.object_guid, club.object_guid) == (None, None)
    state = (await store.read_own())[1]
    assert state.memberships[CLASS].automatic == {ANNA, BEAT}
    assert state.reserved == ()


async def test_write_back_and_audit_are_one_step_or_none(
    store: Store, two: State, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    beat = two.accounts[1]
    disable = Disable(key=BEAT, guid=guid("Beat"), dn="CN=Beat,DC=school,DC=test", cause=Cause.EXIT)
    settled = Settlement(key=BEAT, version=beat.version, disabled_since=date(2026, 11, 16), clear_has_changed=True)
    await store.start_run(RUN, command="run", trigger="schedule", realm="hofen", day=NIGHT.date())

    async def write(times: int) -> None:
        async with store.transaction():
            for _ in range(times):
                await store.settle([settled])
                await store.record_outcomes(RUN, [Outcome(change=disable, result=Result.DONE)])
            if times > 1:
                raise LookupError

    async def found() -> tuple[Account, str]:
        recorded = postgres.run("SELECT count(*) FROM connect.connect_change", database=school.name)
        return (await store.read_own())[1].accounts[1], recorded

    with pytest.raises(LookupError):
        await write(2)
    assert await found() == (beat, "0")
    await write(1)
    assert await found() == (replace(beat, disabled_since=date(2026, 11, 16), has_changed=False), "1")


@pytest.mark.usefixtures("two")
async def test_an_unlinked_row_stays_and_a_gone_one_leaves_its_names_reserved(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    set_to_delete(postgres, school)
    sam = ReservedName(kind=NameKind.SAM, name="s.00002", owner=BEAT, until=date(2027, 11, 16))
    await store.settle([Settlement(key=ANNA, version=0, guid=guid("Anna"), password_set_at=NIGHT)])
    await store.settle(
        [
            Settlement(key=ANNA, version=0, unlinked=True),
            Settlement(key=BEAT, version=0, gone=True, reserved=(sam,)),
            Settlement(key=CLASS, version=0, gone=True),
        ]
    )
    state = (await store.read_own())[1]
    assert [(account.key, account.object_guid, account.password_set_at) for account in state.accounts] == [
        (ANNA, None, None)
    ]
    assert state.groups == ()
    assert state.reserved == (sam,)


async def test_an_intention_stands_until_its_object_is_linked(store: Store, two: State) -> None:
    anna = Intention(key=ANNA, sam_account_name="S.00001", dn="CN=Anna,DC=school,DC=test", intended_at=NIGHT)
    club = Intention(key=CLASS, sam_account_name="KL.1", dn="CN=3a,DC=school,DC=test", intended_at=NIGHT)
    await store.write_intentions(RUN, [anna])
    await store.write_intentions(RUN, [replace(anna, sam_account_name="S.1"), club])
    assert await store.read_intentions() == (replace(anna, sam_account_name="S.1"), club)
    await store.settle([Settlement(key=ANNA, version=two.accounts[0].version, guid=guid("Anna"))])
    assert await store.read_intentions() == (club,)


async def test_a_run_and_its_changes_are_kept_in_order(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    create = CreateUser(
        key=ANNA,
        dn="CN=Anna,DC=school,DC=test",
        login=Login(
            sam_account_name="S.00001",
            user_principal_name=None,
            mail=None,
            addresses=(),
            password_never_expires=False,
        ),
        profile=stored_account().profile,
        must_change_password=True,
        cause=Cause.NEW,
    )
    disable = Disable(key=BEAT, guid=guid("Beat"), dn="CN=Beat,DC=school,DC=test", cause=Cause.EXIT)
    await store.start_run(RUN, command="run", trigger="schedule", realm="hofen", day=NIGHT.date())
    await store.record_outcomes(RUN, [Outcome(change=create, result=Result.DONE, guid=guid("Anna"))])
    await store.record_outcomes(RUN, [Outcome(change=disable, result=Result.FAILED, message="no")])
    await store.finish_run(
        RUN, result="failed", reason="ChangesFailed", exit_code=6, report='{"changes": 2}', plan_checksum="abc"
    )
    changes = postgres.run(
        "SELECT sequence, kind, object, guid, after->>'enabled', result, message FROM connect.connect_change "
        "ORDER BY sequence",
        database=school.name,
    )
    assert changes.splitlines() == [
        f"1|create_user|S.00001|{guid('Anna')}||done|",
        f"2|disable|S.00002|{guid('Beat')}|false|failed|no",
    ]
    run = postgres.run(
        "SELECT command, trigger, realm, result, reason, exit_code, report, plan_checksum, finished_at >= started_at "
        "FROM connect.connect_run",
        database=school.name,
    )
    assert run == 'run|schedule|hofen|failed|ChangesFailed|6|{"changes": 2}|abc|t'
    after = postgres.run("SELECT after FROM connect.connect_change WHERE sequence = 1", database=school.name)
    assert json.loads(after)["sam_account_name"] == "S.00001"


async def test_doctor_hears_that_all_is_well(store: Store) -> None:
    facts = await store.examine()
    assert facts.faults == ()
    assert facts.schema_version is not None
    assert facts.server_version.startswith("15.")


async def test_doctor_hears_everything_that_is_missing(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    postgres.run(
        """
        DROP VIEW connect.source_function;
        DELETE FROM connect.schema_version WHERE version = (SELECT max(version) FROM connect.schema_version);
        ALTER SCHEMA connect OWNER TO postgres;
        GRANT USAGE ON SCHEMA connect TO connect_worker;
        """,
        database=school.name,
    )
    postgres.run(f"ALTER DATABASE {school.name} OWNER TO postgres")
    postgres.run(f"REVOKE TEMPORARY ON DATABASE {school.name} FROM PUBLIC")
    facts = await store.examine()
    assert facts.schema_version is None
    last = known_migrations()[-1]
    assert facts.faults == (
        "the role may not create tables in the schema connect: make it the schema's owner",
        "the role may not create temporary tables: GRANT TEMPORARY ON DATABASE",
        f"Connect's tables lack 1 migrations, from {last.version:04d}_{last.name} on",
        "the view connect.source_function is missing",
    )


def membership_of(*members: Member) -> RemoveMembers:
    return RemoveMembers(key=CLASS, guid=guid("class"), dn="CN=3a,OU=Groups", members=members)


async def test_what_the_last_days_have_taken_away_is_told_in_one_question(store: Store) -> None:
    """Done, and of these days; a create only if somebody had deleted the object."""
    anna, beat = (Member(key=key, dn=f"CN={key},OU=Pupils") for key in (ANNA, BEAT))
    disabled = Disable(key=ANNA, guid=guid("anna"), dn="CN=Anna,OU=Pupils", cause=Cause.EXIT)
    created = CreateGroup(
        key=CLASS, dn="CN=3a", sam_account_name="KL.1", display_name=None, description=None, info=None, cause=Cause.NEW
    )
    days: dict[date, Change] = {
        date(2026, 11, 9): disabled,
        date(2026, 11, 10): membership_of(anna, beat),
        date(2026, 11, 17): disabled,
    }
    for place, (day, change) in enumerate(days.items()):
        run = RunId(UUID(int=place + 1))
        await store.start_run(run, command="run", trigger="schedule", realm="hofen", day=day)
        await store.record_outcomes(run, [Outcome(change=change, result=Result.DONE)])
    await store.start_run(RUN, command="run", trigger="schedule", realm="hofen", day=date(2026, 11, 16))
    await store.record_outcomes(
        RUN,
        [
            Outcome(change=created, result=Result.DONE),
            Outcome(change=replace(created, cause=Cause.DELETED_BY_HAND), result=Result.DONE),
            Outcome(change=replace(disabled, key=BEAT), result=Result.FAILED),
            Outcome(change=replace(disabled, key=BEAT, cause=Cause.DEACTIVATED), result=Result.DONE),
        ],
    )
    acts = await store.read_recent_acts(since=date(2026, 11, 10), until=date(2026, 11, 16))
    assert set(acts) == {
        Act(kind="remove_members", cause=Cause.MEMBERSHIP, key=CLASS, member=ANNA),
        Act(kind="remove_members", cause=Cause.MEMBERSHIP, key=CLASS, member=BEAT),
        Act(kind="create_group", cause=Cause.DELETED_BY_HAND, key=CLASS),
        Act(kind="disable", cause=Cause.DEACTIVATED, key=BEAT),
    }
    assert len(acts) == 4
