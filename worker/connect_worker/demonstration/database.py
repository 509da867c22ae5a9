"""The school's database in the demonstration: made on the embedded PostgreSQL, edited as an office edits it, read."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from connect_worker.demonstration.postgres import ADDRESS, SUPERUSER
from connect_worker.errors import ConfigurationError
from connect_worker.model.ids import AccountKey, UserType
from connect_worker.model.secret import Secret
from connect_worker.sample.load import SampleOrder, loaded_order
from connect_worker.sample.trouble import Edit, Trouble, make_trouble
from connect_worker.settings import DatabaseSettings
from connect_worker.store.connection import Session, open_session
from connect_worker.store.row import Row

NAME = "school"
ROLE = "connect_worker"
"""The worker's account: no superuser; it owns the database."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """The school's database, over TCP like the worker. Every method raises ConnectError."""

    settings: DatabaseSettings

    def fetch(self, query: str, *arguments: object) -> Sequence[Row]:
        """The rows of one statement."""
        return self._in_session(lambda session: session.fetch(query, *arguments))

    def trouble(self, trouble: Trouble, today: date) -> Edit:
        """Let the school's office edit a record of its own."""
        return self._in_session(lambda session: make_trouble(session, trouble, today=today))

    def class_group_of(self, key: AccountKey) -> str:
        """The sAM name of the pupil's class group."""
        [row] = self.fetch(CLASS_GROUP, key.type.value, key.source_id)
        return str(row["group_sam_account_name"])

    def school(self) -> SampleOrder:
        """What the school that stands here was made from. Raises ConfigurationError where there is none."""
        order = self._in_session(loaded_order)
        if order is None:
            raise ConfigurationError(
                "There is no school to look at: its story was stopped too early", todo="Tell it again, without --look"
            )
        return order

    def newest_pupil(self) -> AccountKey:
        """The pupil who was entered last."""
        [row] = self.fetch("SELECT max(lernende_id) AS key FROM administration.lernende")
        return AccountKey(UserType.STUDENT, row["key"])

    def _in_session(self, work: Callable[[Session], Awaitable[T]]) -> T:
        async def run() -> T:
            async with open_session(self.settings, application_name="connect demonstration") as session:
                return await work(session)

        return asyncio.run(run())


def database_at(port: int, password: Secret) -> Database:
    """The school's database on the embedded server."""
    return Database(
        settings=DatabaseSettings(
            host=ADDRESS, port=port, name=NAME, username=ROLE, password=password, sslmode="disable"
        )
    )


def create_database(database: Database, superuser_password: Secret) -> None:
    """Make the database and the role that owns it, as the server's superuser."""
    server = Database(
        settings=replace(database.settings, name="postgres", username=SUPERUSER, password=superuser_password)
    )
    server.fetch(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{database.settings.password.reveal()}'")
    server.fetch(f"CREATE DATABASE {NAME} OWNER {ROLE}")


CLASS_GROUP = """
SELECT group_sam_account_name
  FROM connect.main_connect_user AS u
  JOIN connect.main_connect_membership AS m ON m.user_id = u.id
  JOIN connect.main_connect_group AS g ON g.id = m.group_id
 WHERE u.user_config_type = $1 AND u.user_config_source_fk = $2 AND g.group_config_rule LIKE '%_per_class'
"""
