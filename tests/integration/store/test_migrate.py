"""Migrations on a real server."""

from dataclasses import replace

import pytest

from connect_worker.errors import ConfigurationError
from connect_worker.settings import DatabaseSettings
from connect_worker.store.connection import open_session
from connect_worker.store.migrate import Migration, check_schema, known_migrations, migrate
from tests.support.postgres import PostgresServer


async def test_an_empty_database_gets_every_migration_once(empty_database: DatabaseSettings) -> None:
    async with open_session(empty_database, application_name="tests") as session:
        first = await migrate(session)
        second = await migrate(session)
        version = await check_schema(session)
    assert first == known_migrations()
    assert second == ()
    assert version == known_migrations()[-1].version


async def test_a_database_without_connects_tables_is_told_to_migrate(empty_database: DatabaseSettings) -> None:
    async with open_session(empty_database, application_name="tests") as session:
        with pytest.raises(ConfigurationError, match="Run connect-worker migrate"):
            await check_schema(session)


async def test_a_failing_migration_leaves_the_ones_before_it_and_nothing_of_itself(
    empty_database: DatabaseSettings, postgres: PostgresServer
) -> None:
    good = Migration(version=1, name="good", script="CREATE TABLE connect.good ()")
    bad = Migration(version=2, name="bad", script="CREATE TABLE connect.bad (); DROP TABLE connect.schema_version")
    async with open_session(empty_database, application_name="tests") as session:
        with pytest.raises(ConfigurationError, match="schema_version"):
            await migrate(session, [good, bad])
        mended = replace(bad, script="CREATE TABLE connect.bad ()")
        assert await migrate(session, [good, mended]) == (mended,)
    tables = postgres.run(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'connect' ORDER BY 1", database=empty_database.name
    )
    assert tables.split() == ["bad", "good", "schema_version"]


async def test_a_newer_database_is_refused_and_names_the_version_to_use(
    database: DatabaseSettings, postgres: PostgresServer
) -> None:
    postgres.run(
        "INSERT INTO connect.schema_version VALUES (9999, 'future', 'x', '7.1.0')",
        database=database.name,
    )
    async with open_session(database, application_name="tests") as session:
        with pytest.raises(ConfigurationError, match=r"newer than this program.*\n?.*7\.1\.0"):
            await migrate(session)
        with pytest.raises(ConfigurationError, match="newer than this program"):
            await check_schema(session)


async def test_an_applied_migration_that_was_altered_is_refused(
    database: DatabaseSettings, postgres: PostgresServer
) -> None:
    postgres.run("UPDATE connect.schema_version SET checksum = 'other' WHERE version = 1", database=database.name)
    async with open_session(database, application_name="tests") as session:
        with pytest.raises(ConfigurationError, match="0001_users_and_groups is not the one"):
            await check_schema(session)
