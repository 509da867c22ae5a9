"""The installed `connect-worker`, called as a pod calls it: Secrets' files, environment, exit code."""

import base64
import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from connect_protocol.environment import SecretKey, Variable
from connect_protocol.exit_codes import ExitCode
from connect_worker.demonstration.folder import Folder
from connect_worker.errors import ConfigurationError, ConnectError
from connect_worker.settings import DatabaseSettings, DirectorySettings

REALM = "musterwil"
CUSTOMER_NUMBER = "4711"
TIME_ZONE = "Europe/Zurich"
KEY_BYTES = 32
LONGEST_SECONDS = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a command ended: what it printed, and where its log is."""

    exit_code: ExitCode
    output: str
    log: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """One customer's worker."""

    folder: Folder

    def __call__(self, *arguments: str, today: date) -> Ended:
        """Run a command to its end. Raises ConnectError when it does not end at all."""
        number = sum(1 for _ in self.folder.logs.iterdir()) + 1
        log = self.folder.logs / f"{number:02d}-{arguments[0]}.log"
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", **variables(self.folder, today)}
        try:
            with log.open("w") as stderr:
                ended = subprocess.run(  # noqa: S603
                    [program(), *arguments],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    encoding="utf-8",
                    timeout=LONGEST_SECONDS,
                    check=False,
                )
        except subprocess.TimeoutExpired:
            command = shlex.join(arguments)
            raise ConnectError(
                f"connect-worker {command} did not end in {LONGEST_SECONDS} s", todo=f"See {log}"
            ) from None
        return Ended(exit_code=_exit_code(ended.returncode), output=ended.stdout, log=log)


def prepare_secrets(folder: Folder) -> None:
    """Write the Secret of a new customer, with an encryption key of its own."""
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    _write(
        folder.secrets,
        {
            SecretKey.CUSTOMER_NUMBER: CUSTOMER_NUMBER,
            SecretKey.CUSTOMER_REALM: REALM,
            SecretKey.ENCRYPTION_KEY: key,
        },
    )


def write_database_secret(folder: Folder, database: DatabaseSettings) -> None:
    """Tell the worker where its database is, and psql too."""
    password = database.password.reveal()
    _write(
        folder.secrets,
        {
            SecretKey.DATABASE_HOST: database.host,
            SecretKey.DATABASE_PORT: str(database.port),
            SecretKey.DATABASE_NAME: database.name,
            SecretKey.DATABASE_USERNAME: database.username,
            SecretKey.DATABASE_PASSWORD: password,
            SecretKey.DATABASE_SSLMODE: database.sslmode,
        },
    )
    pgpass = f"{database.host}:{database.port}:{database.name}:{database.username}:{password}\n"
    _write(folder.root, {folder.pgpass.name: pgpass})


def write_directory_secret(folder: Folder, directory: DirectorySettings) -> None:
    """Tell the worker where its directory is."""
    _write(
        folder.secrets,
        {
            SecretKey.DIRECTORY_URL: directory.url,
            SecretKey.DIRECTORY_BIND_DN: directory.bind_dn,
            SecretKey.DIRECTORY_PASSWORD: directory.password.reveal(),
            **({SecretKey.DIRECTORY_CA: directory.ca} if directory.ca is not None else {}),
        },
    )


def variables(folder: Folder, today: date) -> dict[str, str]:
    """The worker's own variables."""
    return {
        Variable.REALM: REALM,
        Variable.SECRETS_DIR: str(folder.secrets),
        Variable.TIME_ZONE: TIME_ZONE,
        Variable.TODAY: today.isoformat(),
    }


def program() -> Path:
    """The installed command. Raises ConfigurationError where there is none."""
    command = Path(sys.executable).with_name("connect-worker")
    if not command.exists():
        raise ConfigurationError(
            f"{command} is missing",
            todo="Use make run, or install connect with the extras «worker» and «demonstration»",
        )
    return command


def _exit_code(code: int) -> ExitCode:
    """Ended by a signal, or by a code that is none of ours: a fault."""
    return ExitCode(code) if code in set(ExitCode) else ExitCode.FAULT


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files that only their owner may read."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
            written.write(content)
