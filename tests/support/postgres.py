"""A throw-away PostgreSQL with TLS on loopback, migrated once; a fresh database for each test costs some 50 ms."""

import asyncio
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest

from connect_worker.model.secret import Secret
from connect_worker.settings import DatabaseSettings
from connect_worker.store.connection import open_session
from connect_worker.store.migrate import migrate
from tests.support.certificates import Authority, create_authority, issue
from tests.support.ports import reserved_port

BINARIES = Path("/usr/lib/postgresql/15/bin")
SERVER_NAME = "db.school.test"
"""The name in the server's certificate, beside its address."""
ROLE = "connect_worker"
"""The worker's role: no superuser, owner of the databases that tests work in."""
TEMPLATE = "connect_template"
WAIT_SECONDS = "60"

HBA = """
local all postgres trust
host all all samehost scram-sha-256
"""
CONFIGURATION = """
listen_addresses = '{address}'
port = {port}
unix_socket_directories = '{folder}'
hba_file = '{folder}/pg_hba.conf'
ssl = on
ssl_cert_file = '{folder}/server.crt'
ssl_key_file = '{folder}/server.key'
fsync = off
synchronous_commit = off
full_page_writes = off
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresServer:
    """One running server. Its superuser `postgres` is let in without password over the socket in `folder`."""

    folder: Path
    address: str
    port: int
    authority: Authority
    password: Secret = field(default_factory=lambda: Secret(secrets.token_urlsafe(16)))
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def settings(self, database: str) -> DatabaseSettings:
        """How the worker reaches a database: over TCP, with TLS and password."""
        return DatabaseSettings(
            host=self.address,
            port=self.port,
            name=database,
            username=ROLE,
            password=self.password,
            ca=self.authority.pem,
            server_name=SERVER_NAME,
        )

    def run(self, script: str, *, database: str = "postgres") -> str:
        """Run statements as superuser; what they return comes as text, columns separated by `|`."""
        command = self._psql(database)
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self, script: str, *, database: str) -> subprocess.Popen[str]:
        """Begin to run statements as superuser, without waiting for their end."""
        command = [*self._psql(database), "-c", script]
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def _psql(self, database: str) -> list[str | Path]:
        options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        return [BINARIES / "psql", *options, "-h", self.folder, "-p", str(self.port), "-U", "postgres", "-d", database]

    def create_database(self, template: str = "template0") -> DatabaseSettings:
        """A new database that the worker's role owns."""
        name = f"connect_{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {ROLE}")
        return self.settings(name)

    def drop_database(self, name: str) -> None:
        """Drop a database together with whatever still uses it."""
        self.run(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running_postgres(address: str = "127.0.0.1") -> Iterator[PostgresServer]:
    """A PostgreSQL 15 with a migrated template database, running while the context lasts."""
    folder = Path(tempfile.mkdtemp(prefix="connect-pg-"))
    try:
        with reserved_port(address) as port:
            server = PostgresServer(folder=folder, address=address, port=port, authority=create_authority())
            _initialise(server)
            _control(folder, "start", "-l", str(folder / "log"))
        try:
            _make_template(server)
            yield server
        finally:
            _control(folder, "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL 15 with a migrated template database."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[DatabaseSettings]:
    """A fresh, migrated database, without master data."""
    settings = postgres.create_database(TEMPLATE)
    yield settings
    postgres.drop_database(settings.name)


@pytest.fixture
def empty_database(postgres: PostgresServer) -> Iterator[DatabaseSettings]:
    """A fresh database in which Connect has never been."""
    settings = postgres.create_database()
    yield settings
    postgres.drop_database(settings.name)


def through_socket(server: PostgresServer, settings: DatabaseSettings) -> DatabaseSettings:
    """The same database over the Unix socket, as superuser."""
    return replace(settings, host=str(server.folder), username="postgres", sslmode="disable", ca=None)


def _initialise(server: PostgresServer) -> None:
    folder = server.folder
    issue(server.authority, folder, dns_names=[SERVER_NAME], addresses=[server.address])
    (folder / "pg_hba.conf").write_text(HBA)
    _hand_over(folder)
    _as_server("initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync",
               "--locale=C.UTF-8")  # fmt: skip
    with (folder / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write(CONFIGURATION.format(folder=folder, address=server.address, port=server.port))


def _make_template(server: PostgresServer) -> None:
    server.run(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{server.password.reveal()}'")
    server.run(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0 OWNER {ROLE}")

    async def run() -> None:
        async with open_session(server.settings(TEMPLATE), application_name="tests") as session:
            await migrate(session)

    asyncio.run(run())


def _control(folder: Path, action: str, *options: str) -> None:
    _as_server("pg_ctl", action, "-D", str(folder / "data"), "-w", "-t", WAIT_SECONDS, *options)


def _as_server(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs, which refuse to work as root."""
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    command = [*become, str(BINARIES / program), *arguments]
    # The server keeps the standard streams of pg_ctl open: no pipe, or reading it would never end.
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=120)


def _hand_over(folder: Path) -> None:
    if os.geteuid() != 0:
        return
    account = pwd.getpwnam("postgres")
    for path in [folder, *folder.iterdir()]:
        os.chown(path, account.pw_uid, account.pw_gid)
