"""connect_migration, read with the tables and written with them (seed 002, «Manager»: sp_ConnectMigrateUser)."""

from dataclasses import replace

import pytest

from connect_worker.model.account import Account
from connect_worker.model.state import NameKind, ReservedName, Settlement, State, TakeOver
from connect_worker.settings import DatabaseSettings
from connect_worker.store.repository import Store
from tests.support.builders import guid, staff_key, student_key
from tests.support.postgres import PostgresServer
from tests.support.school import stored_account

ANNA, RITA = student_key(1), staff_key(2)
ENTERED = """
INSERT INTO connect.connect_migration (migration_type, source_fk, user_guid, alias1, alias3)
    VALUES ('S', 1, 'GUID', 'a@x.ch', 'c@x.ch'), ('P', 2, NULL, 'r@x.ch', NULL);
""".replace("GUID", str(guid("Anna")))


@pytest.fixture
async def entered(store: Store, school: DatabaseSettings, postgres: PostgresServer) -> State:
    """Two rows that wait, and one of their users."""
    await store.write_state(State(accounts=(), groups=(), memberships={}), _state(stored_account(1)))
    postgres.run(ENTERED, database=school.name)
    return (await store.read_own())[1]


def _state(*accounts: Account) -> State:
    return State(accounts=accounts, groups=(), memberships={})


def _rows(postgres: PostgresServer, school: DatabaseSettings) -> list[str]:
    found = postgres.run(
        "SELECT migration_type, source_fk, taken_over_at IS NOT NULL, coalesce(refusal, '–') "
        "FROM connect.connect_migration ORDER BY 1, 2",
        database=school.name,
    )
    return found.split("\n")


async def test_what_waits_is_read_with_its_aliases_in_their_order(entered: State) -> None:
    assert entered.take_overs == (
        TakeOver(key=RITA, guid=None, aliases=("r@x.ch",)),
        TakeOver(key=ANNA, guid=guid("Anna"), aliases=("a@x.ch", "c@x.ch")),
    )


async def test_a_row_that_is_taken_over_is_marked_and_never_read_again(
    store: Store, entered: State, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    (anna,) = entered.accounts
    linked = replace(anna, object_guid=guid("Anna"))
    after = replace(entered, accounts=(linked,), take_overs=entered.take_overs[:1])
    await store.write_state(entered, after)
    assert _rows(postgres, school) == ["P|2|f|–", "S|1|t|–"]
    (again,) = (await store.read_own())[1].take_overs
    assert again.key == RITA


async def test_a_refusal_stands_beside_its_row_until_it_is_cured(
    store: Store, entered: State, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    rita, anna = entered.take_overs
    refused = replace(entered, take_overs=(rita, replace(anna, refusal="no such object")))
    await store.write_state(entered, refused)
    assert _rows(postgres, school) == ["P|2|f|–", "S|1|f|no such object"]
    assert (await store.read_own())[1].take_overs == refused.take_overs
    await store.write_state(refused, replace(refused, take_overs=(rita,)))
    assert _rows(postgres, school) == ["P|2|f|–", "S|1|t|–"]


async def test_a_user_whom_somebody_edits_meanwhile_is_not_taken_over_by_halves(
    store: Store, entered: State, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    (anna,) = entered.accounts
    postgres.run("UPDATE connect.main_connect_user SET user_title = 'x'", database=school.name)
    linked = replace(anna, object_guid=guid("Anna"))
    written = await store.write_state(entered, replace(entered, accounts=(linked,), take_overs=entered.take_overs[:1]))
    assert written.left == (ANNA,)
    assert _rows(postgres, school) == ["P|2|f|–", "S|1|f|–"]


async def test_a_row_that_somebody_corrects_meanwhile_waits(
    store: Store, entered: State, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    rita, anna = entered.take_overs
    postgres.run(
        "UPDATE connect.connect_migration SET user_guid = gen_random_uuid() WHERE source_fk = 1",
        database=school.name,
    )
    await store.write_state(entered, replace(entered, take_overs=(rita, replace(anna, refusal="no such object"))))
    assert _rows(postgres, school) == ["P|2|f|–", "S|1|f|–"]


async def test_whose_an_object_is_by_its_employee_id_is_kept(store: Store, entered: State) -> None:
    held = ReservedName(kind=NameKind.EMPLOYEE_ID, name="S:s.00001", guid=guid("Anna"))
    await store.write_state(entered, replace(entered, reserved=(held,)))
    assert (await store.read_own())[1].reserved == (held,)


@pytest.mark.usefixtures("entered")
async def test_an_adoption_links_and_takes_the_flag_for_new_names_back(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    postgres.run("UPDATE connect.main_connect_user SET user_config_regenerate_names = true", database=school.name)
    (anna,) = (await store.read_own())[1].accounts
    adopted = Settlement(key=ANNA, version=anna.version, guid=guid("Anna"), clear_regenerate_names=True)
    await store.settle([replace(adopted, version=anna.version - 1)])
    (left,) = (await store.read_own())[1].accounts
    assert (left.object_guid, left.regenerate_names) == (guid("Anna"), True), "somebody else's flag stays"
    await store.settle([adopted])
    (done,) = (await store.read_own())[1].accounts
    assert (done.object_guid, done.regenerate_names) == (guid("Anna"), False)
