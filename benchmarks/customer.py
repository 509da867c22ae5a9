"""A customer with a school of many people: a worker, an empty database, and an empty unit in a Samba domain."""

from pathlib import Path

from benchmarks.large_school import TODAY, order_of
from connect_worker.model.configuration import Configuration
from connect_worker.model.state import State
from connect_worker.settings import DatabaseSettings
from connect_worker.store.repository import open_store
from tests.support.samba import SambaServer, ServiceAccount
from tests.support.samba_template import BASE_DN as DOMAIN_DN
from tests.support.worker import DirectoryAccess, Ended, Worker

UNIT = "Schule"
BASE_DN = f"OU={UNIT},{DOMAIN_DN}"
LONGEST_SECONDS = 3600


def make_account(samba: SambaServer) -> ServiceAccount:
    """The customer's unit, and an account that may write below it."""
    return samba.make_service_account("connect", writes=[samba.make_ou(UNIT)])


def access_of(samba: SambaServer, account: ServiceAccount) -> DirectoryAccess:
    """How the worker signs in: over LDAPS, verified."""
    return DirectoryAccess(
        url=samba.ldaps_url,
        bind_dn=account.dn,
        password=account.password,
        ca_pem=samba.ca_pem,
        server_name=samba.server_name,
    )


def worker_of(folder: Path, database: DatabaseSettings, directory: DirectoryAccess) -> Worker:
    """The customer's worker."""
    environment = {"CONNECT_TIMEOUT": f"{LONGEST_SECONDS}s"}
    return Worker(folder=folder, database=database, directory=directory, today=TODAY, environment=environment)


def make_school(worker: Worker, people: int) -> None:
    """Fill the migrated database: the sample school, and Connect's tables before the first sync."""
    do(worker, "sample", "--pupils", str(order_of(people, BASE_DN).pupils), "--base-dn", BASE_DN)
    do(worker, "update")


def do(worker: Worker, *arguments: str) -> Ended:
    """Run a command that must succeed, however long it takes."""
    with worker.start(*arguments) as process:
        stdout, stderr = process.communicate(timeout=LONGEST_SECONDS)
    if process.returncode != 0:
        raise RuntimeError(f"connect-worker {arguments[0]} ended with {process.returncode}:\n{stdout}{stderr[-2000:]}")
    return Ended(exit_code=process.returncode, stdout=stdout, stderr=stderr)


async def read_own(database: DatabaseSettings) -> tuple[Configuration, State]:
    """What stands in Connect's tables."""
    async with open_store(database, application_name="benchmarks") as store:
        return await store.read_own()
