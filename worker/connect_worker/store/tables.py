"""The statements that write users and groups in bulk and read them again, made from the columns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from connect_worker.model.account import Account
from connect_worker.model.group import Group
from connect_worker.store.columns import (
    GROUP_COLUMNS,
    GROUP_READ_ONLY,
    USER_COLUMNS,
    USER_READ_ONLY,
    account_of,
    group_of,
    row_of_account,
    row_of_group,
)
from connect_worker.store.row import Row
from connect_worker.store.sql import QUERIES

R = TypeVar("R", bound=Account | Group)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table(Generic[R]):
    """How records of one kind are written and read again."""

    name: str
    columns: tuple[str, ...]
    read_only: tuple[str, ...]
    by_hand: str
    values: Callable[[R], tuple[object, ...]]
    record: Callable[[Row], R]
    remove: str

    @property
    def select(self) -> str:
        """All rows, oldest first."""
        return f"SELECT {', '.join((*self.columns, *self.read_only))} FROM connect.main_connect_{self.name} ORDER BY id"  # noqa: S608

    @property
    def wanted(self) -> str:
        """The temporary table of wanted rows."""
        return f"wanted_{self.name}"

    @property
    def create(self) -> str:
        """Make the temporary table, in this transaction."""
        return (
            f"DROP TABLE IF EXISTS pg_temp.{self.wanted};"  # noqa: S608 - names of our own
            f'CREATE TEMPORARY TABLE {self.wanted} ON COMMIT DROP AS SELECT id, "timestamp" AS version, '
            f"{', '.join(self.columns)} FROM connect.main_connect_{self.name} WITH NO DATA"
        )

    @property
    def update(self) -> str:
        """Update the rows that still have the version that was read."""
        values = ", ".join(f"{column} = w.{column}" for column in self.columns)
        return (
            f"UPDATE connect.main_connect_{self.name} t SET {values} "  # noqa: S608
            f'FROM pg_temp.{self.wanted} w WHERE t.id = w.id AND t."timestamp" = w.version'
        )

    @property
    def insert(self) -> str:
        """Insert the new rows, ids in the order of their keys; what is made by hand is its own source."""
        columns = ", ".join(self.columns)
        return (
            f"INSERT INTO connect.main_connect_{self.name} (id, {columns}) "  # noqa: S608
            f"SELECT CASE WHEN {self.by_hand} THEN {self.name}_config_source_fk "
            f"ELSE nextval(pg_get_serial_sequence('connect.main_connect_{self.name}', 'id')) END, {columns} "
            f"FROM pg_temp.{self.wanted} WHERE id IS NULL ORDER BY {columns} ON CONFLICT DO NOTHING"
        )

    @property
    def reread(self) -> str:
        """What is not known in this version; for what has vanished, a row without id, but with `known_id`."""
        return (
            f"SELECT t.*, k.known_id FROM ({self.select}) t "  # noqa: S608
            "FULL JOIN unnest($1::bigint[], $2::bigint[]) AS k (known_id, known_version) ON k.known_id = t.id "
            'WHERE k.known_version IS DISTINCT FROM t."timestamp"'
        )


USERS = Table(
    name="user",
    columns=USER_COLUMNS,
    read_only=tuple(USER_READ_ONLY.values()),
    by_hand="user_config_type = 'M'",
    values=row_of_account,
    record=account_of,
    remove=QUERIES["remove_users"],
)
GROUPS = Table(
    name="group",
    columns=GROUP_COLUMNS,
    read_only=tuple(GROUP_READ_ONLY.values()),
    by_hand="group_config_rule = 'manual'",
    values=row_of_group,
    record=group_of,
    remove=QUERIES["remove_groups"],
)
