"""A customer in the cluster: realm, ConnectJob and Secrets, database and domain behind a firewall, bridge.

Everything is done as people do it: certificates by `connect-relay pki`, Secrets and ConnectJobs by kubectl, the bridge
as a process in the customer's network. docs/how-to/install.md tells the same.
"""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from typing import Any

from connect_worker.settings import DatabaseSettings
from connect_worker.store.lock import RUN_LOCK
from tests.cluster.waiting import wait_until
from tests.support.connect_release import Release
from tests.support.customer_network import CustomerNetwork
from tests.support.operator_process import NIGHT
from tests.support.postgres import PostgresServer, through_socket
from tests.support.scenario import School
from tests.support.scenario_school import Customer
from tests.support.worker import ENCRYPTION_KEY, DirectoryAccess

RUN_SECONDS = 240
SEEN_SECONDS = 60
END_SECONDS = 10
CONNECTED = '"event": "relay connected"'
"""What a bridge's log says when it has reached the relay."""
ROLES = ("customer", "database", "directory", "relay")
Document = Mapping[str, Any]


@dataclass(kw_only=True)
class ClusterCustomer:
    """One customer."""

    realm: str
    release: Release
    network: CustomerNetwork
    postgres: PostgresServer
    database: DatabaseSettings
    directory: DirectoryAccess
    runs: int = field(default=0)

    @cached_property
    def office(self) -> Customer:
        """The customer's school and tables; its database is reached over the socket, past network and relay."""
        return Customer(self.postgres, through_socket(self.postgres, self.database))

    def enrol(self, pupils: int) -> None:
        """A school of that many pupils in one class, and its teacher, whose school year is under way."""
        people = School(students={n: {} for n in range(1, pupils + 1)}, staff={1: {}}, school_years=_school_years())
        self.office.edit_school(people)
        self.office.configure({})

    # What stands in the cluster

    def apply_secrets(self, *roles: str) -> None:
        """Apply the Secrets of these roles; all four if none is named."""
        documents = self._secrets()
        self.release.apply(*(self._secret(role, documents[role]) for role in roles or ROLES))

    def apply(self, **spec: object) -> None:
        """Apply the ConnectJob, with what differs from an ordinary one."""
        self.release.apply(self.connect_job(**spec))

    def connect_job(self, **spec: object) -> Document:
        """The ConnectJob as somebody writes it."""
        ordinary: dict[str, object] = {
            "realm": self.realm,
            "schedule": f"H {NIGHT} * * *",
            "timeZone": "Europe/Zurich",
            "secrets": {role: f"{self.realm}-{role}" for role in ROLES},
            "relay": {"transport": "gRPC", "address": self.release.relay_address},
        }
        return {
            "apiVersion": "schoolconnect.io/v1alpha1",
            "kind": "ConnectJob",
            "metadata": {"name": self.realm, "namespace": self.release.namespace},
            "spec": ordinary | spec,
        }

    # What happens there

    def run(self) -> Document:
        """Make a run by hand, to its end: `status.lastRun`."""
        return self.ended_run(self.start_run())

    def start_run(self) -> str:
        """Start a run by hand, as on-call does, and return its Job's name."""
        self.runs += 1
        job = f"{self.realm}-by-hand-{self.runs}"
        self.release.kubectl("create", "job", job, f"--from=cronjob/connect-{self.realm}")
        return job

    def ended_run(self, job: str) -> Document:
        """Wait until the ConnectJob tells how this run ended, and return what it tells."""
        status = self.wait(f"the end of {job}", lambda status: _last_run(status).get("name") == job, RUN_SECONDS)
        return _last_run(status)

    def status(self) -> Document:
        """The ConnectJob's status; empty before the operator has seen it."""
        status: Document = self.release.get("connectjob", self.realm).get("status", {})
        return status

    def wait(self, what: str, holds: Any, seconds: float = SEEN_SECONDS) -> Document:
        """Wait until the status is as `holds` wants it, and return it."""
        found: Document = self.release.cluster.wait_until(f"{what} ({self.realm})", self.status, holds, timeout=seconds)
        return found

    def wait_for_condition(self, name: str, truth: str, reason: str) -> str:
        """Wait until a condition says this, and return its message."""
        status = self.wait(f"{name}={truth} {reason}", lambda status: _condition(status, name) == (truth, reason))
        return next(str(row["message"]) for row in status["conditions"] if row["type"] == name)

    def row(self) -> dict[str, str]:
        """Its line of `kubectl get connectjobs -o wide`, by column."""
        return self.release.row(self.realm)

    def table(self, *options: str) -> str:
        """What `kubectl get connectjobs` shows of it."""
        return self.release.kubectl("get", "connectjobs", self.realm, *options)

    def pods(self, job: str) -> list[Document]:
        """The pods of a run, the latest last."""
        found = self.release.get("pods", "--selector", f"batch.kubernetes.io/job-name={job}")["items"]
        return sorted(found, key=lambda pod: pod["metadata"]["creationTimestamp"])

    def running_pod(self, job: str) -> Document:
        """Wait until a pod of this run runs, and return it."""
        found = self.release.cluster.wait_until(
            f"a running pod of {job}",
            lambda: [pod for pod in self.pods(job) if pod["status"]["phase"] == "Running"],
            timeout=SEEN_SECONDS,
        )
        return found[-1]

    # What happens in the customer's network

    @contextmanager
    def bridge(self) -> Iterator[None]:
        """With a bridge that has reached the relay, and serves database and directory."""
        folder = self.release.certificate("bridge", self.realm)
        command = self.release.bridge_command(folder, self._targets())
        with self.network.namespace.entered(), (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until(f"the bridge of {self.realm}", (folder / "log").read_text, lambda told: CONNECTED in told)
            yield
        finally:
            process.terminate()
            process.wait(END_SECONDS)

    @contextmanager
    def held_lock(self) -> Iterator[None]:
        """While somebody else holds the lock that every run takes first: runs wait."""
        command = ["psql", "-X", "-q", "-h", str(self.postgres.folder), "-p", str(self.postgres.port), "-U", "postgres"]
        session = subprocess.Popen(
            [*command, "-d", self.database.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert session.stdin
        assert session.stdout
        session.stdin.write(f"SELECT pg_advisory_lock({RUN_LOCK}); \\echo taken\n")
        session.stdin.flush()
        assert session.stdout.readline()
        try:
            yield
        finally:
            session.communicate("\\q\n", timeout=END_SECONDS)

    def wait_for_lock(self) -> None:
        """Wait until a run waits for the lock."""
        waits = (
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
        )
        ask = partial(self.postgres.run, waits, database=self.database.name)
        self.release.cluster.wait_until("a run that waits for the lock", ask, lambda count: count != "0")

    def _targets(self) -> dict[str, str]:
        directory = self.directory.url.removeprefix("ldaps://")
        host, _, port = directory.partition(":")
        return {"database": f"{self.database.host}:{self.database.port}", "directory": f"{host}:{port or 636}"}

    def _secrets(self) -> dict[str, dict[str, str | None]]:
        database, directory = self.database, self.directory
        relay = self.release.certificate("worker", self.realm)
        return {
            "customer": {"customerNumber": "4711", "realm": self.realm, "encryptionKey": ENCRYPTION_KEY},
            "database": {
                "host": database.host,
                "port": str(database.port),
                "dbname": database.name,
                "username": database.username,
                "password": database.password.reveal(),
                "sslmode": database.sslmode,
                "serverName": database.server_name,
                "ca.crt": database.ca,
            },
            "directory": {
                "url": directory.url,
                "bindDn": directory.bind_dn,
                "password": directory.password,
                "serverName": directory.server_name,
                "ca.crt": directory.ca_pem,
            },
            "relay": {name: (relay / name).read_text() for name in ("tls.crt", "tls.key", "ca.crt")},
        }

    def _secret(self, role: str, keys: Mapping[str, str | None]) -> Document:
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{self.realm}-{role}", "namespace": self.release.namespace},
            "stringData": {key: value for key, value in keys.items() if value is not None},
        }


def _last_run(status: Document) -> Document:
    last: Document = status.get("lastRun", {})
    return last


def _condition(status: Document, name: str) -> tuple[str, str] | None:
    found = next((row for row in status.get("conditions", ()) if row["type"] == name), None)
    return (found["status"], found["reason"]) if found else None


def _school_years() -> dict[int, dict[str, Any]]:
    """Last year's, this one's and the next."""
    today = date.today()  # noqa: DTZ011 - school years last from August to July in every zone
    first = today.year - (today.month < 8) - 1
    return {
        number: {"name": f"{year}/{(year + 1) % 100}", "starts_on": date(year, 8, 1), "ends_on": date(year + 1, 7, 31)}
        for number, year in enumerate(range(first, first + 3), start=1)
    }
