"""A look at the customer's database before somebody is asked: without the lock, for people think longer than a run."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connect_worker.settings import Settings
from connect_worker.store.connection import application_name
from connect_worker.store.repository import Store, open_store
from connect_worker.tunnel.way import open_way


@asynccontextmanager
async def looking(settings: Settings) -> AsyncIterator[Store]:
    """The customer's tables, of this program's version; they are for reading. Raises ConnectError."""
    name = application_name(settings.realm, settings.run_id, socket.gethostname())
    async with open_way(settings) as way:
        await way.probe()
        async with way.explaining(), open_store(way.settings.database, application_name=name) as store:
            await store.check_schema()
            yield store
