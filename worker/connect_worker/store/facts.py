"""What `doctor` tells of the database: its version, its rights, Connect's tables and the customer's views."""

from collections.abc import Iterator
from dataclasses import dataclass

from connect_worker.errors import ConfigurationError
from connect_worker.store.connection import Session
from connect_worker.store.contract import VIEWS, catalogue_of, faults_of
from connect_worker.store.migrate import check_schema
from connect_worker.store.row import Row
from connect_worker.store.sql import QUERIES

OLDEST_SERVER = 13


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseFacts:
    """The server's version; that of Connect's tables, None: unusable; and everything that is wrong, for people."""

    server_version: str
    schema_version: int | None
    faults: tuple[str, ...]


async def examine(session: Session) -> DatabaseFacts:
    """Look at everything that a run needs, without changing anything."""
    (rights,) = await session.fetch(QUERIES["rights"])
    catalogue = catalogue_of(await session.fetch(QUERIES["catalogue"], [view.name for view in VIEWS]))
    schema_version, schema_faults = await _schema(session)
    return DatabaseFacts(
        server_version=rights["server_version"],
        schema_version=schema_version,
        faults=(*_old_server(session), *_lacking(rights), *schema_faults, *faults_of(catalogue)),
    )


async def _schema(session: Session) -> tuple[int | None, tuple[str, ...]]:
    try:
        return await check_schema(session), ()
    except ConfigurationError as error:
        return None, error.faults


def _old_server(session: Session) -> Iterator[str]:
    if session.server_version[0] < OLDEST_SERVER:
        yield f"the server is older than PostgreSQL {OLDEST_SERVER}"


def _lacking(rights: Row) -> Iterator[str]:
    if rights["may_create_tables"] is None and not rights["may_create_schema"]:
        yield "the role may not create the schema connect: GRANT CREATE ON DATABASE"
    if rights["may_create_tables"] is False:
        yield "the role may not create tables in the schema connect: make it the schema's owner"
    if not rights["may_create_temporary"]:
        yield "the role may not create temporary tables: GRANT TEMPORARY ON DATABASE"
