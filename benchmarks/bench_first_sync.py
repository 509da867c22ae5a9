"""The first sync of a new customer, all with passwords, beside ldapadd of the same objects into the same Samba."""

import asyncio
import base64
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.command import parse, report, tell
from benchmarks.customer import BASE_DN, access_of, do, make_account, make_school, read_own, worker_of
from benchmarks.large_school import TODAY
from benchmarks.measuring import Aim, Limit, Of, Row, Series, Timed, timed
from benchmarks.plain_tools import PlainTools
from connect_worker.core.desired import desire
from connect_worker.core.diff import diff
from connect_worker.core.picture import Whereabouts
from connect_worker.core.plan import make_plan
from connect_worker.model.directory import Snapshot
from connect_worker.model.secret import Secret
from connect_worker.settings import DatabaseSettings
from connect_worker.targets.active_directory.attributes import Held, password_value
from connect_worker.targets.active_directory.ldif import as_ldif
from connect_worker.targets.active_directory.writing import request_of
from tests.support.postgres import TEMPLATE, PostgresServer, running_postgres
from tests.support.samba import start_samba
from tests.support.samba_template import BASE_DN as DOMAIN_DN
from tests.support.worker import DirectoryAccess, Ended

NAME = "bench_first_sync"
PEOPLE = 2_000
RUNS = 3
ITS_RATE = Aim(text="≤ 1.0 × its time", most=1.0, of=Of.RATIO)
PASSWORD = Secret("Wie4Der2Regen")
"""As good as any other: Samba's work for it is the same."""
MASKED = "# unicodePwd: ***"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entrance:
    """A new customer whose tables are filled and whose domain is empty; and what a first sync would write, as LDIF."""

    postgres: PostgresServer
    database: DatabaseSettings
    folder: Path
    people: int
    ldif: str


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both in turn, each on a domain of its own, and report."""
    order = parse(__doc__, arguments, people=PEOPLE, runs=RUNS)
    with running_postgres() as postgres, tempfile.TemporaryDirectory(prefix="connect-bench-") as folder:
        entrance = _entrance(postgres, Path(folder), order.people)
        tell(f"{NAME}: {order.runs} first syncs of {entrance.people:,} people, each beside ldapadd")
        pairs = [(_sync(entrance), _add(entrance)) for _ in range(order.runs)]
    report(NAME, [_row(entrance.people, pairs)], order)


def _entrance(postgres: PostgresServer, folder: Path, people: int) -> Entrance:
    database = postgres.create_database(TEMPLATE)
    with _new_domain() as access:
        make_school(worker_of(folder, database, access), people)
    configuration, state = asyncio.run(read_own(database))
    desired = desire(state, today=TODAY, blocked=frozenset())
    empty = Snapshot(users=(), groups=(), organizational_units=(configuration.base_dn,), missing_bases=())
    plan = make_plan(diff(desired, empty, Whereabouts(elsewhere={}, recovered={})), {})
    requests = (request_of(change, Held(), lambda _: PASSWORD) for change in plan.changes)
    return Entrance(
        postgres=postgres,
        database=database,
        folder=folder,
        people=len(state.accounts),
        ldif=_unmasked("\n".join(map(as_ldif, requests))),
    )


def _sync(entrance: Entrance) -> Timed[Ended]:
    tell(f"{NAME}: connect-worker run")
    copy = entrance.postgres.create_database(entrance.database.name)
    with _new_domain() as access:
        worker = worker_of(entrance.folder, copy, access)
        measured = timed(lambda: do(worker, "run", "--output", "json"))
    if measured.result.report["reason"] != "Synced":
        raise RuntimeError(f"not a first sync: {measured.result.stdout}")
    return measured


def _add(entrance: Entrance) -> Timed[None]:
    tell(f"{NAME}: ldapadd")
    with _new_domain() as access:
        tools = PlainTools(
            folder=entrance.folder,
            database=entrance.database,
            directory=access,
            domain_dn=DOMAIN_DN,
            bases=(BASE_DN,),
        )
        return timed(lambda: tools.write(entrance.ldif))


@contextmanager
def _new_domain() -> Iterator[DirectoryAccess]:
    samba = start_samba()
    try:
        yield access_of(samba, make_account(samba))
    finally:
        samba.stop()


def _unmasked(ldif: str) -> str:
    """With the password in place of the mark that Connect leaves for it."""
    return ldif.replace(MASKED, f"unicodePwd:: {base64.b64encode(password_value(PASSWORD)).decode()}")


def _row(people: int, pairs: Sequence[tuple[Timed[Ended], Timed[None]]]) -> Row:
    return Row(
        work=f"first sync, {people:,} people with passwords, groups and members",
        unit="s",
        measured=Series(runs=tuple(sync.wall for sync, _ in pairs)),
        limit=Limit(
            what="`ldapadd` of the same objects into the same Samba",
            measured=Series(runs=tuple(add.wall for _, add in pairs)),
        ),
        aim=ITS_RATE,
    )


if __name__ == "__main__":
    main()
