"""The installed `connect-worker`, run as a pod runs it: environment, Secret files, exit code, output."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from connect_worker.settings import DatabaseSettings
from tests.support.forked import Forked, ForkServer

COMMAND = Path(sys.executable).with_name("connect-worker")
ENCRYPTION_KEY = base64.b64encode(bytes(range(32))).decode()
NEXT_ENCRYPTION_KEY = base64.b64encode(bytes(range(50, 82))).decode()
"""Which takes the other's place in a rotation."""
REALM = "musterwil"
RUN_SECONDS = 170


@dataclass(frozen=True, kw_only=True)
class DirectoryAccess:
    """How a worker reaches a test directory."""

    url: str
    bind_dn: str
    password: str
    ca_pem: str | None
    server_name: str | None = None
    start_tls: bool = True


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The JSON document of `--output json`."""
        return json.loads(self.stdout)

    @property
    def report(self) -> Any:
        """The report in it."""
        return self.document["report"]


@dataclass(kw_only=True)
class Worker:
    """One customer's worker. Change `environment` or a Secret's file to make a fault.

    With a fork server, a command that is run to its end does not pay for Python's start and the imports.
    """

    folder: Path
    database: DatabaseSettings
    directory: DirectoryAccess
    today: date
    environment: dict[str, str] = field(default_factory=dict)
    forks: ForkServer | None = None

    def __post_init__(self) -> None:
        database, directory = self.database, self.directory
        self.write("customer", customerNumber="4711", realm=REALM, encryptionKey=ENCRYPTION_KEY)
        self.write(
            "database",
            host=database.host,
            port=str(database.port),
            dbname=database.name,
            username=database.username,
            password=database.password.reveal(),
            sslmode=database.sslmode,
            serverName=database.server_name,
            **{"ca.crt": database.ca},
        )
        self.write(
            "directory",
            url=directory.url,
            bindDn=directory.bind_dn,
            password=directory.password,
            serverName=directory.server_name,
            startTls="true" if directory.start_tls else "false",
            **{"ca.crt": directory.ca_pem},
        )

    @property
    def secrets(self) -> Path:
        """The folder of the mounted Secrets."""
        return self.folder / "secrets"

    def write(self, secret: str, **keys: str | None) -> None:
        """Write keys of a Secret; None leaves a key out."""
        (self.secrets / secret).mkdir(parents=True, exist_ok=True)
        for key, value in keys.items():
            if value is not None:
                (self.secrets / secret / key).write_text(value)

    def use_relay(self, certificate: Path) -> None:
        """Take the relay's Secret from a folder with tls.crt, tls.key and ca.crt."""
        self.write("relay", **{key: (certificate / key).read_text() for key in ("tls.crt", "tls.key", "ca.crt")})

    def relay_key(self) -> list[str]:
        """The lines of the private keys for the relay, if there is a relay."""
        keys = [self.secrets / "relay" / name for name in ("tls.key", "sshPrivateKey")]
        return [line for key in keys if key.exists() for line in key.read_text().splitlines()[1:-1]]

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start a command without waiting for its end."""
        return subprocess.Popen(
            [COMMAND, *arguments],
            env=self._environment(variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def __call__(self, *arguments: str, **variables: str) -> Ended:
        """Run a command to its end."""
        if self.forks is not None:
            return self.ended(self.fork(*arguments, **variables))
        process = self.start(*arguments, **variables)
        try:
            stdout, stderr = process.communicate(timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Ended(exit_code=process.returncode, stdout=stdout, stderr=stderr)

    def fork(self, *arguments: str, **variables: str) -> Forked:
        """Start a command that has been imported already, without waiting for its end."""
        assert self.forks is not None, "this worker has no fork server"
        return self.forks.start(arguments, self._environment(variables))

    def ended(self, forked: Forked) -> Ended:
        """Wait for its end; a negative exit code is the signal that killed it."""
        done = forked.wait(RUN_SECONDS)
        return Ended(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def json(self, *arguments: str, **variables: str) -> Ended:
        """Run a command with `--output json`."""
        return self(*arguments, "--output", "json", **variables)

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "CONNECT_REALM": REALM,
            "CONNECT_SECRETS_DIR": str(self.secrets),
            "CONNECT_TODAY": self.today.isoformat(),
            "CONNECT_LOCK_WAIT": "20s",
            **self.environment,
            **variables,
        }
