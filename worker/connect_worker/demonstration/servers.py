"""The servers of a demonstration: PostgreSQL, and a directory, simulated or elsewhere; ended with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from connect_worker.config import load_settings
from connect_worker.demonstration.database import Database, create_database, database_at
from connect_worker.demonstration.directory import UNIT, create_directory, serving
from connect_worker.demonstration.folder import Folder
from connect_worker.demonstration.look_up import LookUp
from connect_worker.demonstration.passwords import new_password
from connect_worker.demonstration.postgres import create_cluster, open_cluster, running
from connect_worker.demonstration.worker import (
    prepare_secrets,
    variables,
    write_database_secret,
    write_directory_secret,
)
from connect_worker.errors import ConfigurationError
from connect_worker.model.secret import Secret
from connect_worker.stages.credentials import directory_settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Servers:
    """What is running: the school's database, the directory below a base; and the folder of PostgreSQL's programs."""

    database: Database
    directory: LookUp
    programs: Path


@contextmanager
def new_servers(folder: Folder, elsewhere: LookUp | None) -> Iterator[Servers]:
    """Begin anew: an empty database, and an empty directory, or the one that stands elsewhere.

    Raises ConnectError, before anything is removed, where the directory elsewhere cannot be used.
    """
    if elsewhere is not None:
        elsewhere.require_empty()
    folder.clear()
    superuser, role, account = (Secret(new_password()) for _ in range(3))
    cluster = create_cluster(folder.postgres, superuser)
    prepare_secrets(folder)
    if elsewhere is None:
        create_directory(folder.directory, account)
    with running(cluster) as port, _directory(folder, elsewhere, account) as directory:
        database = database_at(port, role)
        create_database(database, superuser)
        write_database_secret(folder, database.settings)
        write_directory_secret(folder, directory.settings)
        yield Servers(database=database, directory=directory, programs=cluster.programs)


@contextmanager
def last_servers(folder: Folder, today: date) -> Iterator[Servers]:
    """Start the servers of last time again. Raises ConfigurationError where there was none."""
    if not folder.secrets.exists():
        raise ConfigurationError(f"{folder.root} holds no demonstration", todo="Run it first without --look")
    cluster = open_cluster(folder.postgres)
    settings = load_settings(variables(folder, today), needs_directory=True)
    assert settings.directory is not None, "it was asked for"
    known = LookUp(settings=directory_settings(settings.directory), base=UNIT)
    elsewhere = None if folder.directory.exists() else known
    with running(cluster) as port, _directory(folder, elsewhere, known.settings.password) as directory:
        database = Database(settings=replace(settings.database, port=port))
        write_database_secret(folder, database.settings)
        write_directory_secret(folder, directory.settings)
        base = database.school().base_dn
        yield Servers(database=database, directory=replace(directory, base=base), programs=cluster.programs)


@contextmanager
def _directory(folder: Folder, elsewhere: LookUp | None, password: Secret) -> Iterator[LookUp]:
    if elsewhere is not None:
        yield elsewhere
        return
    with serving(folder.directory, password) as settings:
        yield LookUp(settings=settings, base=UNIT)
