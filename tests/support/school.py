"""A store on a fresh database with the smallest school, and rows for it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from connect_worker.model.account import Account
from connect_worker.model.secret import SealedSecret
from connect_worker.settings import DatabaseSettings
from connect_worker.store.repository import Store, open_store
from tests.support import builders
from tests.support.postgres import PostgresServer

SCHOOL = (Path(__file__).parents[1] / "data" / "school.sql").read_text(encoding="utf-8")
SEALED = SealedSecret("v1.0123456789ab.AAAA")


@pytest.fixture
def school(database: DatabaseSettings, postgres: PostgresServer) -> DatabaseSettings:
    """A migrated database with tests/data/school.sql."""
    postgres.run(SCHOOL, database=database.name)
    return database


@pytest.fixture
async def store(school: DatabaseSettings) -> AsyncIterator[Store]:
    """A store on the smallest school."""
    async with open_store(school, application_name="tests") as store:
        yield store


def stored_account(number: int = 1, **changes: Any) -> Account:
    """A pupil's row as the database accepts it."""
    return builders.account(number, **({"initial_password": SEALED, "version": 0} | changes))
