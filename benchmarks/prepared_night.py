"""A school in a real PostgreSQL and a real Samba domain, both in step: what a night without changes finds.

To make 20,000 users with passwords takes Samba ten minutes, so database and domain are kept in the user's cache
folder, under a hash of what they were made from.
"""

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.command import tell
from benchmarks.customer import BASE_DN, access_of, do, make_account, make_school, read_own, worker_of
from benchmarks.delay_line import DelayLine, delay_line
from benchmarks.large_school import memberships, order_of, with_projects
from benchmarks.measuring import run
from benchmarks.plain_tools import PlainTools
from connect_worker.core.bases import bases
from connect_worker.sample.configuration import build_configuration
from connect_worker.settings import DatabaseSettings
from connect_worker.store.migrate import known_migrations
from connect_worker.store.repository import open_store
from tests.support.postgres import BINARIES, TEMPLATE, PostgresServer, running_postgres
from tests.support.samba import ServiceAccount, start_samba
from tests.support.samba_template import BASE_DN as DOMAIN_DN
from tests.support.samba_template import template
from tests.support.worker import Worker

RECIPE = "1"
"""Counted up when the preparation itself changes."""
NIGHTS_TO_SETTLE = 3
TOOL_SECONDS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class FarAway:
    """A worker and the lines that it works over."""

    worker: Worker
    to_database: DelayLine
    to_directory: DelayLine


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedNight:
    """A worker with its servers, the plain tools on the same, and how large it is."""

    worker: Worker
    tools: PlainTools
    people: int
    memberships: int

    @property
    def size(self) -> str:
        """For the table."""
        return f"{self.people:,} people, {self.memberships:,} memberships"

    @contextmanager
    def far_away(self, *, round_trip: float) -> Iterator[FarAway]:
        """The same worker with both servers behind delay lines; `round_trip` in seconds."""
        near, directory = self.worker, urlsplit(self.worker.directory.url)
        with (
            delay_line(near.database.host, near.database.port, round_trip=round_trip) as to_database,
            delay_line(directory.hostname or "", directory.port or 0, round_trip=round_trip) as to_directory,
        ):
            worker = worker_of(
                near.folder / f"over-{to_database.port}",
                replace(near.database, port=to_database.port),
                replace(near.directory, url=f"{directory.scheme}://127.0.0.1:{to_directory.port}"),
            )
            yield FarAway(worker=worker, to_database=to_database, to_directory=to_directory)


@contextmanager
def prepared_night(people: int) -> Iterator[PreparedNight]:
    """Start both servers with a school of so many people, as a settled night has left it."""
    with running_postgres() as postgres, tempfile.TemporaryDirectory(prefix="connect-bench-") as folder:
        saved = _saved(people, postgres, Path(folder))
        samba = start_samba(saved / "samba")
        try:
            database = _restore(postgres, saved / "database.dump")
            account = ServiceAccount(**json.loads((saved / "account.json").read_text(encoding="utf-8")))
            worker = worker_of(Path(folder), database, access_of(samba, account))
            _settle(worker)
            yield _night(worker, Path(folder))
        finally:
            samba.stop()


def _night(worker: Worker, folder: Path) -> PreparedNight:
    configuration, state = asyncio.run(read_own(worker.database))
    tools = PlainTools(
        folder=folder,
        database=worker.database,
        directory=worker.directory,
        domain_dn=DOMAIN_DN,
        bases=bases(configuration, state),
    )
    return PreparedNight(worker=worker, tools=tools, people=len(state.accounts), memberships=memberships(state))


def _saved(people: int, postgres: PostgresServer, folder: Path) -> Path:
    """The folder with the prepared school, made if this machine does not have it yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "connect-benchmarks"
    cache.mkdir(parents=True, exist_ok=True)
    saved = cache / f"night-{people}-{_recipe(people)}"
    with saved.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not saved.exists():
            tell(f"prepares a school of {people:,} people; Samba needs some 25 ms for each password")
            building = Path(tempfile.mkdtemp(dir=cache, prefix="building-"))
            try:
                _prepare(people, postgres, folder / "preparation", building)
                building.rename(saved)
            finally:
                shutil.rmtree(building, ignore_errors=True)
    return saved


def _recipe(people: int) -> str:
    """A hash of what the school is made from. What another version of Connect would do differently, it does itself."""
    school = order_of(people, BASE_DN)
    projects = Path(__file__).with_name("large_school.py").read_text(encoding="utf-8")
    migrations = (migration.checksum for migration in known_migrations())
    data = (repr(school.build()), repr(build_configuration(BASE_DN)))
    return hashlib.sha256("\n".join((RECIPE, *data, projects, *migrations, template().name)).encode()).hexdigest()[:16]


def _prepare(people: int, postgres: PostgresServer, folder: Path, saved: Path) -> None:
    """Make the school by Connect's own means: sample, update, project groups, and the first night."""
    samba = start_samba()
    try:
        account = make_account(samba)
        (saved / "account.json").write_text(json.dumps(asdict(account)), encoding="utf-8")
        worker = worker_of(folder, postgres.create_database(TEMPLATE), access_of(samba, account))
        make_school(worker, people)
        asyncio.run(_add_projects(worker.database))
        _settle(worker)
        samba.end()
        run(["cp", "-a", "--sparse=always", str(samba.folder), str(saved / "samba")], timeout=TOOL_SECONDS)
        _dump(postgres, worker.database, saved / "database.dump")
    finally:
        samba.stop()


def _settle(worker: Worker) -> None:
    """Do nights until one has nothing to do: the first one, or what another version of Connect does otherwise."""
    for _ in range(NIGHTS_TO_SETTLE):
        if do(worker, "run", "--output", "json").report["reason"] == "NothingToDo":
            return
    raise RuntimeError(f"after {NIGHTS_TO_SETTLE} nights there is still something to do")


async def _add_projects(database: DatabaseSettings) -> None:
    async with open_store(database, application_name="benchmarks") as store:
        _, state = await store.read_own()
        await store.write_state(state, with_projects(state, BASE_DN))


def _dump(postgres: PostgresServer, database: DatabaseSettings, path: Path) -> None:
    where = ("-h", str(postgres.folder), "-p", str(postgres.port), "-U", "postgres")
    run([str(BINARIES / "pg_dump"), *where, "-Fc", "-f", str(path), database.name], timeout=TOOL_SECONDS)


def _restore(postgres: PostgresServer, path: Path) -> DatabaseSettings:
    database = postgres.create_database()
    where = ("-h", str(postgres.folder), "-p", str(postgres.port), "-U", "postgres")
    run([str(BINARIES / "pg_restore"), *where, "-d", database.name, str(path)], timeout=TOOL_SECONDS)
    postgres.run("ANALYZE", database=database.name)
    return database


def quiet_night(worker: Worker) -> None:
    """`connect-worker run`. Raises RuntimeError unless there was nothing to do."""
    ended = worker.json("run")
    if ended.exit_code != 0 or ended.report["reason"] != "NothingToDo":
        raise RuntimeError(f"not a night without changes: {ended.stdout}{ended.stderr}")
