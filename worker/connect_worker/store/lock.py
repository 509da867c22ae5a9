"""One run per database, whatever its mode and whoever starts it: a session's advisory lock."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from connect_worker.errors import LockHeldError
from connect_worker.store.connection import Session
from connect_worker.store.sql import QUERIES

RUN_LOCK = int.from_bytes(b"Connect!", "big")
"""The key, the same for every program version."""
_ANSWER_SECONDS = 30  # on top of the server's own lock_timeout: the way there and back


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """The session that holds the lock: its application name, its address (None: a local socket), since when."""

    name: str
    address: str | None
    since: datetime | None

    def __str__(self) -> str:
        where = f" from {self.address}" if self.address else ""
        since = f" since {self.since:%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        return f"{self.name or 'an unnamed session'}{where}{since}"


@asynccontextmanager
async def run_lock(session: Session, *, wait: timedelta, on_wait: Callable[[Holder], None]) -> AsyncIterator[None]:
    """Hold the run lock; while another session has it, tell `on_wait` who that is and wait `wait` for it.

    Raises LockHeldError naming the holder. The lock also ends with the session.
    """
    (tried,) = await session.fetch(QUERIES["try_lock"], RUN_LOCK)
    if not tried["held"]:
        await _wait(session, wait, on_wait)
    try:
        yield
    finally:
        if session.is_open:
            await session.fetch(QUERIES["unlock"], RUN_LOCK)


async def _wait(session: Session, wait: timedelta, on_wait: Callable[[Holder], None]) -> None:
    holder = await _holder(session)
    on_wait(holder)
    milliseconds = max(int(wait.total_seconds() * 1000), 1)  # 0 would mean: for ever
    await session.execute(f"SET lock_timeout = {milliseconds}")
    try:
        await session.fetch(QUERIES["wait_for_lock"], RUN_LOCK, within=wait.total_seconds() + _ANSWER_SECONDS)
    except asyncpg.LockNotAvailableError as error:
        raise LockHeldError(
            f"another run works on this database: {await _holder(session)}; waited {wait} for it",
            todo="Wait for its end; if its worker is gone, the database frees the lock within two minutes",
        ) from error
    finally:
        if session.is_open:
            await session.execute("RESET lock_timeout")


async def _holder(session: Session) -> Holder:
    rows = await session.fetch(QUERIES["lock_holder"], RUN_LOCK)
    if not rows:  # it has ended in between
        return Holder(name="a run that has just ended", address=None, since=None)
    return Holder(**rows[0])
