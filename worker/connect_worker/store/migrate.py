"""Creates and upgrades Connect's own tables: numbered migrations, each once, each in its own transaction."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from connect_worker.errors import ConfigurationError
from connect_worker.store.connection import Session
from connect_worker.store.sql import QUERIES
from connect_worker.store.version import program_version

REASON = "DatabaseSchemaUnusable"

_VERSIONS = """
CREATE TABLE connect.schema_version (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    program_version text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """One file of migrations/, `NNNN_name.sql`."""

    version: int
    name: str
    script: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the script, in hex."""
        return hashlib.sha256(self.script.encode()).hexdigest()


def known_migrations() -> tuple[Migration, ...]:
    """The migrations that this program brings, in order."""
    folder = resources.files(__package__).joinpath("migrations")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return tuple(
        Migration(version=int(file.name[:4]), name=file.name[5:-4], script=file.read_text(encoding="utf-8"))
        for file in files
    )


async def migrate(session: Session, known: Sequence[Migration] | None = None) -> tuple[Migration, ...]:
    """Apply what is missing, and return it. The caller holds the run lock.

    Raises ConfigurationError when the database is newer than the program, or a migration was altered since.
    """
    migrations = known_migrations() if known is None else known
    await _prepare(session)
    missing = await _missing(session, migrations)
    for migration in missing:
        async with session.transaction():
            await session.execute(migration.script)
            await session.fetch(
                QUERIES["record_migration"], migration.version, migration.name, migration.checksum, program_version()
            )
    return missing


async def check_schema(session: Session) -> int:
    """The schema's version, which is this program's. Raises ConfigurationError when it is older, newer or altered."""
    migrations = known_migrations()
    (found,) = await session.fetch(QUERIES["schema_exists"])
    missing = await _missing(session, migrations) if found["has_versions"] else migrations
    if missing:
        raise ConfigurationError(
            f"Connect's tables lack {len(missing)} migrations, from {missing[0].version:04d}_{missing[0].name} on",
            todo="Run connect-worker migrate",
            reason=REASON,
        )
    return migrations[-1].version


async def _prepare(session: Session) -> None:
    (found,) = await session.fetch(QUERIES["schema_exists"])
    if not found["has_schema"]:
        await session.execute("CREATE SCHEMA connect")
    if not found["has_versions"]:
        await session.execute(_VERSIONS)


async def _missing(session: Session, known: Sequence[Migration]) -> tuple[Migration, ...]:
    applied = {row["version"]: row for row in await session.fetch(QUERIES["applied_migrations"])}
    newer = sorted(set(applied) - {migration.version for migration in known})
    if newer:
        raise ConfigurationError(
            f"the database is newer than this program: it has migration {newer[-1]:04d}, "
            f"the program knows {known[-1].version:04d}",
            todo=f"Use the image of version {applied[newer[-1]]['program_version']} or newer",
            reason=REASON,
        )
    altered = [m for m in known if m.version in applied and applied[m.version]["checksum"] != m.checksum]
    if altered:
        raise ConfigurationError(
            *(f"migration {m.version:04d}_{m.name} is not the one that was applied to this database" for m in altered),
            todo="Use a released image of Connect; an applied migration never changes",
            reason=REASON,
        )
    return tuple(migration for migration in known if migration.version not in applied)
