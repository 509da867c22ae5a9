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
from benchmarks.delay_line import DelayLine, delay_line
from benchmarks.large_school import TODAY, memberships, order_of, with_projects
from benchmarks.measuring import run
from benchmarks.plain_tools import PlainTools
from connect_worker.core.bases import bases
from connect_worker.model.configuration import Configuration
from connect_worker.model.state import State
from connect_worker.sample.configuration import build_configuration
from connect_worker.settings import DatabaseSettings
from connect_worker.store.migrate import known_migrations
from connect_worker.store.repository import open_store
from tests.support.postgres import BINARIES, TEMPLATE, PostgresServer, running_postgres
from tests.support.samba import SambaServer, ServiceAccount, start_samba
from tests.support.samba_template import BASE_DN as DOMAIN_DN
from tests.support.samba_template import template
from tests.support.worker import DirectoryAccess, Ended, Worker

UNIT = "Schule"
BASE_DN = f"OU={UNIT},{DOMAIN_DN}"
RECIPE = "1"
"""Counted up when the preparation itself changes."""
PREPARE_SECONDS = 3600
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
            worker = _worker(
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
            worker = _worker(Path(folder), database, _access(samba, saved / "account.json"))
            _settle(worker)
            yield _night(worker, Path(folder))
        finally:
            samba.stop()


def _night(worker: Worker, folder: Path) -> PreparedNight:
    configuration, state = asyncio.run(_read(worker.database))
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
        account = samba.make_service_account("connect", writes=[samba.make_ou(UNIT)])
        (saved / "account.json").write_text(json.dumps(asdict(account)), encoding="utf-8")
        worker = _worker(folder, postgres.create_database(TEMPLATE), _access(samba, saved / "account.json"))
        _do(worker, "sample", "--pupils", str(order_of(people, BASE_DN).pupils), "--base-dn", BASE_DN)
        _do(worker, "update")
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
        if _do(worker, "run", "--output", "json").report["reason"] == "NothingToDo":
            return
    raise RuntimeError(f"after {NIGHTS_TO_SETTLE} nights there is still something to do")


def _do(worker: Worker, *arguments: str) -> Ended:
    with worker.start(*arguments) as process:
        stdout, stderr = process.communicate(timeout=PREPARE_SECONDS)
    if process.returncode != 0:
        raise RuntimeError(f"connect-worker {arguments[0]} ended with {process.returncode}:\n{stdout}{stderr[-2000:]}")
    return Ended(exit_code=process.returncode, stdout=stdout, stderr=stderr)


async def _add_projects(database: DatabaseSettings) -> None:
    async with open_store(database, application_name="benchmarks") as store:
        _, state = await store.read_own()
        await store.write_state(state, with_projects(state, BASE_DN))


async def _read(database: DatabaseSettings) -> tuple[Configuration, State]:
    async with open_store(database, application_name="benchmarks") as store:
        return await store.read_own()


def _worker(folder: Path, database: DatabaseSettings, directory: DirectoryAccess) -> Worker:
    return Worker(
        folder=folder,
        database=database,
        directory=directory,
        today=TODAY,
        environment={"CONNECT_TIMEOUT": f"{PREPARE_SECONDS}s"},
    )


def _access(samba: SambaServer, account_file: Path) -> DirectoryAccess:
    account = ServiceAccount(**json.loads(account_file.read_text(encoding="utf-8")))
    return DirectoryAccess(
        url=samba.ldaps_url,
        bind_dn=account.dn,
        password=account.password,
        ca_pem=samba.ca_pem,
        server_name=samba.server_name,
    )


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
