"""Ask PostgreSQL what the seed's own conditions say of some tables."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from connect_worker.model.account import Account
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ObjectKey
from connect_worker.model.group import Group
from connect_worker.model.state import State
from tests.support.postgres import PostgresServer

SCRIPT = Path(__file__).resolve().parents[1] / "data" / "validation_oracle.sql"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdicts:
    """The codes of the rules whose conditions each record meets, and the warning column of each."""

    codes: Mapping[ObjectKey, frozenset[int]]
    columns: Mapping[ObjectKey, int | None]


def ask(server: PostgresServer, state: State, configuration: Configuration) -> Verdicts:
    """Load the records into a database of their own, apply the seed's conditions, and drop it again."""
    database = server.create_database().name
    try:
        return asyncio.run(_ask(server, database, state, configuration))
    finally:
        server.drop_database(database)


async def _ask(server: PostgresServer, database: str, state: State, configuration: Configuration) -> Verdicts:
    connection = await asyncpg.connect(
        host=str(server.folder), port=server.port, user="postgres", database=database, timeout=30, command_timeout=120
    )
    try:
        await connection.execute(SCRIPT.read_text(encoding="utf-8"))
        await _load(connection, state, configuration)
        await connection.execute("CALL connect_validate()")
        users = await connection.fetch("SELECT * FROM main_connect_user JOIN user_finding USING (user_id)")
        groups = await connection.fetch("SELECT * FROM main_connect_group JOIN group_finding USING (group_id)")
    finally:
        await connection.close()
    keyed: list[tuple[ObjectKey, asyncpg.Record]] = [
        *((state.accounts[row["user_id"]].key, row) for row in users),
        *((state.groups[row["group_id"]].key, row) for row in groups),
    ]
    return Verdicts(
        codes={key: _codes(row) for key, row in keyed},
        columns={key: row.get("user_warning", row.get("group_warning")) for key, row in keyed},
    )


async def _load(connection: asyncpg.Connection, state: State, configuration: Configuration) -> None:
    mandants = [(mandant.number,) for mandant in configuration.mandants]
    await connection.copy_records_to_table("connect_config_mandant", records=mandants)
    users = [_user_row(number, user) for number, user in enumerate(state.accounts)]
    await connection.copy_records_to_table("main_connect_user", records=users)
    groups = [_group_row(number, group) for number, group in enumerate(state.groups)]
    await connection.copy_records_to_table("main_connect_group", records=groups)


def _user_row(number: int, user: Account) -> tuple[object, ...]:
    names = user.names
    mandants = (user.mandant_chosen, user.mandants)
    identities = (names.dn_first_element, names.user_principal_name, names.sam_account_name)
    return (number, *mandants, *identities, names.mail, *names.aliases, user.is_draft, None)


def _group_row(number: int, group: Group) -> tuple[object, ...]:
    return (number, group.mandant_chosen, group.mandants, group.dn_first_element, None)


def _codes(row: asyncpg.Record) -> frozenset[int]:
    return frozenset(
        int(column.removeprefix("rule_")) for column, hit in row.items() if column.startswith("rule_") and hit
    )
