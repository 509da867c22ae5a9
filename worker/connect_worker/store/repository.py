"""The customer's database as the rest of the worker sees it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

from connect_worker.settings import DatabaseSettings
from connect_worker.store.approvals import Approvals
from connect_worker.store.connection import open_session
from connect_worker.store.crypto import Keyring
from connect_worker.store.facts import DatabaseFacts, examine
from connect_worker.store.lock import Holder, run_lock
from connect_worker.store.migrate import Migration, check_schema, migrate
from connect_worker.store.secrets import Rotation, rotate
from connect_worker.store.settings_tables import SettingsTables


class Store(Approvals):
    """One run's session with the customer's database.

    Every method raises ConnectionFailedError when the connection breaks, and ConfigurationError when the database
    does not hold what it should.
    """

    def lock(self, *, wait: timedelta, on_wait: Callable[[Holder], None]) -> AbstractAsyncContextManager[None]:
        """Hold the run lock of this database; raises LockHeldError naming the holder."""
        return run_lock(self._session, wait=wait, on_wait=on_wait)

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """One READ COMMITTED transaction around several writes (ruling 33)."""
        return self._session.transaction("read_committed")

    async def migrate(self) -> tuple[Migration, ...]:
        """Create or upgrade Connect's tables; returns what was applied. The caller holds the lock."""
        return await migrate(self._session)

    async def check_schema(self) -> int:
        """The version of Connect's tables; raises ConfigurationError unless it is this program's."""
        return await check_schema(self._session)

    async def settings_tables(self) -> SettingsTables:
        """The configurator's tables, as a document that can be read, tried out and written."""
        return await SettingsTables.of(self._session)

    async def rotate_keys(self, keyring: Keyring) -> Rotation:
        """Seal every secret in the tables under the newest key. The caller holds the lock."""
        return await rotate(self._session, keyring)

    async def examine(self) -> DatabaseFacts:
        """Tell `doctor` what is there and what is missing."""
        return await examine(self._session)


@asynccontextmanager
async def open_store(settings: DatabaseSettings, *, application_name: str) -> AsyncIterator[Store]:
    """Connect and sign in. Raises ConnectionFailedError, LoginRefusedError, ConfigurationError."""
    async with open_session(settings, application_name=application_name) as session:
        yield Store(session)
