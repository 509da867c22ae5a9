"""PostgreSQL and a domain controller behind the relay: each does what it does on a connection of its own."""

import asyncio
import hashlib
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from connect_worker.errors import ConnectionFailedError
from connect_worker.model.secret import Secret
from connect_worker.settings import DatabaseSettings, DirectorySettings
from connect_worker.store.connection import Session, open_session
from connect_worker.targets.active_directory.connection import connect
from connect_worker.tunnel.base import Target
from tests.support.chain import (
    COMBINATIONS,
    HEARTBEAT_SECONDS,
    OUR_CARRIERS,
    STOCK,
    Carrier,
    Combination,
    Identities,
    Ports,
    entrance,
    realm_of,
    stock_worker_end,
    worker_end,
)
from tests.support.postgres import BINARIES, SERVER_NAME, PostgresServer
from tests.support.relay import RelayCommand
from tests.support.samba import SambaServer

ROWS = 1_000_000
ROWS_THERE = f"SELECT number, md5(number::text) AS content FROM generate_series(1, {ROWS}) AS number"  # noqa: S608
DIFFERENCE = f"SELECT count(*) FROM ({ROWS_THERE} EXCEPT ALL TABLE back) AS one; SELECT count(*) FROM back"  # noqa: S608
COPY_SECONDS = 60
MISSED_HEARTBEATS = 4

pytestmark = pytest.mark.parametrize("combination", [*COMBINATIONS, STOCK], ids=str)


@pytest.fixture(scope="module")
def relay(identities: Identities) -> Iterator[RelayCommand]:
    with identities.serve() as running:
        yield running


@pytest.fixture(scope="module")
def bridges(
    identities: Identities, relay: RelayCommand, postgres: PostgresServer, samba: SambaServer
) -> Iterator[None]:
    """One a carrier, each of a realm of its own."""
    targets = {Target.DATABASE: f"{postgres.address}:{postgres.port}", Target.DIRECTORY: f"{samba.address}:636"}
    with ExitStack() as stack:
        for carrier in OUR_CARRIERS:
            stack.enter_context(identities.start_bridge(entrance(relay, carrier), targets))
        stack.enter_context(identities.start_stock_bridge(relay, targets))
        for carrier in Carrier:
            relay.wait_for("attach", result="ATTACHED", realm=realm_of(carrier))
        yield


@pytest.fixture
async def ports(
    identities: Identities, relay: RelayCommand, bridges: None, combination: Combination
) -> AsyncIterator[Ports]:
    """The worker's end, which leads to both servers."""
    del bridges
    if combination is STOCK:
        with stock_worker_end(identities, relay, combination.realm) as opened:
            yield opened
    else:
        async with worker_end(identities, entrance(relay, combination.worker), combination.realm) as opened:
            yield opened


@asynccontextmanager
async def _session(database: DatabaseSettings, ports: Ports) -> AsyncIterator[Session]:
    behind = replace(database, host=SERVER_NAME, port=5432, server_name=None)
    reached = replace(behind, tunnel_port=ports.database)
    async with open_session(reached, application_name="tests") as session:
        yield session


async def test_a_million_rows_are_copied_both_ways(
    ports: Ports, postgres: PostgresServer, empty_database: DatabaseSettings, tmp_path: Path
) -> None:
    """By psql, with the server's TLS verified from end to end; compared where they are."""
    file = tmp_path / "rows"
    psql = _Psql(ports, empty_database, tmp_path)
    await psql(f"\\copy ({ROWS_THERE}) TO '{file}'")
    assert _digest(file) == _digest_of_rows()
    await psql("CREATE TABLE public.back (number int, content text)")
    await psql(f"\\copy public.back FROM '{file}'")
    assert postgres.run(DIFFERENCE, database=empty_database.name).split() == ["0", str(ROWS)]


async def test_a_statement_is_cancelled_over_a_connection_of_its_own(
    ports: Ports, postgres: PostgresServer, empty_database: DatabaseSettings
) -> None:
    """The server gives up working on it, and the connection is as good as before."""
    async with _session(empty_database, ports) as session:
        with pytest.raises(ConnectionFailedError, match="no answer in time"):
            await session.fetch("SELECT pg_sleep(60)", within=0.3)
        (row,) = await session.fetch("SELECT 1 AS one")
    assert row["one"] == 1
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'"
    assert postgres.run(asleep) == "0"


async def test_a_connection_that_is_idle_for_long_stays(ports: Ports, empty_database: DatabaseSettings) -> None:
    """Longer than it takes to give up a peer that is dead: the heartbeats go on without it. TLS is the server's."""
    async with _session(empty_database, ports) as session:
        await asyncio.sleep(MISSED_HEARTBEATS * HEARTBEAT_SECONDS)
        rows = await session.fetch("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    assert [dict(row) for row in rows] == [{"ssl": True, "version": "TLSv1.3"}]


async def test_a_domain_is_read_in_bulk_over_ldaps(ports: Ports, samba: SambaServer) -> None:
    """The whole schema, some megabytes in pages; the same as without a relay between."""
    directly = DirectorySettings(
        url=samba.ldaps_url,
        bind_dn=samba.admin_dn,
        password=Secret(samba.admin_password),
        ca=samba.ca_pem,
        server_name=samba.server_name,
    )
    behind = replace(directly, url=f"ldaps://{samba.server_name}", server_name=None, tunnel_port=ports.directory)
    direct, through = [await asyncio.to_thread(_schema, samba, settings) for settings in (directly, behind)]
    assert len(through) > 1500
    assert through == direct


class _Psql:
    """The plain client, at the worker's end."""

    def __init__(self, ports: Ports, database: DatabaseSettings, folder: Path) -> None:
        authority = folder / "ca.crt"
        authority.write_text(database.ca or "")
        place = f"host={SERVER_NAME} hostaddr=127.0.0.1 port={ports.database}"
        self._place = f"{place} dbname={database.name} user={database.username} sslmode=verify-full"
        self._environment = {**os.environ, "PGPASSWORD": database.password.reveal(), "PGSSLROOTCERT": str(authority)}

    async def __call__(self, command: str) -> None:
        """Carry out one command."""
        options = ("-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self._place, "-c", command)
        process = await asyncio.create_subprocess_exec(
            BINARIES / "psql", *options, env=self._environment, stderr=subprocess.PIPE
        )
        _, words = await asyncio.wait_for(process.communicate(), COPY_SECONDS)
        assert process.returncode == 0, words.decode()


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _digest_of_rows() -> str:
    """What PostgreSQL's text form of these rows must be."""
    digest = hashlib.sha256()
    for number in range(1, ROWS + 1):
        content = hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
        digest.update(f"{number}\t{content}\n".encode())
    return digest.hexdigest()


def _schema(samba: SambaServer, settings: DirectorySettings) -> dict[str, str]:
    """Each object of the schema by its DN, with all that it says of itself."""
    connection = connect(settings)
    try:
        entries = connection.extend.standard.paged_search(
            f"CN=Schema,CN=Configuration,{samba.base_dn}", "(objectClass=*)", attributes=["*"], paged_size=500
        )
        return {entry["dn"]: repr(sorted(entry["raw_attributes"].items())) for entry in entries}
    finally:
        connection.unbind()
