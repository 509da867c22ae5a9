"""Puts the sample school into a database: the administration's tables, the contract views, the configuration."""

from dataclasses import dataclass
from datetime import date
from importlib import resources

from connect_worker.errors import ConfigurationError
from connect_worker.sample.configuration import build_configuration
from connect_worker.sample.save_configuration import save_configuration
from connect_worker.sample.school import SampleSchool, build_school
from connect_worker.sample.tables import tables
from connect_worker.store.connection import Session

SCHEMA = "administration"

_LOADED = "SELECT pupils, seed, made_for, base_dn FROM administration.sample_school"
_MARKED = "SELECT to_regclass('administration.sample_school') IS NOT NULL AS marked"
_OCCUPIED = """
SELECT 'schema administration' AS what FROM pg_namespace WHERE nspname = 'administration'
UNION ALL
SELECT 'connect.' || relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
 WHERE nspname = 'connect' AND relname LIKE 'source\\_%'
UNION ALL
SELECT 'a configuration for ' || dn FROM connect.connect_config WHERE dn <> ''
UNION ALL
SELECT 'users in connect.main_connect_user' FROM connect.main_connect_user GROUP BY ()
HAVING count(*) > 0
 ORDER BY what
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleOrder:
    """What a sample is made from: the same order makes the same school. `base_dn` is such as DC=school,DC=test."""

    pupils: int
    seed: int
    today: date
    base_dn: str

    def __str__(self) -> str:
        return f"{self.pupils} pupils, seed {self.seed}, made for {self.today}, below {self.base_dn}"

    def build(self) -> SampleSchool:
        """The school that was ordered."""
        return build_school(pupils=self.pupils, seed=self.seed, today=self.today)


async def load_sample(session: Session, order: SampleOrder, *, replace: bool = False) -> SampleSchool:
    """Make the sample school in a migrated database, in one transaction.

    If the same order stands there already, the school is left as it is, with all that happened to it since. With
    `replace`, the school that stands there is dropped, whichever it is; Connect's own users and groups stay, for their
    accounts are in a directory. Raises ConfigurationError: SampleExists for another order without `replace`,
    NotASampleDatabase where anything stands that the sample has not made.
    """
    school = order.build()
    async with session.transaction():
        loaded = await loaded_order(session)
        if loaded is None:
            await _require_vacant(session)
        elif not replace and loaded == order:
            return school
        elif not replace:
            raise ConfigurationError(
                f"The database holds another sample school: {loaded}",
                todo="Ask for the same one, or for it to be replaced",
                reason="SampleExists",
            )
        await _make(session, order, school)
    return school


async def loaded_order(session: Session) -> SampleOrder | None:
    """What the sample in this database was made from; None where there is none."""
    [mark] = await session.fetch(_MARKED)
    if not mark["marked"]:
        return None
    [row] = await session.fetch(_LOADED)
    return SampleOrder(pupils=row["pupils"], seed=row["seed"], today=row["made_for"], base_dn=row["base_dn"])


async def _require_vacant(session: Session) -> None:
    occupied = [row["what"] for row in await session.fetch(_OCCUPIED)]
    if occupied:
        raise ConfigurationError(
            f"This database belongs to somebody else; it has {', '.join(occupied)}",
            todo="Load the sample into a database of its own",
            reason="NotASampleDatabase",
        )


async def _make(session: Session, order: SampleOrder, school: SampleSchool) -> None:
    await session.execute(resources.files(__package__).joinpath("administration.sql").read_text(encoding="utf-8"))
    for table in tables(school.data):
        await session.copy(table.name, table.columns, table.rows, schema=SCHEMA)
    mark = (order.pupils, order.seed, order.today, order.base_dn)
    await session.copy("sample_school", ("pupils", "seed", "made_for", "base_dn"), [mark], schema=SCHEMA)
    await save_configuration(session, build_configuration(order.base_dn))
