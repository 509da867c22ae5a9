"""Every secret that stands in Connect's tables, and its sealing anew when the customer's key is changed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from connect_worker.errors import ConfigurationError
from connect_worker.model.secret import SealedSecret
from connect_worker.store.columns import USER_KEY, user_key_of
from connect_worker.store.connection import Session
from connect_worker.store.crypto import Keyring, config_owner, user_owner
from connect_worker.store.row import Row
from connect_worker.store.sql import QUERIES

NAMED = 5
"""How many owners of secrets a fault names; the others are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretColumn:
    """A column that holds sealed secrets: the columns that identify its row, and whose secret it is."""

    table: str
    name: str
    key: tuple[str, ...]
    owner: Callable[[Row], str]

    @property
    def select(self) -> str:
        """All secrets of the column, as `sealed`, with their rows' keys."""
        return (
            f"SELECT {', '.join(self.key)}, {self.name} AS sealed FROM connect.{self.table} "  # noqa: S608 - own names
            f"WHERE {self.name} IS NOT NULL ORDER BY {', '.join(self.key)}"
        )

    @property
    def replace(self) -> str:
        """$1 are the secrets that were read, $2 those that take their places; whatever is another one now stays."""
        return (
            f"UPDATE connect.{self.table} t SET {self.name} = r.after "  # noqa: S608 - own names
            "FROM unnest($1::text[], $2::text[]) AS r (before, after) "
            f"WHERE t.{self.name} = r.before RETURNING 1"
        )


def _user_owner(row: Row) -> str:
    return user_owner(user_key_of(row))


def _config_column(name: str) -> SecretColumn:
    return SecretColumn(table="connect_config", name=name, key=("only_row",), owner=lambda _: config_owner(name))


SECRET_COLUMNS = (
    SecretColumn(table="main_connect_user", name="user_password", key=tuple(USER_KEY.values()), owner=_user_owner),
    _config_column("connect_api_password"),
    _config_column("ad_password"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotation:
    """What became of the secrets: sealed anew, sealed with the newest key already, or changed by somebody meanwhile.

    `faults` name those that no key opens: each key that is missing, and the secrets that need it.
    """

    resealed: int = 0
    current: int = 0
    left: int = 0
    faults: tuple[str, ...] = ()


async def rotate(session: Session, keyring: Keyring) -> Rotation:
    """Seal every secret under the newest key, in one transaction, each only while it is the one that was read.

    No row gets a new version by it. Secrets that cannot be opened stay as they are.
    """
    resealed = current = left = 0
    unopened: dict[str, list[str]] = {}
    async with session.transaction():
        await session.fetch(QUERIES["keep_versions"])
        for column in SECRET_COLUMNS:
            rows = await session.fetch(column.select)
            stale = [row for row in rows if not keyring.is_current(row["sealed"])]
            pairs = list(_resealed(stale, column.owner, keyring, unopened))
            done = await session.fetch(column.replace, *map(list, zip(*pairs, strict=True))) if pairs else ()
            resealed += len(done)
            left += len(pairs) - len(done)
            current += len(rows) - len(stale)
        await session.fetch(QUERIES["number_again"])
    faults = tuple(f"{_named(owners)}: {why}" for why, owners in unopened.items())
    return Rotation(resealed=resealed, current=current, left=left, faults=faults)


def _resealed(
    rows: Iterable[Row], owner_of: Callable[[Row], str], keyring: Keyring, unopened: dict[str, list[str]]
) -> Iterable[tuple[str, SealedSecret]]:
    """Each secret with the one that takes its place; those that cannot be opened are noted by the reason."""
    for row in rows:
        owner = owner_of(row)
        sealed = SealedSecret(row["sealed"])
        try:
            yield sealed, keyring.seal(keyring.open(sealed, owner=owner), owner=owner)
        except ConfigurationError:
            unopened.setdefault(keyring.why_closed(sealed), []).append(owner)


def _named(owners: list[str]) -> str:
    more = f" and {len(owners) - NAMED} more" if len(owners) > NAMED else ""
    return f"{', '.join(owners[:NAMED])}{more}"
