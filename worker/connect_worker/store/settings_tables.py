"""Reads, tries out and writes the configurator's tables as a document."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NoReturn, Self

from connect_worker.model.secret import SealedSecret
from connect_worker.store.connection import Session
from connect_worker.store.row import Row
from connect_worker.store.settings_document import (
    GENERAL,
    SECRETS,
    TABLE,
    Document,
    SettingsColumn,
    SettingsTable,
    Values,
    faults_of,
    is_setting,
)
from connect_worker.store.sql import QUERIES


class SettingsTables:
    """The configurator's tables with their columns, keys and defaults, as this database has them."""

    def __init__(self, session: Session, tables: Sequence[SettingsTable]) -> None:
        self.tables = tuple(tables)
        self._session = session

    @classmethod
    async def of(cls, session: Session) -> Self:
        """Look what there is; whatever a migration adds is there by itself. The general table comes first."""
        found: dict[str, list[Row]] = {}
        for row in await session.fetch(QUERIES["settings_columns"], TABLE):
            if is_setting(row["name"]):
                found.setdefault(row["table"], []).append(row)
        tables = [_table(name, rows, await _defaults(session, rows)) for name, rows in sorted(found.items())]
        return cls(session, tables)

    async def read(self) -> Document:
        """All settings as they stand."""
        return Document(parts={table.part: await self._rows(table) for table in self.tables})

    async def secrets_set(self) -> frozenset[str]:
        """Which of the secrets have a value."""
        asked = ", ".join(f"{name} IS NOT NULL AS {name}" for name in sorted(SECRETS))
        (row,) = await self._session.fetch(f"SELECT {asked} FROM connect.{TABLE}")  # noqa: S608 - own names
        return frozenset(name for name in SECRETS if row[name])

    async def refused(self, document: Document) -> tuple[str, ...]:
        """Everything that the tables would refuse, all at once: values of another type, and the tables' conditions."""
        faults = tuple(faults_of(self.tables, document))
        if faults:
            return faults
        conditions = await self._session.fetch(QUERIES["settings_conditions"], [table.name for table in self.tables])
        broken: list[str] = []
        for table in self.tables:
            tests = [row["condition"] for row in conditions if row["table"] == table.name]
            broken += await self._broken(table, document.parts[table.part], tests) if tests else ()
        return tuple(broken)

    @asynccontextmanager
    async def tried(self, document: Document) -> AsyncIterator[None]:
        """The document stands in the tables as long as this lasts, for this session alone."""
        with suppress(_UndoneError):
            async with self._session.transaction():
                await self.write(document)
                yield
                _undo()

    async def write(self, document: Document) -> None:
        """Let the tables hold exactly this; secrets and the lock stay. The caller holds a transaction."""
        for table in self.tables:
            names = _names(table.columns)
            rows = json.dumps(list(document.parts[table.part]), ensure_ascii=False)
            given = f"SELECT {names} FROM json_populate_recordset(NULL::connect.{table.name}, $1::json)"  # noqa: S608
            if table.part == GENERAL:
                statement = f"UPDATE connect.{table.name} SET ({names}) = ({given})"  # noqa: S608 - own names
            else:
                await self._session.execute(f"DELETE FROM connect.{table.name}")  # noqa: S608 - own names
                statement = f"INSERT INTO connect.{table.name} ({names}) {given}"
            await self._session.fetch(statement, rows)

    async def write_secret(self, name: str, sealed: SealedSecret | None) -> None:
        """Put a sealed secret into connect_config, or take it out; `name` is one of SECRETS."""
        assert name in SECRETS, "the path was followed"
        await self._session.fetch(f"UPDATE connect.{TABLE} SET {name} = $1", sealed)  # noqa: S608 - own names

    async def _rows(self, table: SettingsTable) -> tuple[Values, ...]:
        order = f"ORDER BY {', '.join(table.key)}" if table.key else ""
        chosen = f"SELECT {_names(table.columns)} FROM connect.{table.name} {order}"  # noqa: S608 - own names
        rows = await self._session.fetch(f"SELECT to_json(r)::text AS row FROM ({chosen}) r")  # noqa: S608
        return tuple(json.loads(row["row"]) for row in rows)

    async def _broken(self, table: SettingsTable, rows: Sequence[Values], conditions: Sequence[str]) -> list[str]:
        """The conditions that rows break; a condition names columns of its row, and nothing else."""
        tests = ", ".join(f"coalesce({condition}, true) AS c{place}" for place, condition in enumerate(conditions))
        found = await self._session.fetch(
            f"SELECT {tests} FROM json_populate_recordset(NULL::connect.{table.name}, $1::json) "  # noqa: S608
            "WITH ORDINALITY ORDER BY ordinality",
            json.dumps(list(rows), ensure_ascii=False),
        )
        return [
            f"{table.part}{f'.{table.key_of(row)}' if table.key else ''}: {_words(condition)} does not hold"
            for row, results in zip(rows, found, strict=True)
            for place, condition in enumerate(conditions)
            if not results[f"c{place}"]
        ]


class _UndoneError(Exception):
    """Ends a transaction that was only a trial."""


def _undo() -> NoReturn:
    raise _UndoneError


async def _defaults(session: Session, rows: Iterable[Row]) -> Values:
    """What the database would fill in."""
    filled = ", ".join(f"{row['default']} AS {row['name']}" for row in rows if row["default"] is not None)
    if not filled:
        return {}
    (row,) = await session.fetch(f"SELECT to_json(d)::text AS values FROM (SELECT {filled}) d")  # noqa: S608
    values: dict[str, Any] = json.loads(row["values"])
    return values


def _table(name: str, rows: Sequence[Row], defaults: Values) -> SettingsTable:
    return SettingsTable(
        name=name,
        key=tuple(row["name"] for row in rows if row["in_key"]),
        columns=tuple(
            SettingsColumn(
                name=row["name"], type=row["type"], nullable=row["nullable"], default=defaults.get(row["name"])
            )
            for row in rows
        ),
    )


def _names(columns: Iterable[SettingsColumn]) -> str:
    return ", ".join(column.name for column in columns)


def _words(condition: str) -> str:
    """A condition as people read it, without PostgreSQL's casts."""
    return condition.replace("::text", "")
