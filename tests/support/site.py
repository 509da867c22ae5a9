"""A customer's whole installation under test: database, directory, worker; and what must hold however a run ends."""

import json
import select
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connect_worker.settings import DatabaseSettings
from tests.support.domain import Domain, DomainServer, SignIn
from tests.support.postgres import BINARIES, PostgresServer
from tests.support.scenario import School
from tests.support.scenario_school import Customer
from tests.support.worker import ENCRYPTION_KEY, Ended, Worker

WAIT_SECONDS = 60
LOOK_EVERY_SECONDS = 0.02
TERMINATION_MESSAGE_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class Site:
    """One customer's installation."""

    customer: Customer
    database: DatabaseSettings
    postgres: PostgresServer
    server: DomainServer
    worker: Worker

    @property
    def domain(self) -> Domain:
        """The directory, as its administrator sees it."""
        return Domain(self.server)

    @property
    def termination_message(self) -> Path:
        """Where the worker leaves its report for the pod's supervisor."""
        return self.worker.folder / "termination-message"

    def enrol(self, pupils: int) -> None:
        """A school of that many pupils in one class, and its teacher; everything as configured ordinarily."""
        self.customer.edit_school(School(students={n: {} for n in range(1, pupils + 1)}, staff={1: {}}))
        self.customer.configure({})

    def run(self, *arguments: str, **variables: str) -> Ended:
        """A command with `--output json`, which leaves a termination message."""
        return self.worker.json(
            *(arguments or ("run",)), CONNECT_TERMINATION_MESSAGE=str(self.termination_message), **variables
        )

    def last_run(self) -> dict[str, Any]:
        """The latest row of connect_run."""
        return self.customer.rows("SELECT * FROM connect.connect_run ORDER BY started_at DESC LIMIT 1")[0]

    def linked(self) -> set[str]:
        """The sAM account names of the users whose rows know their object."""
        return {sam for sam, row in self.customer.users().items() if row["user_object_guid"]}

    def created(self) -> set[str]:
        """The sAM account names of the users in the directory below the OUs of Connect."""
        return {sam for sam, found in self.domain.objects().items() if sam[:2] in {"S.", "P."} and "OU=" in found.dn}

    def secrets(self) -> set[str]:
        """Everything that must never be seen: passwords, keys, initial passwords."""
        fixed = {self.database.password.reveal(), self.worker.directory.password, ENCRYPTION_KEY}
        return fixed | set(self.worker.relay_key()) | set(self.customer.initial_passwords().values())

    def dump(self) -> str:
        """Every table of the database, as a thief of a backup would have it."""
        where = ["-h", str(self.postgres.folder), "-p", str(self.postgres.port), "-U", "postgres"]
        command = [str(BINARIES / "pg_dump"), *where, self.database.name]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        return str(done.stdout)

    def assert_complete(self, pupils: int) -> None:
        """Everybody is there once, signs in, belongs to the groups; the tables know it; nothing is left to do."""
        everybody = {f"S.{n:05d}" for n in range(1, pupils + 1)}
        assert self.created() == self.linked() == everybody | {"P.00001"}
        objects = self.domain.objects()
        dns = sorted(objects[sam].dn for sam in everybody)
        assert objects["ALLE_STUD"].values("member") == dns
        assert objects["KL.1"].values("member") == sorted([*dns, objects["P.00001"].dn])
        passwords = self.customer.initial_passwords()
        answers = self.domain.sign_ins({objects[sam].dn: passwords[sam] for sam in everybody})
        assert answers == dict.fromkeys(answers, SignIn.ACCEPTED)
        assert self.customer.rows("SELECT * FROM connect.connect_intention") == []
        again = self.run()
        assert (again.exit_code, again.report["reason"]) == (0, "NothingToDo"), again.stdout


def assert_clear(site: Site, ended: Ended, *, exit_code: int, reason: str, says: tuple[str, ...]) -> None:
    """A run that could not be done says why, and what to do; the supervisor is told the same, and nobody a secret."""
    assert (ended.exit_code, ended.report["reason"]) == (exit_code, reason), ended.stdout
    assert ended.report["exitCode"] == exit_code
    assert [word for word in says if word not in ended.report["message"]] == [], ended.report["message"]
    assert ended.report["todo"], "what is to be done about it is told"
    assert_discreet(site, ended)
    left = site.termination_message.read_bytes()
    assert len(left) <= TERMINATION_MESSAGE_BYTES
    assert json.loads(left)["reason"] == reason


def assert_discreet(site: Site, ended: Ended) -> None:
    """No stack trace, and no secret anywhere."""
    told = ended.stdout + ended.stderr
    assert "Traceback" not in told, told
    if site.termination_message.exists():
        told += site.termination_message.read_text()
    assert [secret for secret in site.secrets() if secret in told] == []


def assert_recorded(site: Site, ended: Ended) -> None:
    """connect_run holds how the run ended, and the report that it gave."""
    row = site.last_run()
    report = ended.report
    assert row["id"] == report["runId"]
    assert (row["result"], row["reason"], row["exit_code"]) == (report["result"], report["reason"], report["exitCode"])
    assert row["report"]["reason"] == report["reason"]
    assert row["finished_at"] is not None


def wait_until(met: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Look again and again until a condition is met. Raises if the process ends before, or after WAIT_SECONDS."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not met():
        if process.poll() is not None:
            raise AssertionError(f"the worker ended with {process.returncode} before: {process.communicate()}")
        if time.monotonic() > deadline:
            process.kill()
            raise AssertionError("the condition was not met in time")
        select.select([], [], [], LOOK_EVERY_SECONDS)


def ended_of(process: subprocess.Popen[str]) -> Ended:
    """Wait for a started command's end."""
    stdout, stderr = process.communicate(timeout=WAIT_SECONDS)
    return Ended(exit_code=process.returncode, stdout=stdout, stderr=stderr)
