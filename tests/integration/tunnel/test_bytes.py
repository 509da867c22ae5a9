"""What goes through the tunnel comes out as it was, also when it is much, and in both directions."""

import asyncio
import hashlib
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from connect_protocol.relay.identity import Role
from connect_worker.model.secret import Secret
from connect_worker.settings import DatabaseSettings, GrpcRelay, Settings
from connect_worker.store.connection import open_session
from connect_worker.tunnel.way import Way, open_way
from tests.support.postgres import SERVER_NAME
from tests.support.tunnel import REALM, Tunnel, wait_for

ROWS, ROW_BYTES = 40_000, 500
"""20 MB: several times what a window holds."""


@pytest.fixture
async def way(tunnel: Tunnel, database: DatabaseSettings) -> AsyncIterator[Way]:
    """The way to the database through the relay."""
    folder = tunnel.certificates.client(Role.WORKER)
    relay = GrpcRelay(
        addresses=(tunnel.relay.address,),
        certificate=(folder / "tls.crt").read_text(),
        key=Secret((folder / "tls.key").read_text()),
        ca=(folder / "ca.crt").read_text(),
        wait=timedelta(),
    )
    settings = Settings(
        realm=REALM,
        run_id=str(uuid.uuid4()),
        encryption_keys=(),
        database=replace(database, host=SERVER_NAME, port=5432, server_name=None),
        directory=None,
        time_zone=ZoneInfo("Europe/Zurich"),
        timeout=timedelta(hours=1),
        lock_wait=timedelta(),
        relay=relay,
    )
    async with open_way(settings) as opened:
        yield opened


async def test_copies_of_many_megabytes_are_exact(way: Way) -> None:
    """In, counted by the server; out, compared byte by byte."""
    source = random.Random(20261122)  # noqa: S311 - the same bytes each time
    rows = [(number, source.randbytes(ROW_BYTES // 2).hex()) for number in range(ROWS)]
    wanted = hashlib.md5("".join(text for _, text in rows).encode(), usedforsecurity=False).hexdigest()
    async with open_session(way.settings.database, application_name="tests") as session:
        await session.execute("CREATE TABLE public.much (number int, content text)")
        await session.copy("much", ["number", "content"], rows, schema="public")
        (there,) = await session.fetch("SELECT md5(string_agg(content, '' ORDER BY number)) AS sum FROM public.much")
        back = await session.fetch("SELECT number, content FROM public.much ORDER BY number")
    assert there["sum"] == wanted
    assert [(row["number"], row["content"]) for row in back] == rows


async def test_connections_stand_side_by_side_and_leave_nothing_behind(way: Way, tunnel: Tunnel) -> None:
    async with AsyncExitStack() as stack:
        sessions = [
            await stack.enter_async_context(open_session(way.settings.database, application_name=f"tests {number}"))
            for number in range(8)
        ]
        answers = await asyncio.gather(*(session.fetch("SELECT $1::int AS n", n) for n, session in enumerate(sessions)))
        assert [row[0]["n"] for row in answers] == list(range(8))
        assert tunnel.relay.open_connections() == 8
    await asyncio.to_thread(wait_for, lambda: not tunnel.relay.open_connections(), tunnel.relay)
