"""docs/reference/database.md says what the program expects and what the migrations make."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connect_worker.settings import DatabaseSettings
from connect_worker.store.columns import EXTENSIONS, PROFILE
from connect_worker.store.contract import ROW_VERSION, VIEWS, Column, View
from connect_worker.store.lock import RUN_LOCK
from connect_worker.targets.active_directory.attributes import TEXT
from tests.support.postgres import PostgresServer

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "database.md").read_text(encoding="utf-8")

COLUMNS = """
SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
WHERE attrelid = TABLE::regclass AND attnum > 0 ORDER BY attnum
"""


def table_below(heading: str) -> Iterator[list[str]]:
    """The cells of the table rows below a heading, up to the next one."""
    section = re.split(r"^#+ ", PAGE.split(f"### `{heading}`\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    for line in section.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def documented(column: Column) -> tuple[str, str, str]:
    may_be_null = column.name == ROW_VERSION or not column.mandatory
    return f"`{column.name}`", column.shown_type, "yes" if may_be_null else "no"


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_the_page_lists_each_view_as_the_program_reads_it(view: View[object]) -> None:
    rows = [(name, kind, empty) for name, kind, empty, _ in table_below(view.name)]
    assert rows == [documented(column) for column in view.columns]


@pytest.mark.parametrize("table", ["main_connect_user", "main_connect_group"])
def test_the_page_lists_each_column_as_the_migrations_make_it(
    table: str, database: DatabaseSettings, postgres: PostgresServer
) -> None:
    made = postgres.run(COLUMNS.replace("TABLE", f"'connect.{table}'"), database=database.name)
    rows = [f"{cells[0].strip('`')}|{cells[1]}" for cells in table_below(table)]
    assert rows == made.splitlines()


def test_the_page_names_the_attribute_of_active_directory_that_each_column_fills() -> None:
    told = {cells[0].strip("`"): cells[4] for cells in table_below("main_connect_user")}
    assert {column: told[column] for column in PROFILE.values()} == {PROFILE[field]: TEXT[field] for field in PROFILE}
    assert [told[column] for column in EXTENSIONS] == [f"extensionAttribute{place}" for place in range(1, 16)]


@pytest.mark.parametrize("table", ["level", "mandant", "group", "extension_attribute"])
def test_the_page_names_every_column_of_the_configurations_sister_tables(
    table: str, database: DatabaseSettings, postgres: PostgresServer
) -> None:
    made = postgres.run(COLUMNS.replace("TABLE", f"'connect.connect_config_{table}'"), database=database.name)
    columns = [line.partition("|")[0] for line in made.splitlines()]
    named = set(re.findall(r"`(?:connect_config_\w+|…)?[._]?(\w+)`", PAGE))
    assert [column for column in columns if column not in named] == []


def test_the_page_names_every_table(database: DatabaseSettings, postgres: PostgresServer) -> None:
    made = postgres.run("SELECT tablename FROM pg_tables WHERE schemaname = 'connect'", database=database.name).split()
    overview = PAGE.split("## Connect's tables")[1].split("**Row versions.**")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", overview, re.MULTILINE)) == set(made)


def test_the_page_names_every_column_of_the_configuration(database: DatabaseSettings, postgres: PostgresServer) -> None:
    made = postgres.run(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'connect.connect_config'::regclass AND attnum > 0",
        database=database.name,
    ).split()
    named = set(re.findall(r"`(\w+)`", PAGE))
    endings = set(re.findall(r"`…_(\w+)`", PAGE))
    missing = {name for name in made if name not in named and name.split("_", 1)[1] not in endings}
    assert missing == {"only_row"}


def test_the_page_names_the_locks_key() -> None:
    assert str(RUN_LOCK) in PAGE
